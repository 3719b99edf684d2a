//! Keeps one SQS message in flight while it is worked.
//!
//! SQS hides a received message for a *visibility timeout*. If that passes before the message is deleted, SQS gives it
//! to another consumer, and the object is copied twice. The keeper extends the timeout until the lease is released or
//! dropped.
//!
//! ```text
//! asked              wake (half)                 expiry
//!   |<---------------- visibility ----------------->|
//!                        |<- extend ->| retry, retry|
//! ```
//!
//! The rules:
//! * the expiry counts from *before* the request was sent, so that our clock is never too optimistic;
//! * at the expiry, or as soon as SQS says that the receipt is gone, [`WriteLease::lost`] fires and the work is
//!   cancelled: from then on another consumer may have the message;
//! * the [`Receipt`], without which nothing can be deleted, comes back only from [`Lease::release`], after the keeper
//!   has stopped. So extending and deleting cannot race;
//! * SQS ends every visibility 12 h after the receive. The keeper stops well before, so that the message is re-queued
//!   instead of failing.

use std::time::Duration;

use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep_until, timeout_at};
use tokio_util::sync::{CancellationToken, DropGuard};
use tokio_util::task::TaskTracker;

use super::error::ExtendError;
use super::sqs::Sqs;
use super::write_lease::{Terms, WriteLease};

/// SQS: "the total visibility timeout is limited to 12 hours from the receive"; half an hour is
/// left for clocks and slow answers.
const LONGEST_VISIBILITY: Duration = Duration::from_mins(11 * 60 + 30);

/// One message, hidden from other consumers. Dropping it lets the message time out.
#[derive(Debug)]
pub struct Lease {
    handle: String,
    writes: WriteLease,
    requeue_at: Instant,
    keeper: JoinHandle<()>,
    stop: DropGuard,
}

/// The right to settle one message, until its expiry.
#[derive(Debug)]
pub struct Receipt {
    /// What SQS calls the receipt handle.
    pub handle: String,
    /// From then on another consumer may hold the message.
    pub expiry: Instant,
}

impl Lease {
    /// Starts keeping a message received by a request sent at `asked`.
    #[must_use]
    pub fn keep(
        sqs: Sqs,
        handle: String,
        asked: Instant,
        terms: Terms,
        keepers: &TaskTracker,
    ) -> Self {
        let write_lease = WriteLease::until(asked + terms.visibility(), terms);
        let stop = CancellationToken::new();
        let keeper = Keeper {
            sqs,
            handle: handle.clone(),
            writes: write_lease.clone(),
        };
        let stopped = stop.clone();
        let keeper = keepers.spawn(async move { keeper.keep(asked, &stopped).await });
        Self {
            handle,
            writes: write_lease,
            // An unanswered write may still have to be waited for, and then the message to be sent.
            requeue_at: asked + LONGEST_VISIBILITY - terms.visibility() / 2,
            keeper,
            stop: stop.drop_guard(),
        }
    }

    /// The right to write that this lease gives.
    #[must_use]
    pub fn write_lease(&self) -> &WriteLease {
        &self.writes
    }

    /// When to let go of the message oneself, because SQS soon ends every hold.
    #[must_use]
    pub fn requeue_at(&self) -> Instant {
        self.requeue_at
    }

    /// Stops the keeper and gives up the right to settle, or `None` if it is already lost.
    pub async fn release(self) -> Option<Receipt> {
        drop(self.stop);
        // A keeper that panicked has not extended either: the expiry is still right.
        let _ = self.keeper.await;
        let expiry = self.writes.expiry()?;
        let held = !self.writes.lost().is_cancelled() && Instant::now() < expiry;
        held.then_some(Receipt {
            handle: self.handle,
            expiry,
        })
    }
}

struct Keeper {
    sqs: Sqs,
    handle: String,
    writes: WriteLease,
}

impl Keeper {
    async fn keep(&self, asked: Instant, stop: &CancellationToken) {
        let terms = self.writes.terms();
        let last = asked + LONGEST_VISIBILITY;
        let mut wish = self.writes.wish();
        let mut expiry = asked + terms.visibility();
        let mut wake = asked + terms.renew_after();
        loop {
            tokio::select! {
                biased;
                () = stop.cancelled() => return,
                () = sleep_until(wake) => {}
                // The sender lives in the write lease, which lives in `self`.
                _ = wish.changed() => {}
            }
            let (asked, hold) = (Instant::now(), *wish.borrow_and_update());
            let hold = hold.min(last.saturating_duration_since(asked));
            if asked >= expiry {
                self.writes.lost().cancel();
                return;
            }
            if asked + hold <= expiry {
                // Nothing is left to ask for.
                wake = expiry;
                continue;
            }
            let give_up = expiry.min(asked + terms.extend_timeout());
            let extend = self.sqs.extend(&self.handle, hold);
            wake = match timeout_at(give_up, extend).await {
                Ok(Ok(())) => {
                    expiry = asked + hold;
                    self.writes.extend(expiry);
                    asked + hold / 2
                }
                Ok(Err(ExtendError::Gone)) => {
                    self.writes.lost().cancel();
                    return;
                }
                // Extending insists: half the visibility is left for it.
                Ok(Err(ExtendError::Unavailable)) | Err(_) => {
                    expiry.min(Instant::now() + terms.extend_timeout())
                }
            };
        }
    }
}
