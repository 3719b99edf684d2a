//! Works one delivery from its body to its verdict.
//!
//! Parse ▸ choose routes ▸ reconcile each record on each of its routes ▸ fold the outcomes. Nothing here settles a
//! message: the verdict goes to `settle`, together with the receipt without which nothing can be settled.

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
