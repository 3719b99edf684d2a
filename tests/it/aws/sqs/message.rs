//! One message: what may be in it, its digests, and where it is in its life.

use std::collections::BTreeMap;

use aws_smithy_types::base64;
use jiff::Timestamp;
use serde_json::{Value, json};

use crate::aws::json::{JsonError, text};
use crate::aws::md5;

/// Body and attributes together, of one message and of a whole batch (SQS quotas; 1 MiB since
/// 2025).
pub(super) const MOST_BYTES: usize = 1 << 20;

/// A message in a queue.
#[derive(Debug, Clone)]
pub(crate) struct Message {
    pub(crate) id: String,
    pub(crate) body: String,
    pub(crate) attributes: BTreeMap<String, Attribute>,
    pub(crate) sent: Timestamp,
    /// Hidden until then: delayed if never received, else in flight.
    pub(crate) visible_at: Timestamp,
    pub(crate) first_received: Option<Timestamp>,
    /// In all queues it has been in (API reference, `ReceiveMessage`).
    pub(crate) receives: u32,
    /// The queue that gave up on it.
    pub(crate) dead_letter_of: Option<String>,
    pub(super) held: Option<Held>,
}

/// The last receive of a message.
#[derive(Debug, Clone)]
pub(crate) struct Held {
    pub(super) handle: String,
    pub(super) at: Timestamp,
    /// Changes of buckets by then.
    pub(super) moment: u64,
}

/// A message attribute.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Attribute {
    pub(crate) kind: String,
    /// As in the JSON: a binary value stays in base64.
    pub(crate) value: String,
}

/// What is sent: checked, not yet in a queue.
#[derive(Debug, Clone)]
pub(super) struct Draft {
    pub(super) body: String,
    pub(super) attributes: BTreeMap<String, Attribute>,
}

impl Draft {
    /// Reads and checks it (API reference, `SendMessage`; developer guide, "message metadata").
    pub(super) fn of(input: &Value) -> Result<Self, JsonError> {
        let body = text(input, "MessageBody")?.to_owned();
        if body.is_empty() {
            let why = "The request must contain the parameter MessageBody.";
            return Err(JsonError::new("MissingParameter", why));
        }
        if !body.chars().all(allowed) {
            let why = "Invalid characters found. Valid unicode characters are #x9 | #xA | #xD | \
                       #x20 to #xD7FF | #xE000 to #xFFFD | #x10000 to #x10FFFF";
            return Err(JsonError::new("InvalidMessageContents", why));
        }
        let given = input["MessageAttributes"].as_object();
        let mut attributes = BTreeMap::new();
        for (name, value) in given.into_iter().flatten() {
            attributes.insert(name.clone(), Attribute::of(name, value)?);
        }
        if attributes.len() > 10 {
            let n = attributes.len();
            let why =
                format!("Number of message attributes [{n}] exceeds the allowed maximum [10].");
            return Err(JsonError::invalid(why));
        }
        Ok(Self { body, attributes })
    }

    pub(super) fn size(&self) -> usize {
        let one = |(name, a): (&String, &Attribute)| name.len() + a.kind.len() + a.bytes().len();
        self.body.len() + self.attributes.iter().map(one).sum::<usize>()
    }
}

/// XML 1.0 characters (API reference, `SendMessage`).
fn allowed(c: char) -> bool {
    matches!(c, '\t' | '\n' | '\r' | ' '..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..)
}

impl Attribute {
    fn of(name: &str, value: &Value) -> Result<Self, JsonError> {
        let kind = text(value, "DataType")?.to_owned();
        let binary = kind.split('.').next() == Some("Binary");
        let member = if binary { "BinaryValue" } else { "StringValue" };
        let value = value[member].as_str().unwrap_or_default().to_owned();
        let reserved = name.to_ascii_lowercase();
        let well_named = (1..=256).contains(&name.len())
            && name
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || "_-.".contains(c))
            && !(reserved.starts_with("aws.") || reserved.starts_with("amazon."));
        let why = match kind.split('.').next() {
            _ if !well_named => "has an invalid name",
            _ if value.is_empty() => "must contain a non-empty value",
            Some("String") if !value.chars().all(allowed) => "has invalid characters",
            Some("Number") if value.parse::<f64>().is_err() => "is not a number",
            Some("String" | "Number" | "Binary") => return Ok(Self { kind, value }),
            _ => "has an invalid type",
        };
        Err(JsonError::invalid(format!(
            "The message attribute '{name}' {why}."
        )))
    }

    fn bytes(&self) -> Vec<u8> {
        if self.kind.starts_with("Binary") {
            return base64::decode(&self.value).unwrap_or_default();
        }
        self.value.clone().into_bytes()
    }

    fn show(&self) -> Value {
        let member = if self.kind.starts_with("Binary") {
            "BinaryValue"
        } else {
            "StringValue"
        };
        json!({ "DataType": self.kind, member: self.value })
    }
}

/// Developer guide, "Calculating the MD5 message digest for message attributes".
pub(super) fn md5_of_attributes(attributes: &BTreeMap<String, Attribute>) -> Option<String> {
    if attributes.is_empty() {
        return None;
    }
    let mut all = Vec::new();
    let mut add = |bytes: &[u8]| {
        let length = u32::try_from(bytes.len()).expect("a message is at most 1 MiB");
        all.extend_from_slice(&length.to_be_bytes());
        all.extend_from_slice(bytes);
        all.len()
    };
    let mut transports = Vec::new();
    for (name, attribute) in attributes {
        add(name.as_bytes());
        let at = add(attribute.kind.as_bytes());
        transports.push((
            at,
            if attribute.kind.starts_with("Binary") {
                2
            } else {
                1
            },
        ));
        add(&attribute.bytes());
    }
    // Between type and value stands how the value travels: 1 as text, 2 as bytes.
    for (at, transport) in transports.into_iter().rev() {
        all.insert(at, transport);
    }
    Some(md5::hex(&all))
}

impl Message {
    /// Received and hidden.
    pub(super) fn in_flight(&self, now: Timestamp) -> bool {
        self.visible_at > now && self.receives > 0
    }

    /// As `ReceiveMessage` gives it out: only the attributes that were asked for.
    pub(super) fn show(&self, system: &[String], wanted: &[String]) -> Value {
        let handle = self.held.as_ref().map(|held| &held.handle);
        let mut shown = json!({
            "MessageId": self.id,
            "ReceiptHandle": handle,
            "MD5OfBody": md5::hex(&self.body),
            "Body": self.body,
        });
        let millis = |at: Timestamp| at.as_millisecond().to_string();
        let mut known = BTreeMap::from([
            ("ApproximateReceiveCount", self.receives.to_string()),
            ("SentTimestamp", millis(self.sent)),
            ("SenderId", "AIDAWORLD".to_owned()),
        ]);
        known.extend(
            self.first_received
                .map(|at| ("ApproximateFirstReceiveTimestamp", millis(at))),
        );
        known.extend(
            self.dead_letter_of
                .clone()
                .map(|arn| ("DeadLetterQueueSourceArn", arn)),
        );
        known.retain(|name, _| system.iter().any(|asked| asked == "All" || asked == name));
        if !known.is_empty() {
            shown["Attributes"] = json!(known);
        }
        let mut attributes = self.attributes.clone();
        attributes.retain(|name, _| wanted.iter().any(|asked| matches(asked, name)));
        if let Some(md5) = md5_of_attributes(&attributes) {
            shown["MD5OfMessageAttributes"] = json!(md5);
            let shown_attributes: BTreeMap<_, _> = attributes
                .iter()
                .map(|(name, attribute)| (name, attribute.show()))
                .collect();
            shown["MessageAttributes"] = json!(shown_attributes);
        }
        shown
    }
}

/// A name, a prefix with `.*`, or all (API reference, `ReceiveMessage`).
fn matches(asked: &str, name: &str) -> bool {
    match asked.strip_suffix(".*") {
        Some(prefix) => name.starts_with(prefix),
        None => asked == "All" || asked == name,
    }
}
