//! S3 event notifications, structure version 2.
//!
//! S3 raises the minor version when it adds fields and the major one when it breaks readers, so
//! any 2.x is read and anything else refused. The type is looked at before the rest: a kind of
//! event that means nothing here may be of any shape.

use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, IgnoredAny, SeqAccess, Visitor};
use serde_json::value::RawValue;

use super::clip::clipped;
use super::error::clip;
use super::object::Object;
use super::{Event, Kind, ParseError, Record, key, stated, unquoted, version};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
#[expect(clippy::struct_field_names, reason = "they are called so")]
struct Head {
    event_version: Option<String>,
    event_source: Option<String>,
    event_name: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Rest {
    aws_region: Option<String>,
    event_time: Option<String>,
    s3: Object<S3>,
}

#[derive(Deserialize)]
struct S3 {
    bucket: Object<Bucket>,
    object: Object<S3Object>,
}

#[derive(Deserialize)]
struct Bucket {
    name: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct S3Object {
    key: String,
    size: Option<u64>,
    e_tag: Option<String>,
    version_id: Option<String>,
}

/// S3 sends one. They are worked one after the other, while the message is in flight.
const MOST_RECORDS: usize = 1_000;

/// Reads the value of `Records`. One bad record refuses them all: what was meant is not known.
pub(super) fn records(raw: &RawValue) -> Result<Vec<Record>, ParseError> {
    let Listed { records, more } =
        serde_json::from_str(raw.get()).map_err(|_| ParseError::Foreign {
            hint: "its Records is not a list".into(),
        })?;
    if more > 0 {
        let has = MOST_RECORDS + more;
        let why = format!("a message may have {MOST_RECORDS}, this has {has}");
        return Err(ParseError::record(MOST_RECORDS, why));
    }
    records
        .into_iter()
        .enumerate()
        .map(|(index, raw)| record(index, raw))
        .collect()
}

/// The first records of a list, and how many others there are: a mebibyte may have half a million.
struct Listed<'a> {
    records: Vec<&'a RawValue>,
    more: usize,
}

impl<'de> Deserialize<'de> for Listed<'de> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Lister;
        impl<'de> Visitor<'de> for Lister {
            type Value = Listed<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self::Value, A::Error> {
                let (mut records, mut more) = (Vec::new(), 0);
                while records.len() < MOST_RECORDS
                    && let Some(record) = list.next_element()?
                {
                    records.push(record);
                }
                while list.next_element::<IgnoredAny>()?.is_some() {
                    more += 1;
                }
                Ok(Listed { records, more })
            }
        }
        from.deserialize_seq(Lister)
    }
}

fn record(index: usize, raw: &RawValue) -> Result<Record, ParseError> {
    let wrong = |error: serde_json::Error| ParseError::record(index, clip(&error.to_string()));
    let Object(Head {
        event_version,
        event_source,
        event_name,
    }) = serde_json::from_str(raw.get()).map_err(wrong)?;
    // AWS emulators say minio:s3 or ceph:s3.
    if let Some(source) = event_source.filter(|source| !source.ends_with(":s3")) {
        let why = format!("eventSource is \"{}\", expected \"aws:s3\"", clip(&source));
        return Err(ParseError::record(index, why));
    }
    let layout = event_version.unwrap_or_default();
    if layout.split_once('.').is_none_or(|(major, _)| major != "2") {
        let why = format!("eventVersion is \"{}\", expected 2.x", clip(&layout));
        return Err(ParseError::record(index, why));
    }
    let Some(name) = stated(event_name) else {
        return Err(ParseError::record(index, "eventName is missing"));
    };
    let (kind, name) = (kind(&name), clipped(&name));
    let Some(kind) = kind else {
        return Ok(Record::Ignored { name });
    };
    let Rest {
        aws_region,
        event_time,
        s3:
            Object(S3 {
                bucket: Object(bucket),
                object: Object(object),
            }),
    } = serde_json::from_str(raw.get()).map_err(wrong)?;
    let Some(key) = key::from_form(&object.key) else {
        return Err(ParseError::BadKey {
            index,
            key: clip(&object.key),
        });
    };
    Event {
        bucket: bucket.name,
        key,
        kind,
        size: object.size,
        etag: unquoted(object.e_tag),
        version_id: version(object.version_id),
        // Feeds the lag metric only: no reason to refuse the work.
        time: event_time.and_then(|time| time.parse().ok()),
        region: stated(aws_region),
        name,
    }
    .named(index)
}

/// What a type of event asks for, or `None` if nothing. Some senders prefix it with `s3:`.
fn kind(name: &str) -> Option<Kind> {
    let name = name.strip_prefix("s3:").unwrap_or(name);
    // The other events of a restore say that it began, or that it has expired.
    if name == "ObjectRestore:Completed" {
        return Some(Kind::Restored);
    }
    match name.split_once(':').map_or(name, |(family, _)| family) {
        "ObjectCreated" => Some(Kind::Created),
        "ObjectRemoved" | "LifecycleExpiration" => Some(Kind::Removed),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn created() -> Value {
        json!({
            "eventVersion": "2.1", "eventName": "ObjectCreated:Put",
            "s3": {"bucket": {"name": "raw"}, "object": {"key": "in/a+b.csv"}},
        })
    }

    /// [`created`], with the value at `path` replaced, or taken away by `null`.
    fn with(path: &str, value: Value) -> Value {
        let mut record = created();
        let (parent, field) = path.rsplit_once('/').expect("a pointer has a slash");
        record.pointer_mut(parent).expect("the parent is there")[field] = value;
        record
    }

    fn read(records: &Value) -> Result<Vec<Record>, ParseError> {
        let text = records.to_string();
        super::records(serde_json::from_str(&text).unwrap())
    }

    fn one(record: &Value) -> Event {
        match read(&json!([record])).unwrap().remove(0) {
            Record::Event(event) => event,
            Record::Ignored { name } => panic!("{name} was ignored"),
        }
    }

    #[test]
    fn the_type_decides_what_an_event_asks_for() {
        for (name, want) in [
            ("ObjectCreated:Put", Some(Kind::Created)),
            (
                "s3:ObjectCreated:CompleteMultipartUpload",
                Some(Kind::Created),
            ),
            ("ObjectCreated:SomethingNew", Some(Kind::Created)),
            ("ObjectRemoved:Delete", Some(Kind::Removed)),
            ("ObjectRemoved:DeleteMarkerCreated", Some(Kind::Removed)),
            (
                "s3:LifecycleExpiration:DeleteMarkerCreated",
                Some(Kind::Removed),
            ),
            ("ObjectRestore:Completed", Some(Kind::Restored)),
            ("s3:ObjectRestore:Completed", Some(Kind::Restored)),
            ("ObjectRestore:Post", None),
            ("ObjectRestore:Delete", None),
            ("ObjectTagging:Put", None),
            ("ObjectAcl:Put", None),
            ("Replication:OperationMissedThreshold", None),
            ("LifecycleTransition", None),
            ("ReducedRedundancyLostObject", None),
            ("ObjectCreatedLater:Put", None),
        ] {
            assert_eq!(kind(name), want, "{name}");
        }
    }

    #[test]
    fn no_more_records_are_kept_than_a_message_may_have() {
        for (count, more) in [(999, 0), (1_000, 0), (1_001, 1), (100_000, 99_000)] {
            let text = format!("[{}0]", "0,".repeat(count - 1));
            let listed: Listed<'_> = serde_json::from_str(&text).unwrap();
            let kept = (listed.records.len(), listed.more);
            assert_eq!(kept, (count - more, more), "{count}");
            assert!(listed.records.capacity() <= 1_024, "{count}");
        }
        let error = read(&json!(vec![0; 1_001])).unwrap_err();
        assert!(error.to_string().contains("this has 1001"), "{error}");
    }

    #[test]
    fn an_event_of_no_interest_may_be_of_any_shape() {
        let odd = json!({"eventVersion": "2.3", "eventName": "ObjectTagging:Put", "s3": 1});
        let name = "ObjectTagging:Put".to_owned();
        assert_eq!(read(&json!([odd])).unwrap(), [Record::Ignored { name }]);
    }

    #[test]
    fn what_may_be_missing_may_be_missing_null_or_empty() {
        let want = one(&created());
        assert_eq!((&*want.bucket, &*want.key), ("raw", "in/a b.csv"));
        assert_eq!(
            (want.size, &want.etag, &want.version_id),
            (None, &None, &None)
        );
        assert_eq!((want.time, &want.region), (None, &None));
        for (why, record) in [
            ("a null size", with("/s3/object/size", json!(null))),
            ("a null eTag", with("/s3/object/eTag", json!(null))),
            ("an eTag of quotes", with("/s3/object/eTag", json!("\"\""))),
            ("a null version", with("/s3/object/versionId", json!(null))),
            ("an empty version", with("/s3/object/versionId", json!(""))),
            ("a null region", with("/awsRegion", json!(null))),
            ("a time in words", with("/eventTime", json!("yesterday"))),
            (
                "an unknown field",
                with("/s3/object/mood", json!({"good": [1]})),
            ),
            (
                "a later minor version",
                with("/eventVersion", json!("2.99")),
            ),
            ("another server", with("/eventSource", json!("minio:s3"))),
        ] {
            assert_eq!(one(&record), want, "{why}");
        }
    }

    #[test]
    fn what_is_there_is_read() {
        assert_eq!(
            one(&with("/s3/object/size", json!(5_497_558_138_880_u64))).size,
            Some(5 << 40)
        );
        let etag = |text: &str| one(&with("/s3/object/eTag", json!(text))).etag;
        assert_eq!(
            etag("\"d41d8cd9-2\"").as_deref(),
            Some("d41d8cd9-2"),
            "quotes are not part"
        );
        assert_eq!(etag("d41d8cd9").as_deref(), Some("d41d8cd9"));
        for no_etag in ["\u{1}", "a b", "ü", &"e".repeat(129)] {
            assert_eq!(etag(no_etag), None, "{no_etag}");
        }
        let version = one(&with("/s3/object/versionId", json!("null"))).version_id;
        assert_eq!(
            version.as_deref(),
            Some("null"),
            "the version of a suspended bucket"
        );
        let time = one(&with("/eventTime", json!("1970-01-01T00:00:01.500Z"))).time;
        assert_eq!(time.map(jiff::Timestamp::as_millisecond), Some(1500));
    }

    #[test]
    #[rustfmt::skip]
    fn a_bad_record_says_what_it_lacks() {
        for (why, record, want) in [
            ("a new major version",        with("/eventVersion", json!("3.0")),        "eventVersion is \"3.0\""),
            ("a major that begins with 2", with("/eventVersion", json!("20.1")),       "eventVersion is \"20.1\""),
            ("no version",                 with("/eventVersion", json!(null)),         "expected 2.x"),
            ("a number for a version",     with("/eventVersion", json!(2.1)),          "invalid type"),
            ("another service",            with("/eventSource", json!("aws:kinesis")), "\"aws:kinesis\""),
            ("no type",                    with("/eventName", json!(null)),            "eventName is missing"),
            ("no object",                  with("/s3/object", json!(null)),            "expected an object"),
            ("no S3 at all",               json!({"eventVersion": "2.1", "eventName": "ObjectCreated:Put"}), "`s3`"),
            ("an empty bucket",            with("/s3/bucket/name", json!("")),         "bucket name is empty"),
            ("an empty key",               with("/s3/object/key", json!("")),          "key is empty"),
            ("a negative size",            with("/s3/object/size", json!(-1)),         "invalid value"),
            ("nothing",                    json!(null),                                "expected an object"),
        ] {
            let error = read(&json!([created(), record])).unwrap_err();
            assert!(
                matches!(error, ParseError::BadRecord { index: 1, .. }),
                "{why}: {error:?}"
            );
            assert!(error.to_string().contains(want), "{why}: {error}");
        }
        let error = read(&json!([with("/s3/object/key", json!("caf%E9"))])).unwrap_err();
        assert_eq!(
            error,
            ParseError::BadKey {
                index: 0,
                key: "caf%E9".into()
            }
        );
        assert!(
            matches!(read(&json!({})), Err(ParseError::Foreign { .. })),
            "an object"
        );
    }
}
