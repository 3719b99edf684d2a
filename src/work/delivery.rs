//! A message in flight, and how it is to be settled.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;

use super::outcome::{Cause, Outcome};
use super::worker_pools::Room;
use crate::config::Envelope;
use crate::queue::{Lease, Message, Receipt};

/// A first failure is returned to the queue after about this; each further one doubles it.
const FIRST_BACKOFF: Duration = Duration::from_secs(1);
const LONGEST_BACKOFF: Duration = Duration::from_mins(15);

/// What holds for all messages of one queue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QueueTerms {
    /// The `[queue.NAME]`.
    pub name: String,
    /// The envelopes it may carry.
    pub accept: Vec<Envelope>,
    /// Dead-lettered after so many receives.
    pub max_attempts: u32,
}

/// An SQS message we hold.
#[derive(Debug)]
pub struct Delivery {
    /// As received.
    pub message: Message,
    /// Our hold on it.
    pub lease: Lease,
    /// Its place among those we may hold; given back when it is settled.
    pub room: Room,
    /// What holds for its queue.
    pub terms: Arc<QueueTerms>,
}

/// What is to become of a message.
#[derive(Debug)]
pub struct Verdict {
    /// As received.
    pub message: Message,
    /// The right to settle it; `None` when the lease was lost.
    pub receipt: Option<Receipt>,
    /// How it is to be settled.
    pub settlement: Settlement,
    /// For the lag of its routes, once it is settled.
    pub lags: Vec<Lag>,
    /// Its place among those we may hold; given back when it is settled.
    pub room: Room,
}

/// How a message ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Settlement {
    /// Delete it; the word is for the metrics: `done` or `skipped`.
    Delete(&'static str),
    /// Show it again, no sooner than this; with the backoff of so many receives.
    ReturnToQueue {
        /// At least.
        after: Duration,
        /// Why.
        cause: Cause,
    },
    /// Send it once more, confirm, delete: SQS would soon end the hold.
    Requeue,
    /// Show it again at once: it was never started.
    Release,
    /// Copy it to the dead-letter queue, confirm, delete.
    DeadLetter(Cause),
}

/// How often a message was received, and whether somebody may have worked on it before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Received {
    /// Since it was sent, or sent on.
    pub count: u32,
    /// Then an earlier try may have written, and died.
    pub before: bool,
}

impl Received {
    /// Of what nobody has seen yet.
    pub const FIRST: Self = Self {
        count: 1,
        before: false,
    };

    /// The longest that a message waits in the queue after so many receives; half of it is random.
    #[must_use]
    pub fn longest_backoff(count: u32) -> Duration {
        let doublings = count.saturating_sub(1).min(16);
        (FIRST_BACKOFF * 2_u32.pow(doublings)).min(LONGEST_BACKOFF)
    }

    /// At least so long ago the message was last received.
    pub(super) fn shortest_backoff(self) -> Duration {
        Self::longest_backoff(self.count.saturating_sub(1)) / 2
    }

    /// Of a message.
    #[must_use]
    pub fn of(message: &Message) -> Self {
        Self {
            count: message.receive_count,
            before: message.received_before(),
        }
    }
}

impl Delivery {
    /// How an outcome is settled. The last failed attempt dead-letters.
    #[must_use]
    pub fn settlement(&self, outcome: Outcome) -> Settlement {
        let last = self.message.receive_count >= self.terms.max_attempts;
        match outcome {
            Outcome::Done => Settlement::Delete("done"),
            Outcome::Skip(_) => Settlement::Delete("skipped"),
            Outcome::Poison(cause) => Settlement::DeadLetter(cause),
            Outcome::RetryAfter(_, cause) if last && cause.counts => Settlement::DeadLetter(cause),
            Outcome::RetryAfter(after, cause) => Settlement::ReturnToQueue { after, cause },
        }
    }

    /// Ends the work on it.
    pub async fn verdict(self, settlement: Settlement, lags: Vec<Lag>) -> Verdict {
        let receipt = self.lease.release().await;
        Verdict {
            message: self.message,
            receipt,
            settlement,
            lags,
            room: self.room,
        }
    }

    /// Gives it back untouched.
    pub async fn release(self) -> Verdict {
        self.verdict(Settlement::Release, Vec::new()).await
    }
}

/// When the oldest event of a message on a route happened, for the lag of that route.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lag {
    /// On which route.
    pub route: String,
    /// The event's own time.
    pub time: Timestamp,
}
