//! What has happened since the last summary: what the log says of it once a minute.
//!
//! Beside the counters, because those only grow, and a histogram does not give back what it has observed.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use serde::Serialize;
use tokio::time::Instant;

use crate::lock::locked;

/// How a record ended, as a summary counts it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// The effect is durable. What it was is counted where it happened: a copy, a delete.
    Done,
    /// The destination provably equals the source.
    AlreadyThere,
    /// Correctly nothing to do.
    Skipped,
    /// To be tried again.
    Retried,
    /// Cannot succeed.
    Failed,
}

/// Counts since the last summary. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub struct Tally(Arc<Mutex<Counts>>);

/// What was counted.
#[derive(Debug, Clone)]
pub struct Counts {
    /// Since when.
    pub since: Instant,
    /// SQS messages that ended, however they did.
    pub messages: u64,
    /// Those moved to the dead-letter queue.
    pub dead_lettered: u64,
    /// By route; `none` is what no route took.
    pub routes: BTreeMap<String, RouteCounts>,
    lag: Lags,
}

/// What was counted of one route.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RouteCounts {
    /// Objects written.
    pub copied: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Objects found equal.
    pub already_there: u64,
    /// Copies deleted because their source is gone.
    pub deleted: u64,
    /// Source objects deleted because all destinations have them.
    pub moved: u64,
    /// Nothing to do.
    pub skipped: u64,
    /// To be tried again.
    pub retried: u64,
    /// Cannot succeed.
    pub failed: u64,
    lag: Lags,
}

/// A route's counts as they are logged.
#[derive(Debug, Serialize)]
pub struct RouteSummary {
    copied: u64,
    bytes: u64,
    already_there: u64,
    deleted: u64,
    moved: u64,
    skipped: u64,
    retried: u64,
    failed: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    p99_lag_seconds: Option<f64>,
}

impl Tally {
    /// What was counted until now; counting begins anew.
    #[must_use]
    pub fn take(&self) -> Counts {
        std::mem::take(&mut self.counts())
    }

    pub(super) fn ended(&self, route: &str, ended: Ended) {
        self.route(route, |of| match ended {
            Ended::Done => {}
            Ended::AlreadyThere => of.already_there += 1,
            Ended::Skipped => of.skipped += 1,
            Ended::Retried => of.retried += 1,
            Ended::Failed => of.failed += 1,
        });
    }

    pub(super) fn settled(&self, outcome: &str) {
        let mut counts = self.counts();
        counts.messages += 1;
        counts.dead_lettered += u64::from(outcome == "dead_lettered");
    }

    pub(super) fn lagged(&self, route: &str, lag: Duration) {
        self.counts().lag.add(lag);
        self.route(route, |of| of.lag.add(lag));
    }

    pub(super) fn route(&self, route: &str, count: impl FnOnce(&mut RouteCounts)) {
        let mut counts = self.counts();
        match counts.routes.get_mut(route) {
            Some(of) => count(of),
            None => count(counts.routes.entry(route.to_owned()).or_default()),
        }
    }

    fn counts(&self) -> MutexGuard<'_, Counts> {
        locked(&self.0)
    }
}

impl Default for Counts {
    fn default() -> Self {
        Self {
            since: Instant::now(),
            messages: 0,
            dead_lettered: 0,
            routes: BTreeMap::new(),
            lag: Lags::default(),
        }
    }
}

impl Counts {
    /// All routes together.
    #[must_use]
    pub fn total(&self) -> RouteCounts {
        let mut total = RouteCounts {
            lag: self.lag.clone(),
            ..RouteCounts::default()
        };
        for of in self.routes.values() {
            total.copied += of.copied;
            total.bytes += of.bytes;
            total.already_there += of.already_there;
            total.deleted += of.deleted;
            total.moved += of.moved;
            total.skipped += of.skipped;
            total.retried += of.retried;
            total.failed += of.failed;
        }
        total
    }
}

impl RouteCounts {
    /// The lag that 99 of 100 messages did not exceed; `None` where none has ended.
    #[must_use]
    pub fn p99_lag_seconds(&self) -> Option<f64> {
        self.lag.p99()
    }

    /// As it is logged.
    #[must_use]
    pub fn summary(&self) -> RouteSummary {
        RouteSummary {
            copied: self.copied,
            bytes: self.bytes,
            already_there: self.already_there,
            deleted: self.deleted,
            moved: self.moved,
            skipped: self.skipped,
            retried: self.retried,
            failed: self.failed,
            p99_lag_seconds: self.p99_lag_seconds(),
        }
    }
}

/// Lags by eighths of an octave of milliseconds: 9 % of error, and a few hundred numbers at most.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Lags(BTreeMap<u16, u64>);

const STEPS: f64 = 8.0;

impl Lags {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "0 to 8 × 74"
    )]
    fn add(&mut self, lag: Duration) {
        let step = ((lag.as_secs_f64() * 1_000.0).max(1.0).log2() * STEPS).ceil();
        *self.0.entry(step as u16).or_default() += 1;
    }

    /// In seconds, to the millisecond.
    fn p99(&self) -> Option<f64> {
        let all: u64 = self.0.values().sum();
        let above = all / 100;
        let mut seen = 0;
        let (step, _) = self.0.iter().rev().find(|&(_, count)| {
            seen += count;
            seen > above
        })?;
        Some((f64::from(*step) / STEPS).exp2().round() / 1_000.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ninety_nine_of_a_hundred_lags_are_no_longer() {
        for (why, lags, low, high) in [
            ("one", vec![2_000], 2.0, 2.19),
            ("less than a millisecond", vec![0], 0.001, 0.001),
            (
                "one of a hundred is left out",
                [vec![100; 99], vec![60_000]].concat(),
                0.1,
                0.11,
            ),
            (
                "two are not",
                [vec![100; 98], vec![60_000; 2]].concat(),
                60.0,
                65.5,
            ),
            ("few: the longest", vec![100, 60_000], 60.0, 65.5),
            ("a week", vec![604_800_000], 604_800.0, 660_000.0),
        ] {
            let mut all = Lags::default();
            for lag in lags {
                all.add(Duration::from_millis(lag));
            }
            let p99 = all.p99().unwrap();
            assert!((low..=high).contains(&p99), "{why}: {p99}");
        }
        assert_eq!(Lags::default().p99(), None);
    }
}
