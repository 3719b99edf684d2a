//! What an answer with an error means: status and code in, [`S3Error`] out.

use std::error::Error as StdError;

use aws_sdk_s3::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_s3::operation::{RequestId, RequestIdExt};
use aws_smithy_runtime_api::http::Response;

use super::error::{Flaw, Kind, S3Error, Throttle};
use crate::cause;

impl S3Error {
    /// Names an SDK error.
    pub(super) fn of<E>(op: &'static str, e: &SdkError<E, Response>) -> Self
    where
        E: ProvideErrorMetadata + StdError + Send + Sync + 'static,
    {
        let error = match e {
            SdkError::ServiceError(service) => {
                let raw = service.raw();
                let (code, message) = (e.code(), e.message());
                // A good answer is no error but that the SDK cannot read it, and only the cause says so.
                let unread = (raw.status().is_success() && code.or(message).is_none())
                    .then(|| cause::chain(e));
                let response = ErrorResponse {
                    op,
                    status: raw.status().as_u16(),
                    code: cause::clipped(code.unwrap_or_default()),
                    message: cause::clipped(message.unwrap_or_default()),
                    unread: unread.as_deref(),
                    region: raw.headers().get("x-amz-bucket-region"),
                    delete_marker: raw.headers().get("x-amz-delete-marker") == Some("true"),
                };
                response.name()
            }
            SdkError::ConstructionFailure(_) => {
                let code = "InvalidRequest".into();
                Self::with(op, Kind::Refused { code }, cause::chain(e))
            }
            SdkError::DispatchFailure(_) => Self::undelivered(op, e),
            // The enum is open; what is not known is not an answer.
            SdkError::TimeoutError(_) | SdkError::ResponseError(_) | _ => {
                Self::with(op, Kind::Unanswered, cause::chain(e))
            }
        };
        error.about(e)
    }

    /// A success without what makes it one.
    pub(super) fn empty(op: &'static str) -> Self {
        Self::with(op, Kind::Unanswered, "an empty answer")
    }

    /// Names the answer that it is about.
    pub(super) fn about(self, answer: &(impl RequestId + RequestIdExt)) -> Self {
        let named = |id: Option<&str>| id.map(|id| cause::clipped(id).into());
        Self {
            request_id: named(answer.request_id()),
            extended_request_id: named(answer.extended_request_id()),
            ..self
        }
    }

    /// A request that got no answer: did it leave at all?
    fn undelivered(op: &'static str, e: &(dyn StdError + 'static)) -> Self {
        if let Some(message) = cause::credentials(e) {
            return Self::with(op, Kind::Credentials(Flaw::Other), message);
        }
        let kind = if cause::is_refused_connection(e) {
            Kind::NotSent
        } else {
            Kind::Unanswered
        };
        Self::with(op, kind, cause::chain(e))
    }
}

/// What is answered by an object's headers.
const READS: [&str; 2] = ["HeadObject", "GetObject"];

/// What an answer with an error says.
struct ErrorResponse<'a> {
    op: &'static str,
    status: u16,
    code: &'a str,
    message: &'a str,
    /// Why the SDK could not read a good answer.
    unread: Option<&'a str>,
    region: Option<&'a str>,
    delete_marker: bool,
}

impl ErrorResponse<'_> {
    fn name(&self) -> S3Error {
        let kind = self.kind();
        let said = match &kind {
            Kind::Gone
            | Kind::NotFound
            | Kind::Precondition
            | Kind::Conflict
            | Kind::Region(_)
            | Kind::Archived
            | Kind::Lease => String::new(),
            Kind::Credentials(_)
            | Kind::Key
            | Kind::NotSent
            | Kind::Unanswered
            | Kind::Unreadable
            | Kind::NotImplemented => self.words(),
            Kind::Throttled(_) if self.message.is_empty() => self.words(),
            Kind::NoBucket
            | Kind::Denied
            | Kind::Throttled(_)
            | Kind::Corrupt
            | Kind::Refused { .. } => self.message.to_owned(),
        };
        S3Error::with(self.op, kind, said)
    }

    /// Code and message, or else the cause, or the status.
    fn words(&self) -> String {
        if let Some(unread) = self.unread {
            return unread.to_owned();
        }
        match (self.code, self.message) {
            ("", "") => format!("status {}", self.status),
            (said, "") | ("", said) => said.to_owned(),
            (code, message) => format!("{code}: {message}"),
        }
    }

    fn kind(&self) -> Kind {
        match (self.status, self.code) {
            (_, "NoSuchKey" | "NoSuchVersion" | "NoSuchUpload") => Kind::Gone,
            (404, _) if self.delete_marker => Kind::Gone,
            (_, "NoSuchBucket" | "NoSuchAccessPoint") => Kind::NoBucket,
            (404, _) => Kind::NotFound,
            // A part was sent once more meanwhile: by another worker, who goes on with the same upload.
            (412, _) | (_, "PreconditionFailed" | "InvalidPart") => Kind::Precondition,
            (409, "ConditionalRequestConflict" | "OperationAborted") => Kind::Conflict,
            (_, "InvalidObjectState" | "ObjectNotInActiveTierError") => Kind::Archived,
            // KMS says through S3 whether to wait or to call for help.
            (_, code) if code.starts_with("KMS.") && code.contains("Throttl") => {
                Kind::Throttled(Throttle::Kms)
            }
            (_, code) if code.starts_with("KMS.") => Kind::Key,
            (
                _,
                "InvalidAccessKeyId"
                | "SignatureDoesNotMatch"
                | "ExpiredToken"
                | "InvalidToken"
                | "TokenRefreshRequired"
                | "RequestTimeTooSkewed"
                | "NotSignedUp",
            ) => Kind::Credentials(flaw(self.code)),
            (301 | 307, _) | (_, "PermanentRedirect" | "IllegalLocationConstraintException") => {
                Kind::Region(self.region.map(Into::into))
            }
            // A HEAD to the wrong region answers 400 without a body; only the header names the region.
            (400, "" | "AuthorizationHeaderMalformed") if self.region.is_some() => {
                Kind::Region(self.region.map(Into::into))
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
            | (429, _) => Kind::Throttled(throttle(self.message)),
            // A HEAD's answer has no body that could name a code.
            (503, "") if self.op.starts_with("Head") => Kind::Throttled(Throttle::S3),
            (403, _) => Kind::Denied,
            (_, "BadDigest" | "XAmzContentChecksumMismatch" | "XAmzContentSHA256Mismatch") => {
                Kind::Corrupt
            }
            (405 | 501, _) => Kind::NotImplemented,
            // Only headers are read of these: the next answer has the same.
            (200..=299, _) if self.unread.is_some() && READS.contains(&self.op) => Kind::Unreadable,
            // Whitespace instead of XML, an InternalError inside a 200, a 500: the work may have
            // been done. `RequestTimeout` is S3 giving up on reading us.
            (200..=299 | 500 | 502 | 503 | 504, _) | (_, "RequestTimeout") => Kind::Unanswered,
            (status, "") => Kind::Refused {
                code: status.to_string().into(),
            },
            (_, code) => Kind::Refused { code: code.into() },
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

    fn response(status: u16, code: &str) -> S3Error {
        ErrorResponse {
            op: "Op",
            status,
            code,
            message: "m",
            unread: None,
            region: None,
            delete_marker: false,
        }
        .name()
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
            (
                200,
                "InternalError",
                "Op: no clear answer: InternalError: m",
            ),
            (200, "", "Op: no clear answer: m"),
            (
                500,
                "InternalError",
                "Op: no clear answer: InternalError: m",
            ),
            (
                400,
                "RequestTimeout",
                "Op: no clear answer: RequestTimeout: m",
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
                "Op: not implemented there: NotImplemented: m",
            ),
            (
                400,
                "BadDigest",
                "Op: the bytes that arrived are corrupt: m",
            ),
            (503, "ServiceUnavailable", "Op: throttled: m"),
            (503, "", "Op: no clear answer: m"),
        ] {
            assert_eq!(response(status, code).to_string(), want, "{status} {code}");
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
            let response = ErrorResponse {
                op,
                status,
                code,
                message,
                unread: None,
                region: None,
                delete_marker: false,
            };
            assert_eq!(
                response.kind(),
                Kind::Throttled(want),
                "{status} {code} {message}"
            );
        }
    }

    #[test]
    fn a_delete_marker_is_gone_for_certain() {
        let marker = ErrorResponse {
            op: "Op",
            status: 404,
            code: "NotFound",
            message: "",
            unread: None,
            region: None,
            delete_marker: true,
        };
        assert_eq!(marker.kind(), Kind::Gone);
    }

    #[test]
    fn a_head_in_the_wrong_region_says_where_the_bucket_is() {
        let head = ErrorResponse {
            op: "Op",
            status: 400,
            code: "",
            message: "",
            unread: None,
            region: Some("eu-west-1"),
            delete_marker: false,
        };
        assert_eq!(head.name().to_string(), "Op: the bucket is in eu-west-1");
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
            assert_eq!(response(status, code).retry(), want, "{status} {code}");
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
