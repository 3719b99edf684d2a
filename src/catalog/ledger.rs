//! Decides which crawl covers which arrivals. Pure: times are durations since the daemon started.
//!
//! Any crawl that began after an arrival was received covers it, whoever started it. No clocks are compared: crawls
//! have names, and a crawl that is not the last one known when the arrival was received has begun since.
//!
//! ```text
//!            ┌── ready, last was L ──▶ since L ── ready, last is M ──▶ covered, if M succeeded
//! received ──┤                           ▲  ▲                     └──▶ since M, if it did not
//!            └── running ──▶ passed by ──┘  └── granted: our own begins after all that was received
//!                                  ready, last is M
//! ```
//!
//! So several processes with arrivals of their own need one crawl: the first starts it, Glue refuses the others, and
//! they see that it began after what they have received.
//!
//! The rules:
//! * an arrival that was not yet seen together with a ready crawler may have been passed by;
//! * a crawl that did not succeed covers nothing;
//! * a start waits until nothing has arrived for a while, but not for ever, and keeps its distance from another crawl,
//!   whoever started that;
//! * a crawl that has just been granted may not be visible yet: until it is, nothing is concluded.

use std::time::Duration;

/// What Glue shows may lag behind what it has granted, but not for longer.
const VISIBLE: Duration = Duration::from_mins(1);

/// What one crawl is known by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Crawl(pub(super) String);

/// The state of the crawler that was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Sight {
    /// A crawl is under way.
    Running,
    /// None is.
    Ready {
        /// The last one, if there was any.
        last: Option<Crawl>,
        /// Whether it succeeded.
        succeeded: bool,
    },
}

/// What follows from that state.
#[derive(Debug)]
pub(super) struct Conclusion<T> {
    /// A crawl covers these.
    pub(super) covered: Vec<T>,
    /// A crawl would have covered something, but did not succeed.
    pub(super) failed: bool,
}

/// What waits for one crawler, and when it may be crawled.
#[derive(Debug)]
pub(super) struct Ledger<T> {
    debounce: Duration,
    at_most_every: Duration,
    waiting: Vec<Entry<T>>,
    /// The last crawl, as of the last time it stood ready.
    last: Option<Crawl>,
    /// A crawl is under way, known of since then.
    under_way: Option<Duration>,
    /// When a crawl was last seen to begin.
    last_start: Option<Duration>,
    /// After a failure: no start before this.
    deferred_until: Duration,
}

#[derive(Debug)]
struct Entry<T> {
    at: Duration,
    since: Since,
    item: T,
}

#[derive(Debug, PartialEq, Eq)]
enum Since {
    /// The crawler has not been read since it was received.
    Unseen,
    /// A crawl was under way then, which may have passed it by.
    PassedBy,
    /// This was the last crawl then: any other covers it.
    Crawl(Option<Crawl>),
}

impl<T> Ledger<T> {
    /// Holds nothing yet.
    pub(super) fn new(debounce: Duration, at_most_every: Duration) -> Self {
        Self {
            debounce,
            at_most_every,
            waiting: Vec::new(),
            last: None,
            under_way: None,
            last_start: None,
            deferred_until: Duration::ZERO,
        }
    }

    /// Holds an arrival.
    pub(super) fn add(&mut self, now: Duration, item: T) {
        self.waiting.push(Entry {
            at: now,
            since: Since::Unseen,
            item,
        });
    }

    /// Lets go of what is no longer ours.
    pub(super) fn retain(&mut self, mut is_ours: impl FnMut(&T) -> bool) {
        self.waiting.retain(|entry| is_ours(&entry.item));
    }

    /// Lets go of everything.
    pub(super) fn take(&mut self) -> Vec<T> {
        let waiting = std::mem::take(&mut self.waiting);
        waiting.into_iter().map(|entry| entry.item).collect()
    }

    /// What waits, oldest first.
    pub(super) fn iter(&self) -> impl ExactSizeIterator<Item = &T> {
        self.waiting.iter().map(|entry| &entry.item)
    }

    /// Whether a crawl is under way, as far as is known.
    pub(super) fn is_under_way(&self) -> bool {
        self.under_way.is_some()
    }

    /// Whether reading the crawler would show something new.
    pub(super) fn wants_a_reading(&self) -> bool {
        let unseen = self
            .waiting
            .iter()
            .any(|entry| entry.since == Since::Unseen);
        unseen || (self.under_way.is_some() && !self.waiting.is_empty())
    }

    /// When to read the crawler and then request a start. None while nothing waits or a crawl is under way.
    pub(super) fn due(&self) -> Option<Duration> {
        let (first, last) = (self.waiting.first()?.at, self.waiting.last()?.at);
        if self.under_way.is_some() {
            return None;
        }
        let calm = last.saturating_add(self.debounce);
        let calm = calm.min(first.saturating_add(self.at_most_every));
        let spaced = self.last_start.map_or(Duration::ZERO, |start| {
            start.saturating_add(self.at_most_every)
        });
        Some(calm.max(spaced).max(self.deferred_until))
    }

    /// Concludes from a state that was requested at `now` or later.
    pub(super) fn read_state(&mut self, now: Duration, sight: Sight) -> Conclusion<T> {
        let mut concluded = Conclusion {
            covered: Vec::new(),
            failed: false,
        };
        match sight {
            Sight::Ready { last, succeeded } if !self.is_invisible(now, last.as_ref()) => {
                self.under_way = None;
                for mut entry in std::mem::take(&mut self.waiting) {
                    let since = std::mem::replace(&mut entry.since, Since::Crawl(last.clone()));
                    let crawled = matches!(since, Since::Crawl(since) if since != last);
                    if crawled && succeeded {
                        concluded.covered.push(entry.item);
                    } else {
                        concluded.failed |= crawled;
                        self.waiting.push(entry);
                    }
                }
                self.last = last;
            }
            Sight::Running | Sight::Ready { .. } => {
                if self.under_way.is_none() {
                    (self.under_way, self.last_start) = (Some(now), Some(now));
                }
                self.pass_by();
            }
        }
        concluded
    }

    /// A start was granted that was requested right after the crawler was seen ready.
    pub(super) fn started(&mut self, now: Duration) {
        for entry in &mut self.waiting {
            entry.since = Since::Crawl(self.last.clone());
        }
        (self.under_way, self.last_start) = (Some(now), Some(now));
    }

    /// A start was refused: a crawl has begun since the crawler was last read.
    pub(super) fn busy(&mut self, now: Duration) {
        (self.under_way, self.last_start) = (Some(now), Some(now));
        self.pass_by();
    }

    /// Nothing is to be asked for before `wait` has passed.
    pub(super) fn refused(&mut self, now: Duration, wait: Duration) {
        self.deferred_until = now.saturating_add(wait);
    }

    /// The crawler is not there: so is no crawl.
    pub(super) fn missing(&mut self) {
        self.under_way = None;
    }

    /// What was granted or refused a moment ago is not shown yet.
    fn is_invisible(&self, now: Duration, last: Option<&Crawl>) -> bool {
        let fresh = self.under_way.is_some_and(|since| now < since + VISIBLE);
        fresh && last == self.last.as_ref()
    }

    fn pass_by(&mut self) {
        for entry in &mut self.waiting {
            if entry.since == Since::Unseen {
                entry.since = Since::PassedBy;
            }
        }
    }
}

#[cfg(test)]
mod tests;
