//! What can go wrong at a queue, named by what the caller should do about it.

use aws_sdk_sqs::error::{ProvideErrorMetadata, SdkError};
use aws_smithy_runtime_api::http::Response;

use crate::cause;

/// A failed SQS call.
#[derive(Debug, thiserror::Error)]
pub enum SqsError {
    /// The queue does not exist, or not for these credentials.
    #[error("{op}: no such queue: {why}")]
    NoQueue {
        /// Which operation failed.
        op: &'static str,
        /// In the service's words.
        why: String,
    },
    /// No credentials, refused credentials, or a permission is missing.
    #[error("{op}: refused: {why}")]
    Refused {
        /// Which operation failed.
        op: &'static str,
        /// In the service's words.
        why: String,
    },
    /// The message cannot be sent as it is written; others can.
    #[error("{op}: refused for its contents: {why}")]
    Contents {
        /// Which operation failed.
        op: &'static str,
        /// In the service's words.
        why: String,
    },
    /// No answer, throttling, or an answer that a later try may change.
    #[error("{op}: unavailable: {why}")]
    Unavailable {
        /// Which operation failed.
        op: &'static str,
        /// In the service's words.
        why: String,
    },
    /// The answer waited for memory until its messages were about to be visible again.
    #[error("{op}: no memory for the answer: its messages come again")]
    NoMemory {
        /// Which operation failed.
        op: &'static str,
    },
}

/// Why a message's visibility could not be moved.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ExtendError {
    /// The receipt is no longer good: another consumer may hold the message.
    #[error("the receipt is gone")]
    Gone,
    /// SQS did not do it this time.
    #[error("unavailable")]
    Unavailable,
}

/// One entry of a batch that SQS did not carry out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failed {
    /// Its place in the batch.
    pub index: usize,
    /// The same call cannot succeed.
    pub for_good: bool,
    /// In the service's words.
    pub why: String,
}

pub(super) fn classify<E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static>(
    op: &'static str,
    e: &SdkError<E, Response>,
) -> SqsError {
    let code = e.code().unwrap_or_default();
    let why = cause::describe(e);
    let status = e.raw_response().map(|raw| raw.status().as_u16());
    if let Some(why) = cause::credentials(e) {
        let why = format!("no usable credentials: {why}");
        return SqsError::Refused { op, why };
    }
    // The service still speaks its legacy codes beside the modelled names.
    if code.ends_with("NonExistentQueue") || code.ends_with("QueueDoesNotExist") {
        SqsError::NoQueue { op, why }
    } else if is_of_contents(op, code) {
        SqsError::Contents { op, why }
    } else if matches!(status, Some(400..=499)) && !throttled(code) {
        SqsError::Refused { op, why }
    } else {
        SqsError::Unavailable { op, why }
    }
}

/// Characters that SQS does not take, or more bytes than the queue takes (API reference, `SendMessage`: Errors).
fn is_of_contents(op: &str, code: &str) -> bool {
    op.starts_with("SendMessage")
        && ["InvalidMessageContents", "InvalidParameterValue"]
            .iter()
            .any(|known| code.ends_with(known))
}

fn throttled(code: &str) -> bool {
    code.contains("Throttl") || code.contains("TooManyRequests") || code == "OverLimit"
}

#[cfg(test)]
mod tests {
    use std::io;

    use aws_sdk_sqs::operation::receive_message::ReceiveMessageError;
    use aws_sdk_sqs::operation::send_message::SendMessageError;
    use aws_smithy_runtime_api::http::StatusCode;
    use aws_smithy_types::body::SdkBody;
    use aws_smithy_types::error::ErrorMetadata;

    use super::*;

    #[test]
    fn messages_of_a_mangled_answer_are_not_told() {
        let status = StatusCode::try_from(200).expect("a status");
        let body = SdkBody::from(r#"{"Messages":[{"Body":"SECRET","ReceiptHandle":"SECRET"}"#);
        let mangled: SdkError<ReceiveMessageError, Response> = SdkError::response_error(
            io::Error::other("expected `]`"),
            Response::new(status, body),
        );
        assert_eq!(
            classify("ReceiveMessage", &mangled).to_string(),
            "ReceiveMessage: unavailable: response error: expected `]`"
        );
    }

    #[test]
    fn a_refusal_of_contents_concerns_the_message_and_not_the_queue() {
        let describe = |op, code: &str| {
            let meta = ErrorMetadata::builder().code(code).message("m").build();
            let answer = Response::new(
                StatusCode::try_from(400).expect("a status"),
                SdkBody::empty(),
            );
            let failed: SdkError<SendMessageError, Response> =
                SdkError::service_error(SendMessageError::generic(meta), answer);
            classify(op, &failed)
        };
        for (op, code, want) in [
            ("SendMessage", "InvalidMessageContents", true),
            (
                "SendMessage",
                "com.amazonaws.sqs#InvalidMessageContents",
                true,
            ),
            ("SendMessage", "InvalidParameterValue", true),
            ("SendMessage", "AccessDenied", false),
            ("ReceiveMessage", "InvalidParameterValue", false),
        ] {
            let error = describe(op, code);
            assert_eq!(
                matches!(error, SqsError::Contents { .. }),
                want,
                "{op}: {error}"
            );
        }
    }
}
