//! Concurrency limits for small and large objects, so that neither wait for the other.
//!
//! ```text
//! room ──▶ small pool: parse, HEAD, plan, small copies ─────────────────▶ settle
//!              │ a copy above the threshold is about to be made
//!              ▼ its slot is freed, and its room exchanged for a place aside
//!           waiting ──▶ large pool: that copy and the rest of its message ──▶ settle
//! ```
//!
//! The rules:
//! * every message begins in the small pool: a HEAD is small whatever it is about, and what is there already never
//!   waits for the large pool. A copy that S3 makes in one call stays there too: it takes seconds and no memory. A
//!   message changes pools where a large copy is about to be made, because only there the size is known for certain;
//! * no message keeps a slot while it waits for another, so the pools cannot block each other;
//! * a message of many records frees its slot between two of them for the message that has waited longest, so nobody
//!   waits for more than one record;
//! * a message that has entered the large pool stays there. Records that say they are large are worked last;
//! * a message in the large pool leaves its room to others while there is a place [aside](ASIDE). So a backlog of large
//!   objects keeps no small one out, and the number of messages in flight stays bounded. Without a place it keeps its
//!   room;
//! * while it waits, its lease is extended, it is no [probe](Permit) of its route, and a stop returns it to the queue.

use std::sync::{Arc, Mutex, MutexGuard};

use futures_util::future::BoxFuture;
use serde::Serialize;
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore};
use tokio_util::sync::CancellationToken;

use super::circuit_breaker::Permit;
use crate::config;
use crate::lock::locked;
use crate::metrics::{Counted, Metrics, PoolLabel};
use crate::queue::{Load, Weight};
use crate::reconcile::TransferSlots;

/// Large messages in flight beyond the room. Each costs one SQS call per half of its visibility.
const ASIDE: usize = 256;

/// What the records of all messages that are worked may take in memory, beside the bodies.
const RECORDS: usize = 6 << 20;

/// Smaller bodies are not counted: all of them together are not much.
const COUNTED: usize = 4 << 10;

/// Records take no more than so many times the bytes of their body: a short one takes 68 bytes of JSON, and 250 here.
const UNFOLDED: usize = 4;

const SMALL: PoolLabel = PoolLabel { pool: "small" };
const LARGE: PoolLabel = PoolLabel { pool: "large" };

/// The worker pools of all queues. Cheap to clone.
#[derive(Debug, Clone)]
pub struct WorkerPools(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    small: Arc<Semaphore>,
    large: Arc<Semaphore>,
    aside: Arc<Semaphore>,
    /// What parsed records take.
    records: Load,
    /// How many work in each at most.
    workers: (usize, usize),
    /// Larger objects are large.
    threshold: u64,
    metrics: Metrics,
    stop: CancellationToken,
}

/// A worker pool as `/status.json` shows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct PoolStatus {
    workers: usize,
    in_use: usize,
    waiting: i64,
}

/// A message's place among those we may hold, what it weighs, and its part in the gauge; given back when it is dropped.
#[derive(Debug)]
pub struct Room {
    place: Mutex<OwnedSemaphorePermit>,
    _weight: Weight,
    _counted: Counted,
}

/// Where a message begins: a slot in the small pool, and memory for what its body unfolds to.
#[derive(Debug)]
pub struct FirstSlot {
    slot: OwnedSemaphorePermit,
    records: Weight,
}

/// One record's place: its message's slot, and its permit of the route's circuit breaker.
#[derive(Debug, Clone, Copy)]
pub(super) struct RecordSlot<'a> {
    pub(super) slot: &'a WorkerSlot<'a>,
    pub(super) permit: &'a Permit,
}

/// Where a message is worked: its slot in a worker pool.
#[derive(Debug)]
pub struct WorkerSlot<'a> {
    pools: &'a WorkerPools,
    room: &'a Room,
    slot: Mutex<Slot>,
    records: Mutex<Weight>,
    interrupted: Notify,
}

#[derive(Debug)]
enum Slot {
    Small(Option<OwnedSemaphorePermit>),
    Large(#[expect(dead_code, reason = "held")] Option<OwnedSemaphorePermit>),
}

impl WorkerPools {
    /// The worker pools of `work`, until `stop`.
    #[must_use]
    pub fn new(work: &config::Work, metrics: Metrics, stop: CancellationToken) -> Self {
        let workers = (work.workers as usize, work.large_workers as usize);
        Self(Arc::new(Inner {
            small: Arc::new(Semaphore::new(workers.0)),
            large: Arc::new(Semaphore::new(workers.1)),
            aside: Arc::new(Semaphore::new(ASIDE)),
            records: Load::of(RECORDS),
            workers,
            threshold: work.large_threshold.0,
            metrics,
            stop,
        }))
    }

    /// Whether an object of so many bytes is large.
    #[must_use]
    pub fn is_large(&self, bytes: u64) -> bool {
        bytes > self.0.threshold
    }

    /// A message waits for its first slot; counted until that is dropped.
    #[must_use]
    pub fn comes(&self) -> Waiting {
        Waiting::begin(&self.0.metrics, &SMALL)
    }

    /// A slot in the small pool for a message that waits, whose body has so many bytes; `None` once we stop.
    pub(super) async fn slot(&self, body: usize, _waiting: Waiting) -> Option<FirstSlot> {
        let first = async {
            // Before the slot: a message that waits for memory keeps no worker busy.
            let records = match body {
                0..COUNTED => Weight::default(),
                _ => self.0.records.take(body.saturating_mul(UNFOLDED)).await,
            };
            let slot = self.0.small.clone().acquire_owned().await.ok()?;
            Some(FirstSlot { slot, records })
        };
        tokio::select! {
            biased;
            // Un-started messages are visible again at once, not when a slot is free.
            () = self.0.stop.cancelled() => None,
            slot = first => slot,
        }
    }

    /// What `/status.json` shows, small and large.
    #[must_use]
    pub fn status(&self) -> [(&'static str, PoolStatus); 2] {
        let pool = |label: &PoolLabel, slots: &Semaphore, workers: usize| {
            let status = PoolStatus {
                workers,
                in_use: workers - slots.available_permits(),
                waiting: self.0.metrics.messages_waiting.get_or_create(label).get(),
            };
            (label.pool, status)
        };
        [
            pool(&SMALL, &self.0.small, self.0.workers.0),
            pool(&LARGE, &self.0.large, self.0.workers.1),
        ]
    }

    /// Sets the gauges that are only looked up.
    pub fn gauge(&self) {
        for (pool, status) in self.status() {
            let in_use = i64::try_from(status.in_use).unwrap_or(i64::MAX);
            let gauge = self
                .0
                .metrics
                .workers_busy
                .get_or_create(&PoolLabel { pool });
            gauge.set(in_use);
        }
    }
}

impl Room {
    /// A reserved place, for a message of this weight, counted as in flight.
    #[must_use]
    pub fn new(place: OwnedSemaphorePermit, weight: Weight, counted: Counted) -> Self {
        Self {
            place: Mutex::new(place),
            _weight: weight,
            _counted: counted,
        }
    }

    fn change(&self, place: OwnedSemaphorePermit) {
        *locked(&self.place) = place;
    }
}

impl TransferSlots for RecordSlot<'_> {
    /// Goes where an object of so many bytes is copied. It may take hours; should we be told to
    /// stop meanwhile, it never returns, and [`WorkerSlot::interrupted`] does.
    fn acquire(&self, bytes: u64) -> BoxFuture<'_, ()> {
        Box::pin(self.slot.take(bytes, self.permit))
    }
}

impl<'a> WorkerSlot<'a> {
    pub(super) fn in_pool(pools: &'a WorkerPools, first: FirstSlot, room: &'a Room) -> Self {
        Self {
            pools,
            room,
            slot: Mutex::new(Slot::Small(Some(first.slot))),
            records: Mutex::new(first.records),
            interrupted: Notify::new(),
        }
    }

    async fn take(&self, bytes: u64, permit: &Permit) {
        let (pools, room) = (self.pools, self.room);
        if !pools.is_large(bytes) || matches!(*self.slot(), Slot::Large(_)) {
            return;
        }
        // First this, then wait: or every worker could wait for the few that wait for nothing.
        *self.slot() = Slot::Large(None);
        let pools = &*pools.0;
        if let Ok(aside) = pools.aside.clone().try_acquire_owned() {
            room.change(aside);
        }
        let slot = pools.large.clone();
        let slot = match slot.clone().try_acquire_owned() {
            Ok(free) if !pools.stop.is_cancelled() => free,
            Ok(_) | Err(_) => {
                let _waiting = Waiting::begin(&pools.metrics, &LARGE);
                permit.waits();
                tokio::select! {
                    biased;
                    () = pools.stop.cancelled() => {
                        self.interrupted.notify_one();
                        std::future::pending().await
                    }
                    slot = slot.acquire_owned() => {
                        permit.goes_on();
                        slot.expect("a pool is never closed")
                    }
                }
            }
        };
        *self.slot() = Slot::Large(Some(slot));
    }

    /// Gives the worker to others while the message only waits before it may end, and its room where there is a place
    /// aside.
    pub(super) fn rest(&self) {
        let mut slot = self.slot();
        *slot = match *slot {
            Slot::Small(_) => Slot::Small(None),
            Slot::Large(_) => Slot::Large(None),
        };
        self.parsed(0);
        if let Ok(aside) = self.pools.0.aside.clone().try_acquire_owned() {
            self.room.change(aside);
        }
    }

    /// Says what the records of the message take in memory yet, of what was reserved before.
    pub(super) fn parsed(&self, bytes: usize) {
        let mut records = locked(&self.records);
        let kept = records.split(bytes);
        *records = kept;
    }

    /// Between two records of a message: the slot goes to the message that waits longest, and this one waits for its
    /// turn. Its lease is kept meanwhile.
    pub(super) async fn yield_slot(&self) {
        let pools = &*self.pools.0;
        if pools.small.available_permits() > 0 {
            return;
        }
        let given = match &mut *self.slot() {
            Slot::Small(slot) => slot.take(),
            Slot::Large(_) => None,
        };
        if given.is_none() {
            return;
        }
        drop(given);
        let _waiting = Waiting::begin(&pools.metrics, &SMALL);
        let slot = pools.small.clone().acquire_owned().await;
        *self.slot() = Slot::Small(slot.ok());
    }

    /// Returns if the message was still waiting at a stop: it is to return to the queue.
    pub(super) async fn interrupted(&self) {
        self.interrupted.notified().await;
    }

    fn slot(&self) -> MutexGuard<'_, Slot> {
        locked(&self.slot)
    }
}

/// Counts a message as waiting until dropped.
#[derive(Debug)]
pub struct Waiting(#[expect(dead_code, reason = "held")] Counted);

impl Waiting {
    fn begin(metrics: &Metrics, pool: &PoolLabel) -> Self {
        Self(Counted::one(&metrics.messages_waiting.get_or_create(pool)))
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;
    use prometheus_client::metrics::gauge::Gauge;

    use super::*;

    #[tokio::test]
    async fn bodies_above_four_kibibytes_have_memory_for_their_records_until_they_rest() {
        let pools = WorkerPools::new(
            &config::Work::default(),
            Metrics::new("test").0,
            CancellationToken::new(),
        );
        let slot = |body| pools.slot(body, pools.comes()).now_or_never().flatten();
        let mut paused: Vec<_> = std::iter::from_fn(|| slot(60 << 10)).take(64).collect();
        let most = RECORDS / (60 << 10) / UNFOLDED;
        assert!(
            (most - 2..=most).contains(&paused.len()),
            "{}",
            paused.len()
        );
        assert!(slot(4_000).is_some(), "an ordinary one needs none");
        assert_eq!(pools.status()[0].1.waiting, 0, "nothing waits any more");

        let place = Arc::new(Semaphore::new(1))
            .try_acquire_owned()
            .expect("one");
        let room = Room::new(place, Weight::default(), Counted::one(&Gauge::default()));
        let placed = WorkerSlot::in_pool(&pools, paused.pop().expect("some"), &room);
        assert!(slot(60 << 10).is_none());
        placed.rest();
        assert!(slot(60 << 10).is_some());
    }
}
