//! The only place that deletes messages, returns them to the queue, or dead-letters them.
//!
//! Deletes travel in batches of ten, or of fewer after 100 ms, and never after a receipt has expired: from then on
//! another consumer may have the message. A failed delete is retried while its receipt lasts; after that the message is
//! received again, the work is found done, and it is deleted then.
//!
//! Dead-lettering is *send, confirm, delete*. A crash in between leaves a duplicate in the dead-letter queue, which is
//! harmless; the other order would lose the message. A message whose twelve hours at SQS end is re-queued in the same
//! way, so that a copy that takes days uses up neither its attempts nor its retention.

mod batch;

use std::time::Duration;

use futures_util::StreamExt;
use futures_util::future::BoxFuture;
use futures_util::stream::FuturesUnordered;
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep_until};

use self::batch::{Batch, Ending};
use crate::edge::{Clock, Rng};
use crate::forward::{dead_lettered, requeued};
use crate::metrics::Metrics;
use crate::panics;
use crate::queue::{BATCH, Load, Message, Sqs};
use crate::work::{Cause, Lag, Received, Settlement, Verdict};

/// SQS calls under way at once; more than enough for ten thousand messages a second.
const CALLS_AT_ONCE: usize = 64;

/// What the messages weigh together that are being sent on. Each is there once more as the request that is sent, with
/// its quotes escaped.
pub(crate) const SENDING: usize = 4 << 20;

/// Pause before a failed batch is tried again.
const BATCH_BACKOFF: Duration = Duration::from_millis(500);

/// A delete is tried this often while its receipt lasts.
const BATCH_TRIES: u32 = 4;

/// Settles the messages of one queue.
#[derive(Debug, Clone)]
pub struct Settler {
    /// The `[queue.NAME]`.
    pub name: String,
    /// The queue.
    pub sqs: Sqs,
    /// Where poison goes.
    pub dead: Sqs,
    /// What is counted.
    pub metrics: Metrics,
    /// Jitter.
    pub rng: Rng,
    /// For lag.
    pub clock: Clock,
    /// What is being sent on, by weight.
    pub sending: Load,
}

impl Settler {
    /// Settles until its input closes, then flushes what is left.
    pub async fn run(self, mut verdicts: mpsc::Receiver<Verdict>) {
        let (mut deletes, mut shows) = (Batch::default(), Batch::default());
        let mut calls: FuturesUnordered<BoxFuture<'_, Option<Ending>>> = FuturesUnordered::new();
        let mut open = true;
        while open || !calls.is_empty() || !deletes.endings.is_empty() || !shows.endings.is_empty()
        {
            let flush_at = [deletes.flush_at, shows.flush_at]
                .into_iter()
                .flatten()
                .min();
            let flush = async {
                match flush_at {
                    Some(at) if open => sleep_until(at).await,
                    // Nothing more will come to fill the batch.
                    Some(_) => {}
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                biased;
                Some(dead_lettered) = calls.next(), if !calls.is_empty() => {
                    if let Some(ending) = dead_lettered { deletes.add(ending) }
                }
                () = flush => {
                    for batch in [&mut deletes, &mut shows] {
                        if !open || batch.flush_at.is_some_and(|at| at <= Instant::now()) {
                            self.flush(batch, &calls);
                        }
                    }
                }
                verdict = verdicts.recv(), if open && calls.len() < CALLS_AT_ONCE => {
                    match verdict {
                        Some(verdict) => self.begin(verdict, &mut deletes, &mut shows, &calls),
                        None => open = false,
                    }
                }
            }
            for batch in [&mut deletes, &mut shows] {
                if batch.endings.len() >= BATCH.into() {
                    self.flush(batch, &calls);
                }
            }
        }
    }

    /// Sorts a verdict into its batch, or starts to dead-letter it.
    fn begin<'a>(
        &'a self,
        verdict: Verdict,
        deletes: &mut Batch,
        shows: &mut Batch,
        calls: &FuturesUnordered<BoxFuture<'a, Option<Ending>>>,
    ) {
        let Verdict {
            message,
            receipt,
            settlement,
            lags,
            room,
        } = verdict;
        let Some(receipt) = receipt else {
            tracing::warn!(
                message_id = message.id,
                "lease lost; another consumer works the message"
            );
            return self.metrics.settled(&self.name, "lost");
        };
        match settlement {
            Settlement::Delete(outcome) => {
                deletes.add(Ending {
                    lags,
                    ..Ending::delete(receipt, room, outcome)
                });
            }
            Settlement::Release => {
                shows.add(Ending::show(receipt, room, "released", Duration::ZERO));
            }
            Settlement::ReturnToQueue { after, cause } => {
                let after = after.max(self.backoff(message.receive_count));
                reported(&message.id, &cause, Some(after));
                shows.add(Ending::show(receipt, room, "retried", after));
            }
            Settlement::Requeue => calls.push(Box::pin(async move {
                let _share = self.sending.take(message.weight()).await;
                let ending = Ending::delete(receipt, room, "requeued");
                let ending = self.in_time(vec![ending]).pop()?;
                if self.requeue(message).await {
                    return Some(ending);
                }
                let again = Ending::show(ending.receipt, ending.room, "released", Duration::ZERO);
                self.show(vec![again]).await;
                None
            })),
            Settlement::DeadLetter(cause) => calls.push(Box::pin(async move {
                let _share = self.sending.take(message.weight()).await;
                let ending = Ending::delete(receipt, room, "dead_lettered");
                // It may have waited for others: whoever holds it by now says how it ends.
                let ending = self.in_time(vec![ending]).pop()?;
                let (id, received) = (message.id.clone(), message.receive_count);
                match self.dead_letter(message, &cause).await {
                    Ok(()) => {
                        self.metrics.dead_lettered(&self.name, cause.reason.name());
                        reported(&id, &cause, None);
                        Some(ending)
                    }
                    Err(error) => {
                        tracing::error!(message_id = id, error, "message not dead-lettered");
                        let after = self.backoff(received);
                        let again = Ending::show(ending.receipt, ending.room, "retried", after);
                        self.show(vec![again]).await;
                        None
                    }
                }
            })),
        }
    }

    /// Sends a message to the dead-letter queue. Its body is moved, not copied: it may have a mebibyte.
    async fn dead_letter(&self, message: Message, cause: &Cause) -> Result<(), String> {
        let dead_lettering = async {
            let (body, attributes) = dead_lettered(message, cause, self.clock.now());
            self.dead.send(body, attributes).await
        };
        // Each message has a stranger's body: a panic over one must not end what settles all.
        let dead_lettered = panics::caught(&self.metrics, Box::pin(dead_lettering)).await;
        let sent = dead_lettered.map_err(|panicked| panicked.to_string())?;
        sent.map_err(|error| error.to_string())
    }

    /// Sends a message once more to the queue it came from.
    async fn requeue(&self, message: Message) -> bool {
        let id = message.id.clone();
        let why = match requeued(message) {
            None => "no room for one more attribute".to_owned(),
            Some((body, attributes)) => match self.sqs.send(body, attributes).await {
                Ok(()) => {
                    tracing::info!(message_id = id, "message re-queued before its 12 hours end");
                    return true;
                }
                Err(error) => error.to_string(),
            },
        };
        tracing::warn!(
            message_id = id,
            why,
            "message not re-queued; it returns to the queue, which counts as a receive"
        );
        false
    }

    /// Starts the call for what the batch holds.
    fn flush<'a>(
        &'a self,
        batch: &mut Batch,
        calls: &FuturesUnordered<BoxFuture<'a, Option<Ending>>>,
    ) {
        batch.flush_at = None;
        let endings = std::mem::take(&mut batch.endings);
        if endings.is_empty() {
            return;
        }
        let shown = endings.iter().any(|ending| ending.visible_after.is_some());
        calls.push(Box::pin(async move {
            if shown {
                self.show(endings).await;
            } else {
                self.delete(endings).await;
            }
            None
        }));
    }

    /// Deletes, again for those that failed and may still succeed.
    async fn delete(&self, mut endings: Vec<Ending>) {
        for tries in 0..BATCH_TRIES {
            // Only what has failed waits: what is done holds no room any longer.
            if tries > 0 && !endings.is_empty() {
                tokio::time::sleep(self.rng.spread(BATCH_BACKOFF * tries)).await;
            }
            endings = self.in_time(endings);
            if endings.is_empty() {
                return;
            }
            let handles: Vec<_> = endings.iter().map(|e| e.receipt.handle.clone()).collect();
            match self.sqs.delete(&handles).await {
                Err(error) => {
                    tracing::warn!(%error, messages = handles.len(), "message deletes failed");
                }
                Ok(failed) => {
                    let mut left = Vec::new();
                    for (index, ending) in endings.into_iter().enumerate() {
                        match failed.iter().find(|failed| failed.index == index) {
                            None => self.ended(&ending),
                            Some(failed) if failed.for_good => {
                                tracing::warn!(error = failed.why, "message delete refused");
                                self.metrics.settled(&self.name, "lost");
                            }
                            Some(_) => left.push(ending),
                        }
                    }
                    endings = left;
                }
            }
        }
        for _ in endings {
            tracing::warn!("message not deleted; it returns, and its work is found done");
            self.metrics.settled(&self.name, "lost");
        }
    }

    /// Shows again; what fails shows itself when its visibility ends.
    async fn show(&self, endings: Vec<Ending>) {
        let endings = self.in_time(endings);
        if endings.is_empty() {
            return;
        }
        let entries: Vec<_> = endings
            .iter()
            .map(|e| {
                (
                    e.receipt.handle.clone(),
                    e.visible_after.unwrap_or_default(),
                )
            })
            .collect();
        match self.sqs.show(&entries).await {
            Err(error) => {
                tracing::warn!(%error, "message not returned to the queue; it returns when its visibility timeout ends");
            }
            Ok(failed) => {
                for failed in failed {
                    tracing::warn!(
                        error = failed.why,
                        "message not returned to the queue; it returns when its visibility timeout ends"
                    );
                }
            }
        }
        for ending in &endings {
            self.ended(ending);
        }
    }

    /// Drops what may be in other hands by now.
    fn in_time(&self, endings: Vec<Ending>) -> Vec<Ending> {
        let now = Instant::now();
        let (good, late): (Vec<_>, Vec<_>) = endings
            .into_iter()
            .partition(|ending| now < ending.receipt.expiry);
        for _ in late {
            tracing::warn!(
                "receipt expired before the message was settled; it returns to the queue"
            );
            self.metrics.settled(&self.name, "lost");
        }
        good
    }

    fn ended(&self, ending: &Ending) {
        self.metrics.settled(&self.name, ending.outcome);
        for Lag { route, time } in &ending.lags {
            // An event from the future is a clock that is wrong, not a negative lag.
            let lag =
                Duration::try_from(self.clock.now().duration_since(*time)).unwrap_or_default();
            self.metrics.lagged(route, lag);
        }
    }

    /// Exponential in the receives so far, half of it random.
    fn backoff(&self, received: u32) -> Duration {
        self.rng.spread(Received::longest_backoff(received))
    }
}

/// Says what went wrong. A paused route has said so itself, once.
fn reported(message_id: &str, cause: &Cause, again: Option<Duration>) {
    let Cause {
        reason,
        error,
        route,
        key,
        counts,
    } = cause;
    let reason = reason.name();
    match again {
        None => tracing::error!(
            message_id,
            reason,
            error,
            route,
            key,
            "message dead-lettered"
        ),
        Some(after) if *counts => {
            let after_seconds = after.as_secs_f64();
            tracing::warn!(
                message_id,
                reason,
                error,
                route,
                key,
                after_seconds,
                "message returned to the queue"
            );
        }
        Some(after) => {
            let after_seconds = after.as_secs_f64();
            tracing::debug!(
                message_id,
                reason,
                error,
                route,
                key,
                after_seconds,
                "message returned to the queue"
            );
        }
    }
}
