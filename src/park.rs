//! What a parked message looks like: its body as it came, and why it is here, in attributes.
//!
//! SQS allows ten attributes and 1 MiB in all, and refuses control characters. Ours are six; the
//! message's own follow while there is room. A body that nearly fills the message costs the error
//! its tail, never the reason.

use std::collections::HashMap;

use aws_sdk_sqs::types::MessageAttributeValue;
use jiff::Timestamp;

use crate::event::to_percent;
use crate::queue::Message;
use crate::work::Cause;

/// SQS: body, and names, types and values of all attributes together.
const LARGEST: usize = 1 << 20;

/// SQS's limit.
const MOST_ATTRIBUTES: usize = 10;

/// Enough to see what happened; the log has the rest.
const LONGEST_ERROR: usize = 4 * 1024;

/// Body and attributes for the dead-letter queue.
pub(crate) fn parked(
    message: &Message,
    cause: &Cause,
    now: Timestamp,
) -> (String, HashMap<String, MessageAttributeValue>) {
    let first_seen = message
        .first_received
        .as_deref()
        .and_then(|ms| Timestamp::from_millisecond(ms.parse().ok()?).ok())
        .unwrap_or(now);
    let mut ours = vec![
        ("brigade.reason", cause.reason.to_owned()),
        ("brigade.attempts", message.receive_count.to_string()),
        ("brigade.first-seen", first_seen.to_string()),
    ];
    ours.extend(cause.route.clone().map(|route| ("brigade.route", route)));
    let key = cause.key.as_deref().map(to_percent);
    ours.extend(key.map(|key| ("brigade.key", key)));
    // Last, and cut to what is left.
    ours.push(("brigade.error", printable(&cause.error)));

    let mut room = LARGEST.saturating_sub(message.body.len());
    let mut attributes = HashMap::new();
    for (name, value) in ours {
        let left = room
            .saturating_sub(name.len() + "String".len())
            .min(LONGEST_ERROR);
        let value = cut(&value, left);
        // SQS refuses an empty value.
        if !value.is_empty() {
            room -= name.len() + "String".len() + value.len();
            attributes.insert(name.to_owned(), text(value));
        }
    }
    for (name, value) in &message.attributes {
        let size = name.len() + size(value);
        if attributes.len() < MOST_ATTRIBUTES && size <= room && !name.starts_with("brigade.") {
            room -= size;
            attributes.insert(name.clone(), value.clone());
        }
    }
    (message.body.clone(), attributes)
}

fn text(value: &str) -> MessageAttributeValue {
    MessageAttributeValue::builder()
        .data_type("String")
        .string_value(value)
        .build()
        .expect("the type is set")
}

fn size(value: &MessageAttributeValue) -> usize {
    value.data_type().len()
        + value.string_value().map_or(0, str::len)
        + value.binary_value().map_or(0, |bytes| bytes.as_ref().len())
}

/// SQS refuses control characters other than tab and line ends.
fn printable(text: &str) -> String {
    text.chars()
        .map(|c| {
            if c.is_control() || c >= '\u{fffe}' {
                ' '
            } else {
                c
            }
        })
        .collect()
}

/// At most `most` bytes, at a character's end.
fn cut(text: &str, most: usize) -> &str {
    &text[..text.floor_char_boundary(most)]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(body: String) -> Message {
        Message {
            id: "m".into(),
            body,
            handle: "h".into(),
            receive_count: 3,
            first_received: Some("1760000000000".into()),
            attributes: HashMap::from([("trace".to_owned(), text("abc"))]),
        }
    }

    fn cause(error: &str) -> Cause {
        Cause::new("denied", error).at("orders", "ü b.csv")
    }

    fn total(body: &str, attributes: &HashMap<String, MessageAttributeValue>) -> usize {
        body.len()
            + attributes
                .iter()
                .map(|(name, value)| name.len() + size(value))
                .sum::<usize>()
    }

    #[test]
    fn a_parked_message_says_why() {
        let (body, attributes) = parked(
            &message("{}".into()),
            &cause("no\nway"),
            Timestamp::UNIX_EPOCH,
        );
        assert_eq!(body, "{}");
        for (name, want) in [
            ("brigade.reason", "denied"),
            ("brigade.error", "no way"),
            ("brigade.attempts", "3"),
            ("brigade.route", "orders"),
            ("brigade.key", "%C3%BC%20b.csv"),
            ("brigade.first-seen", "2025-10-09T08:53:20Z"),
            ("trace", "abc"),
        ] {
            assert_eq!(attributes[name].string_value(), Some(want), "{name}");
        }
    }

    #[test]
    fn a_message_near_the_limit_still_fits() {
        for (why, spare, reason, error) in [
            ("plenty", 200_000, true, true),
            ("a cut error", 400, true, true),
            ("no room for the error", 60, true, false),
            ("no room at all", 0, false, false),
        ] {
            let body = "x".repeat(LARGEST - spare);
            let cause = cause(&"ü".repeat(100_000));
            let (body, attributes) = parked(&message(body), &cause, Timestamp::UNIX_EPOCH);
            assert!(total(&body, &attributes) <= LARGEST, "{why}");
            assert_eq!(attributes.contains_key("brigade.reason"), reason, "{why}");
            assert_eq!(attributes.contains_key("brigade.error"), error, "{why}");
        }
    }

    #[test]
    fn ten_attributes_are_the_most() {
        let mut message = message("{}".into());
        message.attributes = (0..10).map(|n| (format!("a{n}"), text("x"))).collect();
        let (_, attributes) = parked(&message, &cause("e"), Timestamp::UNIX_EPOCH);
        assert_eq!(attributes.len(), MOST_ATTRIBUTES);
        assert!(attributes.contains_key("brigade.error"));
    }
}
