//! One line a minute that says what was done, so that a log shows a daemon that works, one that has nothing to do,
//! and one that is gone.
//!
//! A minute without messages has its line, too, under the same text: a missing line then always means a process
//! that is gone or stuck, and an alert needs one rule. It costs some 400 bytes. A last line covers the drain.

use std::collections::BTreeMap;
use std::time::Duration;

use tokio::time::{Instant, MissedTickBehavior, interval_at};
use tokio_util::sync::CancellationToken;

use crate::metrics::{Metrics, QueueLabel};
use crate::telemetry::Structured;
use crate::work::{BreakerStatus, CircuitBreakers};

const EVERY: Duration = Duration::from_mins(1);

/// Sums up what a daemon does.
#[derive(Debug, Clone)]
pub(super) struct Summary {
    pub(super) metrics: Metrics,
    pub(super) breakers: CircuitBreakers,
    pub(super) queues: Vec<String>,
}

impl Summary {
    /// Logs once a minute until it is stopped.
    pub(super) async fn run(self, stop: CancellationToken) {
        let mut minute = interval_at(Instant::now() + EVERY, EVERY);
        minute.set_missed_tick_behavior(MissedTickBehavior::Delay);
        while stop.run_until_cancelled(minute.tick()).await.is_some() {
            self.log();
        }
    }

    /// Logs what was done since the last time.
    pub(super) fn log(&self) {
        let counts = self.metrics.tally.take();
        let total = counts.total();
        let routes: BTreeMap<_, _> = counts
            .routes
            .iter()
            .map(|(name, of)| (name, of.summary()))
            .collect();
        let (routes, paused) = (Structured::new(routes), Structured::new(self.paused()));
        tracing::info!(
            seconds = counts.since.elapsed().as_secs(),
            messages = counts.messages,
            copied = total.copied,
            bytes = total.bytes,
            already_there = total.already_there,
            deleted = total.deleted,
            moved = total.moved,
            skipped = total.skipped,
            retried = total.retried,
            dead_lettered = counts.dead_lettered,
            p99_lag_seconds = total.p99_lag_seconds(),
            in_flight = self.in_flight(),
            paused_routes = paused.field(),
            routes = routes.field(),
            "summary"
        );
    }

    fn paused(&self) -> Vec<&String> {
        let paused = self
            .breakers
            .iter()
            .filter(|(_, breaker)| match breaker.status() {
                BreakerStatus::Running => false,
                BreakerStatus::Paused { .. } => true,
            });
        paused.map(|(route, _)| route).collect()
    }

    fn in_flight(&self) -> i64 {
        let of = |queue: &String| {
            let queue = queue.clone();
            self.metrics
                .in_flight
                .get_or_create(&QueueLabel { queue })
                .get()
        };
        self.queues.iter().map(of).sum()
    }
}
