//! `notify` of a route: who is told of arrivals, as its ARN or, of a queue, its URL.

use std::fmt;

use crate::config::value::{
    address,
    arn::Arn,
    queue_url::region_of,
    text::{FromText, by_text},
};

/// What the names of FIFO topics and queues end in; AWS is strict about its case.
const FIFO: &str = ".fifo";

/// The kind of target.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notify {
    /// What it is.
    pub kind: NotifyKind,
    /// What calls name it by: an ARN, or a queue's URL.
    pub target: String,
    /// Its region, if the ARN or URL has one.
    pub region: Option<String>,
    typed: String,
}

/// Where arrivals are notified.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NotifyKind {
    /// An SNS topic.
    Topic,
    /// An SQS queue.
    Queue,
    /// An `EventBridge` bus.
    Bus,
}

impl Notify {
    /// Whether it is FIFO: it keeps the order, and drops duplicates within five minutes.
    #[must_use]
    pub fn is_fifo(&self) -> bool {
        self.target.ends_with(FIFO)
    }

    fn of_arn(text: &str) -> Result<Self, String> {
        let Some(arn) = Arn::parse(text) else {
            return Err(
                "expected a whole ARN: arn:PARTITION:SERVICE:REGION:ACCOUNT:NAME, with an account of twelve \
                 digits"
                    .into(),
            );
        };
        let (region, resource) = (arn.region, arn.resource);
        if region.is_empty() || arn.account.is_empty() {
            return Err("expected an ARN with a region and an account of twelve digits".into());
        }
        let is_name = |name: &str| {
            let fit = |b: u8| b.is_ascii_alphanumeric() || b"._-".contains(&b);
            !name.is_empty() && name.bytes().all(fit)
        };
        let (kind, target) = match arn.service {
            "sns" if is_name(resource) => (NotifyKind::Topic, text.to_owned()),
            "sqs" if is_name(resource) => {
                let Some(url) = arn.queue_url() else {
                    return Err(format!("in {} give the queue's URL", arn.partition));
                };
                (NotifyKind::Queue, url)
            }
            "events"
                if resource
                    .strip_prefix("event-bus/")
                    .is_some_and(|name| is_name(&name.replace('/', "-"))) =>
            {
                (NotifyKind::Bus, text.to_owned())
            }
            "sns" => return Err("expected a topic; this is a subscription or a platform's".into()),
            "events" => return Err("expected a bus, arn:…:event-bus/NAME".into()),
            other => {
                let expected = Self::EXPECTED;
                return Err(format!("is of service {other}: expected {expected}"));
            }
        };
        Ok(Self {
            kind,
            target,
            region: Some(region.to_owned()),
            typed: text.to_owned(),
        })
    }
}

impl FromText for Notify {
    const EXPECTED: &'static str =
        "the ARN of an SNS topic, an SQS queue or an EventBridge bus, or a queue's URL";

    fn from_text(text: &str) -> Result<Self, String> {
        if text.starts_with("arn:") {
            return Self::of_arn(text);
        }
        let uri = address::parse(text).map_err(|why| {
            if address::has_userinfo(text) {
                why
            } else {
                format!("expected {}", Self::EXPECTED)
            }
        })?;
        if uri.path().trim_matches('/').is_empty() {
            return Err("expected the queue's whole URL".into());
        }
        Ok(Self {
            kind: NotifyKind::Queue,
            target: text.to_owned(),
            region: region_of(text),
            typed: text.to_owned(),
        })
    }
}

impl fmt::Display for Notify {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.typed)
    }
}

by_text!(Notify, { "type": "string", "examples": ["arn:aws:sns:eu-west-1:111122223333:arrivals"] });

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Config, Sources};

    #[test]
    fn a_target_tells_what_and_where_it_is() {
        #[rustfmt::skip]
        let table = [
            ("arn:aws:sns:eu-west-1:111122223333:t",              NotifyKind::Topic, "arn:aws:sns:eu-west-1:111122223333:t", Some("eu-west-1"), false),
            ("arn:aws:sns:eu-west-1:111122223333:t.fifo",         NotifyKind::Topic, "arn:aws:sns:eu-west-1:111122223333:t.fifo", Some("eu-west-1"), true),
            ("arn:aws:sqs:eu-west-1:111122223333:q",              NotifyKind::Queue, "https://sqs.eu-west-1.amazonaws.com/111122223333/q", Some("eu-west-1"), false),
            ("arn:aws-cn:sqs:cn-north-1:111122223333:q.fifo",     NotifyKind::Queue, "https://sqs.cn-north-1.amazonaws.com.cn/111122223333/q.fifo", Some("cn-north-1"), true),
            ("https://sqs.eu-west-1.amazonaws.com/1/q",           NotifyKind::Queue, "https://sqs.eu-west-1.amazonaws.com/1/q", Some("eu-west-1"), false),
            ("http://127.0.0.1:4566/000000000000/q",              NotifyKind::Queue, "http://127.0.0.1:4566/000000000000/q", None, false),
            ("arn:aws:events:eu-west-1:111122223333:event-bus/b", NotifyKind::Bus, "arn:aws:events:eu-west-1:111122223333:event-bus/b", Some("eu-west-1"), false),
        ];
        for (text, kind, target, region, fifo) in table {
            let read = Notify::from_text(text).unwrap();
            assert_eq!((read.kind, &*read.target), (kind, target));
            assert_eq!(
                (read.region.as_deref(), read.is_fifo()),
                (region, fifo),
                "{text}"
            );
            assert_eq!(read.to_string(), text);
        }
    }

    #[test]
    fn what_cannot_be_told_is_refused() {
        let expected = Notify::EXPECTED;
        #[rustfmt::skip]
        let table = [
            ("notify = \"orders\"", format!("route.r.notify in f = \"orders\": expected {expected}")),
            ("notify = \"arn:aws:sns:eu-west-1\"", "route.r.notify in f = \"arn:aws:sns:eu-west-1\": expected a whole ARN: arn:PARTITION:SERVICE:REGION:ACCOUNT:NAME, with an account of twelve digits".into()),
            ("notify = \"arn:aws:sns:eu-west-1::t\"", "route.r.notify in f = \"arn:aws:sns:eu-west-1::t\": expected an ARN with a region and an account of twelve digits".into()),
            ("notify = \"arn:aws:sns:eu-west-1:1111:t\"", "route.r.notify in f = \"arn:aws:sns:eu-west-1:1111:t\": expected a whole ARN: arn:PARTITION:SERVICE:REGION:ACCOUNT:NAME, with an account of twelve digits".into()),
            ("notify = \"arn:aws:sns:evil.example/#:111122223333:t\"", "route.r.notify in f = \"arn:aws:sns:evil.example/#:111122223333:t\": expected a whole ARN: arn:PARTITION:SERVICE:REGION:ACCOUNT:NAME, with an account of twelve digits".into()),
            ("notify = \"arn:aws:sqs:eu-west-1:111122223333:a?b\"", format!("route.r.notify in f = \"arn:aws:sqs:eu-west-1:111122223333:a?b\": is of service sqs: expected {expected}")),
            ("notify = \"arn:aws:lambda:eu-west-1:111122223333:function:f\"", format!("route.r.notify in f = \"arn:aws:lambda:eu-west-1:111122223333:function:f\": is of service lambda: expected {expected}")),
            ("notify = \"arn:aws:events:eu-west-1:111122223333:rule/r\"", "route.r.notify in f = \"arn:aws:events:eu-west-1:111122223333:rule/r\": expected a bus, arn:…:event-bus/NAME".into()),
            ("notify = \"arn:aws:sns:eu-west-1:111122223333:t:5f\"", "route.r.notify in f = \"arn:aws:sns:eu-west-1:111122223333:t:5f\": expected a topic; this is a subscription or a platform's".into()),
            ("notify = \"arn:aws:sqs:eu-west-1:111122223333:q\"", "route.r.notify in f = \"arn:aws:sqs:eu-west-1:111122223333:q\": is queue.events.url too, and would be read by brigade itself".into()),
            ("notify = \"arn:aws-cn:sns:cn-north-1:111122223333:t\"", "route.r.notify in f = \"arn:aws-cn:sns:cn-north-1:111122223333:t\": cn-north-1 is in partition aws-cn, and [aws] (eu-west-1) in aws: credentials work in one partition only; name an account of aws-cn in notify_account".into()),
            ("notify_account = \"x\"", "route.r.notify_account in f = \"x\": there is no [account.x]: add it".into()),
            ("notify_account = \"c\"\n[account.c]", "route.r.notify_account in f = \"c\": is of `notify`, which is not set".into()),
        ];
        for (line, want) in table {
            let file = format!(
                "aws.region = \"eu-west-1\"\nqueue.events.url = \"https://sqs.eu-west-1.amazonaws.com/111122223333/q\"\n\
                 [route.r]\nfrom = \"s3://raw/\"\nto = \"s3://lake/\"\n{line}"
            );
            let said = Config::load(&Sources::text("f", &file)).unwrap_err();
            assert_eq!(said.to_string(), want);
        }
    }
}
