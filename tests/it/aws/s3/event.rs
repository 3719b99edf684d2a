//! What a bucket tells its queues (user guide, "Event message structure").

use jiff::Timestamp;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Value, json};

use super::bucket::{Bucket, Version};

/// What a form leaves as it is; S3 leaves the slash too (field report).
const KEPT: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'*')
    .remove(b'/')
    .remove(b' ');

/// One change of one key.
pub(super) struct Change<'a> {
    pub(super) name: &'static str,
    pub(super) key: &'a str,
    pub(super) version_id: Option<&'a str>,
    /// The new version; `None` for removals, which carry neither size nor `ETag`.
    pub(super) version: Option<&'a Version>,
    pub(super) now: Timestamp,
    pub(super) reign: u64,
}

/// One notification with one record, as S3 sends them now.
pub(super) fn notification(bucket: &Bucket, change: &Change<'_>) -> String {
    let key = utf8_percent_encode(change.key, KEPT)
        .to_string()
        .replace(' ', "+");
    let mut object = json!({ "key": key });
    // Only PUTs that make an object and DELETEs have one, and tell a size (user guide, as above).
    let tells = !change.name.starts_with("ObjectTagging:");
    if tells {
        // Hexadecimal, growing for one key (as above); of a real one's length.
        object["sequencer"] = json!(format!("{:018X}", change.reign));
    }
    if let Some(written) = change.version.and_then(|version| version.object.as_ref()) {
        object["eTag"] = json!(written.etag);
        if tells {
            object["size"] = json!(written.content.len());
        }
    }
    if let Some(id) = change.version_id {
        object["versionId"] = json!(id);
    }
    let record = json!({
        "eventVersion": "2.5",
        "eventSource": "aws:s3",
        "awsRegion": bucket.region,
        "eventTime": format!("{:.3}", change.now),
        "eventName": change.name,
        "userIdentity": { "principalId": "AWS:AIDAWORLD" },
        "requestParameters": { "sourceIPAddress": "127.0.0.1" },
        "responseElements": { "x-amz-request-id": "WORLD", "x-amz-id-2": "world" },
        "s3": {
            "s3SchemaVersion": "1.0",
            "configurationId": "world",
            "bucket": {
                "name": bucket.name,
                "ownerIdentity": { "principalId": "WORLD" },
                "arn": format!("arn:aws:s3:::{}", bucket.name),
            },
            "object": object,
        },
    });
    json!({ "Records": [record] }).to_string()
}

/// Sent whenever notifications are configured (API reference,
/// `PutBucketNotificationConfiguration`).
pub(super) fn test(bucket: &str, now: Timestamp) -> String {
    let event: Value = json!({
        "Service": "Amazon S3",
        "Event": "s3:TestEvent",
        "Time": format!("{now:.3}"),
        "Bucket": bucket,
        "RequestId": "WORLD",
        "HostId": "world",
    });
    event.to_string()
}
