//! Event notifications.

use serde_json::Value;

use super::{s3, two_buckets};
use crate::aws::{Queue, TestObject};

#[tokio::test(start_paused = true)]
async fn a_bucket_tells_its_queue_what_happened() {
    let aws = two_buckets(true);
    let url = aws.create_queue(Queue::new("events", "us-east-1"));
    aws.notify("raw", &url);
    aws.put("raw", TestObject::new("a b/ü+c%20(1).txt", "abc"));
    aws.put("raw", TestObject::new("k", "abcdef").multipart(2));
    s3(&aws, "us-east-1")
        .copy_object()
        .bucket("raw")
        .key("k2")
        .copy_source("raw/k")
        .send()
        .await
        .unwrap();
    let marker = s3(&aws, "us-east-1")
        .delete_object()
        .bucket("raw")
        .key("k")
        .send()
        .await
        .unwrap();
    aws.delete("raw", "k", marker.version_id());

    let queue = aws.queue(&url);
    let bodies: Vec<Value> = queue
        .messages()
        .iter()
        .map(|m| serde_json::from_str(&m.body).unwrap())
        .collect();
    assert_eq!(
        bodies[0]["Event"], "s3:TestEvent",
        "configuring it sends a test"
    );
    let records: Vec<_> = bodies[1..].iter().map(|body| &body["Records"][0]).collect();
    let said: Vec<_> = records
        .iter()
        .map(|r| {
            (
                r["eventName"].as_str().unwrap(),
                r["s3"]["object"]["key"].as_str().unwrap(),
                r["s3"]["object"]["size"].as_u64(),
            )
        })
        .collect();
    #[rustfmt::skip]
    assert_eq!(said, [
        ("ObjectCreated:Put", "a+b/%C3%BC%2Bc%2520%281%29.txt", Some(3)),
        ("ObjectCreated:CompleteMultipartUpload", "k", Some(6)),
        ("ObjectCreated:Copy", "k2", Some(6)),
        ("ObjectRemoved:DeleteMarkerCreated", "k", None),
        ("ObjectRemoved:Delete", "k", None),
    ]);
    let sequencers: Vec<_> = records
        .iter()
        .map(|r| r["s3"]["object"]["sequencer"].as_str().unwrap())
        .collect();
    assert!(sequencers.is_sorted(), "{sequencers:?}");
    let first = records[0];
    assert_eq!(first["eventVersion"], "2.5");
    assert_eq!(first["awsRegion"], "us-east-1");
    assert_eq!(
        first["s3"]["object"]["eTag"], "900150983cd24fb0d6963f7d28e17f72",
        "without quotes"
    );
    assert_eq!(
        first["s3"]["object"]["versionId"].as_str(),
        aws.versions("raw", "a b/ü+c%20(1).txt")[0].id.as_deref()
    );
    assert_eq!(
        records[3]["s3"]["object"]["versionId"].as_str(),
        marker.version_id()
    );
}
