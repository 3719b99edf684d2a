//! Runs one crawler after arrivals that are kept in memory.
//!
//! The [`Schedule`] decides when to start it. This task calls Glue, watches the run, and reports its result.
//!
//! The rules:
//! * announcing an arrival never blocks and never waits for Glue. Arrivals count as one until the task collects them;
//!   those that come while a start is being requested count as after it;
//! * a call under way is never cancelled: a stop ends the waiting between calls.

use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use jiff::Timestamp;
use tokio::sync::Notify;
use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use super::crawlers::{Handle, State};
use super::glue::{CrawlerReading, Glue, GlueError, Start};
use super::report::Report;
use super::schedule::{Ending, Schedule};
use crate::config;

/// Keeps one crawler in step. The supervisor runs it.
#[derive(Debug)]
pub struct CrawlerTask {
    glue: Glue,
    /// No run is started on schedule after this.
    stop: CancellationToken,
    /// Nothing arrives after this.
    end: CancellationToken,
    boot: Instant,
    schedule: Schedule,
    /// Since when something that has arrived, not only a boot, is covered by no start.
    arrived: Option<Timestamp>,
    /// Since when what the run under way covers has arrived.
    crawled: Option<Timestamp>,
    next_reading: Instant,
    signal: Arc<Notify>,
    report: Report,
}

impl CrawlerTask {
    /// Prepares the task of a crawler. After `stop` no run is started on schedule, after `end` nothing arrives.
    #[must_use]
    pub fn new(
        report: Report,
        config: &config::Crawler,
        glue: Glue,
        stop: CancellationToken,
        end: CancellationToken,
    ) -> Self {
        let boot = Instant::now();
        Self {
            glue,
            stop,
            end,
            boot,
            schedule: Schedule::new(config.debounce, config.at_most_every, Duration::ZERO),
            arrived: None,
            crawled: None,
            next_reading: boot,
            report,
            signal: Arc::default(),
        }
    }

    /// The end to collect into [`Crawlers`](super::Crawlers).
    #[must_use]
    pub fn handle(&self) -> Handle {
        self.report.handle(Some(self.signal.clone()))
    }

    /// Runs until stopped. What has arrived and is owed then is asked for at once: another boot
    /// owes a run, but on a scale-in there is none.
    pub async fn run(mut self) {
        self.keep_in_step().await;
        self.ask_for_what_is_owed().await;
        // What still runs may bring more.
        self.end.clone().cancelled().await;
        self.ask_for_what_is_owed().await;
        if self.arrived.is_some() {
            warn!(
                crawler = self.report.crawler(),
                "stopped with a crawl owed; the next boot runs it"
            );
        }
    }

    async fn ask_for_what_is_owed(&mut self) {
        self.collect();
        if self.arrived.is_some() && self.schedule.under_way().is_none() {
            self.start().await;
        }
    }

    /// Collects what has arrived.
    fn collect(&mut self) {
        if self.signal.notified().now_or_never().is_some() {
            self.signalled();
        }
    }

    fn signalled(&mut self) {
        self.arrived.get_or_insert_with(|| self.report.now());
        self.schedule.arrived(self.boot.elapsed());
    }

    async fn keep_in_step(&mut self) {
        let (signal, stop) = (self.signal.clone(), self.stop.clone());
        while !stop.is_cancelled() {
            // Collected before acting, so that a start covers all that arrived before it.
            self.collect();
            self.show();
            let wake = self.wake();
            // Read before waiting: arrivals without pause must not keep the clock from being read.
            if wake.is_some_and(|at| at <= Instant::now()) {
                self.act().await;
                continue;
            }
            tokio::select! {
                biased;
                () = stop.cancelled() => {}
                () = signal.notified() => self.signalled(),
                () = sleep_until(wake.unwrap_or(self.boot)), if wake.is_some() => {}
            }
        }
    }

    fn wake(&self) -> Option<Instant> {
        match self.schedule.under_way() {
            Some(_) => Some(self.next_reading),
            // A time beyond the clock's reach never comes.
            None => self.schedule.due().and_then(|at| self.boot.checked_add(at)),
        }
    }

    async fn act(&mut self) {
        match self.schedule.under_way() {
            None => self.start().await,
            Some(ours) => self.state(ours).await,
        }
    }

    async fn start(&mut self) {
        let asked = Instant::now();
        match self.glue.start(self.report.crawler()).await {
            Ok(Start::Granted) => {
                self.report.mended();
                self.report.started(asked);
                self.crawled = self.arrived.take();
                self.schedule.started(asked - self.boot);
            }
            Ok(Start::Busy) => {
                self.report.mended();
                info!(
                    crawler = self.report.crawler(),
                    "crawler already running, one more run follows"
                );
                self.schedule.busy(self.boot.elapsed());
            }
            Err(error) => {
                let wait = self.report.failed(&error);
                self.schedule.refused(self.boot.elapsed(), wait);
            }
        }
        self.next_reading = Instant::now() + self.report.reading_every();
    }

    async fn state(&mut self, ours: bool) {
        let (stop, crawler) = (self.stop.clone(), self.report.crawler());
        // A stop need not wait for an answer that nobody will use.
        let Some(state) = stop.run_until_cancelled(self.glue.state(crawler)).await else {
            return;
        };
        match state {
            Ok(CrawlerReading::Running) => {
                self.report.mended();
                self.report.running();
                self.next_reading = Instant::now() + self.report.reading_every();
            }
            Ok(CrawlerReading::Ready { last, message, .. }) => {
                self.report.mended();
                self.report.ready();
                let failed = ours.then(|| self.report.ended(last, message)).flatten();
                let ending = match failed {
                    Some(wait) => {
                        self.owes_again();
                        Ending::Failed { wait }
                    }
                    None => Ending::Succeeded,
                };
                if let Some(since) = self.crawled.take_if(|_| ours) {
                    self.report.queryable(since);
                }
                self.schedule.ended(self.boot.elapsed(), ending);
            }
            Err(error @ GlueError::Missing { .. }) => {
                let wait = self.report.failed(&error);
                self.owes_again();
                self.schedule
                    .ended(self.boot.elapsed(), Ending::Failed { wait });
            }
            Err(error @ (GlueError::Denied { .. } | GlueError::Unavailable { .. })) => {
                self.next_reading = Instant::now() + self.report.failed(&error);
            }
        }
    }

    /// A run that covers nothing.
    fn owes_again(&mut self) {
        let since = self.crawled.take().or(self.arrived);
        self.arrived = since.or_else(|| Some(self.report.now()));
    }

    fn show(&self) {
        let (dirty, under_way) = (self.schedule.dirty(), self.schedule.under_way());
        let state = match under_way {
            Some(true) => State::Running,
            Some(false) => State::Busy,
            None if dirty => State::Waiting,
            None => State::Idle,
        };
        let due = self.schedule.due().and_then(|at| self.boot.checked_add(at));
        self.report.shows(state, dirty, 0, due);
    }
}

#[cfg(test)]
mod tests;
