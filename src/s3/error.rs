//! What can go wrong at S3's door, named by what the caller should do about it.
//!
//! Three questions decide: was the request sent, what did the server say, and does that answer
//! tell whether the effect took place. A 200 whose body is an error is throttling; a 500, a reset
//! or an empty 200 tells nothing, so a write that got one is *unanswered* and is looked after, not
//! guessed.

use std::error::Error as StdError;

use aws_credential_types::provider::error::CredentialsError;
use aws_sdk_s3::error::{DisplayErrorContext, ProvideErrorMetadata, SdkError};
use aws_smithy_runtime_api::http::Response;

/// A failed S3 call.
#[derive(Debug, Clone, thiserror::Error)]
pub enum S3Error {
    /// 404 `NoSuchKey`, or a delete marker: the object is gone for certain.
    #[error("{op}: no such object")]
    Gone {
        /// Which operation failed.
        op: &'static str,
    },
    /// A bare 404, as HEAD gives it: the object is gone, or its bucket is.
    #[error("{op}: not found")]
    NotFound {
        /// Which operation failed.
        op: &'static str,
    },
    /// 404 `NoSuchBucket`: nothing on this route can work until a person acts.
    #[error("{op}: no such bucket: {message}")]
    NoBucket {
        /// Which operation failed.
        op: &'static str,
        /// In S3's words.
        message: String,
    },
    /// 412: source or destination is not what the decision was made from.
    #[error("{op}: precondition failed")]
    Precondition {
        /// Which operation failed.
        op: &'static str,
    },
    /// 409: another write to the same key is under way.
    #[error("{op}: a concurrent write is under way")]
    Conflict {
        /// Which operation failed.
        op: &'static str,
    },
    /// 403: this object, or all of them, until a person acts.
    #[error("{op}: access denied: {message}")]
    Denied {
        /// Which operation failed.
        op: &'static str,
        /// In S3's words; names the missing action where S3 does.
        message: String,
    },
    /// The credentials are missing, unknown, expired or of another partition.
    #[error("{op}: credentials refused: {message}")]
    Credentials {
        /// Which operation failed.
        op: &'static str,
        /// In S3's words.
        message: String,
    },
    /// The KMS key is disabled, gone or in another region.
    #[error("{op}: the KMS key cannot be used: {message}")]
    Key {
        /// Which operation failed.
        op: &'static str,
        /// In S3's words.
        message: String,
    },
    /// The bucket is in another region than the one asked.
    #[error("{op}: the bucket is in {}", region.as_deref().unwrap_or("another region"))]
    Region {
        /// Which operation failed.
        op: &'static str,
        /// Where S3 says it is.
        region: Option<String>,
    },
    /// `InvalidObjectState`, `ObjectNotInActiveTierError`: must be restored first.
    #[error("{op}: the object is archived and must be restored first")]
    Archived {
        /// Which operation failed.
        op: &'static str,
    },
    /// 503 `SlowDown`, 429, or a 200 whose body says so. Nothing took effect.
    #[error("{op}: throttled: {message}")]
    Throttled {
        /// Which operation failed.
        op: &'static str,
        /// In S3's words.
        message: String,
    },
    /// The request never left. Nothing took effect.
    #[error("{op}: not sent: {message}")]
    NotSent {
        /// Which operation failed.
        op: &'static str,
        /// The cause.
        message: String,
    },
    /// Sent, but no answer tells whether it took effect.
    #[error("{op}: no clear answer: {message}")]
    Unanswered {
        /// Which operation failed.
        op: &'static str,
        /// The cause.
        message: String,
    },
    /// The lease is too short for another write; nothing was sent.
    #[error("{op}: not sent: the lease is too short for a write to land within it")]
    Lease {
        /// Which operation was not sent.
        op: &'static str,
    },
    /// Any other refusal: the same request cannot succeed.
    #[error("{op}: refused: {code}: {message}")]
    Refused {
        /// Which operation failed.
        op: &'static str,
        /// S3's code.
        code: String,
        /// In S3's words.
        message: String,
    },
}

/// What a failure calls for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Retry {
    /// Nothing took effect; the same request may succeed after a wait.
    Wait,
    /// Nobody knows what took effect: a read may be sent again, a write must be looked after.
    Look,
    /// The answer will not change.
    Never,
}

impl S3Error {
    /// Classifies the failure. Exhaustive on purpose: a new variant does not compile until
    /// someone has decided about it.
    #[must_use]
    pub fn retry(&self) -> Retry {
        match self {
            Self::Throttled { .. } | Self::NotSent { .. } => Retry::Wait,
            Self::Unanswered { .. } => Retry::Look,
            Self::Gone { .. }
            | Self::NotFound { .. }
            | Self::NoBucket { .. }
            | Self::Precondition { .. }
            | Self::Conflict { .. }
            | Self::Denied { .. }
            | Self::Credentials { .. }
            | Self::Key { .. }
            | Self::Region { .. }
            | Self::Archived { .. }
            | Self::Lease { .. }
            | Self::Refused { .. } => Retry::Never,
        }
    }

    /// Whether the server has told that the request had no effect, or that none can follow.
    #[must_use]
    pub fn is_answer(&self) -> bool {
        self.retry() != Retry::Look
    }

    /// Names an SDK error.
    pub(super) fn of<E>(op: &'static str, e: &SdkError<E, Response>) -> Self
    where
        E: ProvideErrorMetadata + StdError + Send + Sync + 'static,
    {
        match e {
            SdkError::ServiceError(service) => {
                let raw = service.raw();
                let status = raw.status().as_u16();
                let told = Told {
                    status,
                    code: e.code().unwrap_or_default(),
                    message: e.message().unwrap_or_default(),
                    region: raw.headers().get("x-amz-bucket-region"),
                    delete_marker: raw.headers().get("x-amz-delete-marker") == Some("true"),
                };
                told.name(op)
            }
            SdkError::ConstructionFailure(_) => Self::Refused {
                op,
                code: "InvalidRequest".into(),
                message: DisplayErrorContext(e).to_string(),
            },
            SdkError::DispatchFailure(_) => Self::undelivered(op, e),
            // The enum is open; what is not known is not an answer.
            SdkError::TimeoutError(_) | SdkError::ResponseError(_) | _ => Self::Unanswered {
                op,
                message: DisplayErrorContext(e).to_string(),
            },
        }
    }

    /// A request that got no answer: did it leave at all?
    fn undelivered(op: &'static str, e: &(dyn StdError + 'static)) -> Self {
        let mut cause = Some(e);
        while let Some(e) = cause {
            if e.is::<CredentialsError>() {
                // The chain's own text names the provider, never a secret.
                return Self::Credentials {
                    op,
                    message: chain(e),
                };
            }
            let io = e.downcast_ref::<std::io::Error>().map(std::io::Error::kind);
            if io == Some(std::io::ErrorKind::ConnectionRefused) {
                return Self::NotSent {
                    op,
                    message: chain(e),
                };
            }
            cause = e.source();
        }
        Self::Unanswered {
            op,
            message: chain(e),
        }
    }
}

/// What an answer with an error says.
struct Told<'a> {
    status: u16,
    code: &'a str,
    message: &'a str,
    region: Option<&'a str>,
    delete_marker: bool,
}

impl Told<'_> {
    fn name(&self, op: &'static str) -> S3Error {
        let message = self.message.to_owned();
        match (self.status, self.code) {
            (_, "NoSuchKey" | "NoSuchVersion") => S3Error::Gone { op },
            (404, _) if self.delete_marker => S3Error::Gone { op },
            (_, "NoSuchBucket") => S3Error::NoBucket { op, message },
            (404, _) => S3Error::NotFound { op },
            (412, _) | (_, "PreconditionFailed") => S3Error::Precondition { op },
            (409, "ConditionalRequestConflict" | "OperationAborted") => S3Error::Conflict { op },
            (_, "InvalidObjectState" | "ObjectNotInActiveTierError") => S3Error::Archived { op },
            (_, code) if code.starts_with("KMS.") => kms(op, code, message),
            (
                _,
                "InvalidAccessKeyId"
                | "SignatureDoesNotMatch"
                | "ExpiredToken"
                | "InvalidToken"
                | "TokenRefreshRequired"
                | "RequestTimeTooSkewed"
                | "NotSignedUp",
            ) => S3Error::Credentials {
                op,
                message: format!("{}: {message}", self.code),
            },
            (301 | 307, _) | (_, "PermanentRedirect" | "IllegalLocationConstraintException") => {
                S3Error::Region {
                    op,
                    region: self.region.map(Into::into),
                }
            }
            // A HEAD to the wrong region answers 400 without a body; only the header tells.
            (400, "" | "AuthorizationHeaderMalformed") if self.region.is_some() => {
                S3Error::Region {
                    op,
                    region: self.region.map(Into::into),
                }
            }
            (
                _,
                "SlowDown"
                | "Throttling"
                | "ThrottlingException"
                | "RequestLimitExceeded"
                | "BandwidthLimitExceeded"
                | "TooManyRequestsException"
                | "ServiceUnavailable",
            )
            | (429 | 503, _) => S3Error::Throttled { op, message },
            (403, _) => S3Error::Denied { op, message },
            // Whitespace instead of XML, an InternalError inside a 200, a 500: the work may have
            // been done. `RequestTimeout` is S3 giving up on reading us.
            (200 | 500 | 502 | 504, _) | (_, "RequestTimeout") => S3Error::Unanswered {
                op,
                message: format!("{} {message}", self.code),
            },
            (status, code) => S3Error::Refused {
                op,
                code: if code.is_empty() {
                    status.to_string()
                } else {
                    code.to_owned()
                },
                message,
            },
        }
    }
}

/// KMS says through S3 whether to wait or to call for help.
fn kms(op: &'static str, code: &str, message: String) -> S3Error {
    if code.contains("Throttl") {
        S3Error::Throttled { op, message }
    } else {
        S3Error::Key {
            op,
            message: format!("{code}: {message}"),
        }
    }
}

fn chain(e: &(dyn StdError + 'static)) -> String {
    let mut told = e.to_string();
    let mut cause = e.source();
    while let Some(e) = cause {
        told = format!("{told}: {e}");
        cause = e.source();
    }
    told
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(status: u16, code: &str) -> S3Error {
        Told {
            status,
            code,
            message: "m",
            region: None,
            delete_marker: false,
        }
        .name("Op")
    }

    #[test]
    fn an_answer_is_named_by_what_to_do_about_it() {
        for (status, code, want) in [
            (404, "NoSuchKey", "Op: no such object"),
            (404, "NotFound", "Op: not found"),
            (404, "NoSuchBucket", "Op: no such bucket: m"),
            (412, "PreconditionFailed", "Op: precondition failed"),
            (412, "", "Op: precondition failed"),
            (
                409,
                "ConditionalRequestConflict",
                "Op: a concurrent write is under way",
            ),
            (403, "AccessDenied", "Op: access denied: m"),
            (403, "", "Op: access denied: m"),
            (
                403,
                "InvalidAccessKeyId",
                "Op: credentials refused: InvalidAccessKeyId: m",
            ),
            (
                400,
                "ExpiredToken",
                "Op: credentials refused: ExpiredToken: m",
            ),
            (
                403,
                "InvalidObjectState",
                "Op: the object is archived and must be restored first",
            ),
            (
                400,
                "KMS.DisabledException",
                "Op: the KMS key cannot be used: KMS.DisabledException: m",
            ),
            (400, "KMS.ThrottlingException", "Op: throttled: m"),
            (503, "SlowDown", "Op: throttled: m"),
            (200, "SlowDown", "Op: throttled: m"),
            (429, "", "Op: throttled: m"),
            (200, "InternalError", "Op: no clear answer: InternalError m"),
            (200, "", "Op: no clear answer:  m"),
            (500, "InternalError", "Op: no clear answer: InternalError m"),
            (
                400,
                "RequestTimeout",
                "Op: no clear answer: RequestTimeout m",
            ),
            (
                301,
                "PermanentRedirect",
                "Op: the bucket is in another region",
            ),
            (400, "EntityTooLarge", "Op: refused: EntityTooLarge: m"),
            (501, "NotImplemented", "Op: refused: NotImplemented: m"),
        ] {
            assert_eq!(told(status, code).to_string(), want, "{status} {code}");
        }
    }

    #[test]
    fn a_delete_marker_is_gone_for_certain() {
        let marker = Told {
            status: 404,
            code: "NotFound",
            message: "",
            region: None,
            delete_marker: true,
        };
        assert!(matches!(marker.name("Op"), S3Error::Gone { .. }));
    }

    #[test]
    fn a_head_in_the_wrong_region_says_where_the_bucket_is() {
        let head = Told {
            status: 400,
            code: "",
            message: "",
            region: Some("eu-west-1"),
            delete_marker: false,
        };
        assert_eq!(
            head.name("Op").to_string(),
            "Op: the bucket is in eu-west-1"
        );
    }

    #[test]
    fn only_what_provably_had_no_effect_may_be_sent_again() {
        for (status, code, want) in [
            (503, "SlowDown", Retry::Wait),
            (500, "InternalError", Retry::Look),
            (200, "", Retry::Look),
            (412, "PreconditionFailed", Retry::Never),
            (403, "AccessDenied", Retry::Never),
        ] {
            assert_eq!(told(status, code).retry(), want, "{status} {code}");
        }
    }
}
