//! S3 events as EventBridge sends them.
//!
//! Unlike in a notification, the key stands there as it is: a `+` is a plus and `%20` is three
//! characters. EventBridge sends every type of event once it is switched on, so most are ignored.
//!
//! A subscriber of Security Lake gets the same shape without a `detail-type`: it hears of new objects only.

use serde::Deserialize;

use super::clip::clipped;
use super::error::clip;
use super::object::Object;
use super::{Event, Kind, ParseError, Record, cloudtrail, stated, unquoted, version};

/// Who asks S3 for what a subscriber of Security Lake is told.
const SECURITY_LAKE: &str = "securitylake.amazonaws.com";

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
pub(super) fn record(body: &str, name: Option<&str>) -> Result<Record, ParseError> {
    let (kind, name) = match name {
        Some(cloudtrail::DETAIL_TYPE) => return cloudtrail::record(body),
        Some(name @ "Object Created") => (Kind::Created, name),
        Some(name @ "Object Deleted") => (Kind::Removed, name),
        Some(name @ "Object Restore Completed") => (Kind::Restored, name),
        Some(other) => {
            return Ok(Record::Ignored {
                name: clipped(other),
            });
        }
        None if is_of_security_lake(body) => (Kind::Created, "Security Lake"),
        None => {
            let hint = "the EventBridge event has no detail-type".into();
            return Err(ParseError::Foreign { hint });
        }
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
        version_id: version(object.version_id),
        // Feeds the lag metric only: no reason to refuse the work.
        time: time.and_then(|time| time.parse().ok()),
        region: stated(region),
        name: name.to_owned(),
    }
    .named(0)
}

fn is_of_security_lake(body: &str) -> bool {
    #[derive(Deserialize)]
    struct Asked {
        detail: Object<By>,
    }
    #[derive(Deserialize)]
    struct By {
        requester: Option<String>,
    }
    let asked = serde_json::from_str::<Asked>(body).ok();
    asked.is_some_and(|asked| asked.detail.0.requester.as_deref() == Some(SECURITY_LAKE))
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
            match record(&body, Some("Object Created")) {
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
            "AWS Service Event via CloudTrail",
            "object created",
        ] {
            let want = Record::Ignored { name: name.into() };
            assert_eq!(record("{}", Some(name)), Ok(want), "{name}");
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
            let error = record(&body.to_string(), Some("Object Deleted")).unwrap_err();
            assert!(
                matches!(error, ParseError::BadRecord { index: 0, .. }),
                "{why}: {error:?}"
            );
            assert!(error.to_string().contains(want), "{why}: {error}");
        }
    }

    #[test]
    fn only_security_lake_may_leave_out_the_type() {
        let body = |requester: serde_json::Value| {
            let detail = json!({
                "bucket": {"name": "raw"}, "object": {"key": "k"}, "requester": requester,
            });
            json!({ "detail": detail }).to_string()
        };
        match record(&body(json!(SECURITY_LAKE)), None) {
            Ok(Record::Event(event)) => {
                assert_eq!((event.kind, &*event.name), (Kind::Created, "Security Lake"));
            }
            other => panic!("{other:?}"),
        }
        for other in [json!("123456789012"), json!(null), json!([SECURITY_LAKE])] {
            let error = record(&body(other), None).unwrap_err().to_string();
            assert!(error.contains("has no detail-type"), "{error}");
        }
    }
}
