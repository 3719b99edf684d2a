//! SNS: topics that remember what was published to them. The query protocol.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use jiff::Timestamp;

use super::Aws;
use super::access::{Access, Refusal};
use super::reply::Reply;
use super::request::{Request, form};
use super::sts::refusal;

/// All topics by their ARNs.
#[derive(Debug, Default)]
pub(super) struct Sns(BTreeMap<String, Vec<Published>>);

/// What a topic, or a bus, was told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Published {
    pub(crate) at: Timestamp,
    pub(crate) body: String,
    /// Of a FIFO topic: group and deduplication id.
    pub(crate) order: Option<(String, String)>,
}

/// For so long a FIFO topic drops what it has (developer guide, "message deduplication").
const DEDUPLICATION: Duration = Duration::from_mins(5);

/// One message and a batch together (API reference, `PublishBatch`: `BatchRequestTooLong`).
const MOST_BYTES: usize = 256 << 10;

impl Aws {
    /// Makes a topic.
    pub(crate) fn create_topic(&self, arn: &str) {
        self.with(|state, _| state.sns.0.entry(arn.to_owned()).or_default().clear());
    }

    /// What was published to a topic.
    pub(crate) fn published(&self, arn: &str) -> Vec<Published> {
        self.with(|state, _| state.sns.0[arn].clone())
    }
}

/// What is asked for, and of which topic, for the log.
pub(super) fn describe(request: &Request) -> (String, String) {
    let mut input = form(&request.body);
    let mut take = |name: &str| input.remove(name).unwrap_or_default();
    (take("Action"), take("TopicArn"))
}

pub(super) fn handle(sns: &mut Sns, access: &Access, now: Timestamp, request: &Request) -> Reply {
    let input = form(&request.body);
    let text = |name: &str| input.get(name).map(String::as_str).unwrap_or_default();
    let action = match (text("Action"), text("Version")) {
        ("PublishBatch", "2010-03-31") => "Publish",
        ("GetTopicAttributes", "2010-03-31") => "GetTopicAttributes",
        _ => return refusal(501, "NotImplemented", text("Action")),
    };
    let arn = text("TopicArn");
    let region = request.caller.region.as_str();
    let caller = (request.caller.access_key.as_str(), region);
    let topic = arn.rsplit(':').next().unwrap_or_default();
    // Common errors of the query protocol; `AuthorizationError` (API reference, `PublishBatch`).
    match access.check(caller, &format!("sns:{action}"), topic) {
        Ok(()) => {}
        Err(Refusal::Denied { user }) => {
            let why = format!(
                "User: {user} is not authorized to perform: SNS:{action} on resource: {arn}"
            );
            return refusal(403, "AuthorizationError", &why);
        }
        Err(Refusal::Expired) => return refusal(403, "ExpiredToken", "expired"),
        Err(Refusal::WrongSecret) => {
            return refusal(403, "SignatureDoesNotMatch", "another secret");
        }
        Err(Refusal::UnknownKey) => return refusal(403, "InvalidClientTokenId", "unknown"),
    }
    if arn.split(':').nth(3) != Some(region) {
        return refusal(400, "InvalidParameter", "Invalid parameter: TopicArn");
    }
    let Some(topic) = sns.0.get_mut(arn) else {
        return refusal(404, "NotFound", "Topic does not exist");
    };
    if action == "GetTopicAttributes" {
        return attributes(arn);
    }
    let (mut done, mut failed) = (Vec::new(), Vec::new());
    let entries = entries(&input);
    if entries.len() > 10 {
        return refusal(400, "TooManyEntriesInBatchRequest", "more than ten");
    }
    if entries
        .iter()
        .map(|entry| entry["Message"].len())
        .sum::<usize>()
        > MOST_BYTES
    {
        return refusal(400, "BatchRequestTooLong", "longer than 262144 bytes");
    }
    let ids: BTreeSet<_> = entries.iter().map(|entry| entry.get("Id")).collect();
    if ids.len() < entries.len() {
        let why = "Two or more batch entries have the same Id";
        return refusal(400, "BatchEntryIdsNotDistinct", why);
    }
    for (position, entry) in entries.iter().enumerate() {
        let text = |name: &str| entry.get(name).cloned().unwrap_or_default();
        let id = text("Id");
        let fifo = arn.rsplit('.').next() == Some("fifo");
        let order = (text("MessageGroupId"), text("MessageDeduplicationId"));
        let why = if request.failing_entries.contains(&position) {
            Some(("InternalError", "We encountered an internal error."))
        } else if text("Message").is_empty() {
            Some(("InvalidParameter", "Empty message"))
        } else if fifo && (order.0.is_empty() || order.1.is_empty()) {
            Some((
                "InvalidParameter",
                "The MessageGroupId and MessageDeduplicationId parameters are required for FIFO topics",
            ))
        } else {
            None
        };
        if let Some((code, why)) = why {
            let sender = code != "InternalError";
            failed.push(format!(
                "<member><Id>{id}</Id><Code>{code}</Code><Message>{why}</Message>\
                 <SenderFault>{sender}</SenderFault></member>"
            ));
            continue;
        }
        let known = |said: &Published| {
            let same = said.order.as_ref().is_some_and(|known| known.1 == order.1);
            fifo && same && now < said.at + DEDUPLICATION
        };
        if !topic.iter().any(known) {
            topic.push(Published {
                at: now,
                body: text("Message"),
                order: fifo.then(|| order.clone()),
            });
        }
        done.push(format!(
            "<member><Id>{id}</Id><MessageId>{position:08}</MessageId></member>"
        ));
    }
    let (done, failed) = (done.concat(), failed.concat());
    Reply::new(200).body(format!(
        "<PublishBatchResponse xmlns=\"http://sns.amazonaws.com/doc/2010-03-31/\"><PublishBatchResult>\
         <Successful>{done}</Successful><Failed>{failed}</Failed></PublishBatchResult></PublishBatchResponse>"
    ))
}

fn attributes(arn: &str) -> Reply {
    Reply::new(200).body(format!(
        "<GetTopicAttributesResponse xmlns=\"http://sns.amazonaws.com/doc/2010-03-31/\">\
         <GetTopicAttributesResult><Attributes><entry><key>TopicArn</key><value>{arn}</value></entry>\
         </Attributes></GetTopicAttributesResult></GetTopicAttributesResponse>"
    ))
}

/// Members of a list, in the query protocol's spelling.
fn entries(input: &BTreeMap<String, String>) -> Vec<BTreeMap<String, String>> {
    let mut entries: BTreeMap<usize, BTreeMap<String, String>> = BTreeMap::new();
    for (name, value) in input {
        let member = name.strip_prefix("PublishBatchRequestEntries.member.");
        if let Some((number, field)) = member.and_then(|member| member.split_once('.')) {
            let number = number.parse().expect("a number");
            entries
                .entry(number)
                .or_default()
                .insert(field.to_owned(), value.clone());
        }
    }
    entries.into_values().collect()
}
