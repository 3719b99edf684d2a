//! Runs one crawler after arrivals that are messages in a queue.
//!
//! The task keeps the leases of the messages until a crawl covers them, which the [`Ledger`] decides. The visibility of
//! a message says which process takes care of it. Glue runs one crawl at a time and so serves as the lock between
//! processes.
//!
//! The rules:
//! * a message is deleted once a crawl that began after it was received has succeeded;
//! * a message whose lease is lost belongs to another process, and is dropped;
//! * a stop returns all messages to the queue, so that others receive them at once.

use std::time::Duration;

use futures_util::future::join_all;
use jiff::Timestamp;
use tokio::sync::{OwnedSemaphorePermit, mpsc};
use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use super::crawlers::{Handle, State};
use super::glue::{CrawlResult, CrawlerReading, Glue, GlueError, Start};
use super::ledger::{Crawl, Ledger, Sight};
use super::report::Report;
use crate::config;
use crate::queue::{BATCH, Lease, Receipt, Sqs};

/// A message in flight that waits for a crawl.
#[derive(Debug)]
pub struct LeasedArrival {
    pub(super) lease: Lease,
    /// When the first of its objects arrived.
    pub(super) since: Timestamp,
    /// Given back when the message is.
    pub(super) _room: OwnedSemaphorePermit,
}

/// Keeps one crawler in step with a queue. The supervisor runs it.
#[derive(Debug)]
pub struct DurableCrawler {
    glue: Glue,
    arrivals: Sqs,
    inbox: mpsc::Receiver<LeasedArrival>,
    report: Report,
    stop: CancellationToken,
    boot: Instant,
    ledger: Ledger<LeasedArrival>,
    next_reading: Instant,
}

impl DurableCrawler {
    /// Prepares the task of a crawler whose arrivals come through `inbox`, from the queue `arrivals`.
    #[must_use]
    pub fn new(
        report: Report,
        config: &config::Crawler,
        glue: Glue,
        (arrivals, inbox): (Sqs, mpsc::Receiver<LeasedArrival>),
        stop: CancellationToken,
    ) -> Self {
        let boot = Instant::now();
        Self {
            glue,
            arrivals,
            inbox,
            report,
            stop,
            boot,
            ledger: Ledger::new(config.debounce, config.at_most_every),
            next_reading: boot,
        }
    }

    /// The end to collect into [`Crawlers`](super::Crawlers).
    #[must_use]
    pub fn handle(&self) -> Handle {
        self.report.handle(None)
    }

    /// Runs until stopped, then gives back what it holds.
    pub async fn run(mut self) {
        let stop = self.stop.clone();
        while !stop.is_cancelled() {
            self.show();
            let wake = self.wake();
            if wake.is_some_and(|at| at <= Instant::now()) {
                self.act().await;
                continue;
            }
            tokio::select! {
                biased;
                () = stop.cancelled() => {}
                Some(waiting) = self.inbox.recv() => self.ledger.add(self.boot.elapsed(), waiting),
                () = sleep_until(wake.unwrap_or(self.boot)), if wake.is_some() => {}
            }
        }
        self.return_to_queue().await;
    }

    fn wake(&self) -> Option<Instant> {
        let state = self.ledger.wants_a_reading().then_some(self.next_reading);
        let due = self.ledger.due();
        let due = due.and_then(|at| self.boot.checked_add(at));
        state.into_iter().chain(due).min()
    }

    /// Looks, lets go of what is covered, and asks for a crawl where one is due.
    async fn act(&mut self) {
        while let Ok(waiting) = self.inbox.try_recv() {
            self.ledger.add(self.boot.elapsed(), waiting);
        }
        self.ledger
            .retain(|waiting| !waiting.lease.write_lease().lost().is_cancelled());
        let now = self.boot.elapsed();
        self.next_reading = Instant::now() + self.report.reading_every();
        // A stop need not wait for an answer that nobody will use.
        let (stop, crawler) = (self.stop.clone(), self.report.crawler().to_owned());
        let Some(state) = stop.run_until_cancelled(self.glue.state(&crawler)).await else {
            return;
        };
        match state {
            Ok(state) => self.read_state(now, state).await,
            Err(error) => return self.failed(&error),
        }
        let due = self.ledger.due();
        if due.is_some_and(|due| due <= self.boot.elapsed()) && !stop.is_cancelled() {
            self.start(&crawler).await;
        }
    }

    async fn read_state(&mut self, now: Duration, state: CrawlerReading) {
        self.report.mended();
        let (sight, result, message) = match state {
            CrawlerReading::Running => (Sight::Running, None, None),
            CrawlerReading::Ready { id, last, message } => {
                let succeeded = last == Some(CrawlResult::Succeeded);
                let last_crawl = id.map(Crawl);
                let sight = Sight::Ready {
                    last: last_crawl,
                    succeeded,
                };
                (sight, last, message)
            }
        };
        let concluded = self.ledger.read_state(now, sight);
        if self.ledger.is_under_way() {
            return self.report.running();
        }
        self.report.ready();
        if (!concluded.covered.is_empty() || concluded.failed)
            && let Some(wait) = self.report.ended(result, message)
        {
            self.ledger.refused(now, wait);
        }
        self.settle(concluded.covered).await;
    }

    async fn start(&mut self, crawler: &str) {
        let asked = Instant::now();
        match self.glue.start(crawler).await {
            Ok(Start::Granted) => {
                self.report.mended();
                self.report.started(asked);
                self.ledger.started(asked - self.boot);
            }
            Ok(Start::Busy) => {
                self.report.mended();
                info!(crawler, "a crawl has begun meanwhile");
                self.ledger.busy(asked - self.boot);
            }
            Err(error) => self.failed(&error),
        }
        self.next_reading = Instant::now() + self.report.reading_every();
    }

    fn failed(&mut self, error: &GlueError) {
        if matches!(error, GlueError::Missing { .. }) {
            self.ledger.missing();
            self.report.ready();
        }
        let wait = self.report.failed(error);
        self.ledger.refused(self.boot.elapsed(), wait);
        self.next_reading = Instant::now() + wait;
    }

    /// Deletes messages whose arrivals can be queried.
    async fn settle(&self, covered: Vec<LeasedArrival>) {
        for waiting in &covered {
            self.report.queryable(waiting.since);
        }
        for receipts in released(covered).await.chunks(BATCH.into()) {
            let handles: Vec<_> = receipts.iter().map(|r| r.handle.clone()).collect();
            let failed = match self.arrivals.delete(&handles).await {
                Ok(failed) => failed.len(),
                Err(error) => {
                    warn!(%error, "arrivals could not be deleted");
                    handles.len()
                }
            };
            if failed > 0 {
                warn!(messages = failed, "arrivals will be crawled once more");
            }
        }
    }

    async fn return_to_queue(&mut self) {
        self.inbox.close();
        while let Ok(waiting) = self.inbox.try_recv() {
            self.ledger.add(self.boot.elapsed(), waiting);
        }
        for receipts in released(self.ledger.take()).await.chunks(BATCH.into()) {
            let shown = receipts.iter().map(|r| (r.handle.clone(), Duration::ZERO));
            if let Err(error) = self.arrivals.show(&shown.collect::<Vec<_>>()).await {
                warn!(%error, "arrivals come back when their visibility ends");
            }
        }
    }

    fn show(&self) {
        let waiting = self.ledger.iter().len();
        let state = match (self.ledger.is_under_way(), waiting) {
            (true, _) => State::Running,
            (false, 0) => State::Idle,
            (false, _) => State::Waiting,
        };
        let due = self.ledger.due().and_then(|at| self.boot.checked_add(at));
        self.report.shows(state, waiting > 0, waiting, due);
    }
}

/// What may still be settled of what was in flight.
async fn released(waiting: Vec<LeasedArrival>) -> Vec<Receipt> {
    let receipts = waiting.into_iter().map(|waiting| waiting.lease.release());
    join_all(receipts).await.into_iter().flatten().collect()
}
