//! `[queue.NAME]`: which SQS queues are listened to, and how a message is held.

use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::config::aws::Aws;
use crate::config::read::faults::Faults;
use crate::config::value::{duration, list::OneOrMany, queue_url, region};

/// `[queue.NAME]`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Queue {
    /// SQS queue URL.
    #[schemars(example = "https://sqs.us-east-1.amazonaws.com/111122223333/events")]
    pub url: String,
    /// Default: read from the URL, else that of its account.
    #[serde(default, deserialize_with = "region::optional")]
    pub region: Option<String>,
    /// Whose credentials may use it. Default: the default account's.
    #[serde(default)]
    pub account: Option<String>,
    /// Default: the target of the queue's redrive policy.
    #[serde(default)]
    pub dead_letter_queue_url: Option<String>,
    /// How long a message stays hidden before it must be renewed, 30s to 12h. Longer: fewer
    /// extensions, but the messages of a killed process return later.
    #[serde(default = "visibility_timeout", with = "duration")]
    #[schemars(with = "duration::Text", extend("x-minimum" = "30s", "x-maximum" = "12h"))]
    pub visibility_timeout: Duration,
    /// Receives before a message is dead-lettered with its reason, 1 to 1000. More: longer outages are
    /// sat out, and what can never work is tried more often.
    #[serde(default = "max_attempts")]
    #[schemars(range(min = 1, max = 1000))]
    pub max_attempts: u32,
    /// Long polls at once when replies come back full, 1 to 64. More: a backlog drains faster, at
    /// more SQS calls.
    #[serde(default = "max_pollers")]
    #[schemars(range(min = 1, max = 64))]
    pub max_pollers: u32,
    /// The envelopes that are obeyed. Default: all.
    #[serde(default = "accept")]
    #[schemars(with = "OneOrMany<Envelope>")]
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

fn visibility_timeout() -> Duration {
    Duration::from_mins(2)
}

fn max_attempts() -> u32 {
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
            max_attempts: max_attempts(),
            max_pollers: max_pollers(),
            accept: accept(),
        }
    }

    /// The region to call: the queue's own, else the URL's, else its account's; none leaves it to the SDK.
    #[must_use]
    pub fn default_account(&self, aws: &Aws) -> Option<String> {
        self.region
            .clone()
            .or_else(|| queue_url::region_of(&self.url))
            .or_else(|| aws.region.clone())
    }

    pub(crate) fn check(&self, at: &str, faults: &mut Faults<'_>) {
        if let Err(why) = queue_url::check(&self.url) {
            faults.refuse(&format!("{at}.url"), why);
        }
        if let Some(url) = &self.dead_letter_queue_url {
            let key = format!("{at}.dead_letter_queue_url");
            if let Err(why) = queue_url::check(url) {
                faults.refuse(&key, why);
            }
            if *url == self.url {
                faults.refuse(
                    &key,
                    "expected another queue than `url`: dead-lettering would go in a circle",
                );
            }
        }
        if self.visibility_timeout.subsec_nanos() != 0 {
            let why = "expected whole seconds: SQS knows nothing finer";
            faults.refuse(&format!("{at}.visibility_timeout"), why);
        }
        if self.accept.is_empty() {
            faults.refuse(
                &format!("{at}.accept"),
                "expected at least one of s3, sns, eventbridge, work; leave it out to accept all",
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Config, Sources};

    #[test]
    fn what_the_queue_says_of_its_region_comes_before_the_url_and_home() {
        let default_account = Aws {
            region: Some("us-east-1".into()),
            ..Aws::default()
        };
        let mut queue = Queue::new("http://127.0.0.1:4566/0/x");
        assert_eq!(
            queue.default_account(&default_account).as_deref(),
            Some("us-east-1")
        );
        queue.url = "https://sqs.eu-west-1.amazonaws.com/1/x".into();
        assert_eq!(
            queue.default_account(&default_account).as_deref(),
            Some("eu-west-1")
        );
        queue.region = Some("eu-west-2".into());
        assert_eq!(
            queue.default_account(&default_account).as_deref(),
            Some("eu-west-2")
        );
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
            ("never received", URL, "max_attempts = 0", "max_attempts in f = 0: expected 1 to 1000"),
            ("received for ever", URL, "max_attempts = 1001", "expected 1 to 1000"),
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
}
