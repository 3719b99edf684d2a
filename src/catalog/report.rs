//! Reports the state of a crawler to the log, the metrics and `/status.json`.
//!
//! A failure is logged once at its full level and then at a lower one, until it changes or ends. A crawl that does not
//! end is logged once.

use std::sync::Arc;
use std::time::Duration;

use fastrand::Rng;
use jiff::Timestamp;
use tokio::sync::{Notify, watch};
use tokio::time::Instant;
use tracing::{debug, error, info, warn};

use super::assertion::Crawled;
use super::crawlers::{Handle, Seen, Snapshot, State};
use super::glue::{CrawlResult, GlueError};
use crate::backoff::Backoff;
use crate::config;
use crate::edge::Clock;
use crate::metrics::Metrics;

/// A crawler that was missing is found, once created, within the second.
const CALL_BACKOFF: (Duration, Duration) = (Duration::from_secs(1), Duration::from_mins(5));
/// Runs that fail are paid for as well.
const LONGEST_CRAWL_BACKOFF: Duration = Duration::from_hours(1);
/// A run takes minutes and costs a minimum of ten, so reading its state every few seconds is enough.
const READING_EVERY: Duration = Duration::from_secs(5);
/// A floor under a `debounce` of next to nothing.
const READING_AT_MOST_EVERY: Duration = Duration::from_millis(100);

/// Reports one crawler, and counts its failures.
#[derive(Debug)]
pub struct Report {
    section: String,
    crawler: String,
    metrics: Metrics,
    rng: Rng,
    clock: Clock,
    calls: Backoff,
    crawls: Backoff,
    reading_every: Duration,
    stuck_after: Duration,
    /// A crawl is seen to run since.
    running_since: Option<Instant>,
    is_stuck: bool,
    seen: watch::Sender<Seen>,
    crawled: Crawled,
}

impl Report {
    /// Reports on `[crawler.SECTION]`.
    #[must_use]
    pub fn new(
        section: &str,
        config: &config::Crawler,
        region: &str,
        metrics: Metrics,
        (rng, clock): (Rng, Clock),
    ) -> Self {
        let crawler = config.name.as_deref().unwrap_or(section).to_owned();
        let snapshot = Snapshot {
            crawler: crawler.clone(),
            region: region.to_owned(),
            state: State::Idle,
            dirty: false,
            waiting: 0,
            last_result: None,
            last_started_seconds_ago: None,
            next_start_in_seconds: None,
            error: None,
        };
        Self {
            section: section.to_owned(),
            crawler,
            metrics,
            rng,
            clock,
            calls: Backoff::new(CALL_BACKOFF.0, CALL_BACKOFF.1),
            crawls: Backoff::new(
                config.at_most_every.max(READING_EVERY),
                LONGEST_CRAWL_BACKOFF,
            ),
            reading_every: READING_EVERY
                .min(config.debounce)
                .max(READING_AT_MOST_EVERY),
            stuck_after: config.stuck_after,
            running_since: None,
            is_stuck: false,
            seen: watch::Sender::new(Seen {
                snapshot,
                started: None,
                due: None,
            }),
            crawled: Crawled::default(),
        }
    }

    /// Notifies an assertion of each successful crawl of ours.
    #[must_use]
    pub fn telling(mut self, crawled: Crawled) -> Self {
        self.crawled = crawled;
        self
    }

    /// Its name in Glue.
    pub(super) fn crawler(&self) -> &str {
        &self.crawler
    }

    pub(super) fn reading_every(&self) -> Duration {
        self.reading_every
    }

    /// The handle by which others read the state; `signal` reports arrivals to the task.
    pub(super) fn handle(&self, signal: Option<Arc<Notify>>) -> Handle {
        Handle {
            section: self.section.clone(),
            signal,
            seen: self.seen.subscribe(),
        }
    }

    /// What it is doing, how many messages it holds, and when the next start is due.
    pub(super) fn shows(&self, state: State, dirty: bool, waiting: usize, due: Option<Instant>) {
        self.seen.send_modify(|seen| {
            let shown = &mut seen.snapshot;
            (shown.state, shown.dirty, shown.waiting) = (state, dirty, waiting);
            seen.due = due;
        });
    }

    /// What arrived then can be queried now.
    pub(super) fn queryable(&self, since: Timestamp) {
        // A clock that is wrong makes no negative wait.
        let waited = Duration::try_from(self.clock.now().duration_since(since));
        let waited = waited.unwrap_or_default();
        self.metrics.catalog.queryable(&self.section, waited);
    }

    pub(super) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Glue has answered.
    pub(super) fn mended(&mut self) {
        self.calls.reset();
        if !self.is_stuck {
            self.seen.send_modify(|seen| seen.snapshot.error = None);
        }
    }

    /// A start that was asked for at `asked` was granted.
    pub(super) fn started(&mut self, asked: Instant) {
        info!(crawler = self.crawler, "crawl started");
        self.seen.send_modify(|seen| seen.started = Some(asked));
        self.running();
    }

    /// A crawl is under way.
    pub(super) fn running(&mut self) {
        let since = *self.running_since.get_or_insert_with(Instant::now);
        if self.is_stuck || since.elapsed() < self.stuck_after {
            return;
        }
        self.is_stuck = true;
        let reported = format!("a run does not end, for longer than {:?}", self.stuck_after);
        error!(crawler = self.crawler, error = reported, "crawler is stuck");
        self.metrics.catalog.crawled(&self.section, "stuck");
        self.seen
            .send_modify(|seen| seen.snapshot.error = Some(reported));
    }

    /// No crawl is under way.
    pub(super) fn ready(&mut self) {
        self.running_since = None;
        if std::mem::take(&mut self.is_stuck) {
            self.seen.send_modify(|seen| seen.snapshot.error = None);
        }
    }

    /// How a crawl ended that counts for us. Only a success that Glue confirms is one; after anything else
    /// there is a wait until the next.
    pub(super) fn ended(
        &mut self,
        result: Option<CrawlResult>,
        message: Option<String>,
    ) -> Option<Duration> {
        let started = self.seen.borrow().started;
        let seconds = started.map_or(0, |at| at.elapsed().as_secs());
        self.seen
            .send_modify(|seen| seen.snapshot.last_result = result);
        let crawler = &self.crawler;
        let reported = result.map_or("unknown", CrawlResult::name);
        self.metrics.catalog.crawled(&self.section, reported);
        if result == Some(CrawlResult::Succeeded) {
            self.crawls.reset();
            info!(crawler, seconds, "crawl ended");
            self.crawled.succeeded();
            return None;
        }
        let wait = self.crawls.next(&mut self.rng);
        let detail = message.unwrap_or_default();
        let wait_seconds = wait.as_secs_f64();
        error!(
            crawler,
            seconds,
            result = reported,
            detail,
            wait_seconds,
            "crawl failed; it runs again"
        );
        Some(wait)
    }

    /// A call failed; says how long to wait.
    pub(super) fn failed(&mut self, failure: &GlueError) -> Duration {
        let wait = self.calls.next(&mut self.rng);
        let wait_seconds = wait.as_secs_f64();
        let Snapshot {
            crawler,
            region,
            error: known,
            ..
        } = self.seen.borrow().snapshot.clone();
        let reported = failure.to_string();
        if known.as_ref() == Some(&reported) {
            debug!(
                crawler,
                region,
                error = reported,
                wait_seconds,
                "crawler still out of reach"
            );
            return wait;
        }
        match failure {
            GlueError::Missing { .. } | GlueError::Denied { .. } => {
                error!(
                    crawler,
                    region,
                    error = reported,
                    wait_seconds,
                    "crawler cannot be run"
                );
            }
            GlueError::Unavailable { .. } => {
                warn!(
                    crawler,
                    region,
                    error = reported,
                    wait_seconds,
                    "crawler out of reach"
                );
            }
        }
        self.seen
            .send_modify(|seen| seen.snapshot.error = Some(reported));
        wait
    }
}
