//! Describes an SDK error by its causes. The SDK wraps them deeply, and reports missing credentials as a failed
//! connection.
//!
//! The description ends up in logs, `/ready` and `/status.json`. So it is made of what errors say of themselves, never
//! of the raw answer, which may hold messages and receipt handles, and it is cut, because a proxy's error page may be
//! endless.

use std::error::Error;

use aws_credential_types::provider::error::CredentialsError;
use aws_sdk_sqs::operation::RequestId;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_runtime_api::http::Response;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;

/// Where the SDK's chain of credential providers finds nothing: its own error lists all providers.
pub(crate) const NO_CREDENTIALS: &str = "no credentials were found";

/// What to do about it.
pub(crate) const GIVE_CREDENTIALS: &str = "set AWS_PROFILE, or AWS_ACCESS_KEY_ID and \
     AWS_SECRET_ACCESS_KEY, or run where a role is attached (EC2, ECS, EKS)";

/// Of what a stranger says, in bytes.
const LONGEST: usize = 2048;

/// What stands between what was said and the request's id.
const REQUEST: &str = " (request id ";

/// The answer's HTTP status, if there was an answer.
pub(crate) fn status<T, E>(answer: &Result<T, SdkError<E, Response>>) -> Option<u16> {
    match answer {
        Ok(_) => Some(200),
        Err(e) => e.raw_response().map(|raw| raw.status().as_u16()),
    }
}

/// What a service said, or else how far the call came.
pub(crate) fn describe<E>(e: &SdkError<E, Response>) -> String
where
    E: ProvideErrorMetadata + Error + 'static,
{
    let said = match e.code() {
        Some(code) => {
            let said = e.message().unwrap_or("no message");
            clipped(&format!("{code}: {said}")).to_owned()
        }
        None => credentials(e).unwrap_or_else(|| chain(e)),
    };
    of_request(said, e)
}

/// Adds the id of the request that was answered so: AWS support asks for it first.
pub(crate) fn of_request(said: String, answer: &impl RequestId) -> String {
    match answer.request_id() {
        Some(id) => format!("{said}{REQUEST}{})", clipped(id)),
        None => said,
    }
}

/// Whether two answers say the same, each of its own request.
pub(crate) fn is_same(one: &str, other: &str) -> bool {
    let said = |text: &str| -> String {
        let mut parts = text.split(REQUEST);
        let first = parts.next().unwrap_or_default().to_owned();
        // An id has no bracket.
        let rest = parts.map(|part| part.split_once(')').map_or("", |(_, rest)| rest));
        rest.fold(first, |said, rest| said + rest)
    };
    said(one) == said(other)
}

/// The first 2 KiB, cut at a character's end.
pub(crate) fn clipped(text: &str) -> &str {
    &text[..text.floor_char_boundary(LONGEST)]
}

/// The error and all its causes, in one line. The chain of credentials providers names itself in
/// there, never a secret.
pub(crate) fn chain(e: &(dyn Error + 'static)) -> String {
    let describe: Vec<_> = causes(e).map(ToString::to_string).collect();
    clipped(&describe.join(": ")).to_owned()
}

/// What is wrong with the credentials, if that is why nothing was sent.
pub(crate) fn credentials(e: &(dyn Error + 'static)) -> Option<String> {
    let error = causes(e).find(|e| e.is::<CredentialsError>())?;
    Some(if has_none(error) {
        format!("{NO_CREDENTIALS}: {GIVE_CREDENTIALS}")
    } else {
        chain(error)
    })
}

/// Whether the error is that the chain has found no credentials, for itself or to assume a role with.
pub(crate) fn has_none(e: &(dyn Error + 'static)) -> bool {
    causes(e).any(|e| {
        let error = e.downcast_ref::<CredentialsError>();
        matches!(error, Some(CredentialsError::CredentialsNotLoaded(_)))
    })
}

/// Whether the connection was refused, so that nothing can have been sent.
pub(crate) fn is_refused_connection(e: &(dyn Error + 'static)) -> bool {
    let refused = std::io::ErrorKind::ConnectionRefused;
    causes(e).any(|e| {
        e.downcast_ref::<std::io::Error>()
            .is_some_and(|io| io.kind() == refused)
    })
}

fn causes<'a>(e: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    let mut next = Some(e);
    std::iter::from_fn(move || {
        let e = next?;
        next = e.source();
        Some(e)
    })
}

#[cfg(test)]
mod tests {
    use std::io;

    use aws_sdk_sqs::operation::receive_message::ReceiveMessageError;
    use aws_smithy_runtime_api::client::result::ConnectorError;
    use aws_smithy_runtime_api::http::StatusCode;
    use aws_smithy_types::body::SdkBody;
    use aws_smithy_types::error::ErrorMetadata;

    use super::*;

    type Failed = SdkError<ReceiveMessageError, Response>;

    /// An answer whose body nobody but us shall read.
    fn answer(status: u16) -> Response {
        let status = StatusCode::try_from(status).expect("a status");
        Response::new(
            status,
            SdkBody::from(r#"{"Body":"SECRET","ReceiptHandle":"SECRET"}"#),
        )
    }

    fn service(status: u16, code: Option<&str>, message: &str) -> Failed {
        let meta = ErrorMetadata::builder().message(message);
        let meta = match code {
            Some(code) => meta.code(code),
            None => meta,
        };
        SdkError::service_error(ReceiveMessageError::generic(meta.build()), answer(status))
    }

    #[test]
    fn a_failed_call_tells_its_cause_and_nothing_of_the_answer() {
        let refused = io::Error::new(io::ErrorKind::ConnectionRefused, "Connection refused");
        let refused = ConnectorError::io(format!("tcp connect error: {refused}").into());
        #[rustfmt::skip]
        let table: [(&str, Failed, &str); 5] = [
            ("mangled on the way", SdkError::response_error(io::Error::other("expected `]`"), answer(200)), "response error: expected `]`"),
            ("nobody there", SdkError::dispatch_failure(refused), "dispatch failure: io error: tcp connect error: Connection refused"),
            ("no code", service(502, None, "m"), "service error: "),
            ("a code", service(400, Some("Denied"), "no"), "Denied: no"),
            ("a timeout", SdkError::timeout_error(io::Error::other("3 s")), "request has timed out: 3 s"),
        ];
        for (why, failed, want) in table {
            let describe = describe(&failed);
            assert!(describe.starts_with(want), "{why}: {describe}");
            assert!(!describe.contains("SECRET"), "{why}: {describe}");
        }
    }

    #[test]
    fn missing_credentials_are_named_without_the_list_of_providers() {
        let chain = "no credentials found in chain. Attempted:\n  Environment: …";
        let none = ConnectorError::other(CredentialsError::not_loaded(chain).into(), None);
        let describe = describe(&Failed::dispatch_failure(none));
        assert!(
            describe.starts_with("no credentials were found: set AWS_PROFILE"),
            "{describe}"
        );
        assert!(!describe.contains("Attempted"), "{describe}");
        let denied = CredentialsError::provider_error("AccessDenied: not authorized");
        let denied = ConnectorError::other(denied.into(), None);
        let describe = super::describe(&Failed::dispatch_failure(denied));
        assert!(describe.contains("AccessDenied"), "{describe}");
    }

    #[test]
    fn what_a_service_said_names_its_request_and_is_told_from_other_words() {
        let refused = |id: &'static str| {
            let meta = ErrorMetadata::builder().code("Denied").message("no");
            let mut raw = answer(400);
            raw.headers_mut().insert("x-amzn-requestid", id);
            describe(&Failed::service_error(
                ReceiveMessageError::generic(meta.build()),
                raw,
            ))
        };
        assert_eq!(refused("abc"), "Denied: no (request id abc)");
        let then = |id| format!("tables: {}; partition a", refused(id));
        assert!(is_same(&then("abc"), &then("def")));
        assert!(!is_same(&then("abc"), &then("abc").replace("no", "not")));
    }

    #[test]
    fn what_a_stranger_says_is_cut_at_a_characters_end() {
        let page = format!("<{}", "ü".repeat(5000));
        for (why, failed) in [
            ("a message", service(400, Some("C"), &page)),
            ("no code", service(502, None, &page)),
            (
                "a cause",
                SdkError::response_error(io::Error::other(page.clone()), answer(200)),
            ),
        ] {
            let describe = describe(&failed);
            assert!(
                (2047..=2048).contains(&describe.len()),
                "{why}: {}",
                describe.len()
            );
        }
    }
}
