//! S3's object calls as CloudTrail logs them, sent on by EventBridge.
//!
//! A rule of source `aws.s3` and this detail type is the older way to hear of objects. It tells of each call, also of
//! those that only read and those that were refused. The key stands there as it is. The size is that of the
//! request, and the object's `ETag` is not told, so neither is read.

use serde::Deserialize;
use serde_json::value::RawValue;

use super::clip::clipped;
use super::error::clip;
use super::object::Object;
use super::{Event, Kind, ParseError, Record, stated};

/// The detail type of all of them.
pub(super) const DETAIL_TYPE: &str = "AWS API Call via CloudTrail";

#[derive(Deserialize)]
struct Body<'a> {
    time: Option<String>,
    region: Option<String>,
    #[serde(borrow)]
    detail: Object<Call<'a>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Call<'a> {
    event_name: Option<String>,
    event_time: Option<String>,
    aws_region: Option<String>,
    #[serde(borrow)]
    error_code: Option<&'a RawValue>,
    #[serde(borrow)]
    request_parameters: Option<&'a RawValue>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Parameters {
    bucket_name: String,
    key: String,
}

/// Reads an event of [`DETAIL_TYPE`].
pub(super) fn record(body: &str) -> Result<Record, ParseError> {
    let wrong = |error: serde_json::Error| ParseError::record(0, clip(&error.to_string()));
    let Body {
        time,
        region,
        detail: Object(call),
    } = serde_json::from_str(body).map_err(wrong)?;
    let Some(called) = stated(call.event_name) else {
        return Err(ParseError::record(0, "eventName is missing"));
    };
    let name = clipped(&format!("CloudTrail:{called}"));
    let kind = match called.as_str() {
        // `PostObject` is a browser's form.
        "PutObject" | "PostObject" | "CopyObject" | "CompleteMultipartUpload" => Kind::Created,
        "DeleteObject" => Kind::Removed,
        // `DeleteObjects` does not name its keys.
        _ => return Ok(Record::Ignored { name }),
    };
    if call.error_code.is_some() {
        // Refused: nothing was changed.
        return Ok(Record::Ignored { name });
    }
    let Some(parameters) = call.request_parameters else {
        return Err(ParseError::record(0, "requestParameters is missing"));
    };
    let Object(Parameters { bucket_name, key }) =
        serde_json::from_str(parameters.get()).map_err(wrong)?;
    let time = stated(call.event_time).or(time);
    Event {
        bucket: bucket_name,
        key,
        kind,
        size: None,
        etag: None,
        version_id: None,
        // Feeds the lag metric only: no reason to refuse the work.
        time: time.and_then(|time| time.parse().ok()),
        region: stated(call.aws_region).or(stated(region)),
        name,
    }
    .named(0)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn call(name: &str, parameters: &Value) -> String {
        json!({"detail": {"eventName": name, "requestParameters": parameters}}).to_string()
    }

    #[test]
    fn a_call_that_makes_an_object_is_a_creation_and_one_that_deletes_a_removal() {
        let parameters = json!({"bucketName": "raw", "key": "a+b%20c é.csv", "Host": ["x"]});
        for (name, want) in [
            ("PutObject", Some(Kind::Created)),
            ("PostObject", Some(Kind::Created)),
            ("CopyObject", Some(Kind::Created)),
            ("CompleteMultipartUpload", Some(Kind::Created)),
            ("DeleteObject", Some(Kind::Removed)),
            ("DeleteObjects", None),
            ("GetObject", None),
            ("HeadObject", None),
            ("CreateMultipartUpload", None),
            ("UploadPart", None),
            ("AbortMultipartUpload", None),
            ("PutObjectTagging", None),
            ("DeleteObjectTagging", None),
            ("RestoreObject", None),
            ("DeleteBucket", None),
        ] {
            match record(&call(name, &parameters)) {
                Ok(Record::Event(event)) => {
                    let got = (&*event.bucket, &*event.key, Some(event.kind));
                    assert_eq!(got, ("raw", "a+b%20c é.csv", want), "{name}");
                    assert_eq!((event.size, event.etag), (None, None), "{name}");
                }
                Ok(Record::Ignored { name: reported }) => {
                    assert_eq!((want, reported), (None, format!("CloudTrail:{name}")));
                }
                Err(error) => panic!("{name}: {error}"),
            }
        }
    }

    #[test]
    fn a_refused_call_is_ignored_and_a_null_error_is_none() {
        let call = |code: Value| {
            let parameters = json!({"bucketName": "raw", "key": "k"});
            json!({"detail": {
                "eventName": "PutObject", "errorCode": code, "requestParameters": parameters,
            }})
        };
        let ignored = |code| {
            let read = record(&call(code).to_string());
            matches!(read, Ok(Record::Ignored { .. }))
        };
        assert!(ignored(json!("AccessDenied")) && ignored(json!("")));
        assert!(!ignored(json!(null)));
        let denied = json!({"detail": {"eventName": "PutObject", "errorCode": "AccessDenied", "requestParameters": null}});
        let read = record(&denied.to_string());
        assert!(matches!(read, Ok(Record::Ignored { .. })), "{read:?}");
    }

    #[test]
    fn a_call_is_of_its_own_time_and_region_or_else_of_its_events() {
        let parameters = json!({"bucketName": "raw", "key": "k"});
        let read = |body: Value| match record(&body.to_string()) {
            Ok(Record::Event(event)) => (event.time.map(|time| time.to_string()), event.region),
            other => panic!("{other:?}"),
        };
        let bare = json!({
            "time": "2021-11-12T00:00:03Z", "region": "a",
            "detail": {"eventName": "PutObject", "requestParameters": parameters},
        });
        let mut own = bare.clone();
        own["detail"]["eventTime"] = json!("2021-11-12T00:00:00Z");
        own["detail"]["awsRegion"] = json!("b");
        let reported = |time: &str, region: &str| (Some(time.to_owned()), Some(region.to_owned()));
        assert_eq!(read(bare), reported("2021-11-12T00:00:03Z", "a"));
        assert_eq!(read(own), reported("2021-11-12T00:00:00Z", "b"));
    }

    #[test]
    #[rustfmt::skip]
    fn a_broken_call_says_what_it_lacks() {
        for (why, body, want) in [
            ("no detail",     "{}".into(),                                        "`detail`"),
            ("no name",       json!({"detail": {}}).to_string(),                  "eventName is missing"),
            ("no parameters", call("PutObject", &json!(null)),                    "requestParameters is missing"),
            ("no bucket",     call("PutObject", &json!({"key": "k"})),            "`bucketName`"),
            ("no key",        call("DeleteObject", &json!({"bucketName": "b"})),  "`key`"),
            ("a list",        call("PutObject", &json!(["b", "k"])),              "expected an object"),
            ("an empty key",  call("PutObject", &json!({"bucketName": "b", "key": ""})), "key is empty"),
        ] {
            let error = record(&body).unwrap_err();
            assert!(matches!(error, ParseError::BadRecord { index: 0, .. }), "{why}: {error:?}");
            assert!(error.to_string().contains(want), "{why}: {error}");
        }
    }
}
