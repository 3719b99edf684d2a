//! The spine: one delivery from body to verdict.
//!
//! parse ▸ choose ▸ reconcile each record on each of its routes ▸ fold. Nothing here settles:
//! the verdict, and the receipt without which nothing can be settled, go on to `settle`.

mod arrival;
mod delivery;
mod fail;
mod finding;
mod foresee;
mod gates;
mod hold;
mod lanes;
mod outcome;
mod pool;
mod reason;
mod removal;
mod replicator;
mod route_check;
mod routed;
mod worker;

pub use arrival::{Announce, Arrival, Occasion, SourceVersion, Unannounced};
pub use delivery::{Delivery, Lag, QueueTerms, Received, Settlement, Verdict};
pub use foresee::{Foreseen, Planned};
pub use gates::Gates;
pub use hold::{Gate, GateStatus};
pub use lanes::{FirstSlot, LaneStatus, Lanes, Room, Seat, Waiting};
pub use outcome::{Cause, Outcome, Skip};
pub use pool::{Job, Pool};
pub use reason::Reason;
pub use replicator::Replicator;
pub use routed::{Caller, End};
pub use worker::Worker;
