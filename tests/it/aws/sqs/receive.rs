//! `ReceiveMessage`: one look at the queue, and the waiting between looks.

use std::time::Duration;

use serde_json::{Value, json};
use tokio::time::{Instant, timeout_at};

use super::Sqs;
use super::message::Message;
use crate::aws::json::{JsonError, number, text, texts};
use crate::aws::request::Request;
use crate::aws::{Aws, Scene};

impl Aws {
    /// Waits for the first message, the end of the wait, or the end of the queue (API reference,
    /// `ReceiveMessage`: long polling returns as soon as a message is there).
    pub(super) async fn receive(&self, request: &Request) -> Result<Value, JsonError> {
        let mut until = None;
        loop {
            // Listening begins before looking, so that nothing falls in between.
            let stirred = self.0.stirred.notified();
            tokio::pin!(stirred);
            stirred.as_mut().enable();
            let (answer, wait, next) = self.with(|state, now| {
                let (_, sqs, _, mut scene) = state.scene(now);
                sqs.receive(&mut scene, request)
            })?;
            let until = *until.get_or_insert(Instant::now() + wait);
            if answer.get("Messages").is_some() || Instant::now() >= until {
                return Ok(answer);
            }
            let wake = next.map_or(until, |next| until.min(Instant::now() + next));
            let _ = timeout_at(wake, stirred).await;
        }
    }
}

impl Sqs {
    /// One look of a receive: the answer, how long to wait for a better one, and when the next
    /// hidden message shows.
    fn receive(
        &mut self,
        scene: &mut Scene<'_>,
        request: &Request,
    ) -> Result<(Value, Duration, Option<Duration>), JsonError> {
        let (input, now) = (request.json(), scene.now);
        let url = text(&input, "QueueUrl")?;
        self.open(scene, request, |queue| queue.url() == url)?;
        let most = number(&input, "MaxNumberOfMessages", 1..=10)?.unwrap_or(1);
        let wait = number(&input, "WaitTimeSeconds", 0..=20)?.map(Duration::from_secs);
        let hidden = number(&input, "VisibilityTimeout", 0..=43_200)?.map(Duration::from_secs);
        let mischief = self.mischief;
        let queue = self.found(url);
        let (wait, hidden) = (
            wait.unwrap_or(queue.wait),
            hidden.unwrap_or(queue.visibility),
        );
        let most = usize::try_from(most).expect("at most ten");
        let room = queue.room(now);
        if room == 0 && wait.is_zero() {
            // Developer guide, "standard queue quotas": a long poll gets no error, and no message.
            // The status is the SDK model's, the words are ours.
            let why = "Too many messages are in flight.";
            return Err(JsonError {
                status: 403,
                ..JsonError::new("OverLimit", why)
            });
        }
        let most = (most + mischief.surplus).min(room);
        let (given, dead) = queue.receive(most, hidden, mischief, scene);
        let next = queue
            .next_visible(now)
            .map(|at| at.duration_since(now).unsigned_abs());
        if let Some((arn, _)) = queue.redrive.clone() {
            self.bury(&arn, dead);
        }
        // Two names for one thing: the older member is deprecated (SDK model).
        let mut system = texts(&input, "MessageSystemAttributeNames");
        system.extend(texts(&input, "AttributeNames"));
        let wanted = texts(&input, "MessageAttributeNames");
        let shown: Vec<_> = given.iter().map(|m| m.show(&system, &wanted)).collect();
        let answer = if shown.is_empty() {
            json!({})
        } else {
            json!({ "Messages": shown })
        };
        Ok((answer, wait, next))
    }

    /// A message that is given up on keeps its id, its attributes, its count and its age (developer
    /// guide, "Using dead-letter queues").
    fn bury(&mut self, arn: &str, dead: Vec<Message>) {
        let Some(queue) = self.queues.values_mut().find(|queue| queue.arn() == arn) else {
            return;
        };
        for message in dead {
            self.serial += 1;
            self.stirred = true;
            queue.messages.insert(
                self.serial,
                Message {
                    held: None,
                    ..message
                },
            );
        }
    }
}
