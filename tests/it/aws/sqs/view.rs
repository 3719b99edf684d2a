//! What a test sees of queues, and how it makes and unmakes them.

use jiff::Timestamp;

use super::message::{Draft, Message};
use super::mischief::Mischief;
use super::queue::{Queue, Stale};
use crate::aws::{Aws, State};

/// A delete that SQS answered with success although nothing was deleted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct StaleDelete {
    pub(crate) at: Timestamp,
    pub(crate) queue_url: String,
    /// Empty if the message is gone.
    pub(crate) message_id: String,
    pub(crate) why: Stale,
}

/// A delete that deleted.
#[derive(Debug, Clone)]
pub(crate) struct Settled {
    pub(crate) sent: Timestamp,
    pub(crate) at: Timestamp,
    /// Changes of buckets by then.
    pub(crate) moment: u64,
    /// Changes of buckets when it was received.
    pub(crate) received: u64,
    /// How often it was received.
    pub(crate) receives: u32,
    pub(crate) body: String,
}

/// A queue at one moment.
#[derive(Debug)]
pub(crate) struct QueueView {
    now: Timestamp,
    messages: Vec<Message>,
}

impl QueueView {
    pub(crate) fn messages(&self) -> &[Message] {
        &self.messages
    }

    /// How many a receive could get.
    pub(crate) fn visible(&self) -> usize {
        self.messages
            .iter()
            .filter(|m| m.visible_at <= self.now)
            .count()
    }

    /// How many are received and hidden.
    pub(crate) fn in_flight(&self) -> usize {
        self.messages
            .iter()
            .filter(|m| m.in_flight(self.now))
            .count()
    }
}

impl Aws {
    /// Makes a queue and says its URL.
    pub(crate) fn create_queue(&self, queue: Queue) -> String {
        let url = queue.url();
        self.with(|state, _| state.sqs.queues.insert(url.clone(), queue));
        url
    }

    /// Takes a queue away with all that is in it.
    pub(crate) fn delete_queue(&self, url: &str) {
        self.with(|state, _| {
            state.sqs.queues.remove(url);
            state.sqs.stirred = true;
        });
    }

    /// A queue as it is now.
    pub(crate) fn queue(&self, url: &str) -> QueueView {
        self.with(|state, now| {
            let queue = state.sqs.found(url);
            queue.expire(now);
            let messages = queue.messages.values().cloned().collect();
            QueueView { now, messages }
        })
    }

    /// Lets queues do what standard queues may do.
    pub(crate) fn make_mischief(&self, mischief: Mischief) {
        self.with(|state, _| state.sqs.mischief = mischief);
    }

    /// Sends a message on behalf of another service.
    pub(crate) fn send(&self, url: &str, body: &str) {
        self.with(|state, now| {
            let State { sqs, rng, .. } = state;
            sqs.deliver(url, body, now, rng);
        });
    }

    /// Puts what was in a dead-letter queue into another, as a redrive does: with its attributes.
    pub(crate) fn send_back(&self, url: &str, message: &Message) {
        let draft = Draft {
            body: message.body.clone(),
            attributes: message.attributes.clone(),
        };
        self.with(|state, now| {
            let State { sqs, rng, .. } = state;
            sqs.bring(url, &draft, now, rng);
        });
    }

    /// Whether a queue has no message at all, visible or not.
    pub(crate) fn is_dry(&self, url: &str) -> bool {
        self.with(|state, now| {
            let queue = state.sqs.found(url);
            queue.expire(now);
            queue.messages.is_empty()
        })
    }

    /// Takes everything out of a queue.
    pub(crate) fn empty(&self, url: &str) -> Vec<Message> {
        self.with(|state, _| {
            let queue = state
                .sqs
                .queues
                .get_mut(url)
                .expect("a test makes it first");
            std::mem::take(&mut queue.messages).into_values().collect()
        })
    }

    /// Deletes that deleted, oldest first.
    pub(crate) fn settled(&self) -> Vec<Settled> {
        self.with(|state, _| state.sqs.settled.clone())
    }

    /// Deletes that deleted nothing.
    pub(crate) fn stale_deletes(&self) -> Vec<StaleDelete> {
        self.with(|state, _| state.sqs.stale_deletes.clone())
    }
}
