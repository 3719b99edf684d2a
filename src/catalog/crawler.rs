//! The task that keeps one crawler in step with what arrives.
//!
//! The [`Schedule`] says when; this says it to Glue, watches the run, and says what came of it.
//!
//! The rules:
//! * marking never blocks and never waits for Glue; any number of marks are one until they are
//!   collected, and marks made while a start is being asked for count as after it;
//! * a call under way is never cut off: stopping ends the waiting in between;
//! * a failure is reported once at full voice and then quietly, until it changes or is mended.

use std::sync::Arc;
use std::time::Duration;

use fastrand::Rng;
use futures_util::FutureExt;
use tokio::sync::{Notify, watch};
use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;
use tracing::{debug, error, info, warn};

use super::backoff::Backoff;
use super::crawlers::{Handle, Seen, Snapshot, State};
use super::glue::{CrawlResult, Glue, GlueError, Look, Start};
use super::schedule::{Ending, Schedule};
use crate::config;

/// A run takes minutes and costs a minimum of ten, so a look every few seconds is plenty.
const LOOK_EVERY: Duration = Duration::from_secs(5);
/// A floor under a `quiet` of next to nothing.
const LOOK_AT_MOST_EVERY: Duration = Duration::from_millis(100);
/// A crawler that was missing is found, once created, within the second.
const CALL_BACKOFF: (Duration, Duration) = (Duration::from_secs(1), Duration::from_mins(5));
/// Runs that fail are paid for as well.
const LONGEST_CRAWL_BACKOFF: Duration = Duration::from_hours(1);

/// Keeps one crawler in step. The supervisor runs it.
#[derive(Debug)]
pub struct CrawlerTask {
    section: String,
    glue: Glue,
    /// No run is started on schedule after this.
    stop: CancellationToken,
    /// Nothing arrives after this.
    end: CancellationToken,
    dice: Rng,
    boot: Instant,
    schedule: Schedule,
    /// Something has arrived, not only a boot, that no start covers.
    arrived: bool,
    look_every: Duration,
    next_look: Instant,
    calls: Backoff,
    crawls: Backoff,
    mark: Arc<Notify>,
    seen: watch::Sender<Seen>,
}

impl CrawlerTask {
    /// Prepares the task of `[crawler.SECTION]`; `client` is of `region`.
    #[must_use]
    pub fn new(
        section: &str,
        config: &config::Crawler,
        region: &str,
        glue: Glue,
        stop: CancellationToken,
        end: CancellationToken,
        dice: Rng,
    ) -> Self {
        let config::Crawler {
            name,
            region: _,
            account: _,
            quiet,
            at_most_every,
        } = config;
        let snapshot = Snapshot {
            crawler: name.as_deref().unwrap_or(section).to_owned(),
            region: region.to_owned(),
            state: State::Waiting,
            dirty: true,
            last_result: None,
            last_started_seconds_ago: None,
            error: None,
        };
        let boot = Instant::now();
        Self {
            section: section.to_owned(),
            glue,
            stop,
            end,
            dice,
            boot,
            schedule: Schedule::new(*quiet, *at_most_every, Duration::ZERO),
            arrived: false,
            look_every: LOOK_EVERY.min(*quiet).max(LOOK_AT_MOST_EVERY),
            next_look: boot,
            calls: Backoff::new(CALL_BACKOFF.0, CALL_BACKOFF.1),
            crawls: Backoff::new((*at_most_every).max(LOOK_EVERY), LONGEST_CRAWL_BACKOFF),
            mark: Arc::default(),
            seen: watch::Sender::new(Seen {
                snapshot,
                started: None,
            }),
        }
    }

    /// The end to collect into [`Crawlers`](super::Crawlers).
    #[must_use]
    pub fn handle(&self) -> Handle {
        Handle {
            section: self.section.clone(),
            mark: self.mark.clone(),
            seen: self.seen.subscribe(),
        }
    }

    /// Runs until stopped. What has arrived and is owed then is asked for at once: another boot
    /// owes a run, but on a scale-in there is none.
    pub async fn run(mut self) {
        self.keep_in_step().await;
        self.ask_for_what_is_owed().await;
        // What still runs may bring more.
        self.end.clone().cancelled().await;
        self.ask_for_what_is_owed().await;
        if self.arrived {
            warn!(
                crawler = self.crawler(),
                "stopped with a crawl owed; the next boot runs it"
            );
        }
    }

    async fn ask_for_what_is_owed(&mut self) {
        self.collect();
        if self.arrived && self.schedule.under_way().is_none() {
            self.start().await;
        }
    }

    /// Takes in what was marked.
    fn collect(&mut self) {
        if self.mark.notified().now_or_never().is_some() {
            self.marked();
        }
    }

    fn marked(&mut self) {
        self.arrived = true;
        self.schedule.arrived(self.boot.elapsed());
    }

    async fn keep_in_step(&mut self) {
        let (mark, stop) = (self.mark.clone(), self.stop.clone());
        while !stop.is_cancelled() {
            // Collected before acting, so that a start covers all that was marked before it.
            self.collect();
            self.show();
            let wake = self.wake();
            // Asked before waiting: marks without pause must not keep the clock from being read.
            if wake.is_some_and(|at| at <= Instant::now()) {
                self.act().await;
                continue;
            }
            tokio::select! {
                biased;
                () = stop.cancelled() => {}
                () = mark.notified() => self.marked(),
                () = sleep_until(wake.unwrap_or(self.boot)), if wake.is_some() => {}
            }
        }
    }

    fn wake(&self) -> Option<Instant> {
        match self.schedule.under_way() {
            Some(_) => Some(self.next_look),
            // A time beyond the clock's reach never comes.
            None => self.schedule.due().and_then(|at| self.boot.checked_add(at)),
        }
    }

    async fn act(&mut self) {
        match self.schedule.under_way() {
            None => self.start().await,
            Some(ours) => self.look(ours).await,
        }
    }

    async fn start(&mut self) {
        let asked = Instant::now();
        match self.glue.start(&self.crawler()).await {
            Ok(Start::Granted) => {
                self.mended();
                info!(crawler = self.crawler(), "crawl started");
                self.arrived = false;
                self.schedule.started(asked - self.boot);
                self.seen.send_modify(|seen| seen.started = Some(asked));
            }
            Ok(Start::Busy) => {
                self.mended();
                info!(
                    crawler = self.crawler(),
                    "crawler already running, one more run follows"
                );
                self.schedule.busy(self.boot.elapsed());
            }
            Err(error) => {
                let wait = self.failed(&error);
                self.schedule.refused(self.boot.elapsed(), wait);
            }
        }
        self.next_look = Instant::now() + self.look_every;
    }

    async fn look(&mut self, ours: bool) {
        let (stop, crawler) = (self.stop.clone(), self.crawler());
        // A stop need not wait for an answer that nobody will use.
        let Some(look) = stop.run_until_cancelled(self.glue.look(&crawler)).await else {
            return;
        };
        match look {
            Ok(Look::Running) => {
                self.mended();
                self.next_look = Instant::now() + self.look_every;
            }
            Ok(Look::Ready { last, message }) => {
                self.mended();
                let ending = if ours {
                    self.result(last, message)
                } else {
                    Ending::Succeeded
                };
                self.arrived |= matches!(ending, Ending::Failed { .. });
                self.schedule.ended(self.boot.elapsed(), ending);
            }
            Err(error @ GlueError::Missing { .. }) => {
                let wait = self.failed(&error);
                self.arrived = true;
                self.schedule
                    .ended(self.boot.elapsed(), Ending::Failed { wait });
            }
            Err(error @ (GlueError::Denied { .. } | GlueError::Unavailable { .. })) => {
                self.next_look = Instant::now() + self.failed(&error);
            }
        }
    }

    /// Reports how our run ended. Only a success that Glue confirms is one.
    fn result(&mut self, last: Option<CrawlResult>, message: Option<String>) -> Ending {
        let started = self.seen.borrow().started;
        let seconds = started.map_or(0, |at| at.elapsed().as_secs());
        self.seen
            .send_modify(|seen| seen.snapshot.last_result = last);
        let crawler = self.crawler();
        match last {
            Some(CrawlResult::Succeeded) => {
                self.crawls.reset();
                info!(crawler, seconds, "crawl ended");
                Ending::Succeeded
            }
            Some(CrawlResult::Failed | CrawlResult::Cancelled) | None => {
                let wait = self.crawls.next(&mut self.dice);
                let message = message.unwrap_or_default();
                warn!(crawler, seconds, result = ?last, message, ?wait, "crawl failed, will run again");
                Ending::Failed { wait }
            }
        }
    }

    /// Reports a failed call and says how long to wait.
    fn failed(&mut self, failure: &GlueError) -> Duration {
        let wait = self.calls.next(&mut self.dice);
        let Snapshot {
            crawler,
            region,
            error: known,
            ..
        } = self.seen.borrow().snapshot.clone();
        let told = failure.to_string();
        if known.as_ref() == Some(&told) {
            debug!(
                crawler,
                region,
                error = told,
                ?wait,
                "crawler still out of reach"
            );
            return wait;
        }
        match failure {
            GlueError::Missing { .. } | GlueError::Denied { .. } => {
                error!(
                    crawler,
                    region,
                    error = told,
                    ?wait,
                    "crawler cannot be run"
                );
            }
            GlueError::Unavailable { .. } => {
                warn!(crawler, region, error = told, ?wait, "crawler out of reach");
            }
        }
        self.seen
            .send_modify(|seen| seen.snapshot.error = Some(told));
        wait
    }

    fn mended(&mut self) {
        self.calls.reset();
        self.seen.send_modify(|seen| seen.snapshot.error = None);
    }

    fn show(&self) {
        let (dirty, under_way) = (self.schedule.dirty(), self.schedule.under_way());
        let state = match under_way {
            Some(true) => State::Running,
            Some(false) => State::Busy,
            None if dirty => State::Waiting,
            None => State::Idle,
        };
        self.seen
            .send_modify(|seen| (seen.snapshot.state, seen.snapshot.dirty) = (state, dirty));
    }

    fn crawler(&self) -> String {
        self.seen.borrow().snapshot.crawler.clone()
    }
}

#[cfg(test)]
mod tests;
