//! One SQS queue and its calls.
//!
//! Nothing here retries: a receive waits, an extension is repeated by the lease's keeper, a failed delete is left to
//! redelivery. Every call has a timeout, is counted, and returns an error that says what its caller should do.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use aws_sdk_sqs::Client;
use aws_sdk_sqs::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_sqs::operation::RequestId;
use aws_sdk_sqs::operation::change_message_visibility::ChangeMessageVisibilityError as NotExtended;
use aws_sdk_sqs::types::{
    BatchResultErrorEntry, ChangeMessageVisibilityBatchRequestEntry,
    DeleteMessageBatchRequestEntry, MessageAttributeValue, MessageSystemAttributeName,
    QueueAttributeName,
};
use aws_smithy_runtime_api::http::Response;
use tokio::time::Instant;

use super::admit::{Late, patiently, within};
use super::error::{ExtendError, Failed, SqsError, classify};
use super::load::{Load, Weight};
use super::message::Message;
use crate::cause::{self, status};
use crate::metrics::Metrics;
use crate::panics::caught;

/// The longest long poll SQS allows: an idle queue costs one request in 20 s.
pub const WAIT: Duration = Duration::from_secs(20);

/// Two polls without a message begin at least so far apart. A long poll takes longer by itself, but
/// not where a proxy answers for SQS, or an AWS emulator knows no waiting.
pub const EMPTY_INTERVAL: Duration = Duration::from_millis(500);

/// SQS's limit for one batch, and for one reply.
pub const BATCH: u8 = 10;

/// What a call may take beyond what it waits for. A receive once hung for ever in the field with
/// default timeouts (aws-sdk-rust#1094).
const PATIENCE: Duration = Duration::from_secs(10);

/// One queue. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Sqs {
    client: Client,
    url: String,
    metrics: Metrics,
}

/// What SQS says about a queue.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Facts {
    /// Queue ARN of the redrive policy's target.
    pub dead_letter_arn: Option<String>,
    /// The redrive policy's `maxReceiveCount`.
    pub redrive_after: Option<u32>,
}

impl Sqs {
    /// A queue by its URL.
    #[must_use]
    pub fn new(client: Client, url: String, metrics: Metrics) -> Self {
        Self {
            client,
            url,
            metrics,
        }
    }

    /// The queue's URL.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The same credentials and region, another queue.
    #[must_use]
    pub fn other(&self, url: String) -> Self {
        Self {
            url,
            ..self.clone()
        }
    }

    /// Waits up to `wait` for up to `most` messages, hidden for `visibility`.
    ///
    /// # Errors
    /// [`SqsError`]; nothing is known about messages whose answer was lost, except that they are
    /// visible again after `visibility`.
    pub async fn receive(
        &self,
        most: u8,
        wait: Duration,
        visibility: Duration,
    ) -> Result<Vec<Message>, SqsError> {
        let call = self
            .client
            .receive_message()
            .queue_url(&self.url)
            .max_number_of_messages(most.min(BATCH).into())
            .wait_time_seconds(seconds(wait))
            .visibility_timeout(seconds(visibility))
            .message_system_attribute_names(MessageSystemAttributeName::ApproximateReceiveCount)
            .message_system_attribute_names(
                MessageSystemAttributeName::ApproximateFirstReceiveTimestamp,
            )
            .message_attribute_names("All")
            .send();
        let reply = self.timed("ReceiveMessage", wait + PATIENCE, call).await?;
        Ok(reply
            .messages
            .unwrap_or_default()
            .into_iter()
            .map(Message::from)
            .collect())
    }

    /// The same, reading the answer only once its bytes are taken from the budget, of which each message keeps what
    /// it weighs. Where they were reserved before, it does not wait for them.
    ///
    /// # Errors
    /// As [`Self::receive`], and [`SqsError::NoMemory`].
    pub async fn receive_within(
        &self,
        load: &Load,
        reserved: Option<Weight>,
        most: u8,
        wait: Duration,
        visibility: Duration,
    ) -> Result<Vec<(Message, Weight)>, SqsError> {
        let receive = Box::pin(self.receive(most, wait, visibility));
        // A quarter is left, so that the keeper can extend what was admitted last.
        let until = Instant::now() + visibility * 3 / 4;
        let (answer, mut weight) = within(load, reserved, most, until, receive).await;
        let weighed = answer?.into_iter().map(|message| {
            let own = weight.split(message.weight());
            (message, own)
        });
        Ok(weighed.collect())
    }

    /// Hides a message for `visibility` from now.
    ///
    /// # Errors
    /// [`ExtendError::Gone`] when the receipt is no longer good.
    pub async fn extend(&self, handle: &str, visibility: Duration) -> Result<(), ExtendError> {
        let op = "ChangeMessageVisibility";
        let call = self
            .client
            .change_message_visibility()
            .queue_url(&self.url)
            .receipt_handle(handle)
            .visibility_timeout(seconds(visibility))
            .send();
        // The keeper has its own deadline around this call.
        let Ok(answer) = caught(&self.metrics, Box::pin(call)).await else {
            return Err(ExtendError::Unavailable);
        };
        self.metrics.call("sqs", op, status(&answer));
        match answer {
            Ok(_) => Ok(()),
            Err(e) => Err(match e.as_service_error() {
                Some(
                    NotExtended::MessageNotInflight(_) | NotExtended::ReceiptHandleIsInvalid(_),
                ) => ExtendError::Gone,
                // The 12 h limit and an expired handle differ in their code only.
                Some(other) if other.code() == Some("InvalidParameterValue") => ExtendError::Gone,
                Some(_) | None => ExtendError::Unavailable,
            }),
        }
    }

    /// Deletes up to ten messages; says which were not.
    ///
    /// # Errors
    /// [`SqsError`] when the whole batch failed.
    pub async fn delete(&self, handles: &[String]) -> Result<Vec<Failed>, SqsError> {
        let entries = handles.iter().enumerate().map(|(id, handle)| {
            DeleteMessageBatchRequestEntry::builder()
                .id(id.to_string())
                .receipt_handle(handle)
                .build()
                .expect("id and handle are set")
        });
        let call = self.client.delete_message_batch().queue_url(&self.url);
        let call = call.set_entries(Some(entries.collect())).send();
        let reply = self.timed("DeleteMessageBatch", PATIENCE, call).await?;
        let done = reply.successful.iter().map(|entry| entry.id.as_str());
        Ok(failed(handles.len(), done, &reply.failed, &reply))
    }

    /// Shows up to ten messages again after their delays; says which were not.
    ///
    /// # Errors
    /// [`SqsError`] when the whole batch failed.
    pub async fn show(&self, shown: &[(String, Duration)]) -> Result<Vec<Failed>, SqsError> {
        let entries = shown.iter().enumerate().map(|(id, (handle, delay))| {
            ChangeMessageVisibilityBatchRequestEntry::builder()
                .id(id.to_string())
                .receipt_handle(handle)
                .visibility_timeout(seconds(*delay))
                .build()
                .expect("id and handle are set")
        });
        let call = self
            .client
            .change_message_visibility_batch()
            .queue_url(&self.url);
        let call = call.set_entries(Some(entries.collect())).send();
        let reply = self
            .timed("ChangeMessageVisibilityBatch", PATIENCE, call)
            .await?;
        let done = reply.successful.iter().map(|entry| entry.id.as_str());
        Ok(failed(shown.len(), done, &reply.failed, &reply))
    }

    /// Sends one message. The queue has it once it has given it an id.
    ///
    /// # Errors
    /// [`SqsError`]; without an answer the message may have been sent all the same.
    pub async fn send(
        &self,
        body: impl Into<String>,
        attributes: HashMap<String, MessageAttributeValue>,
    ) -> Result<(), SqsError> {
        let call = self
            .client
            .send_message()
            .queue_url(&self.url)
            .message_body(body);
        let call = call.set_message_attributes(Some(attributes)).send();
        let reply = self.timed("SendMessage", PATIENCE, call).await?;
        match reply.message_id {
            Some(_) => Ok(()),
            None => Err(SqsError::Unavailable {
                op: "SendMessage",
                why: "an answer without a message id".to_owned(),
            }),
        }
    }

    /// Asks what the queue's redrive policy says. Also proves that the queue exists.
    ///
    /// # Errors
    /// [`SqsError`].
    pub async fn facts(&self) -> Result<Facts, SqsError> {
        let call = self.client.get_queue_attributes().queue_url(&self.url);
        let call = call
            .attribute_names(QueueAttributeName::RedrivePolicy)
            .send();
        let reply = self.timed("GetQueueAttributes", PATIENCE, call).await?;
        let attributes = reply.attributes.unwrap_or_default();
        let policy = attributes.get(&QueueAttributeName::RedrivePolicy);
        Ok(policy
            .map(|policy| redrive_policy(policy))
            .unwrap_or_default())
    }

    /// Counts, times and names one call.
    async fn timed<T, E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static>(
        &self,
        op: &'static str,
        patience: Duration,
        call: impl Future<Output = Result<T, SdkError<E, Response>>>,
    ) -> Result<T, SqsError> {
        let unavailable = |why| SqsError::Unavailable { op, why };
        // A panic over one answer must not end the stage that works all messages.
        let call = Box::pin(patiently(patience, call));
        let answer = match caught(&self.metrics, call).await {
            Ok(Ok(answer)) => answer,
            Ok(Err(Late::NoMemory)) => return Err(SqsError::NoMemory { op }),
            Ok(Err(Late::NoAnswer)) => {
                self.metrics.call("sqs", op, None);
                return Err(unavailable(format!("no answer in {patience:?}")));
            }
            Err(panicked) => return Err(unavailable(panicked.to_string())),
        };
        self.metrics.call("sqs", op, status(&answer));
        answer.map_err(|e| classify(op, &e))
    }
}

/// The entries of a batch that did not happen: those that failed, and those that SQS says nothing
/// of.
fn failed<'a>(
    sent: usize,
    done: impl Iterator<Item = &'a str>,
    failed: &[BatchResultErrorEntry],
    request: &impl RequestId,
) -> Vec<Failed> {
    let done = done.collect::<HashSet<_>>();
    let reported = |index: usize| {
        let id = index.to_string();
        if done.contains(id.as_str()) {
            return None;
        }
        let said = failed.iter().find(|entry| entry.id == id);
        Some(Failed {
            index,
            for_good: said.is_some_and(|entry| entry.sender_fault),
            why: cause::of_request(
                said.map_or_else(
                    || "the answer does not name it".to_owned(),
                    |entry| {
                        let said = entry.message.as_deref().unwrap_or("");
                        cause::clipped(&format!("{}: {said}", entry.code)).to_owned()
                    },
                ),
                request,
            ),
        })
    };
    (0..sent).filter_map(reported).collect()
}

/// Reads the policy's JSON; the count comes as a number or as text.
fn redrive_policy(policy: &str) -> Facts {
    let policy: serde_json::Value = serde_json::from_str(policy).unwrap_or_default();
    let count = &policy["maxReceiveCount"];
    Facts {
        dead_letter_arn: policy["deadLetterTargetArn"].as_str().map(Into::into),
        redrive_after: count
            .as_u64()
            .or_else(|| count.as_str()?.parse().ok())
            .and_then(|count| count.try_into().ok()),
    }
}

/// Whole seconds, rounded up, as SQS counts them.
fn seconds(duration: Duration) -> i32 {
    let whole = duration.as_secs() + u64::from(duration.subsec_nanos() > 0);
    i32::try_from(whole).unwrap_or(i32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_redrive_policy_is_read_in_both_spellings() {
        let want = Facts {
            dead_letter_arn: Some("arn:aws:sqs:eu-west-1:111122223333:dead".into()),
            redrive_after: Some(12),
        };
        for (why, count) in [("a number", "12"), ("text", "\"12\"")] {
            let arn = "arn:aws:sqs:eu-west-1:111122223333:dead";
            let policy = format!(r#"{{"deadLetterTargetArn":"{arn}","maxReceiveCount":{count}}}"#);
            assert_eq!(redrive_policy(&policy), want, "{why}");
        }
        assert_eq!(redrive_policy("nonsense"), Facts::default());
    }

    #[test]
    fn a_part_of_a_second_is_never_cut_off() {
        for (ms, want) in [(0, 0), (1, 1), (1_000, 1), (1_001, 2), (30_000, 30)] {
            assert_eq!(seconds(Duration::from_millis(ms)), want, "{ms} ms");
        }
    }
}
