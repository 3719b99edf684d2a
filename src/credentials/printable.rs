//! Credentials that HTTP headers can carry.
//!
//! Access key and session token travel in headers, and the SDK panics over a value that no header can hold; a trailing
//! line end in a variable is enough. So each value is checked when it is read, and a refusal names the value without
//! showing it.

use aws_credential_types::Credentials;
use aws_credential_types::provider::error::CredentialsError;
use aws_credential_types::provider::{ProvideCredentials, SharedCredentialsProvider, future};

/// What is wrong with a value.
pub(super) const UNPRINTABLE: &str =
    "contains a space, a line end or another character that is not printable ASCII";

/// Whether a header can carry the value, and a signature is likely to match.
pub(super) fn is_printable(value: &str) -> bool {
    value.bytes().all(|byte| byte.is_ascii_graphic())
}

/// A provider whose credentials can all be sent.
#[derive(Debug)]
pub struct Printable(pub SharedCredentialsProvider);

impl ProvideCredentials for Printable {
    fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        future::ProvideCredentials::new(async { checked(self.0.provide_credentials().await?) })
    }

    fn fallback_on_interrupt(&self) -> Option<Credentials> {
        checked(self.0.fallback_on_interrupt()?).ok()
    }
}

fn checked(credentials: Credentials) -> Result<Credentials, CredentialsError> {
    let token = credentials.session_token().unwrap_or_default();
    for (name, value) in [
        ("access key id", credentials.access_key_id()),
        ("secret access key", credentials.secret_access_key()),
        ("session token", token),
    ] {
        if !is_printable(value) {
            let why = format!("the {name} {UNPRINTABLE}");
            return Err(CredentialsError::invalid_configuration(why));
        }
    }
    Ok(credentials)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cause;

    #[tokio::test]
    async fn what_no_header_can_carry_is_refused_by_its_name() {
        let (id, secret, token) = ("AKIA/1", "hu+sh=", "t/o=");
        for (why, id, secret, token, want) in [
            ("good ones", id, secret, Some(token), None),
            ("no token", id, secret, None, None),
            ("a line end", "AKIA1\n", secret, None, Some("access key id")),
            ("within it", "AKIA\n1", secret, None, Some("access key id")),
            ("a space", id, " hush", None, Some("secret access key")),
            ("a tab", id, "hu\tsh", None, Some("secret access key")),
            ("NUL", id, secret, Some("t\0"), Some("session token")),
            ("DEL", id, secret, Some("t\x7f"), Some("session token")),
            ("no ASCII", id, secret, Some("tö"), Some("session token")),
        ] {
            let token = token.map(ToOwned::to_owned);
            let given = Credentials::new(id, secret, token, None, "test");
            let provider = Printable(SharedCredentialsProvider::new(given.clone()));
            let got = provider.provide_credentials().await;
            let Some(name) = want else {
                assert_eq!(got.unwrap(), given, "{why}");
                continue;
            };
            let said = cause::chain(&got.unwrap_err());
            let want = format!("the {name} {UNPRINTABLE}");
            assert!(said.ends_with(&want), "{why}: {said}");
            assert!(!said.contains("AKIA") && !said.contains("hu"), "{said}");
        }
    }
}
