//! Makes the message that is sent on: the body unchanged, and our attributes.
//!
//! A dead-lettered message carries the reason. A message that is re-queued, because SQS ends its visibility after
//! twelve hours, carries only that it was received before.
//!
//! SQS allows ten attributes and 1 MiB in all, and refuses control characters. We use six; the message's own follow
//! while there is room. If the body nearly fills the message, the error is cut, never the reason.

use std::collections::HashMap;

use aws_sdk_sqs::types::MessageAttributeValue;
use jiff::Timestamp;

use crate::event::to_percent;
use crate::queue::{ATTEMPTS, Message, size, weight};
use crate::work::Cause;

/// SQS: body, and names, types and values of all attributes together.
const LARGEST: usize = 1 << 20;

/// SQS's limit.
const MOST_ATTRIBUTES: usize = 10;

/// Enough to see what happened; the log has the rest.
const LONGEST_ERROR: usize = 4 * 1024;

/// Body and attributes for the dead-letter queue.
pub(crate) fn dead_lettered(
    message: Message,
    cause: &Cause,
    now: Timestamp,
) -> (String, HashMap<String, MessageAttributeValue>) {
    let first_seen = message
        .first_received
        .as_deref()
        .and_then(|ms| Timestamp::from_millisecond(ms.parse().ok()?).ok())
        .unwrap_or(now);
    let mut ours = vec![
        ("brigade.reason", cause.reason.name().to_owned()),
        (ATTEMPTS, message.attempts().to_string()),
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
    for (name, value) in message.attributes {
        let size = size(&name, &value);
        if attributes.len() < MOST_ATTRIBUTES && size <= room && !name.starts_with("brigade.") {
            room -= size;
            attributes.insert(name, value);
        }
    }
    (message.body, attributes)
}

/// Body and attributes for the queue that it came from; none where SQS would not take them.
pub(crate) fn requeued(
    message: Message,
) -> Option<(String, HashMap<String, MessageAttributeValue>)> {
    let attempts = text(&message.attempts().to_string());
    let mut attributes = message.attributes;
    attributes.insert(ATTEMPTS.to_owned(), attempts);
    let fits = attributes.len() <= MOST_ATTRIBUTES && weight(&message.body, &attributes) <= LARGEST;
    fits.then_some((message.body, attributes))
}

fn text(value: &str) -> MessageAttributeValue {
    MessageAttributeValue::builder()
        .data_type("String")
        .string_value(value)
        .build()
        .expect("the type is set")
}

/// SQS refuses control characters other than tab and line ends, and what is no character at all.
fn printable(text: &str) -> String {
    text.replace(
        |c: char| c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}'),
        " ",
    )
}

/// At most `most` bytes, at a character's end.
fn cut(text: &str, most: usize) -> &str {
    &text[..text.floor_char_boundary(most)]
}

#[cfg(test)]
mod tests {
    use aws_smithy_types::Blob;
    use proptest::prelude::*;

    use super::*;
    use crate::work::Reason;

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
        Cause::new(Reason::Denied, error).at("orders", "ü b.csv")
    }

    fn total(body: &str, attributes: &HashMap<String, MessageAttributeValue>) -> usize {
        body.len()
            + attributes
                .iter()
                .map(|(name, value)| size(name, value))
                .sum::<usize>()
    }

    #[test]
    fn a_message_weighs_its_attributes_too() {
        let message = message("body".into());
        assert_eq!(message.weight(), total("body", &message.attributes));
        assert_eq!(message.weight(), 4 + "traceStringabc".len());
    }

    #[test]
    fn a_parked_message_says_why() {
        let (body, attributes) = dead_lettered(
            message("{}".into()),
            &cause("no\nway 資\u{1f4a7}\u{ffff}"),
            Timestamp::UNIX_EPOCH,
        );
        assert_eq!(body, "{}");
        for (name, want) in [
            ("brigade.reason", "denied"),
            ("brigade.error", "no way 資\u{1f4a7} "),
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
    fn a_message_that_is_handed_over_says_that_it_was_received_before() {
        let first = message("{}".into());
        let (body, attributes) = requeued(first.clone()).expect("there is room");
        let reported = |name: &str| attributes[name].string_value();
        assert_eq!(
            (body.as_str(), reported("trace"), reported(ATTEMPTS)),
            ("{}", Some("abc"), Some("3"))
        );
        let again = Message {
            receive_count: 1,
            attributes,
            ..first
        };
        assert!(again.received_before() && again.attempts() == 4);
        let fresh = Message {
            receive_count: 1,
            ..message("{}".into())
        };
        assert!(!fresh.received_before());
        let full = (0..10).map(|n| (format!("a{n}"), text("x"))).collect();
        let crowded = Message {
            attributes: full,
            ..message("{}".into())
        };
        assert_eq!(requeued(crowded), None, "ten are the most");
        let large = message("x".repeat(LARGEST - 20));
        assert_eq!(requeued(large), None, "1 MiB is the most");
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
            let (body, attributes) = dead_lettered(message(body), &cause, Timestamp::UNIX_EPOCH);
            assert!(total(&body, &attributes) <= LARGEST, "{why}");
            assert_eq!(attributes.contains_key("brigade.reason"), reason, "{why}");
            assert_eq!(attributes.contains_key("brigade.error"), error, "{why}");
        }
    }

    #[test]
    fn ten_attributes_are_the_most() {
        let mut message = message("{}".into());
        message.attributes = (0..10).map(|n| (format!("a{n}"), text("x"))).collect();
        let (_, attributes) = dead_lettered(message, &cause("e"), Timestamp::UNIX_EPOCH);
        assert_eq!(attributes.len(), MOST_ATTRIBUTES);
        assert!(attributes.contains_key("brigade.error"));
    }

    /// What SQS takes in a body and in an attribute's text.
    fn is_taken(c: char) -> bool {
        matches!(c, '\t' | '\n' | '\r' | ' '..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..)
    }

    fn attribute() -> impl Strategy<Value = (String, MessageAttributeValue)> {
        let name = "[A-Za-z0-9_.-]{1,12}|brigade\\.(reason|key|other)";
        (name, 1_usize..3000, any::<bool>()).prop_map(|(name, length, binary)| {
            let value = MessageAttributeValue::builder();
            let value = if binary {
                value
                    .data_type("Binary.own")
                    .binary_value(Blob::new(vec![0; length]))
            } else {
                value.data_type("String").string_value("x".repeat(length))
            };
            (name, value.build().unwrap())
        })
    }

    proptest! {
        #[test]
        fn sqs_takes_whatever_is_parked(
            spare in prop_oneof![0..300_usize, 0..12_000_usize, Just(LARGEST - 2)],
            error in prop_oneof![any::<String>(), (0..9000_usize).prop_map(|n| "\u{1b}ü".repeat(n))],
            at in prop::option::of(("[a-z][a-z0-9_]{0,40}", any::<String>())),
            attributes in prop::collection::vec(attribute(), 0..12),
            receive_count in any::<u32>(),
            first_received in prop::option::of("[0-9]{1,20}|.*"),
        ) {
            let attributes = attributes.into_iter().collect();
            let body = "x".repeat(LARGEST - spare);
            let message = Message { receive_count, first_received, attributes, ..message(body) };
            let cause = Cause::new(Reason::Denied, error);
            let cause = at.into_iter().fold(cause, |cause, (route, key)| cause.at(&route, &key));
            let (body, attributes) = dead_lettered(message.clone(), &cause, Timestamp::UNIX_EPOCH);
            prop_assert_eq!(&body, &message.body);
            prop_assert!(total(&body, &attributes) <= LARGEST);
            prop_assert!(attributes.len() <= MOST_ATTRIBUTES);
            for (name, value) in &attributes {
                let reported = value.string_value().unwrap_or("x");
                prop_assert!(!reported.is_empty() && reported.chars().all(is_taken), "{name}: {reported:?}");
                if !name.starts_with("brigade.") {
                    prop_assert_eq!(message.attributes.get(name), Some(value));
                }
            }
            let said = |name: &str| attributes.get(name).and_then(|value| value.string_value());
            prop_assert_eq!(said("brigade.other"), None, "of an earlier dead-lettering");
            if spare >= 100 {
                prop_assert_eq!(said("brigade.reason"), Some("denied"));
            }
            if spare > 10_000 {
                let key = cause.key.as_deref().map(to_percent).filter(|key| !key.is_empty());
                prop_assert_eq!(said("brigade.key"), key.as_deref());
            }
        }
    }
}
