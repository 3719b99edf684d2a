//! A model of one message's way, and a search through everything that can happen in it.
//!
//! The rules that keep a copy from being stale, torn or lost are few but odd, and each of them was
//! found by a counterexample. This model keeps them: it visits every world that can be
//! reached within its bounds, with all rules and with each of them taken away. With all rules nothing
//! may go wrong; without any one of them something must. So nobody can simplify a rule away
//! without seeing what it was for, and a rule that is for nothing does not stay.
//!
//! **Modelled**: source keys whose owner puts new content, old content again, old content with other headers,
//! deletes, recreates and undoes; events that come late, in any order and twice; up to three
//! workers that die or lose their lease between any two calls; `CopyObject` as one moment and as
//! two, marked or not, and streaming; requests that are lost, unanswered or late; refusals, denials and bare 404s;
//! followed deletes, moves and several destinations.
//!
//! **Not modelled**: time, but for its order (*W* is: a request lands before the message can be seen
//! again); parts of a multipart upload; more than one record in a message; routes that are held;
//! destinations that somebody else writes; KMS, under which `ETag`s never repeat and nothing can be fooled.
//! A worker may go round for ever: four rounds and then another delivery are the same here.
//!
//! | file        | what                                                |
//! |-------------|-----------------------------------------------------|
//! | `state.rs`  | a world                                             |
//! | `rules.rs`  | the safeguards, and the settings they are tried in  |
//! | `s3.rs`     | buckets; what must never be                         |
//! | `worker.rs` | what a worker may do next, and what may happen to it |
//! | `reconcile.rs`, `moves.rs` | the protocol                                        |
//! | `step.rs`   | all that can happen next                            |
//! | `check.rs`  | the search                                          |
//! | `holds.rs`  | where nothing may go wrong                          |
//! | `breaks.rs` | each rule, taken away                               |
//! | `refused.rs`| what the configuration refuses or warns about       |
//!
//! A trace is read downwards: what happens, then the world it leads to. `A` and `B` are bytes, so
//! equal letters are equal `ETag`s; `A'` are the same bytes under other headers; `3:A` is the third
//! version, `-` is nothing. "event 2, again" is the worker that holds the second event's message, received for the
//! second time. `late` counts requests that may still land although their message is in other hands.
//!
//! `cargo test --test model -- --nocapture` tells every counterexample. Without optimisation the
//! bounds are small enough for every day; with it (`--release`, or `rustc --edition 2024 -O --test
//! tests/model/main.rs`, for the model needs nothing but `std`) they are wider.

mod breaks;
mod check;
mod holds;
mod moves;
mod reconcile;
mod refused;
mod rules;
mod s3;
mod state;
mod step;
mod worker;
mod wrong;
