//! `[queue.NAME]`: which SQS queues are listened to, and how a message is held.

use std::collections::BTreeMap;
use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::account::check_account;
use super::fault::Faults;
use super::graph::circle_from;
use super::queue_url::check_url;
use super::{Aws, Config, address, shown, text};

/// Below, keeping a lease would cost more calls than working; above, SQS refuses.
const VISIBILITY: std::ops::RangeInclusive<Duration> =
    Duration::from_secs(30)..=Duration::from_hours(12);

/// `[queue.NAME]`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Queue {
    /// SQS queue URL.
    #[serde(deserialize_with = "text::one")]
    #[schemars(example = "https://sqs.us-east-1.amazonaws.com/111122223333/events")]
    pub url: String,
    /// Default: read from the URL, else that of its account.
    #[serde(default, deserialize_with = "text::region")]
    pub region: Option<String>,
    /// Whose credentials may use it. Default: home's.
    #[serde(default, deserialize_with = "text::optional")]
    pub account: Option<String>,
    /// Default: the target of the queue's redrive policy.
    #[serde(default, deserialize_with = "text::optional")]
    pub dead_letter_queue_url: Option<String>,
    /// How long a message stays hidden before it must be renewed, 30s to 12h. Longer: fewer
    /// renewals, but what a dead process held comes back later.
    #[serde(
        default = "visibility_timeout",
        deserialize_with = "text::one",
        serialize_with = "shown::duration"
    )]
    #[schemars(with = "shown::DurationText")]
    pub visibility_timeout: Duration,
    /// Receives before a message is parked with its reason, 1 to 1000. More: longer outages are
    /// sat out, and what can never work is tried more often.
    #[serde(default = "max_receive_count", deserialize_with = "text::one")]
    pub max_receive_count: u32,
    /// Long polls at once when replies come back full, 1 to 64. More: a backlog drains faster, at
    /// more SQS calls.
    #[serde(default = "max_pollers", deserialize_with = "text::one")]
    pub max_pollers: u32,
    /// The envelopes that are obeyed. Default: all.
    #[serde(default = "accept", deserialize_with = "text::list")]
    #[schemars(with = "shown::OneOrMany<Envelope>")]
    pub accept: Vec<Envelope>,
}

/// The envelopes in which an event may arrive.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum Envelope {
    /// An S3 event notification.
    S3,
    /// The same, wrapped by SNS.
    Sns,
    /// An `EventBridge` event of source `aws.s3`.
    Eventbridge,
    /// Our own work message.
    Work,
}

impl text::Word for Envelope {}

fn visibility_timeout() -> Duration {
    Duration::from_mins(2)
}

fn max_receive_count() -> u32 {
    10
}

fn max_pollers() -> u32 {
    4
}

fn accept() -> Vec<Envelope> {
    vec![
        Envelope::S3,
        Envelope::Sns,
        Envelope::Eventbridge,
        Envelope::Work,
    ]
}

impl Queue {
    /// A queue with every setting at its default.
    #[must_use]
    pub fn new(url: &str) -> Self {
        Self {
            url: url.into(),
            region: None,
            account: None,
            dead_letter_queue_url: None,
            visibility_timeout: visibility_timeout(),
            max_receive_count: max_receive_count(),
            max_pollers: max_pollers(),
            accept: accept(),
        }
    }

    /// The region to call: the queue's own, else the URL's, else its account's; none leaves it to the SDK.
    #[must_use]
    pub fn home(&self, aws: &Aws) -> Option<String> {
        self.region
            .clone()
            .or_else(|| Self::region_of(&self.url))
            .or_else(|| aws.region.clone())
    }

    /// Reads the region out of a queue URL, where its host tells it.
    #[must_use]
    pub fn region_of(url: &str) -> Option<String> {
        let host = address::host(url)?;
        let labels: Vec<&str> = host.split('.').collect();
        for pair in labels.windows(2) {
            match *pair {
                ["sqs" | "sqs-fips", region] | [region, "queue"] if is_region(region) => {
                    return Some(region.into());
                }
                _ => {}
            }
        }
        // The oldest queues of the first region name none.
        (host == "queue.amazonaws.com").then(|| "us-east-1".into())
    }

    pub(super) fn check(&self, at: &str, config: &Config, faults: &mut Faults<'_>) {
        if let Some(account) = &self.account {
            check_account(&format!("{at}.account"), account, config, faults);
        }
        check_url(&format!("{at}.url"), &self.url, faults);
        if let Some(url) = &self.dead_letter_queue_url {
            let key = format!("{at}.dead_letter_queue_url");
            check_url(&key, url, faults);
            if *url == self.url {
                faults.refuse(
                    &key,
                    "expected another queue than `url`: parking would go in a circle",
                );
            }
        }
        let key = format!("{at}.visibility_timeout");
        faults.within(
            &key,
            &self.visibility_timeout,
            &VISIBILITY,
            shown::show_duration,
        );
        if self.visibility_timeout.subsec_nanos() != 0 {
            faults.refuse(&key, "expected whole seconds: SQS knows nothing finer");
        }
        let key = format!("{at}.max_receive_count");
        faults.within(&key, &self.max_receive_count, &(1..=1000), u32::to_string);
        let key = format!("{at}.max_pollers");
        faults.within(&key, &self.max_pollers, &(1..=64), u32::to_string);
        if self.accept.is_empty() {
            faults.refuse(
                &format!("{at}.accept"),
                "expected at least one of s3, sns, eventbridge, work; leave it out to accept all",
            );
        }
    }
}

/// Whether a host label reads as a region: `eu-west-1`, `us-gov-west-1`, `eusc-de-east-1`.
fn is_region(label: &str) -> bool {
    let words: Vec<&str> = label.split('-').collect();
    let [places @ .., number] = words.as_slice() else {
        return false;
    };
    places.len() >= 2
        && places
            .iter()
            .all(|w| !w.is_empty() && w.bytes().all(|b| b.is_ascii_lowercase()))
        && !number.is_empty()
        && number.bytes().all(|b| b.is_ascii_digit())
}

/// Poison that is parked where the daemon listens is worked again, with its attempts counted from
/// one. A chain of queues ends; a circle never does.
pub(super) fn check_parking_ends(queues: &BTreeMap<String, Queue>, faults: &mut Faults<'_>) {
    let queues: Vec<_> = queues.iter().collect();
    let feeds = |one: usize, other: usize| {
        queues[one].1.dead_letter_queue_url.as_ref() == Some(&queues[other].1.url)
    };
    for first in 0..queues.len() {
        let Some(circle) = circle_from(first, queues.len(), feeds) else {
            continue;
        };
        let key = |&at: &usize| format!("queue.{}.dead_letter_queue_url", queues[at].0);
        let keys: Vec<_> = circle.iter().map(key).collect();
        let why = format!(
            "expected parking to end somewhere, but it goes in a circle through {}: what can never \
             work would go round for ever; park where no [queue.NAME] listens",
            keys.join(", ")
        );
        faults.refuse(&keys[0], why);
    }
}

/// Two sections on one queue would take each other's messages and settle by different rules.
pub(super) fn check_urls_differ(queues: &BTreeMap<String, Queue>, faults: &mut Faults<'_>) {
    let mut seen: BTreeMap<&str, &str> = BTreeMap::new();
    for (name, queue) in queues {
        let key = format!("queue.{name}.url");
        if faults.holds(&key) {
            continue;
        }
        match seen.get(queue.url.as_str()) {
            Some(first) => faults.refuse(
                &key,
                format!("is the URL of queue.{first} too: a queue has one section"),
            ),
            None => {
                seen.insert(&queue.url, name);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Config, Sources};

    #[test]
    fn a_region_is_read_from_the_url_where_the_host_tells_it() {
        #[rustfmt::skip]
        let table = [
            ("standard",       "https://sqs.eu-west-1.amazonaws.com/1111/x", Some("eu-west-1")),
            ("China",          "https://sqs.cn-north-1.amazonaws.com.cn/1111/x", Some("cn-north-1")),
            ("GovCloud, FIPS", "https://sqs-fips.us-gov-west-1.amazonaws.com/1111/x", Some("us-gov-west-1")),
            ("dual stack",     "https://sqs.us-east-1.api.aws/1111/x", Some("us-east-1")),
            ("sovereign",      "https://sqs.eusc-de-east-1.amazonaws.eu/1111/x", Some("eusc-de-east-1")),
            ("legacy",         "https://eu-west-1.queue.amazonaws.com/1111/x", Some("eu-west-1")),
            ("oldest",         "https://queue.amazonaws.com/1111/x", Some("us-east-1")),
            ("VPC endpoint",   "https://vpce-1a-2b.sqs.eu-west-1.vpce.amazonaws.com/1111/x", Some("eu-west-1")),
            ("stand-in",       "http://sqs.eu-west-1.localhost.localstack.cloud:4566/000/x", Some("eu-west-1")),
            ("address",        "http://127.0.0.1:4566/000000000000/x", None),
            ("no region",      "https://sqs.example.com/1111/x", None),
            ("no URL",         "sqs.eu-west-1.amazonaws.com", None),
        ];
        for (why, url, want) in table {
            assert_eq!(Queue::region_of(url).as_deref(), want, "{why}");
        }
    }

    #[test]
    fn what_the_queue_says_of_its_region_comes_before_the_url_and_home() {
        let home = Aws {
            region: Some("us-east-1".into()),
            ..Aws::default()
        };
        let mut queue = Queue::new("http://127.0.0.1:4566/0/x");
        assert_eq!(queue.home(&home).as_deref(), Some("us-east-1"));
        queue.url = "https://sqs.eu-west-1.amazonaws.com/1/x".into();
        assert_eq!(queue.home(&home).as_deref(), Some("eu-west-1"));
        queue.region = Some("eu-west-2".into());
        assert_eq!(queue.home(&home).as_deref(), Some("eu-west-2"));
    }

    #[test]
    fn a_bad_queue_is_refused_with_the_reason() {
        const URL: &str = "url = \"https://sqs.us-east-1.amazonaws.com/1/x\"\n";
        #[rustfmt::skip]
        let table = [
            ("not an address", "", "url = \"sqs.eu-west-1/1/events\"", "expected a web address such as https://host/path"),
            ("its own dead letters", URL, "dead_letter_queue_url = \"https://sqs.us-east-1.amazonaws.com/1/x\"", "expected another queue than `url`"),
            ("hidden too short", URL, "visibility_timeout = \"29s\"", "visibility_timeout in f = \"29s\": expected 30s to 12h"),
            ("hidden too long", URL, "visibility_timeout = \"13h\"", "expected 30s to 12h"),
            ("finer than SQS", URL, "visibility_timeout = \"30500ms\"", "expected whole seconds"),
            ("never received", URL, "max_receive_count = 0", "max_receive_count in f = 0: expected 1 to 1000"),
            ("received for ever", URL, "max_receive_count = 1001", "expected 1 to 1000"),
            ("no poller", URL, "max_pollers = 0", "expected 1 to 64"),
            ("an envelope nobody knows", URL, "accept = [\"s3\", \"snss\"]", "accept in f = [\"s3\",\"snss\"]: expected one of s3, sns, eventbridge, work, not snss; did you mean sns?"),
            ("nothing accepted", URL, "accept = []", "expected at least one of s3, sns"),
        ];
        for (why, url, line, want) in table {
            let file = format!("[queue.events]\n{url}{line}");
            let said = Config::load(&Sources::text("f", &file))
                .unwrap_err()
                .to_string();
            assert!(
                said.starts_with("queue.events.") && said.contains(want),
                "{why}: {said}"
            );
            assert_eq!(said.lines().count(), 1, "{why}: {said}");
        }
    }

    #[test]
    fn two_sections_on_one_queue_are_refused() {
        let file = "[queue.a]\nurl = \"http://h/q\"\n[queue.b]\nurl = \"http://h/q\"";
        let said = Config::load(&Sources::text("f", file))
            .unwrap_err()
            .to_string();
        assert_eq!(
            said,
            "queue.b.url in f = \"http://h/q\": is the URL of queue.a too: a queue has one section"
        );
    }

    #[test]
    fn parking_in_a_circle_is_refused_and_in_a_chain_is_not() {
        let circle = |keys: &str, value: &str| {
            format!(
                "queue.{}.dead_letter_queue_url in f = \"http://h/{value}\": expected parking to end \
                 somewhere, but it goes in a circle through {}: what can never work would go round \
                 for ever; park where no [queue.NAME] listens",
                &keys[..1],
                keys.split_whitespace()
                    .map(|name| format!("queue.{name}.dead_letter_queue_url"))
                    .collect::<Vec<_>>()
                    .join(", ")
            )
        };
        #[rustfmt::skip]
        let table = [
            ("a circle of two", "ab ba", vec![circle("a b", "b")]),
            ("a circle of three", "ab bc ca", vec![circle("a b c", "b")]),
            ("a way into a circle", "ac bc cb", vec![circle("b c", "c")]),
            ("two circles", "ab ba cd dc", vec![circle("a b", "b"), circle("c d", "d")]),
            ("a chain", "ab bc c-", vec![]),
            ("two into one", "ac bc c-", vec![]),
        ];
        for (why, links, want) in table {
            let section = |link: &str| {
                let (from, to) = link.split_at(1);
                format!(
                    "[queue.{from}]\nurl = \"http://h/{from}\"\ndead_letter_queue_url = \"http://h/{to}\"\n"
                )
            };
            let file: String = links.split_whitespace().map(section).collect();
            let said = match Config::load(&Sources::text("f", &file)) {
                Ok(_) => String::new(),
                Err(refused) => refused.to_string(),
            };
            assert_eq!(said.lines().collect::<Vec<_>>(), want, "{why}");
        }
    }

    #[test]
    fn two_missing_urls_are_missing_not_the_same() {
        let said = Config::load(&Sources::text("f", "[queue.a]\n[queue.b]")).unwrap_err();
        assert_eq!(said.to_string().matches("is missing").count(), 2, "{said}");
        let fifo = "[queue.a]\nurl = \"http://h/q.fifo\"\n[queue.b]\nurl = \"http://h/q.fifo\"";
        let said = Config::load(&Sources::text("f", fifo))
            .unwrap_err()
            .to_string();
        assert_eq!(said.matches("FIFO queues").count(), 2, "{said}");
        let example = "[queue.a]\n[queue.b]\nurl = \"https://sqs.us-east-1.amazonaws.com/111122223333/events\"";
        let said = Config::load(&Sources::text("f", example))
            .unwrap_err()
            .to_string();
        assert_eq!(said, "queue.a.url in f: is missing, and has no default");
    }
}
