//! Bucket Brigade: event-driven S3 replication.
//!
//! `brigade` receives S3 object events from SQS and makes every destination equal to its source. An event is a hint: it
//! says which key to work on, never what to do. What to do follows from the source and the destination as they are now,
//! so duplicates, reordered events and replays are harmless.
//!
//! ```text
//!  SQS ──intake──▶ work ───────────────────────────────────▶ settle ──▶ SQS
//!        room      parse ▸ route ▸ observe ▸ plan ▸ act        delete · return to the queue · dead-letter
//!        lease     event   route   reconcile plan   copy · s3
//!                                     │ arrivals
//!                                     ▼
//!                                  catalog, notify              admin, metrics: what can be seen
//! ```
//!
//! The words, one for each idea:
//!
//! * *delivery*: an SQS message in flight, with its *lease*, which a keeper extends;
//! * *write lease*: the lease as a writer sees it: may a write still be sent;
//! * *event*: what one S3 record says, or one of our own work messages;
//! * *route*: which objects are copied where;
//! * *plan*: what to do about one key, and why;
//! * *outcome*: how one record ends; the outcomes of a message fold into one;
//! * *circuit breaker*: pauses a route while something concerns all of its messages; a *permit* lets one message through;
//! * *verdict*: a message's outcome with the *receipt*, without which nothing can be settled;
//! * *settle*: delete a message, return it to the queue, or dead-letter it.
#![forbid(unsafe_code)]

pub mod account;
pub mod admin;
pub mod app;
mod backoff;
mod batch;
pub mod catalog;
mod cause;
mod cgroup;
pub mod cli;
pub mod config;
pub mod copy;
pub mod credentials;
#[cfg(test)]
mod docs;
pub mod edge;
pub mod event;
mod forward;
mod hex;
pub mod intake;
mod lock;
pub mod metrics;
pub mod notify;
pub mod obstacle;
pub mod panics;
pub mod plan;
pub mod queue;
pub mod reconcile;
pub mod route;
pub mod s3;
pub mod settle;
pub mod start;
pub mod supervisor;
pub mod telemetry;
pub mod transform;
pub mod work;
