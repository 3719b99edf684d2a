//! What a secret says: JSON in, an access key out.
//!
//! There is no one spelling: IAM's own output, the SDK's files, and what people type differ. A
//! field is known by its letters, whatever their case, `_` and a leading `aws`. White space around a value is
//! left out: it comes from the file or the editor that the value was pasted from, and is part of no key.

use aws_credential_types::Credentials;
use serde_json::{Map, Value};

use super::printable::{UNPRINTABLE, is_printable};

/// One field: what it is called here, and what it may be called, bare.
struct Field {
    name: &'static str,
    spellings: &'static [&'static str],
}

const KEY: Field = Field {
    name: "AccessKeyId",
    spellings: &["accesskeyid", "accesskey", "keyid"],
};
const SECRET: Field = Field {
    name: "SecretAccessKey",
    spellings: &["secretaccesskey", "secretkey", "secretaccesskeyid"],
};
const TOKEN: Field = Field {
    name: "SessionToken",
    spellings: &["sessiontoken", "securitytoken", "token"],
};

/// The provider name that the SDK is given.
const PROVIDER: &str = "SecretsManager";

/// Reads the credentials that a secret holds.
///
/// # Errors
/// Says what is missing, and never what is there.
pub fn read(text: &str) -> Result<Credentials, String> {
    let value: Value = serde_json::from_str(text).map_err(|_| "not JSON".to_owned())?;
    let Value::Object(fields) = value else {
        return Err("not a JSON object".into());
    };
    let key = KEY.must(&fields)?;
    let secret = SECRET.must(&fields)?;
    let token = TOKEN.of(&fields)?;
    Ok(Credentials::new(key, secret, token, None, PROVIDER))
}

impl Field {
    fn must(&self, fields: &Map<String, Value>) -> Result<String, String> {
        let found = self.of(fields)?;
        found.ok_or_else(|| format!("no {}, in any usual spelling", self.name))
    }

    /// The field's text; none if it is not there, null or empty.
    fn of(&self, fields: &Map<String, Value>) -> Result<Option<String>, String> {
        let mut found: Option<String> = None;
        for (name, value) in fields {
            if !self.spellings.contains(&&*bare(name)) || value.is_null() {
                continue;
            }
            let Some(text) = value.as_str().map(str::trim) else {
                return Err(format!("its {} is not text", self.name));
            };
            if text.is_empty() {
                continue;
            }
            if !is_printable(text) {
                return Err(format!("its {} {UNPRINTABLE}", self.name));
            }
            if found.as_deref().is_some_and(|first| first != text) {
                return Err(format!("two different {}s", self.name));
            }
            found = Some(text.to_owned());
        }
        Ok(found)
    }
}

fn bare(name: &str) -> String {
    let bare = name.to_ascii_lowercase().replace(['_', '-', ' '], "");
    bare.strip_prefix("aws").unwrap_or(&bare).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_usual_spelling_is_read() {
        for (key, secret, token) in [
            ("AccessKeyId", "SecretAccessKey", "SessionToken"),
            (
                "aws_access_key_id",
                "aws_secret_access_key",
                "aws_session_token",
            ),
            (
                "AWS_ACCESS_KEY_ID",
                "AWS_SECRET_ACCESS_KEY",
                "AWS_SESSION_TOKEN",
            ),
            ("access_key_id", "secret_access_key", "session_token"),
            ("accessKeyId", "secretAccessKey", "sessionToken"),
            ("accessKey", "secretKey", "token"),
            ("access_key", "secret_key", "aws_security_token"),
            ("Access-Key", "Secret Access Key", "security-token"),
        ] {
            let text =
                serde_json::json!({ key: "AKIA\r\n", secret: " hush\n", token: "t", "user": 1 });
            let read = read(&text.to_string()).unwrap();
            let got = (
                read.access_key_id(),
                read.secret_access_key(),
                read.session_token(),
            );
            assert_eq!(got, ("AKIA", "hush", Some("t")), "{key}");
        }
    }

    #[test]
    fn what_is_missing_is_named_and_what_is_there_is_not() {
        for (why, text, want) in [
            ("text", "hush", "not JSON"),
            ("torn", "{\"AccessKeyId\": \"hush", "not JSON"),
            ("a string", "\"hush\"", "not a JSON object"),
            (
                "no key",
                "{\"SecretAccessKey\": \"hush\"}",
                "no AccessKeyId, in any usual spelling",
            ),
            (
                "no secret",
                "{\"AccessKeyId\": \"hush\"}",
                "no SecretAccessKey, in any usual spelling",
            ),
            (
                "empty",
                "{\"AccessKeyId\": \"hush\", \"SecretAccessKey\": \" \"}",
                "no SecretAccessKey, in any usual spelling",
            ),
            (
                "a number",
                "{\"AccessKeyId\": 12345}",
                "its AccessKeyId is not text",
            ),
            (
                "a line end within",
                "{\"AccessKeyId\": \"AKIA\\nhush\", \"SecretAccessKey\": \"hush\"}",
                "its AccessKeyId contains a space, a line end or another character that is not printable ASCII",
            ),
            (
                "a space within",
                "{\"AccessKeyId\": \"AKIA\", \"SecretAccessKey\": \"hu sh\"}",
                "its SecretAccessKey contains a space, a line end or another character that is not printable ASCII",
            ),
            (
                "a control character at the end, which is no white space",
                "{\"AccessKeyId\": \"AKIA\", \"SecretAccessKey\": \"hush\", \"SessionToken\": \"t\\u0000\"}",
                "its SessionToken contains a space, a line end or another character that is not printable ASCII",
            ),
            (
                "two keys",
                "{\"AccessKeyId\": \"hush\", \"accessKey\": \"hush2\"}",
                "two different AccessKeyIds",
            ),
        ] {
            assert_eq!(read(text).unwrap_err(), want, "{why}");
        }
    }

    #[test]
    fn without_a_token_there_is_none() {
        let text =
            "{\"AccessKeyId\": \"AKIA\", \"SecretAccessKey\": \"hush\", \"SessionToken\": null}";
        assert_eq!(read(text).unwrap().session_token(), None);
    }
}
