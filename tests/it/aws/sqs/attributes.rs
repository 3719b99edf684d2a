//! `GetQueueAttributes`.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::Sqs;
use super::message::MOST_BYTES;
use crate::aws::json::{JsonError, texts};

impl Sqs {
    /// API reference, `GetQueueAttributes`: only what is asked for.
    pub(super) fn attributes(
        &mut self,
        url: &str,
        input: &Value,
        now: Timestamp,
    ) -> Result<Value, JsonError> {
        let queue = self.found(url);
        let (mut visible, mut hidden, mut delayed) = (0_u64, 0_u64, 0_u64);
        for message in queue.messages.values() {
            match (message.visible_at <= now, message.receives) {
                (true, _) => visible += 1,
                (false, 0) => delayed += 1,
                (false, _) => hidden += 1,
            }
        }
        let mut known = BTreeMap::from([
            ("QueueArn", queue.arn()),
            ("VisibilityTimeout", queue.visibility.as_secs().to_string()),
            (
                "ReceiveMessageWaitTimeSeconds",
                queue.wait.as_secs().to_string(),
            ),
            (
                "MessageRetentionPeriod",
                queue.retention.as_secs().to_string(),
            ),
            ("MaximumMessageSize", MOST_BYTES.to_string()),
            ("ApproximateNumberOfMessages", visible.to_string()),
            ("ApproximateNumberOfMessagesNotVisible", hidden.to_string()),
            ("ApproximateNumberOfMessagesDelayed", delayed.to_string()),
        ]);
        known.extend(queue.redrive.as_ref().map(|(arn, max)| {
            let policy = json!({ "deadLetterTargetArn": arn, "maxReceiveCount": max });
            ("RedrivePolicy", policy.to_string())
        }));
        let asked = texts(input, "AttributeNames");
        if let Some(odd) = asked.iter().find(|name| {
            *name != "All" && *name != "RedrivePolicy" && !known.contains_key(name.as_str())
        }) {
            let why = format!("Unknown Attribute {odd}.");
            return Err(JsonError::new("InvalidAttributeName", why));
        }
        known.retain(|name, _| asked.iter().any(|asked| asked == "All" || asked == name));
        Ok(if known.is_empty() {
            json!({})
        } else {
            json!({ "Attributes": known })
        })
    }
}
