//! Receives arrivals from their queue, and gives each to the task of its crawler.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};
use tokio::time::{Instant, sleep, sleep_until};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::warn;

use super::arrivals::Arrived;
use super::durable::LeasedArrival;
use super::strangers::{Stranger, Strangers};
use crate::edge::Rng;
use crate::queue::{BATCH, EMPTY_INTERVAL, Lease, Load, Message, Sqs, Terms, WAIT};

/// The arrivals of a killed process return to the queue within this time.
const VISIBILITY: Duration = Duration::from_mins(1);

/// Arrivals in flight at once; the others wait in the queue, for the next crawl or another process.
const ROOM: usize = 1_000;

const FIRST_BACKOFF: Duration = Duration::from_millis(500);
const LONGEST_BACKOFF: Duration = Duration::from_secs(30);

/// Receives from the queue of arrivals. The supervisor runs it.
#[derive(Debug)]
pub struct ArrivalConsumer {
    arrivals: Sqs,
    load: Load,
    crawlers: BTreeMap<String, mpsc::Sender<LeasedArrival>>,
    room: Arc<Semaphore>,
    keepers: TaskTracker,
    rng: Rng,
    stop: CancellationToken,
}

impl ArrivalConsumer {
    /// Drains a queue into the tasks of these crawlers.
    #[must_use]
    pub fn new(
        arrivals: Sqs,
        load: Load,
        crawlers: BTreeMap<String, mpsc::Sender<LeasedArrival>>,
        rng: Rng,
        stop: CancellationToken,
    ) -> Self {
        Self {
            arrivals,
            load,
            crawlers,
            room: Arc::new(Semaphore::new(ROOM)),
            keepers: TaskTracker::new(),
            rng,
            stop,
        }
    }

    /// Receives until stopped.
    pub async fn run(self) {
        let (stop, mut backoff) = (self.stop.clone(), FIRST_BACKOFF);
        let mut strangers = Strangers::default();
        while !stop.is_cancelled() {
            // Room first: a message is received only if it can be kept.
            let room = self.room.clone().acquire_many_owned(BATCH.into());
            let Some(room) = stop.run_until_cancelled(room).await else {
                break;
            };
            let mut room = room.expect("nobody closes it");
            let asked = Instant::now();
            let receive = self
                .arrivals
                .receive_within(&self.load, None, BATCH, WAIT, VISIBILITY);
            match stop.run_until_cancelled(Box::pin(receive)).await {
                None => break,
                Some(Ok(messages)) => {
                    backoff = FIRST_BACKOFF;
                    if messages.is_empty() {
                        let pause = sleep_until(asked + EMPTY_INTERVAL);
                        stop.run_until_cancelled(pause).await;
                    }
                    for (message, _weight) in messages {
                        let Some(room) = room.split(1) else {
                            warn!("more arrivals than requested; one is released");
                            self.put_off(message, Duration::ZERO).await;
                            continue;
                        };
                        if let Err(stranger) = self.requeue(&message, asked, room).await {
                            strangers.log(&message, &stranger);
                            let after = stranger.wait(message.receive_count);
                            self.put_off(message, after).await;
                        }
                    }
                }
                Some(Err(error)) => {
                    warn!(%error, "no arrivals from catalog.queue");
                    let pause = sleep(self.rng.spread(backoff));
                    stop.run_until_cancelled(pause).await;
                    backoff = (backoff * 2).min(LONGEST_BACKOFF);
                }
            }
        }
        drop(self.crawlers);
        self.keepers.close();
        self.keepers.wait().await;
    }

    /// Gives a message to its crawler's task, unless it is not for one of ours.
    async fn requeue(
        &self,
        message: &Message,
        asked: Instant,
        room: OwnedSemaphorePermit,
    ) -> Result<(), Stranger> {
        let arrived = Arrived::read(&message.body)?;
        let Some(crawler) = self.crawlers.get(&arrived.crawler) else {
            return Err(Stranger::of_crawler(&arrived.crawler));
        };
        let (sqs, handle) = (self.arrivals.clone(), message.handle.clone());
        let terms = Terms::new(VISIBILITY);
        let waiting = LeasedArrival {
            lease: Lease::keep(sqs, handle, asked, terms, &self.keepers),
            since: arrived.since,
            _room: room,
        };
        // A task that has stopped has let its messages go.
        let _ = crawler.send(waiting).await;
        Ok(())
    }

    async fn put_off(&self, message: Message, after: Duration) {
        if let Err(error) = self.arrivals.show(&[(message.handle, after)]).await {
            warn!(%error, "an arrival comes back when its visibility ends");
        }
    }
}
