//! A message as it was received, and what it weighs.

use std::collections::HashMap;

use aws_sdk_sqs::types::{MessageAttributeValue, MessageSystemAttributeName};

/// Our attribute of a message that was sent on, dead-lettered or re-queued: how often it was received
/// until then. It stays when a person sends a dead-lettered one back.
pub const ATTEMPTS: &str = "brigade.attempts";

/// What a body may hold beyond its bytes, which is counted.
const SLACK: usize = 16 << 10;

/// A received message.
#[derive(Debug, Clone)]
pub struct Message {
    /// SQS's id of it.
    pub id: String,
    /// Untrusted.
    pub body: String,
    /// The receipt handle of this receive.
    pub handle: String,
    /// How often it was received, this time included.
    pub receive_count: u32,
    /// When it was first received, in SQS's words: milliseconds since 1970.
    pub first_received: Option<String>,
    /// Its own attributes, kept when it is dead-lettered.
    pub attributes: HashMap<String, MessageAttributeValue>,
}

impl Message {
    /// Whether somebody may have worked on it before.
    #[must_use]
    pub fn received_before(&self) -> bool {
        self.receive_count > 1 || self.attributes.contains_key(ATTEMPTS)
    }

    /// What its body and its attributes take in memory, in bytes.
    #[must_use]
    pub fn weight(&self) -> usize {
        weight(&self.body, &self.attributes) + self.body.capacity() - self.body.len()
    }

    /// How often it was received, also before it was sent on.
    #[must_use]
    pub fn attempts(&self) -> u32 {
        let before = self.attributes.get(ATTEMPTS);
        let before = before.and_then(|value| value.string_value()?.parse().ok());
        self.receive_count.saturating_add(before.unwrap_or(0))
    }
}

/// What a body and its attributes weigh together, as SQS counts, in bytes.
pub(crate) fn weight(body: &str, attributes: &HashMap<String, MessageAttributeValue>) -> usize {
    let sizes = attributes.iter().map(|(name, value)| size(name, value));
    body.len() + sizes.sum::<usize>()
}

/// What an attribute weighs: its name, its type and its value.
pub(crate) fn size(name: &str, value: &MessageAttributeValue) -> usize {
    name.len()
        + value.data_type().len()
        + value.string_value().map_or(0, str::len)
        + value.binary_value().map_or(0, |bytes| bytes.as_ref().len())
}

impl From<aws_sdk_sqs::types::Message> for Message {
    fn from(message: aws_sdk_sqs::types::Message) -> Self {
        let mut system = message.attributes.unwrap_or_default();
        let count = system.get(&MessageSystemAttributeName::ApproximateReceiveCount);
        let mut body = message.body.unwrap_or_default();
        // Texts are made as long as their JSON, quotes and line ends escaped.
        if body.capacity() - body.len() > SLACK {
            body.shrink_to_fit();
        }
        let mut attributes = message.message_attributes.unwrap_or_default();
        for text in attributes
            .values_mut()
            .filter_map(|value| value.string_value.as_mut())
        {
            text.shrink_to_fit();
        }
        Self {
            receive_count: count.and_then(|count| count.parse().ok()).unwrap_or(1),
            first_received: system
                .remove(&MessageSystemAttributeName::ApproximateFirstReceiveTimestamp),
            id: message.message_id.unwrap_or_default(),
            body,
            handle: message.receipt_handle.unwrap_or_default(),
            attributes,
        }
    }
}

/// JSON as SQS takes it: of the characters that it refuses, these two are not escaped anyway. Inside of JSON they
/// only stand in texts.
#[must_use]
pub fn sendable(json: &str) -> String {
    json.replace('\u{fffe}', "\\ufffe")
        .replace('\u{ffff}', "\\uffff")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A text whose JSON was longer than it is.
    fn escaped(length: usize, json: usize) -> String {
        let mut text = String::with_capacity(json);
        text.push_str(&"x".repeat(length));
        text
    }

    #[test]
    fn a_message_weighs_what_its_texts_take_in_memory() {
        for (why, body, json, want) in [
            ("a little is counted", 1_000, 2_000, 2_000),
            ("much is given back", 500_000, 1_000_000, 500_000),
        ] {
            let value = MessageAttributeValue::builder().data_type("String");
            let value = value.string_value(escaped(1_000, 2_000)).build();
            let message = Message::from(
                aws_sdk_sqs::types::Message::builder()
                    .body(escaped(body, json))
                    .message_attributes("a", value.expect("it has a type"))
                    .build(),
            );
            assert_eq!(message.weight(), want + "aString".len() + 1_000, "{why}");
            let text = message.attributes["a"].string_value.as_ref();
            assert_eq!(text.map(String::capacity), Some(1_000), "{why}");
        }
    }
}
