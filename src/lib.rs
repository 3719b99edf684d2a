//! Bucket Brigade keeps S3 buckets in step.
//!
//! `brigade` listens to SQS for S3 object events and makes every destination equal to its source.
//! An event is a hint: it says which key to look at, never what to do. What to do follows from
//! what stands on both sides now, so duplicates, reordered events and replays are harmless.
//!
//! ```text
//!  SQS ──intake──▶ work ───────────────────────────────────▶ settle ──▶ SQS
//!        room      parse ▸ choose ▸ observe ▸ plan ▸ act        delete · show again · park
//!        lease     event   route    s3        copy   copy · s3
//!                                     │ arrived
//!                                     ▼
//!                                  catalog                      admin: what can be seen
//! ```
//!
//! The words, one for each idea:
//!
//! * *delivery*: an SQS message we hold, with its *lease*;
//! * *window*: the lease as a writer sees it, the right to send a write that lands in time;
//! * *event*: what one S3 record says, or one of our own work messages;
//! * *route*: where objects are taken from and brought to, and which of them;
//! * *plan*: what to do about one key, and why;
//! * *outcome*: how one record ends; the outcomes of a message fold into one;
//! * *gate*: a route's circuit; *held* when something concerns all its messages;
//! * *verdict*: a message's outcome with the *receipt*, without which nothing can be settled;
//! * *settle*: to delete, to show again, or to park.
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
pub mod work;
