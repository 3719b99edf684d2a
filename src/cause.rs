//! What lies behind an SDK answer: the SDK wraps causes deeply, and calls a lack of credentials a
//! failure of the connection.

use std::error::Error;

use aws_credential_types::provider::error::CredentialsError;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_runtime_api::http::Response;

/// The answer's HTTP status, if there was an answer.
pub(crate) fn status<T, E>(answer: &Result<T, SdkError<E, Response>>) -> Option<u16> {
    match answer {
        Ok(_) => Some(200),
        Err(e) => e.raw_response().map(|raw| raw.status().as_u16()),
    }
}

/// The error and all its causes, in one line. The chain of credentials providers names itself in
/// there, never a secret.
pub(crate) fn chain(e: &(dyn Error + 'static)) -> String {
    let told: Vec<_> = causes(e).map(ToString::to_string).collect();
    told.join(": ")
}

/// What is wrong with the credentials, if that is why nothing was sent.
pub(crate) fn credentials(e: &(dyn Error + 'static)) -> Option<String> {
    causes(e).find(|e| e.is::<CredentialsError>()).map(chain)
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
