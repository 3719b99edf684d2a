//! A model of one message's way, and a search through everything that can happen in it.
//!
//! The rules that keep a copy from being stale, corrupt or lost are few but odd, and each is there
//! because of something that can happen. The search visits every state that can be reached within
//! its bounds. With all rules nothing may go wrong; without any one of them something must. So
//! nobody can simplify a rule away without seeing what it was for, and a rule that is for nothing
//! does not stay.
//!
//! **Modelled**: source keys whose owner puts new content, old content again, old content under
//! other headers, deletes, recreates and undoes; events that come late, in any order and twice;
//! workers that die, stall or lose their lease between any two calls; `CopyObject` as one moment
//! and as two, copies with provenance metadata, streams; requests that are lost, unanswered or late; refusals,
//! denials and bare 404s; followed deletes, moves, several destinations.
//!
//! **Not modelled**: time, but for its order (*W* means that a request lands before its message
//! can be seen again); the parts of a multipart upload; several records in a message; routes that
//! are held; other writers at a destination; KMS, under which no `ETag` repeats and no condition
//! can be fooled; the removal event of a move's own delete, a hint like any other. A worker may go
//! round for ever: four rounds and then another delivery come to the same.
//!
//! | file           | what                                                 |
//! |----------------|------------------------------------------------------|
//! | `state.rs`     | a state                                              |
//! | `rules.rs`     | the safeguards, and the settings they are tried in   |
//! | `s3.rs`        | the buckets                                          |
//! | `reconcile.rs` | the protocol: one route of one message               |
//! | `moves.rs`     | the protocol: taking the source away                 |
//! | `worker.rs`    | what a worker may do next, and what may happen to it |
//! | `step.rs`      | all that can happen next                             |
//! | `wrong.rs`     | what must never be                                   |
//! | `check.rs`     | the search                                           |
//! | `holds.rs`     | where nothing may go wrong                           |
//! | `breaks.rs`    | each rule, taken away                                |
//! | `refused.rs`   | what the configuration refuses or warns about        |
//!
//! A trace is read downwards: what happens, then the world it leads to. `A` and `B` are bytes, so
//! equal letters are equal `ETag`s; `A'` are the same bytes under other headers; `3:A` is the third
//! version, `-` is nothing. "event 2, again" is the worker that holds the message of the second
//! event, received before. `late` counts requests that may still land although their message is in
//! other hands.
//!
//! `cargo test --test model -- --nocapture` tells every counterexample. The model needs nothing but
//! `std`, so `rustc --edition 2024 -O --test tests/model/main.rs` builds it, too. Optimised, it
//! searches wider bounds.

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
