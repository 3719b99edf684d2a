//! SQS: standard queues over AWS JSON 1.0.
//!
//! Strict where a consumer can go wrong: a handle is good for nothing once a later receive or the
//! clock has taken the message away, and a delete with such a handle is answered with success, does
//! nothing and is written down (API reference, `DeleteMessage`: "the message might not be
//! deleted").

mod attributes;
mod batch;
mod message;
mod mischief;
mod queue;
mod receive;
mod view;

use std::collections::BTreeMap;
use std::time::Duration;

use fastrand::Rng;
use jiff::Timestamp;
use serde_json::{Value, json};

use self::message::{Draft, MOST_BYTES, md5_of_attributes};
use self::mischief::strikes;
use self::queue::CEILING;
use super::json::{JsonError, number, text};
use super::reply::Reply;
use super::request::Request;
use super::{Aws, Scene, md5};

pub(crate) use message::Message;
pub(crate) use mischief::Mischief;
pub(crate) use queue::{Queue, Stale};
pub(crate) use view::Settled;
use view::StaleDelete;

/// All queues, by URL.
#[derive(Debug, Default)]
pub(super) struct Sqs {
    queues: BTreeMap<String, Queue>,
    serial: u64,
    stale_deletes: Vec<StaleDelete>,
    settled: Vec<Settled>,
    mischief: Mischief,
    /// Whether pollers should look again.
    stirred: bool,
}

impl Aws {
    pub(super) async fn sqs(&self, request: &Request) -> Reply {
        let result = match request.target() {
            "ReceiveMessage" => self.receive(request).await,
            _ => self.with(|state, now| {
                let (_, sqs, _, mut scene) = state.scene(now);
                perform(sqs, &mut scene, request)
            }),
        };
        match result {
            Ok(value) => Reply::new(200).body(value.to_string()),
            Err(error) => error.reply(),
        }
    }
}

/// The queue a request is about, for the log.
pub(super) fn place(request: &Request) -> String {
    let input = request.json();
    let named = input["QueueUrl"].as_str().or(input["QueueName"].as_str());
    named.unwrap_or_default().to_owned()
}

fn perform(sqs: &mut Sqs, scene: &mut Scene<'_>, request: &Request) -> Result<Value, JsonError> {
    let (input, failing) = (request.json(), &request.failing_entries);
    let now = scene.now;
    let url = match request.target() {
        "GetQueueUrl" => {
            return sqs.open(scene, request, |q| {
                Some(q.name.as_str()) == input["QueueName"].as_str()
            });
        }
        _ => text(&input, "QueueUrl")?.to_owned(),
    };
    sqs.open(scene, request, |q| q.url() == url)?;
    match request.target() {
        "GetQueueAttributes" => sqs.attributes(&url, &input, now),
        "SendMessage" => {
            let draft = Draft::of(&input)?;
            if draft.size() > MOST_BYTES {
                let why = "One or more parameters are invalid. Reason: Message must be shorter \
                           than 1048576 bytes.";
                return Err(JsonError::invalid(why));
            }
            Ok(sqs.send(&url, draft, delay(&input)?, now, scene.rng))
        }
        "SendMessageBatch" => {
            let entries = batch::entries(&input)?;
            let drafts = entries
                .iter()
                .filter_map(|(_, entry)| Draft::of(entry).ok());
            if drafts.map(|draft| draft.size()).sum::<usize>() > MOST_BYTES {
                let why = "Batch requests cannot be longer than 1048576 bytes.";
                return Err(JsonError::new("BatchRequestTooLong", why)
                    .query("AWS.SimpleQueueService.BatchRequestTooLong"));
            }
            Ok(batch::run(entries, failing, |entry| {
                Ok(sqs.send(&url, Draft::of(entry)?, delay(entry)?, now, scene.rng))
            }))
        }
        "DeleteMessage" => sqs.delete(&url, &input, scene),
        "DeleteMessageBatch" => {
            let entries = batch::entries(&input)?;
            Ok(batch::run(entries, failing, |entry| {
                sqs.delete(&url, entry, scene)
            }))
        }
        "ChangeMessageVisibility" => sqs.hide(&url, &input, now),
        "ChangeMessageVisibilityBatch" => {
            let entries = batch::entries(&input)?;
            Ok(batch::run(entries, failing, |entry| {
                sqs.hide(&url, entry, now)
            }))
        }
        other => Err(JsonError {
            status: 501,
            ..JsonError::new("NotImplemented", other)
        }),
    }
}

fn delay(input: &Value) -> Result<Duration, JsonError> {
    Ok(Duration::from_secs(
        number(input, "DelaySeconds", 0..=900)?.unwrap_or(0),
    ))
}

impl Sqs {
    /// Puts a message in on behalf of another service; a queue that is gone loses it.
    pub(super) fn deliver(&mut self, url: &str, body: &str, now: Timestamp, rng: &mut Rng) {
        let draft = Draft {
            body: body.to_owned(),
            attributes: BTreeMap::new(),
        };
        self.bring(url, &draft, now, rng);
    }

    fn bring(&mut self, url: &str, draft: &Draft, now: Timestamp, rng: &mut Rng) {
        if !self.queues.contains_key(url) {
            return;
        }
        for transfer in self.mischief.transfers(rng) {
            self.send(url, draft.clone(), transfer, now, rng);
        }
    }

    pub(super) fn take_stirred(&mut self) -> bool {
        std::mem::take(&mut self.stirred)
    }

    /// Finds a queue in the caller's region and asks whether the caller may do this to it. What the
    /// queue has kept long enough is gone by then.
    fn open(
        &mut self,
        scene: &Scene<'_>,
        request: &Request,
        wanted: impl Fn(&Queue) -> bool,
    ) -> Result<Value, JsonError> {
        let caller = &request.caller;
        let who = (caller.access_key.as_str(), caller.region.as_str());
        let known = scene.access.known(who.0, who.1);
        known.map_err(|refusal| JsonError::refused(refusal, "", ""))?;
        let here = self
            .queues
            .values_mut()
            .filter(|queue| queue.region == caller.region);
        let queue = here
            .into_iter()
            .find(|queue| wanted(queue))
            .ok_or_else(|| {
                JsonError::new("QueueDoesNotExist", "The specified queue does not exist.")
                    .query("AWS.SimpleQueueService.NonExistentQueue")
            })?;
        // A batch is the same action as its single call (developer guide, "SQS API permissions").
        let action = format!("sqs:{}", request.target().trim_end_matches("Batch"));
        let allowed = scene.access.check(who, &action, &queue.name);
        allowed.map_err(|refusal| JsonError::refused(refusal, &action, &queue.arn()))?;
        queue.expire(scene.now);
        Ok(json!({ "QueueUrl": queue.url() }))
    }

    fn found(&mut self, url: &str) -> &mut Queue {
        self.queues.get_mut(url).expect("it has been opened")
    }

    fn send(
        &mut self,
        url: &str,
        draft: Draft,
        delay: Duration,
        now: Timestamp,
        rng: &mut Rng,
    ) -> Value {
        self.serial += 1;
        self.stirred = true;
        let serial = self.serial;
        let id = format!("{:08x}-0000-4000-8000-{serial:012x}", rng.u32(..));
        let Draft { body, attributes } = draft;
        let mut sent = json!({ "MessageId": id, "MD5OfMessageBody": md5::hex(&body) });
        if let Some(md5) = md5_of_attributes(&attributes) {
            sent["MD5OfMessageAttributes"] = json!(md5);
        }
        let message = Message {
            id,
            body,
            attributes,
            sent: now,
            visible_at: now + delay,
            first_received: None,
            receives: 0,
            dead_letter_of: None,
            held: None,
        };
        self.found(url).messages.insert(serial, message);
        sent
    }

    fn delete(
        &mut self,
        url: &str,
        input: &Value,
        scene: &mut Scene<'_>,
    ) -> Result<Value, JsonError> {
        let (handle, now) = (text(input, "ReceiptHandle")?, scene.now);
        let mischief = self.mischief;
        let queue = self.found(url);
        match queue.holding(handle, now)? {
            Ok(serial) => {
                let full = queue.room(now) == 0;
                let mut message = queue.messages.remove(&serial).expect("it is being held");
                let held = message.held.take().expect("it is being held");
                let settled = Settled {
                    sent: message.sent,
                    at: now,
                    moment: scene.moment,
                    received: held.moment,
                    receives: message.receives,
                    body: message.body.clone(),
                };
                if strikes(mischief.undead, scene.rng) {
                    message.visible_at = now + mischief.late.mul_f64(scene.rng.f64());
                    queue.messages.insert(serial, message);
                }
                self.settled.push(settled);
                // Who waits for room in flight may look again.
                self.stirred |= full;
            }
            Err((why, message_id)) => {
                let queue_url = url.to_owned();
                self.stale_deletes.push(StaleDelete {
                    at: now,
                    queue_url,
                    message_id,
                    why,
                });
            }
        }
        Ok(json!({}))
    }

    fn hide(&mut self, url: &str, input: &Value, now: Timestamp) -> Result<Value, JsonError> {
        let handle = text(input, "ReceiptHandle")?;
        let ceiling = i64::try_from(CEILING.as_secs()).expect("twelve hours");
        let hidden = number(input, "VisibilityTimeout", 0..=ceiling)?;
        let hidden = Duration::from_secs(hidden.unwrap_or(0));
        self.found(url).hide(handle, hidden, now)?;
        self.stirred = true;
        Ok(json!({}))
    }
}
