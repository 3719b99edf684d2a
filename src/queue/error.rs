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
    /// No answer, throttling, or an answer that a later try may change.
    #[error("{op}: unavailable: {why}")]
    Unavailable {
        /// Which operation failed.
        op: &'static str,
        /// In the service's words.
        why: String,
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
    let why = cause::told(e);
    let status = e.raw_response().map(|raw| raw.status().as_u16());
    if let Some(why) = cause::credentials(e) {
        let why = format!("no usable credentials: {why}");
        return SqsError::Refused { op, why };
    }
    // The service still speaks its legacy codes beside the modelled names.
    if code.ends_with("NonExistentQueue") || code.ends_with("QueueDoesNotExist") {
        SqsError::NoQueue { op, why }
    } else if matches!(status, Some(400..=499)) && !throttled(code) {
        SqsError::Refused { op, why }
    } else {
        SqsError::Unavailable { op, why }
    }
}

fn throttled(code: &str) -> bool {
    code.contains("Throttl") || code.contains("TooManyRequests") || code == "OverLimit"
}

#[cfg(test)]
mod tests {
    use std::io;

    use aws_sdk_sqs::operation::receive_message::ReceiveMessageError;
    use aws_smithy_runtime_api::http::StatusCode;
    use aws_smithy_types::body::SdkBody;

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
}
