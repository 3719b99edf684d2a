//! How far the copies in parts have come, for those who wait for them.
//!
//! A copy is shown from its first part to its end, whatever end that is. Its rate is that of the
//! recent past: what an earlier try has brought says nothing of the line today, and a copy that
//! stands still is seen to slow down.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use serde::Serialize;
use tokio::time::Instant;

use crate::lock::locked;
use crate::plan::TransferMethod;

/// The recent past: this long before the last part that has arrived.
const RECENT: Duration = Duration::from_mins(1);

/// Parts that arrive closer together are one step.
const STEP: Duration = Duration::from_secs(1);

/// Progress of a copy is logged at most this often.
const REPORT_EVERY: Duration = Duration::from_secs(30);

/// The copies in parts under way. Clones show the same.
#[derive(Debug, Clone, Default)]
pub struct Progress(Arc<Mutex<Copies>>);

#[derive(Debug, Default)]
struct Copies {
    begun: u64,
    under_way: BTreeMap<u64, Copy>,
}

/// What is copied.
#[derive(Debug, Clone)]
pub(super) struct What {
    pub(super) route: String,
    pub(super) key: String,
    pub(super) transfer: TransferMethod,
    /// Bytes.
    pub(super) size: u64,
    pub(super) parts: u32,
}

#[derive(Debug)]
struct Copy {
    what: What,
    /// Bytes that were there already.
    resumed_from: u64,
    bytes: u64,
    parts: u32,
    pace: Pace,
    reported: Instant,
}

/// A copy in parts as `/status.json` shows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CopyStatus {
    route: String,
    key: String,
    transfer: &'static str,
    bytes: u64,
    size: u64,
    parts: u32,
    of_parts: u32,
    /// Bytes that an earlier try has brought.
    resumed_from: u64,
    bytes_per_second: u64,
    /// At this rate; absent while nothing has arrived.
    seconds_left: Option<u64>,
}

/// A copy under way; dropped, it is no longer.
#[derive(Debug)]
pub(super) struct Tracked {
    progress: Progress,
    id: u64,
}

impl Progress {
    /// A copy begins, of which parts of these sizes are there.
    pub(super) fn begin(&self, what: What, there: impl Iterator<Item = u64>) -> Tracked {
        let (parts, bytes) = there.fold((0, 0), |(parts, bytes), size| (parts + 1, bytes + size));
        let now = Instant::now();
        let mut copies = self.copies();
        let id = copies.begun;
        copies.begun += 1;
        let copy = Copy {
            what,
            resumed_from: bytes,
            bytes,
            parts,
            pace: Pace::begin(now, bytes),
            reported: now,
        };
        copies.under_way.insert(id, copy);
        let progress = self.clone();
        Tracked { progress, id }
    }

    /// All copies under way, the oldest first.
    #[must_use]
    pub fn status(&self) -> Vec<CopyStatus> {
        let now = Instant::now();
        let copies = self.copies();
        let all = copies.under_way.values();
        all.map(|copy| copy.status(now)).collect()
    }

    fn copies(&self) -> MutexGuard<'_, Copies> {
        locked(&self.0)
    }
}

impl Tracked {
    /// Whether there is more of it than when it began.
    pub(super) fn has_gained(&self) -> bool {
        let copies = self.progress.copies();
        let copy = copies.under_way.get(&self.id);
        copy.is_some_and(|copy| copy.bytes > copy.resumed_from)
    }

    /// A part of so many bytes has arrived.
    pub(super) fn part(&self, bytes: u64) {
        let now = Instant::now();
        let mut copies = self.progress.copies();
        let Some(copy) = copies.under_way.get_mut(&self.id) else {
            return;
        };
        copy.parts += 1;
        copy.bytes += bytes;
        copy.pace.reached(now, copy.bytes);
        if now.duration_since(copy.reported) < REPORT_EVERY {
            return;
        }
        copy.reported = now;
        let CopyStatus {
            route,
            key,
            transfer,
            bytes,
            size,
            parts,
            of_parts,
            resumed_from: _,
            bytes_per_second,
            seconds_left,
        } = copy.status(now);
        drop(copies);
        tracing::info!(
            route,
            key,
            transfer,
            bytes,
            size,
            parts,
            of_parts,
            bytes_per_second,
            seconds_left,
            "copying"
        );
    }
}

impl Drop for Tracked {
    fn drop(&mut self) {
        self.progress.copies().under_way.remove(&self.id);
    }
}

impl Copy {
    fn status(&self, now: Instant) -> CopyStatus {
        let rate = self.pace.rate(now);
        CopyStatus {
            route: self.what.route.clone(),
            key: self.what.key.clone(),
            transfer: self.what.transfer.name(),
            bytes: self.bytes,
            size: self.what.size,
            parts: self.parts,
            of_parts: self.what.parts,
            resumed_from: self.resumed_from,
            bytes_per_second: rate,
            seconds_left: (self.what.size - self.bytes).checked_div(rate),
        }
    }
}

/// How fast it goes, from what was there when.
#[derive(Debug)]
struct Pace {
    /// The first is the last that is older than the recent past, counted from the last.
    steps: VecDeque<(Instant, u64)>,
    bytes: u64,
}

impl Pace {
    fn begin(now: Instant, bytes: u64) -> Self {
        let steps = VecDeque::from([(now, bytes)]);
        Self { steps, bytes }
    }

    fn reached(&mut self, now: Instant, bytes: u64) {
        self.bytes = bytes;
        let steps = self.steps.len();
        match self.steps.back_mut() {
            Some((at, there)) if steps > 1 && now.duration_since(*at) < STEP => {
                *there = bytes;
            }
            Some(_) | None => self.steps.push_back((now, bytes)),
        }
        while let Some((at, _)) = self.steps.get(1)
            && now.duration_since(*at) >= RECENT
        {
            self.steps.pop_front();
        }
    }

    /// Bytes in a second.
    fn rate(&self, now: Instant) -> u64 {
        let Some((since, before)) = self.steps.front() else {
            return 0;
        };
        let millis = now.duration_since(*since).as_millis().max(1);
        let rate = u128::from(self.bytes - before) * 1_000 / millis;
        u64::try_from(rate).unwrap_or(u64::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rate_is_that_of_the_recent_past() {
        #[rustfmt::skip]
        let table = [
            // (seconds, bytes there by then) …, seconds when asked, bytes a second
            ("nothing yet",                       &[][..],                             10, 0),
            ("steady",                            &[(10, 1_100), (20, 1_200)],         20, 10),
            ("what was there does not count",     &[(10, 1_010)],                      10, 1),
            ("faster lately",                     &[(100, 1_100), (160, 7_100)],      160, 100),
            ("slower lately",                     &[(10, 9_000), (70, 9_060)],         70, 1),
            ("parts longer than the recent past", &[(100, 2_000), (200, 3_000)],      250, 6),
            ("standing still",                    &[(10, 1_100)],                   1_000, 0),
            ("together is one step",              &[(10, 1_050), (10, 1_100)],         10, 10),
        ];
        for (why, steps, asked, want) in table {
            let began = Instant::now();
            let at = |seconds| began + Duration::from_secs(seconds);
            let mut pace = Pace::begin(began, 1_000);
            for (seconds, bytes) in steps {
                pace.reached(at(*seconds), *bytes);
            }
            assert_eq!(pace.rate(at(asked)), want, "{why}");
        }
    }

    #[test]
    fn many_parts_are_few_steps() {
        let began = Instant::now();
        let mut pace = Pace::begin(began, 0);
        for n in 1..=10_000_u64 {
            pace.reached(began + Duration::from_millis(n * 50), n);
            assert!(pace.steps.len() <= 63, "{}", pace.steps.len());
        }
    }
}
