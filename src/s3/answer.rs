//! What an answer with an error means: status and code in, [`S3Error`] out.

use std::error::Error as StdError;

use aws_sdk_s3::error::{ProvideErrorMetadata, SdkError};
use aws_smithy_runtime_api::http::Response;

use super::error::{Flaw, S3Error, Throttle};
use crate::cause;

impl S3Error {
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
                    code: cause::clipped(e.code().unwrap_or_default()),
                    message: cause::clipped(e.message().unwrap_or_default()),
                    region: raw.headers().get("x-amz-bucket-region"),
                    delete_marker: raw.headers().get("x-amz-delete-marker") == Some("true"),
                };
                told.name(op)
            }
            SdkError::ConstructionFailure(_) => Self::Refused {
                op,
                code: "InvalidRequest".into(),
                message: cause::chain(e),
            },
            SdkError::DispatchFailure(_) => Self::undelivered(op, e),
            // The enum is open; what is not known is not an answer.
            SdkError::TimeoutError(_) | SdkError::ResponseError(_) | _ => Self::Unanswered {
                op,
                message: cause::chain(e),
            },
        }
    }

    /// A success without what makes it one.
    pub(super) fn empty(op: &'static str) -> Self {
        Self::Unanswered {
            op,
            message: "an empty answer".into(),
        }
    }

    /// A request that got no answer: did it leave at all?
    fn undelivered(op: &'static str, e: &(dyn StdError + 'static)) -> Self {
        if let Some(message) = cause::credentials(e) {
            return Self::Credentials {
                op,
                flaw: Flaw::Other,
                message,
            };
        }
        let message = cause::chain(e);
        if cause::is_refused_connection(e) {
            Self::NotSent { op, message }
        } else {
            Self::Unanswered { op, message }
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
            (_, "NoSuchKey" | "NoSuchVersion" | "NoSuchUpload") => S3Error::Gone { op },
            (404, _) if self.delete_marker => S3Error::Gone { op },
            (_, "NoSuchBucket" | "NoSuchAccessPoint") => S3Error::NoBucket { op, message },
            (404, _) => S3Error::NotFound { op },
            // A part was sent once more meanwhile: by another worker, who goes on with the same upload.
            (412, _) | (_, "PreconditionFailed" | "InvalidPart") => S3Error::Precondition { op },
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
                flaw: flaw(self.code),
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
                | "GlacierExpeditedRetrievalNotAvailable"
                | "Throttling"
                | "ThrottlingException"
                | "RequestLimitExceeded"
                | "BandwidthLimitExceeded"
                | "TooManyRequestsException"
                | "ServiceUnavailable",
            )
            | (429, _) => S3Error::Throttled {
                op,
                by: throttle(&message),
                message,
            },
            // A HEAD's answer has no body that could name a code.
            (503, "") if op.starts_with("Head") => S3Error::Throttled {
                op,
                by: Throttle::S3,
                message: "503".into(),
            },
            (403, _) => S3Error::Denied { op, message },
            (_, "BadDigest" | "XAmzContentChecksumMismatch" | "XAmzContentSHA256Mismatch") => {
                S3Error::Torn { op, message }
            }
            (405 | 501, code) => S3Error::NotImplemented {
                op,
                message: format!("{code} {message}"),
            },
            // Whitespace instead of XML, an InternalError inside a 200, a 500: the work may have
            // been done. `RequestTimeout` is S3 giving up on reading us.
            (200 | 500 | 502 | 503 | 504, _) | (_, "RequestTimeout") => S3Error::Unanswered {
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

/// Whether other credentials of the same account may do better.
fn flaw(code: &str) -> Flaw {
    match code {
        "InvalidAccessKeyId" => Flaw::Unknown,
        "SignatureDoesNotMatch" | "ExpiredToken" | "InvalidToken" => Flaw::Outdated,
        _ => Flaw::Other,
    }
}

/// S3 passes on what KMS says under its own code: "Please reduce your request rate for operations
/// involving AWS KMS".
fn throttle(message: &str) -> Throttle {
    if message.contains("KMS") {
        Throttle::Kms
    } else {
        Throttle::S3
    }
}

/// KMS says through S3 whether to wait or to call for help.
fn kms(op: &'static str, code: &str, message: String) -> S3Error {
    if code.contains("Throttl") {
        S3Error::Throttled {
            op,
            by: Throttle::Kms,
            message,
        }
    } else {
        S3Error::Key {
            op,
            message: format!("{code}: {message}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use aws_sdk_s3::operation::copy_object::CopyObjectError;
    use aws_smithy_runtime_api::http::StatusCode;
    use aws_smithy_types::body::SdkBody;
    use aws_smithy_types::error::ErrorMetadata;

    use super::*;
    use crate::s3::Retry;

    fn answer(status: u16) -> Response {
        let status = StatusCode::try_from(status).expect("a status");
        Response::new(status, SdkBody::from("RAW"))
    }

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
            (
                501,
                "NotImplemented",
                "Op: not implemented there: NotImplemented m",
            ),
            (400, "BadDigest", "Op: the bytes arrived torn: m"),
            (503, "ServiceUnavailable", "Op: throttled: m"),
            (503, "", "Op: no clear answer:  m"),
        ] {
            assert_eq!(told(status, code).to_string(), want, "{status} {code}");
        }
    }

    #[test]
    fn a_throttle_says_whose_it_is() {
        let please = "Please reduce your request rate";
        let of_keys = "Please reduce your request rate for operations involving AWS KMS";
        for (op, status, code, message, want) in [
            ("GetObject", 503, "SlowDown", please, Throttle::S3),
            ("GetObject", 503, "SlowDown", of_keys, Throttle::Kms),
            (
                "GetObject",
                400,
                "KMS.ThrottlingException",
                "m",
                Throttle::Kms,
            ),
            (
                "GetObject",
                400,
                "ThrottlingException",
                of_keys,
                Throttle::Kms,
            ),
            (
                "GetObject",
                400,
                "RequestLimitExceeded",
                please,
                Throttle::S3,
            ),
            ("HeadObject", 503, "", "", Throttle::S3),
        ] {
            let told = Told {
                status,
                code,
                message,
                region: None,
                delete_marker: false,
            };
            let S3Error::Throttled { by, .. } = told.name(op) else {
                panic!("{status} {code}: {}", told.name(op))
            };
            assert_eq!(by, want, "{status} {code} {message}");
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

    #[test]
    fn an_answer_tells_neither_its_raw_bytes_nor_without_end() {
        let of = |e: SdkError<CopyObjectError, Response>| S3Error::of("Op", &e).to_string();
        let mangled = SdkError::response_error(std::io::Error::other("no XML"), answer(200));
        assert_eq!(of(mangled), "Op: no clear answer: response error: no XML");
        let unmade = SdkError::construction_failure(std::io::Error::other("no key"));
        assert_eq!(
            of(unmade),
            "Op: refused: InvalidRequest: failed to construct request: no key"
        );
        let page = "ü".repeat(5000);
        let said = ErrorMetadata::builder().code(&page).message(&page).build();
        let said = of(SdkError::service_error(
            CopyObjectError::generic(said),
            answer(400),
        ));
        assert_eq!(said.len(), "Op: refused: : ".len() + 2 * 2048, "{said}");
    }
}
