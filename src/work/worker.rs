//! One message from its body to its verdict.

use std::time::Duration;

use jiff::Timestamp;
use tokio::time::{Instant, sleep_until};
use tracing::Instrument;

use super::arrival::Arrival;
use super::delivery::{Delivery, Lag, Received, Settlement, Verdict};
use super::outcome::{Cause, Outcome, Skip};
use super::reason::Reason;
use super::replicator::Replicator;
use super::routed::{Caller, End};
use super::worker_pools::{FirstSlot, WorkerPools, WorkerSlot};
use crate::event::{Parsed, Record, parse};
use crate::metrics::QueueLabel;
use crate::panics;
use crate::queue::WriteLease;

/// A message of a newer release waits this long for a process that knows it.
const NEWER_WAIT: Duration = Duration::from_mins(1);

/// Works deliveries. Shared by all workers.
#[derive(Debug)]
pub struct Worker {
    /// Takes events through their routes.
    pub replicator: Replicator,
    /// Concurrency limits for small and large objects.
    pub pools: WorkerPools,
}

impl Worker {
    /// Takes one delivery from body to verdict. A lost lease cancels the work: from then on
    /// another consumer may hold the same message. A panic is a failed try. `slot` is one of the small pool's.
    pub async fn work(&self, delivery: Delivery, slot: FirstSlot) -> Verdict {
        // An error's level, so that it is not off where only errors are logged.
        let span = tracing::error_span!(
            "delivery",
            queue = delivery.terms.name,
            message_id = delivery.message.id,
            received = delivery.message.receive_count,
        );
        self.timed(delivery, slot).instrument(span).await
    }

    async fn timed(&self, delivery: Delivery, slot: FirstSlot) -> Verdict {
        let started = Instant::now();
        let write_lease = delivery.lease.write_lease().clone();
        let slot = WorkerSlot::in_pool(&self.pools, slot, &delivery.room);
        let worked = async {
            let ending = Box::pin(self.ending(&delivery, &write_lease, &slot));
            match panics::caught(&self.replicator.metrics, ending).await {
                Ok(ended) => ended,
                // It counts: a message that makes each worker panic ends in the dead-letter queue.
                Err(panicked) => {
                    let cause = Cause::new(Reason::Panicked, panicked.to_string());
                    let outcome = Outcome::RetryAfter(Duration::ZERO, cause);
                    let settlement = delivery.settlement(outcome);
                    let wait_for_unanswered_writes = self
                        .wait_for_unanswered_writes(settlement, &write_lease, &[], &slot)
                        .await;
                    (wait_for_unanswered_writes, Vec::new())
                }
            }
        };
        let lost = write_lease.lost().run_until_cancelled(worked).await;
        // Without a lease there is no receipt, and so nothing that could be settled.
        let (settlement, lags) = lost.unwrap_or((Settlement::Release, Vec::new()));
        let queue = QueueLabel {
            queue: delivery.terms.name.clone(),
        };
        let took = started.elapsed().as_secs_f64();
        self.replicator
            .metrics
            .work_duration
            .get_or_create(&queue)
            .observe(took);
        drop(slot);
        delivery.verdict(settlement, lags).await
    }

    /// How one delivery is to be settled, once nothing of it can land any more.
    async fn ending(
        &self,
        delivery: &Delivery,
        write_lease: &WriteLease,
        slot: &WorkerSlot<'_>,
    ) -> (Settlement, Vec<Lag>) {
        let (settlement, late, lags) = tokio::select! {
            biased;
            () = slot.interrupted() => (Settlement::Release, Vec::new(), Vec::new()),
            Worked { outcome, late, lags } = self.message(delivery, write_lease, slot) => {
                (delivery.settlement(Outcome::of_message(outcome)), late, lags)
            }
            () = sleep_until(delivery.lease.requeue_at()) => {
                (Settlement::Requeue, Vec::new(), Vec::new())
            }
        };
        (
            self.wait_for_unanswered_writes(settlement, write_lease, &late, slot)
                .await,
            lags,
        )
    }

    /// Parses the body and works all of its records.
    async fn message(
        &self,
        delivery: &Delivery,
        write_lease: &WriteLease,
        slot: &WorkerSlot<'_>,
    ) -> Worked {
        let whole = |outcome| Worked::default().and(self.replicator.unrouted(outcome));
        let mut records = match parse(&delivery.message.body, &delivery.terms.accept) {
            Ok(Parsed::Records { records, .. }) => records,
            Ok(Parsed::Test) => return whole(Outcome::Skip(Skip::TestEvent)),
            Ok(Parsed::Newer { version }) => {
                let why = format!("work message of version {version}, from a newer release");
                let cause = Cause::new(Reason::NewerVersion, why).uncounted();
                return whole(Outcome::RetryAfter(NEWER_WAIT, cause));
            }
            Err(e) => {
                return whole(Outcome::Poison(Cause::new(
                    Reason::Malformed,
                    e.to_string(),
                )));
            }
        };
        // What waits for the large pool stands before nothing else.
        records.sort_by_key(|record| self.is_large(record));
        slot.parsed(records.iter().map(Record::weight).sum());
        let mut worked = Worked::default();
        for (nth, record) in records.into_iter().enumerate() {
            if nth > 0 {
                // A message of a thousand records makes nobody wait for more than one of them.
                slot.yield_slot().await;
            }
            match record {
                Record::Ignored { name } => {
                    tracing::debug!(event = name, "event type ignored");
                    worked = worked.and(self.replicator.unrouted(Outcome::Skip(Skip::Ignored)));
                }
                Record::Event(event) => {
                    let received = Received::of(&delivery.message);
                    let caller = Caller {
                        queue: Some(&delivery.terms.name),
                        received,
                        write_lease,
                        slot: Some(slot),
                    };
                    let routed = self.replicator.event(&event, caller).await;
                    for route in routed.iter().filter_map(|end| end.route.as_ref()) {
                        worked.happened(&route.name, event.time);
                    }
                    worked = routed.into_iter().fold(worked, Worked::and);
                }
            }
        }
        worked
    }

    fn is_large(&self, record: &Record) -> bool {
        match record {
            Record::Event(event) => event.size.is_some_and(|bytes| self.pools.is_large(bytes)),
            Record::Ignored { .. } => false,
        }
    }

    /// A message with an unanswered write is not settled before that write can no longer land. By
    /// then something may have arrived after the crawl it was announced to, and this delivery may
    /// be the last to say so: always, if there is a date in its key, for that is the source's.
    async fn wait_for_unanswered_writes(
        &self,
        settlement: Settlement,
        write_lease: &WriteLease,
        late: &[Arrival],
        slot: &WorkerSlot<'_>,
    ) -> Settlement {
        let Some(takes_effect_by) = write_lease.takes_effect_by() else {
            return settlement;
        };
        let nameless = late.iter().any(|arrival| arrival.route.is_dated());
        match settlement {
            Settlement::ReturnToQueue { after, cause } if !nameless => {
                let left = takes_effect_by.saturating_duration_since(Instant::now());
                Settlement::ReturnToQueue {
                    after: after.max(left),
                    cause,
                }
            }
            settled @ (Settlement::Delete(_)
            | Settlement::ReturnToQueue { .. }
            | Settlement::DeadLetter(_)
            | Settlement::Requeue
            | Settlement::Release) => {
                slot.rest();
                sleep_until(takes_effect_by).await;
                for arrival in late {
                    if let Err(unannounced) = self.replicator.arrivals.arrived(arrival).await
                        && !unannounced.alone
                    {
                        let cause =
                            Cause::new(Reason::Unannounced, unannounced.to_string()).uncounted();
                        let after = Duration::ZERO;
                        return Settlement::ReturnToQueue { after, cause };
                    }
                }
                settled
            }
        }
    }
}

/// How the records of one message ended so far.
#[derive(Debug, Default)]
struct Worked {
    /// Folded as they end: a message may have thousands.
    outcome: Option<Outcome>,
    late: Vec<Arrival>,
    lags: Vec<Lag>,
}

impl Worked {
    /// Keeps the oldest event of each route.
    fn happened(&mut self, route: &str, time: Option<Timestamp>) {
        let Some(time) = time else { return };
        match self.lags.iter_mut().find(|lag| lag.route == route) {
            Some(lag) => lag.time = lag.time.min(time),
            None => self.lags.push(Lag {
                route: route.to_owned(),
                time,
            }),
        }
    }

    fn and(mut self, end: End) -> Self {
        let so_far = self.outcome.take();
        self.outcome = Some(Outcome::of_message(so_far.into_iter().chain([end.outcome])));
        self.late.extend(end.late);
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_of_many_records_keeps_one_time_a_route() {
        let at = |second| Timestamp::from_second(second).ok();
        let mut worked = Worked::default();
        for second in (1..=1_000).rev() {
            worked.happened("a", at(second));
            worked.happened("b", at(second + 7));
            worked.happened("c", None);
        }
        let lags = worked.lags.iter();
        let lags: Vec<_> = lags
            .map(|lag| (lag.route.as_str(), Some(lag.time)))
            .collect();
        assert_eq!(lags, [("a", at(1)), ("b", at(8))]);
    }
}
