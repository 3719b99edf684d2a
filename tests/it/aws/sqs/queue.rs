//! One queue: visibility to the millisecond, receipt handles, and giving up.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;

use super::message::{Held, Message};
use super::mischief::{Mischief, strikes};
use crate::aws::access::partition;
use crate::aws::json::JsonError;
use crate::aws::{HOME_ACCOUNT, Scene};

/// The longest a message may stay hidden after one receive (API reference,
/// `ChangeMessageVisibility`).
pub(super) const CEILING: Duration = Duration::from_hours(12);

/// How long a message is kept unless the queue says otherwise (API reference,
/// `SetQueueAttributes`: `MessageRetentionPeriod`).
const FOUR_DAYS: Duration = Duration::from_hours(4 * 24);

/// Received and not yet deleted, at most (developer guide, "standard queue quotas").
const MOST_IN_FLIGHT: usize = 120_000;

/// A message that a second consumer gets too is there for it this soon.
const SEEN_AGAIN: Duration = Duration::from_secs(2);

/// One queue.
#[derive(Debug, Clone)]
pub(crate) struct Queue {
    pub(super) name: String,
    pub(super) region: String,
    pub(super) visibility: Duration,
    pub(super) wait: Duration,
    /// The ARN of the dead-letter queue, and the receives it takes more than.
    pub(super) redrive: Option<(String, u32)>,
    pub(super) messages: BTreeMap<u64, Message>,
    /// How long a message is kept, from when it was sent first.
    pub(super) retention: Duration,
    /// The most that may be in flight.
    limit: usize,
    /// Every handle ever given out, the message it was for, and when.
    handles: BTreeMap<String, (u64, Timestamp)>,
}

/// Why a receipt handle is of no use any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stale {
    /// The message is gone already.
    Gone,
    /// A later receive has got a newer handle.
    Superseded,
    /// The visibility has run out.
    Expired,
}

impl Queue {
    /// A queue with the defaults of AWS: 30 s of visibility, four days of retention, no dead-letter
    /// queue.
    pub(crate) fn new(name: &str, region: &str) -> Self {
        Self {
            name: name.to_owned(),
            region: region.to_owned(),
            visibility: Duration::from_secs(30),
            wait: Duration::ZERO,
            redrive: None,
            messages: BTreeMap::new(),
            retention: FOUR_DAYS,
            limit: MOST_IN_FLIGHT,
            handles: BTreeMap::new(),
        }
    }

    pub(crate) fn visibility(self, visibility: Duration) -> Self {
        Self { visibility, ..self }
    }

    pub(crate) fn retention(self, retention: Duration) -> Self {
        Self { retention, ..self }
    }

    /// Gives out no more than so many at a time; AWS lets nobody choose.
    pub(crate) fn in_flight(self, limit: usize) -> Self {
        Self { limit, ..self }
    }

    /// Gives up on a message received more than `max_receive_count` times.
    pub(crate) fn redrive(self, to: &Self, max_receive_count: u32) -> Self {
        Self {
            redrive: Some((to.arn(), max_receive_count)),
            ..self
        }
    }

    pub(crate) fn arn(&self) -> String {
        format!(
            "arn:{}:sqs:{}:{HOME_ACCOUNT}:{}",
            partition(&self.region),
            self.region,
            self.name
        )
    }

    pub(crate) fn url(&self) -> String {
        let suffix = if partition(&self.region) == "aws-cn" {
            ".cn"
        } else {
            ""
        };
        let region = &self.region;
        format!(
            "https://sqs.{region}.amazonaws.com{suffix}/{HOME_ACCOUNT}/{}",
            self.name
        )
    }

    /// Drops what has been kept long enough. A dead letter counts from when it was sent first
    /// (developer guide, "Setting-up dead-letter queue retention").
    pub(super) fn expire(&mut self, now: Timestamp) {
        let retention = self.retention;
        self.messages.retain(|_, m| now < m.sent + retention);
    }

    /// How many more may be in flight.
    pub(super) fn room(&self, now: Timestamp) -> usize {
        let in_flight = self.messages.values().filter(|m| m.in_flight(now));
        self.limit.saturating_sub(in_flight.count())
    }

    /// Hands out up to `most` visible messages, oldest first, and gives up on those received too
    /// often (developer guide, "Using dead-letter queues": when the receive count exceeds the
    /// maximum).
    pub(super) fn receive(
        &mut self,
        most: usize,
        hidden: Duration,
        mischief: Mischief,
        scene: &mut Scene<'_>,
    ) -> (Vec<Message>, Vec<Message>) {
        let (now, rng) = (scene.now, &mut *scene.rng);
        let (mut given, mut dead) = (Vec::new(), Vec::new());
        let visible = self.messages.iter().filter(|(_, m)| m.visible_at <= now);
        let mut visible: Vec<u64> = visible.map(|(serial, _)| *serial).collect();
        if mischief.shuffle && !visible.is_empty() {
            rng.shuffle(&mut visible);
            visible.truncate(rng.usize(1..=visible.len()));
        }
        for serial in visible {
            if given.len() == most {
                break;
            }
            let arn = self.arn();
            let message = self
                .messages
                .get_mut(&serial)
                .expect("it has just been found there");
            if self
                .redrive
                .as_ref()
                .is_some_and(|(_, max)| message.receives >= *max)
            {
                let mut gone = self.messages.remove(&serial).expect("as above");
                gone.dead_letter_of = Some(arn);
                dead.push(gone);
                continue;
            }
            let handle = format!("AQEB{:032x}", rng.u128(..));
            self.handles.insert(handle.clone(), (serial, now));
            message.receives += 1;
            message.first_received.get_or_insert(now);
            message.visible_at = now + hidden;
            message.held = Some(Held {
                handle,
                at: now,
                moment: scene.moment,
            });
            given.push(message.clone());
            if strikes(mischief.twice, rng) {
                message.visible_at = now + SEEN_AGAIN.mul_f64(rng.f64());
            }
        }
        (given, dead)
    }

    /// Finds the message a handle still holds. Twelve hours after its receive a handle is refused,
    /// whatever became of the message (boto/boto3#2898, of a delete).
    pub(super) fn holding(
        &mut self,
        handle: &str,
        now: Timestamp,
    ) -> Result<Result<u64, (Stale, String)>, JsonError> {
        let Some(&(serial, given)) = self.handles.get(handle) else {
            // The words are in LocalStack's tests that ran against AWS
            // (`test_delete_message_with_illegal_receipt_handle`).
            let why =
                format!("The input receipt handle \"{handle}\" is not a valid receipt handle.");
            return Err(JsonError::new("ReceiptHandleIsInvalid", why));
        };
        if now >= given + CEILING {
            return Err(JsonError::invalid(format!(
                "Value {handle} for parameter ReceiptHandle is invalid. Reason: The receipt handle \
                 has expired."
            )));
        }
        let Some(message) = self.messages.get(&serial) else {
            return Ok(Err((Stale::Gone, String::new())));
        };
        let latest = message
            .held
            .as_ref()
            .is_some_and(|held| held.handle == handle);
        Ok(match latest {
            false => Err((Stale::Superseded, message.id.clone())),
            true if message.visible_at <= now => Err((Stale::Expired, message.id.clone())),
            true => Ok(serial),
        })
    }

    /// Sets when a held message returns to the queue. Nothing reaches beyond twelve hours from its receive
    /// (API reference; field report for the words).
    pub(super) fn hide(
        &mut self,
        handle: &str,
        hidden: Duration,
        now: Timestamp,
    ) -> Result<(), JsonError> {
        let serial = self.holding(handle, now)?.map_err(|(stale, _)| match stale {
            Stale::Gone => JsonError::invalid(format!(
                "Value {handle} for parameter ReceiptHandle is invalid. Reason: Message does not \
                 exist or is not available for visibility timeout change."
            )),
            Stale::Superseded => {
                let why = "The input receipt handle is invalid.";
                JsonError::new("ReceiptHandleIsInvalid", why)
            }
            Stale::Expired => JsonError::new("MessageNotInflight", "The message is not in flight.")
                .query("AWS.SimpleQueueService.MessageNotInflight"),
        })?;
        let message = self.messages.get_mut(&serial).expect("it is being held");
        let received = message.held.as_ref().map_or(now, |held| held.at);
        if now + hidden > received + CEILING {
            let why = "Total VisibilityTimeout for the message is beyond the limit [43200 seconds]";
            return Err(JsonError::invalid(why));
        }
        message.visible_at = now + hidden;
        Ok(())
    }

    /// When the next hidden message shows.
    pub(super) fn next_visible(&self, now: Timestamp) -> Option<Timestamp> {
        self.messages
            .values()
            .map(|m| m.visible_at)
            .filter(|at| *at > now)
            .min()
    }
}
