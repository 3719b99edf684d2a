//! The one call of each service that sends notifications, its entries and its failures.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;
use std::time::Duration;

use aws_sdk_eventbridge::types::PutEventsRequestEntry;
use aws_sdk_glue::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_sns::types::PublishBatchRequestEntry;
use aws_sdk_sqs::operation::RequestId;
use aws_sdk_sqs::types::SendMessageBatchRequestEntry;
use aws_smithy_runtime_api::http::Response;
use tokio::time::{Instant, timeout};

use super::notification::Notification;
use crate::cause::{self, clipped, describe, status};
use crate::config::Notify;
use crate::lock::locked;
use crate::metrics::Metrics;
use crate::work::Unannounced;

/// A call that takes longer is not waited for.
const PATIENCE: Duration = Duration::from_secs(10);
/// How long a bus is believed to be there.
const BELIEVED: Duration = Duration::from_mins(10);

/// Where a bus's events say they come from.
const SOURCE: &str = "brigade";

/// A target, and the client that reaches it.
#[derive(Debug)]
pub struct Outlet {
    pub(super) client: Client,
    pub(super) target: String,
    fifo: bool,
    metrics: Metrics,
}

/// The client that reaches a target.
#[derive(Debug)]
pub enum Client {
    /// An SNS topic.
    Topic(aws_sdk_sns::Client),
    /// An SQS queue.
    Queue(aws_sdk_sqs::Client),
    /// An EventBridge bus, and when it was last seen to be there.
    Bus(aws_sdk_eventbridge::Client, Mutex<Option<Instant>>),
}

/// Whether one notification was sent.
pub(super) type Answer = Result<(), Unannounced>;

impl Outlet {
    /// Reaches a target with this client.
    #[must_use]
    pub fn new(notify: &Notify, client: Client, metrics: Metrics) -> Self {
        Self {
            client,
            target: notify.target.clone(),
            fifo: notify.is_fifo(),
            metrics,
        }
    }

    /// One call. Each notice has an answer of its own, unless the call failed as a whole.
    pub(super) async fn send(
        &self,
        notifications: &[&Notification],
    ) -> Result<Vec<Answer>, Unannounced> {
        let sent = async {
            match &self.client {
                Client::Topic(sns) => self.publish(sns, notifications).await,
                Client::Queue(sqs) => self.enqueue(sqs, notifications).await,
                Client::Bus(events, there) => {
                    self.check(events, there).await?;
                    self.put(events, notifications).await
                }
            }
        };
        let late = |_| Err(Unannounced::for_now(format!("no answer in {PATIENCE:?}")));
        timeout(PATIENCE, Box::pin(sent)).await.unwrap_or_else(late)
    }

    async fn publish(
        &self,
        sns: &aws_sdk_sns::Client,
        notifications: &[&Notification],
    ) -> Result<Vec<Answer>, Unannounced> {
        const OP: &str = "PublishBatch";
        let entries = notifications.iter().enumerate().map(|(id, notification)| {
            PublishBatchRequestEntry::builder()
                .id(id.to_string())
                .message(&notification.body)
                .set_message_group_id(self.fifo.then(|| notification.group.clone()))
                .set_message_deduplication_id(self.fifo.then(|| notification.id.clone()))
                .build()
                .expect("id and message are set")
        });
        let call = sns.publish_batch().topic_arn(&self.target);
        let answer = call
            .set_publish_batch_request_entries(Some(entries.collect()))
            .send()
            .await;
        self.metrics.call("sns", OP, status(&answer));
        let answer = answer.map_err(|e| whole(OP, &e))?;
        let done = answer.successful().iter();
        let done = done.filter(|entry| entry.message_id().is_some());
        let done = done.filter_map(|entry| entry.id()).collect();
        let failed = answer.failed().iter().map(|entry| {
            let why = entry.message().unwrap_or_default();
            (entry.id(), entry.code(), why)
        });
        let answers = each(OP, notifications.len(), &done, failed);
        Ok(of_request(answers, &answer))
    }

    async fn enqueue(
        &self,
        sqs: &aws_sdk_sqs::Client,
        notifications: &[&Notification],
    ) -> Result<Vec<Answer>, Unannounced> {
        const OP: &str = "SendMessageBatch";
        let entries = notifications.iter().enumerate().map(|(id, notification)| {
            SendMessageBatchRequestEntry::builder()
                .id(id.to_string())
                .message_body(&notification.body)
                .set_message_group_id(self.fifo.then(|| notification.group.clone()))
                .set_message_deduplication_id(self.fifo.then(|| notification.id.clone()))
                .build()
                .expect("id and body are set")
        });
        let call = sqs.send_message_batch().queue_url(&self.target);
        let answer = call.set_entries(Some(entries.collect())).send().await;
        self.metrics.call("sqs", OP, status(&answer));
        let answer = answer.map_err(|e| whole(OP, &e))?;
        let done = answer.successful().iter();
        let done = done.filter(|entry| !entry.message_id().is_empty());
        let done = done
            .map(aws_sdk_sqs::types::SendMessageBatchResultEntry::id)
            .collect();
        let failed = answer.failed().iter().map(|entry| {
            let why = entry.message().unwrap_or_default();
            (entry.id(), entry.code(), why)
        });
        let answers = each(OP, notifications.len(), &done, failed);
        Ok(of_request(answers, &answer))
    }

    /// A bus that is not there takes events all the same, and says that it has them
    /// (aws/aws-sdk#186). So it is looked at first; who may not look has to know.
    async fn check(
        &self,
        events: &aws_sdk_eventbridge::Client,
        there: &Mutex<Option<Instant>>,
    ) -> Result<(), Unannounced> {
        const OP: &str = "DescribeEventBus";
        let fresh = |seen: &Instant| seen.elapsed() < BELIEVED;
        if locked(there).as_ref().is_some_and(fresh) {
            return Ok(());
        }
        let answer = events.describe_event_bus().name(&self.target).send().await;
        self.metrics.call("events", OP, status(&answer));
        if let Err(e) = answer {
            if !e.code().is_some_and(is_denied) {
                return Err(whole(OP, &e));
            }
            tracing::warn!(
                bus = self.target,
                "may not be described (events:DescribeEventBus); if it does not exist, events are lost without an error"
            );
        }
        *locked(there) = Some(Instant::now());
        Ok(())
    }

    async fn put(
        &self,
        events: &aws_sdk_eventbridge::Client,
        notifications: &[&Notification],
    ) -> Result<Vec<Answer>, Unannounced> {
        const OP: &str = "PutEvents";
        let entries = notifications.iter().map(|notification| {
            PutEventsRequestEntry::builder()
                .source(SOURCE)
                .detail_type(notification.what)
                .detail(&notification.body)
                .event_bus_name(&self.target)
                .build()
        });
        let call = events.put_events();
        let answer = call.set_entries(Some(entries.collect())).send().await;
        self.metrics.call("events", OP, status(&answer));
        let answer = answer.map_err(|e| whole(OP, &e))?;
        // They stand as they were asked, those that failed too.
        let entries = answer.entries();
        let answers = (0..notifications.len()).map(|at| {
            let Some(entry) = entries.get(at) else {
                return Err(unnamed(OP));
            };
            match (entry.event_id(), entry.error_code()) {
                (_, Some(code)) => {
                    let why = entry.error_message().unwrap_or_default();
                    Err(by_code(OP, code, clipped(why)))
                }
                (Some(_), None) => Ok(()),
                (None, None) => Err(unnamed(OP)),
            }
        });
        Ok(of_request(answers.collect(), &answer))
    }
}

/// The answers of entries that are called 0, 1, …
fn each<'a>(
    op: &str,
    count: usize,
    done: &BTreeSet<&str>,
    failed: impl Iterator<Item = (&'a str, &'a str, &'a str)>,
) -> Vec<Answer> {
    let failed: BTreeMap<_, _> = failed.map(|(id, code, why)| (id, (code, why))).collect();
    let answers = (0..count).map(|at| {
        let id = at.to_string();
        match failed.get(&*id) {
            Some((code, why)) => Err(by_code(op, code, clipped(why))),
            None if done.contains(&*id) => Ok(()),
            None => Err(unnamed(op)),
        }
    });
    answers.collect()
}

/// Adds to each refusal the id of the request that it answers.
fn of_request(answers: Vec<Answer>, request: &impl RequestId) -> Vec<Answer> {
    let answers = answers.into_iter().map(|answer| {
        answer.map_err(|refusal| Unannounced {
            why: cause::of_request(refusal.why, request),
            ..refusal
        })
    });
    answers.collect()
}

/// What the answer does not name has not happened.
fn unnamed(op: &str) -> Unannounced {
    Unannounced::for_now(format!("{op}: the answer does not name it"))
}

pub(super) fn whole<E>(op: &str, error: &SdkError<E, Response>) -> Unannounced
where
    E: ProvideErrorMetadata + std::error::Error + 'static,
{
    match error.code() {
        Some(code) => {
            let said = clipped(error.message().unwrap_or("no message")).to_owned();
            by_code(op, code, &cause::of_request(said, error))
        }
        None => Unannounced::for_now(format!("{op}: {}", describe(error))),
    }
}

/// A code without what some services put around it.
fn bare(code: &str) -> &str {
    let code = code.rsplit('.').next().unwrap_or(code);
    code.strip_suffix("Exception").unwrap_or(code)
}

/// Whether we may not do it, in the words of all three services.
pub(super) fn is_denied(code: &str) -> bool {
    matches!(bare(code), "AccessDenied" | "AuthorizationError")
}

/// What a code means, in the words of all three services.
fn by_code(op: &str, code: &str, why: &str) -> Unannounced {
    let bare = bare(code);
    let why = format!("{op}: {}: {why}", clipped(code));
    match bare {
        // Credentials, permissions, keys, and what is not there.
        "AccessDenied"
        | "AuthorizationError"
        | "EndpointDisabled"
        | "ExpiredToken"
        | "IncompleteSignature"
        | "InvalidAccountId"
        | "InvalidClientTokenId"
        | "InvalidSecurity"
        | "InvalidSignature"
        | "KMSAccessDenied"
        | "KMSDisabled"
        | "KMSInvalidState"
        | "KMSNotFound"
        | "KMSOptInRequired"
        | "KmsAccessDenied"
        | "KmsDisabled"
        | "KmsInvalidState"
        | "KmsNotFound"
        | "KmsOptInRequired"
        | "MissingAuthenticationToken"
        | "NonExistentQueue"
        | "NotAuthorizedForDetailType"
        | "NotAuthorizedForSource"
        | "NotFound"
        | "OptInRequired"
        | "QueueDeletedRecently"
        | "QueueDoesNotExist"
        | "ResourceNotFound"
        | "SignatureDoesNotMatch"
        | "UnrecognizedClient" => Unannounced::lasting(why),
        // What is said.
        "BatchRequestTooLong"
        | "InvalidArgument"
        | "InvalidMessageContents"
        | "InvalidParameter"
        | "InvalidParameterValue"
        | "MalformedDetail"
        | "ParameterValueInvalid"
        | "Validation" => Unannounced::of_this_object(why),
        _ => Unannounced::for_now(why),
    }
}
