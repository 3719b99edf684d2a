//! A queue of events, in SQS's JSON protocol.

use std::collections::VecDeque;

use serde_json::{Value, json};

use super::cases::Messages;
use super::objects::Objects;

/// What is left to receive.
#[derive(Debug, Default)]
pub(crate) struct Queue {
    pub(crate) waiting: VecDeque<String>,
    next: u64,
    pub(crate) deleted: usize,
    pub(crate) calls: usize,
    /// Messages that were sent somewhere: dead-lettered ones.
    pub(crate) dead_lettered: usize,
}

impl Queue {
    /// One event for each object, and what else there is.
    pub(crate) fn of(objects: &Objects, messages: Messages) -> Self {
        let record = |key: String| {
            json!({
                "eventVersion": "2.1", "eventSource": "aws:s3", "awsRegion": "us-east-1",
                "eventTime": "2026-01-01T00:00:00.000Z", "eventName": "ObjectCreated:Put",
                "userIdentity": { "principalId": "AWS:AROAEXAMPLEEXAMPLEEX:session-of-the-producer" },
                "requestParameters": { "sourceIPAddress": "192.0.2.1" },
                "responseElements": { "x-amz-request-id": "C3D13FE58DE4C810", "x-amz-id-2": "FMyUVURIY8/IgAtTv8xRjskZQpcIZ9KG4V5Wp6S7S/JRWeUWerMUE5JgHvANOjpD" },
                "s3": { "s3SchemaVersion": "1.0", "configurationId": "events", "bucket": {
                    "name": "src", "arn": "arn:aws:s3:::src" }, "object": {
                    "key": key, "size": objects.size, "eTag": objects.etag,
                    "sequencer": "00" } },
            })
        };
        let mut waiting = VecDeque::new();
        for number in 0..objects.count {
            if messages == Messages::Beside {
                let gone = |n| record(format!("{}gone-{number}-{n}", objects.prefix));
                let records: Vec<Value> = (0..1_000).map(gone).collect();
                waiting.push_back(json!({ "Records": records }).to_string());
            }
            let mut body = json!({ "Records": [record(objects.key(number))] });
            if messages == Messages::Padded {
                body["pad"] = "x".repeat((1 << 20) - 2_000).into();
            }
            waiting.push_back(body.to_string());
        }
        Self {
            waiting,
            ..Self::default()
        }
    }

    /// Answers a call; `None`: there is nothing to receive yet.
    pub(crate) fn answer(&mut self, operation: &str, asked: &Value) -> Option<Value> {
        self.calls += 1;
        let ids = || {
            let entries = asked["Entries"].as_array().into_iter().flatten();
            entries
                .map(|entry| json!({ "Id": entry["Id"] }))
                .collect::<Vec<_>>()
        };
        Some(match operation {
            "ReceiveMessage" => {
                let most = asked["MaxNumberOfMessages"].as_u64().unwrap_or(1);
                let messages: Vec<Value> = (0..most).map_while(|_| self.receive()).collect();
                if messages.is_empty() {
                    return None;
                }
                json!({ "Messages": messages })
            }
            "DeleteMessageBatch" => {
                let ids = ids();
                self.deleted += ids.len();
                json!({ "Successful": ids, "Failed": [] })
            }
            "ChangeMessageVisibilityBatch" => json!({ "Successful": ids(), "Failed": [] }),
            "GetQueueAttributes" => {
                let dead = json!({
                    "deadLetterTargetArn": "arn:aws:sqs:us-east-1:000000000000:dead",
                    "maxReceiveCount": 100,
                });
                json!({ "Attributes": {
                    "RedrivePolicy": dead.to_string(),
                    "QueueArn": "arn:aws:sqs:us-east-1:000000000000:events",
                }})
            }
            "SendMessage" => {
                self.dead_lettered += 1;
                json!({ "MessageId": "dead-lettered", "MD5OfMessageBody": "" })
            }
            _ => json!({}),
        })
    }

    fn receive(&mut self) -> Option<Value> {
        let body = self.waiting.pop_front()?;
        self.next += 1;
        Some(json!({
            "MessageId": self.next.to_string(), "ReceiptHandle": self.next.to_string(),
            "Body": body, "Attributes": { "ApproximateReceiveCount": "1" },
        }))
    }
}
