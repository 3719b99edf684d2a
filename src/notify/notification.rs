//! The content of a notification; docs/notifications.md is its contract. Pure.

use jiff::Timestamp;
use serde::Serialize;
use sha2::{Digest, Sha256};

use crate::hex::hex;
use crate::queue::sendable;
use crate::work::Arrival;

/// Of the layout: raised when a field changes its meaning or goes.
const VERSION: u32 = 1;

/// One arrival, said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Notification {
    /// The same whenever the same arrival is notified again.
    pub(super) id: String,
    /// What happened, for a bus.
    pub(super) what: &'static str,
    /// Of the destination: a FIFO target keeps the order of those that are alike.
    pub(super) group: String,
    /// JSON.
    pub(super) body: String,
}

#[derive(Serialize)]
struct Body<'a> {
    version: u32,
    id: &'a str,
    r#type: &'static str,
    route: &'a str,
    environment: &'a str,
    time: Option<Timestamp>,
    size: Option<u64>,
    source: Source<'a>,
    destination: Destination<'a>,
}

#[derive(Serialize)]
struct Source<'a> {
    bucket: &'a str,
    key: &'a str,
    etag: Option<&'a str>,
    version_id: Option<&'a str>,
}

#[derive(Serialize)]
struct Destination<'a> {
    bucket: &'a str,
    key: &'a str,
}

impl Notification {
    /// None where it is not known what arrived.
    pub(super) fn of(arrival: &Arrival, environment: &str) -> Option<Self> {
        let key = arrival.target.as_deref()?;
        let (kind, what) = if arrival.removed {
            ("removed", "Object Removed")
        } else {
            ("arrived", "Object Arrived")
        };
        let route = &arrival.route;
        let version = arrival.version.as_ref();
        let etag = version.and_then(|version| version.etag.as_deref());
        let version_id = version.and_then(|version| version.id.as_deref());
        let source = (&route.from.bucket, &arrival.source);
        let id = digest(&(kind, &route.name, source, etag, version_id, arrival.time));
        let body = Body {
            version: VERSION,
            id: &id,
            r#type: kind,
            route: &route.name,
            environment,
            time: arrival.time,
            size: arrival.bytes,
            source: Source {
                bucket: source.0,
                key: source.1,
                etag,
                version_id,
            },
            destination: Destination {
                bucket: &route.to.bucket,
                key,
            },
        };
        let body = serde_json::to_string(&body).expect("text and numbers");
        Some(Self {
            group: digest(&(&route.to.bucket, key)),
            body: sendable(&body),
            id,
            what,
        })
    }
}

/// Thirty-two hexadecimal digits.
fn digest(of: &impl Serialize) -> String {
    let text = serde_json::to_vec(of).expect("text and numbers");
    hex(&Sha256::digest(text)[..16])
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::config::{Config, Sources};
    use crate::route::{Route, Routes};
    use crate::work::{Occasion, SourceVersion};

    fn route() -> Arc<Route> {
        let file = "[route.orders]\nfrom = \"s3://raw/incoming/\"\nto = \"s3://lake/orders/\"";
        let config = Config::load(&Sources::text("f", file)).unwrap().config;
        Routes::compile(&config).iter().next().unwrap().clone()
    }

    fn arrival() -> Arrival {
        Arrival {
            route: route(),
            source: "incoming/dt=2026-11-20/a.csv".into(),
            target: Some("orders/dt=2026-11-20/a.csv".into()),
            bytes: Some(1_048_576),
            time: Some("2026-11-20T10:15:30.123Z".parse().unwrap()),
            removed: false,
            version: Some(SourceVersion {
                etag: Some("d41d8cd98f00b204e9800998ecf8427e".into()),
                id: Some("3HL4kqtJvjVBH40Nrjfkd".into()),
            }),
            occasion: Occasion::Written,
        }
    }

    #[test]
    fn what_is_sent_is_what_the_documentation_shows() {
        let page = include_str!("../../docs/notifications.md");
        let example = page.split("```json\n").nth(1).unwrap();
        let example = example.split("```").next().unwrap();
        let sent = Notification::of(&arrival(), "prod").unwrap();
        let parsed = |text: &str| serde_json::from_str::<serde_json::Value>(text).unwrap();
        let (shown, said) = (parsed(example), parsed(&sent.body));
        assert_eq!(said, shown);
        let fields = |value: &serde_json::Value| -> Vec<String> {
            value.as_object().unwrap().keys().cloned().collect()
        };
        for field in fields(&shown) {
            assert!(
                page.contains(&format!("| `{field}`")),
                "{field} is not told of"
            );
        }
    }

    #[test]
    fn an_id_is_of_its_arrival() {
        let id = |change: fn(&mut Arrival)| {
            let mut arrival = arrival();
            change(&mut arrival);
            Notification::of(&arrival, "prod").unwrap().id
        };
        let first = id(|_| {});
        assert_eq!(first.len(), 32);
        // What a redelivery may know better.
        assert_eq!(id(|a| a.bytes = None), first);
        assert_eq!(id(|a| a.target = Some("orders/elsewhere".into())), first);
        for (why, other) in [
            ("another object", id(|a| a.source = "incoming/b.csv".into())),
            (
                "other content",
                id(|a| a.version.as_mut().unwrap().etag = Some("e".into())),
            ),
            (
                "another version",
                id(|a| a.version.as_mut().unwrap().id = None),
            ),
            ("another time", id(|a| a.time = None)),
            ("a removal", id(|a| a.removed = true)),
        ] {
            assert_ne!(other, first, "{why}");
        }
        assert!(
            Notification::of(
                &Arrival {
                    target: None,
                    ..arrival()
                },
                "prod"
            )
            .is_none()
        );
    }

    #[test]
    fn an_odd_key_is_text_that_sqs_takes() {
        let key = "a \"b\"\\\u{0}\u{1f}\u{fffe}\u{ffff}é😀";
        let odd = Arrival {
            source: format!("incoming/{key}"),
            target: Some(format!("orders/{key}")),
            ..arrival()
        };
        let body = Notification::of(&odd, "prod").unwrap().body;
        let taken =
            |c: char| matches!(c, ' '..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..);
        assert!(body.chars().all(taken), "{body}");
        let read: serde_json::Value = serde_json::from_str(&body).unwrap();
        assert_eq!(read["destination"]["key"], format!("orders/{key}"));
    }
}
