//! Our own message: look at this key.
//!
//! Sent by whoever wants a key worked without an event: a backfill, a repair, a person. The
//! envelope is versioned, and a newer version is no error: during a rolling deploy the message
//! is for another process.

use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

use super::error::clip;
use super::{Event, Kind, ParseError, Record, key};

/// The version of the envelope this release writes, and the newest it reads.
pub(super) const VERSION: u64 = 1;

/// Builds the body of a message that asks for a key to be worked.
#[must_use]
pub fn work_message(bucket: &str, key: &str) -> String {
    let (bucket, key) = (Value::from(bucket), Value::from(key::to_percent(key)));
    format!(r#"{{"brigade":{VERSION},"kind":"work","bucket":{bucket},"key":{key}}}"#)
}

/// Reads the value of the field `brigade`.
pub(super) fn version(raw: &RawValue) -> Result<u64, ParseError> {
    if let Ok(version @ 1..) = serde_json::from_str(raw.get()) {
        return Ok(version);
    }
    let hint = format!("its version is {}, expected {VERSION}", clip(raw.get()));
    Err(ParseError::Foreign { hint })
}

#[derive(Deserialize)]
struct Head {
    kind: Option<String>,
}

#[derive(Deserialize)]
struct Asked {
    bucket: String,
    key: String,
}

/// Reads a body of this release's version.
pub(super) fn record(body: &str) -> Result<Record, ParseError> {
    let wrong = |error: serde_json::Error| ParseError::record(0, clip(&error.to_string()));
    let Head { kind } = serde_json::from_str(body).map_err(wrong)?;
    let name = kind.unwrap_or_default();
    if name != "work" {
        let hint = format!("its kind is \"{}\", expected \"work\"", clip(&name));
        return Err(ParseError::Foreign { hint });
    }
    let Asked { bucket, key: sent } = serde_json::from_str(body).map_err(wrong)?;
    let Some(key) = key::from_percent(&sent) else {
        return Err(ParseError::BadKey {
            index: 0,
            key: clip(&sent),
        });
    };
    let kind = Kind::Asked;
    let (size, etag, version_id, time, region) = (None, None, None, None, None);
    Event {
        bucket,
        key,
        kind,
        size,
        etag,
        version_id,
        time,
        region,
        name,
    }
    .named(0)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_message_is_what_is_documented() {
        assert_eq!(
            work_message("raw", "in/a b+c%é.csv"),
            r#"{"brigade":1,"kind":"work","bucket":"raw","key":"in/a%20b%2Bc%25%C3%A9.csv"}"#,
        );
    }

    #[test]
    fn a_version_is_a_number_from_one_up() {
        for (raw, want) in [
            ("1", Some(1)),
            ("2", Some(2)),
            ("0", None),
            ("-1", None),
            ("1.5", None),
            ("1e99", None),
            ("\"1\"", None),
            ("[]", None),
        ] {
            assert_eq!(
                version(serde_json::from_str(raw).unwrap()).ok(),
                want,
                "{raw}"
            );
        }
    }

    #[test]
    #[rustfmt::skip]
    fn a_broken_message_says_what_it_lacks() {
        for (why, body, want) in [
            ("no kind",          "{}",                                        "its kind is \"\", expected \"work\""),
            ("a kind of later",  r#"{"kind":"job"}"#,                         "its kind is \"job\""),
            ("no bucket",        r#"{"kind":"work","key":"k"}"#,              "`bucket`"),
            ("no key",           r#"{"kind":"work","bucket":"b"}"#,           "`key`"),
            ("an empty key",     r#"{"kind":"work","bucket":"b","key":""}"#,  "key is empty"),
            ("an empty bucket",  r#"{"kind":"work","bucket":"","key":"k"}"#,  "bucket name is empty"),
            ("a key not UTF-8",  r#"{"kind":"work","bucket":"b","key":"%FF"}"#, "record 0 has \"%FF\""),
        ] {
            let error = record(body).unwrap_err().to_string();
            assert!(error.contains(want), "{why}: {error}");
        }
    }

    proptest! {
        #[test]
        fn any_key_survives_the_message(bucket in "[a-z0-9.-]{3,63}", key in "(?s).{1,64}") {
            match record(&work_message(&bucket, &key)) {
                Ok(Record::Event(event)) => {
                    let reported = (event.bucket, event.key, event.kind);
                    prop_assert_eq!(reported, (bucket, key, Kind::Asked));
                }
                other => prop_assert!(false, "{other:?}"),
            }
        }
    }
}
