//! The spine: one delivery from body to verdict.
//!
//! parse ▸ choose ▸ reconcile each record on each of its routes ▸ fold. Nothing here settles:
//! the verdict, and the receipt without which nothing can be settled, go on to `settle`.

mod arrival;
mod circuit_breaker;
mod circuit_breakers;
mod delivery;
mod fail;
mod finding;
mod foresee;
mod outcome;
mod pool;
mod reason;
mod removal;
mod replicator;
mod route_check;
mod routed;
mod worker;
mod worker_pools;

pub use arrival::{Announce, Arrival, Occasion, SourceVersion, Unannounced};
pub use circuit_breaker::{BreakerStatus, CircuitBreaker};
pub use circuit_breakers::CircuitBreakers;
pub use delivery::{Delivery, Lag, QueueTerms, Received, Settlement, Verdict};
pub use foresee::{Foreseen, Planned};
pub use outcome::{Cause, Outcome, Skip};
pub use pool::{Job, Pool};
pub use reason::Reason;
pub use replicator::Replicator;
pub use routed::{Caller, End};
pub use worker::Worker;
pub use worker_pools::{FirstSlot, PoolStatus, Room, Waiting, WorkerPools, WorkerSlot};
