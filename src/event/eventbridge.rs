//! S3 events as EventBridge sends them.
//!
//! Unlike in a notification, the key stands there as it is: a `+` is a plus and `%20` is three
//! characters. EventBridge sends every type of event once it is switched on, so most are ignored.

use serde::Deserialize;

use super::error::clip;
use super::object::Object;
use super::{Event, Kind, ParseError, Record, stated, unquoted};

#[derive(Deserialize)]
struct Body {
    region: Option<String>,
    time: Option<String>,
    detail: Object<Detail>,
}

#[derive(Deserialize)]
struct Detail {
    bucket: Object<Bucket>,
    object: Object<S3Object>,
}

#[derive(Deserialize)]
struct Bucket {
    name: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct S3Object {
    key: String,
    size: Option<u64>,
    etag: Option<String>,
    version_id: Option<String>,
}

/// Reads an event of source `aws.s3` whose `detail-type` is `name`.
pub(super) fn record(body: &str, name: String) -> Result<Record, ParseError> {
    let kind = match name.as_str() {
        "Object Created" => Kind::Created,
        "Object Deleted" => Kind::Removed,
        "Object Restore Completed" => Kind::Restored,
        _ => return Ok(Record::Ignored { name }),
    };
    let Body {
        region,
        time,
        detail:
            Object(Detail {
                bucket: Object(bucket),
                object: Object(object),
            }),
    } = serde_json::from_str(body)
        .map_err(|error| ParseError::record(0, clip(&error.to_string())))?;
    Event {
        bucket: bucket.name,
        key: object.key,
        kind,
        size: object.size,
        etag: unquoted(object.etag),
        version_id: stated(object.version_id),
        // Feeds the lag metric only: no reason to refuse the work.
        time: time.and_then(|time| time.parse().ok()),
        region: stated(region),
        name,
    }
    .named(0)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_key_is_taken_as_it_is() {
        for key in ["a+b", "a%20b", "a b", "資料/é\n", "100%"] {
            let detail = json!({"bucket": {"name": "raw"}, "object": {"key": key}});
            let body = json!({"detail": detail}).to_string();
            match record(&body, "Object Created".into()) {
                Ok(Record::Event(event)) => assert_eq!(event.key, key),
                other => panic!("{key}: {other:?}"),
            }
        }
    }

    #[test]
    fn other_types_are_ignored_whatever_they_hold() {
        for name in [
            "Object Restore Initiated",
            "Object Restore Expired",
            "Object Tags Added",
            "Object ACL Updated",
            "Object Storage Class Changed",
            "AWS API Call via CloudTrail",
            "object created",
        ] {
            let want = Record::Ignored { name: name.into() };
            assert_eq!(record("{}", name.into()), Ok(want), "{name}");
        }
    }

    #[test]
    fn a_bad_event_says_what_it_lacks() {
        for (why, body, want) in [
            ("no detail", json!({}), "`detail`"),
            (
                "no key",
                json!({"detail": {"bucket": {"name": "b"}, "object": {}}}),
                "`key`",
            ),
            (
                "an empty key",
                json!({"detail": {"bucket": {"name": "b"}, "object": {"key": ""}}}),
                "key is empty",
            ),
        ] {
            let error = record(&body.to_string(), "Object Deleted".into()).unwrap_err();
            assert!(
                matches!(error, ParseError::BadRecord { index: 0, .. }),
                "{why}: {error:?}"
            );
            assert!(error.to_string().contains(want), "{why}: {error}");
        }
    }
}
