//! Versions that are kept, displaced, hidden and brought back.

use aws_sdk_s3::Client;
use aws_sdk_s3::primitives::ByteStream;
use serde_json::Value;

use super::{reported, s3, two_buckets};
use crate::aws::{Aws, Queue, TestObject};

async fn put(s3: &Client, body: &'static [u8]) -> Option<String> {
    let put = s3.put_object().bucket("raw").key("k");
    let put = put.body(ByteStream::from_static(body));
    put.send().await.unwrap().version_id
}

/// What a read finds: its version id and its content, or the error.
async fn read(s3: &Client, id: Option<&str>) -> (String, String) {
    let get = s3.get_object().bucket("raw").key("k");
    let result = get.set_version_id(id.map(Into::into)).send().await;
    let reported = reported(&result);
    match result {
        Ok(got) => {
            let id = got.version_id.unwrap_or_default();
            let body = got.body.collect().await.unwrap().to_vec();
            (id, String::from_utf8(body).unwrap())
        }
        Err(_) => (String::new(), reported),
    }
}

async fn delete(s3: &Client, id: Option<&str>) -> (Option<bool>, Option<String>) {
    let delete = s3.delete_object().bucket("raw").key("k");
    let deleted = delete.set_version_id(id.map(Into::into)).send();
    let deleted = deleted.await.unwrap();
    (deleted.delete_marker, deleted.version_id)
}

/// All versions of the key, oldest first: id, and content or nothing for a marker.
fn held(aws: &Aws) -> Vec<(String, Option<String>)> {
    let versions = aws.versions("raw", "k").into_iter().map(|version| {
        let content = version.object.map(|o| o.content.slice(0..o.content.len()));
        let content = content.map(|body| String::from_utf8(body.to_vec()).unwrap());
        (version.id.unwrap_or_default(), content)
    });
    versions.collect()
}

#[tokio::test(start_paused = true)]
async fn while_versioning_is_suspended_writes_displace_only_the_null_version() {
    let aws = two_buckets(true);
    let s3 = s3(&aws, "us-east-1");
    let kept = put(&s3, b"kept").await.unwrap();
    aws.set_versioning("raw", false);
    assert_eq!(put(&s3, b"1").await, Some("null".to_owned()));
    assert_eq!(put(&s3, b"2").await, Some("null".to_owned()));
    let two = || {
        vec![
            (kept.clone(), Some("kept".to_owned())),
            ("null".into(), Some("2".to_owned())),
        ]
    };
    assert_eq!(held(&aws), two());
    assert_eq!(read(&s3, None).await, ("null".into(), "2".into()));
    assert_eq!(read(&s3, Some("null")).await, ("null".into(), "2".into()));
    assert_eq!(read(&s3, Some(&kept)).await, (kept.clone(), "kept".into()));

    aws.set_versioning("raw", true);
    let newest = put(&s3, b"3").await.unwrap();
    assert_eq!(held(&aws)[..2], two(), "the null version stays");
    aws.set_versioning("raw", false);
    put(&s3, b"4").await;
    let want = [
        (kept.clone(), Some("kept".to_owned())),
        (newest, Some("3".to_owned())),
        ("null".into(), Some("4".to_owned())),
    ];
    assert_eq!(held(&aws), want, "from below it is displaced too");
}

#[tokio::test(start_paused = true)]
async fn a_delete_in_a_suspended_bucket_puts_a_null_marker_over_what_is_kept() {
    let aws = two_buckets(true);
    let s3 = s3(&aws, "us-east-1");
    let kept = put(&s3, b"kept").await.unwrap();
    aws.set_versioning("raw", false);
    put(&s3, b"lost").await;
    assert_eq!(
        delete(&s3, None).await,
        (Some(true), Some("null".to_owned()))
    );
    let want = [
        (kept.clone(), Some("kept".to_owned())),
        ("null".into(), None),
    ];
    assert_eq!(held(&aws), want, "the null version is gone for good");
    assert_eq!(read(&s3, None).await.1, "404 NoSuchKey");
    assert_eq!(read(&s3, Some("null")).await.1, "405 MethodNotAllowed");
    assert_eq!(
        delete(&s3, None).await,
        (Some(true), Some("null".to_owned()))
    );
    assert_eq!(held(&aws), want, "one marker displaces the other");

    assert_eq!(
        delete(&s3, Some("null")).await,
        (Some(true), Some("null".to_owned())),
        "the undelete"
    );
    assert_eq!(read(&s3, None).await, (kept.clone(), "kept".into()));
    assert_eq!(put(&s3, b"5").await, Some("null".to_owned()));
    assert_eq!(delete(&s3, Some(&kept)).await, (None, Some(kept.clone())));
    assert_eq!(held(&aws), [("null".into(), Some("5".to_owned()))]);
}

#[tokio::test(start_paused = true)]
async fn what_is_older_than_versioning_becomes_the_null_version() {
    let aws = two_buckets(false);
    let url = aws.create_queue(Queue::new("events", "us-east-1"));
    aws.notify("raw", &url);
    let s3 = s3(&aws, "us-east-1");
    assert_eq!(put(&s3, b"old").await, None);
    assert_eq!(read(&s3, None).await, (String::new(), "old".into()));
    aws.set_versioning("raw", true);
    assert_eq!(read(&s3, None).await, ("null".into(), "old".into()));
    let new = put(&s3, b"new").await;
    assert_eq!(
        held(&aws)[0],
        ("null".into(), Some("old".to_owned())),
        "kept"
    );
    assert_eq!(
        delete(&s3, Some("null")).await,
        (None, Some("null".to_owned()))
    );
    aws.set_versioning("raw", false);
    put(&s3, b"last").await;
    let queue = aws.queue(&url);
    let ids = queue.messages().iter().skip(1).map(|message| {
        let body: Value = serde_json::from_str(&message.body).unwrap();
        let id = &body["Records"][0]["s3"]["object"]["versionId"];
        id.as_str().map(str::to_owned)
    });
    assert_eq!(
        ids.collect::<Vec<_>>(),
        [None, new, Some("null".to_owned()), Some("null".to_owned())]
    );
}

#[tokio::test(start_paused = true)]
async fn an_undelete_makes_the_version_below_current_again() {
    let aws = two_buckets(true);
    let url = aws.create_queue(Queue::new("events", "us-east-1"));
    let first = aws.put("raw", TestObject::new("k", "1"));
    let s3 = s3(&aws, "us-east-1");
    let (_, lower) = delete(&s3, None).await;
    let (_, upper) = delete(&s3, None).await;
    aws.notify("raw", &url);
    assert_eq!(read(&s3, None).await.1, "404 NoSuchKey");
    assert_eq!(delete(&s3, upper.as_deref()).await, (Some(true), upper));
    assert_eq!(read(&s3, None).await.1, "404 NoSuchKey", "a marker is left");
    let undeleted = delete(&s3, lower.as_deref()).await;
    assert_eq!(undeleted, (Some(true), lower.clone()));
    let id = first.id.clone().unwrap();
    assert_eq!(read(&s3, None).await, (id, "1".into()));
    let now = aws.object("raw", "k").unwrap();
    assert_eq!(now.modified, first.modified, "not written again");
    assert!(now.reign > first.reign, "but current again");
    let put = s3.put_object().bucket("raw").key("k").if_none_match("*");
    assert_eq!(reported(&put.send().await), "412 PreconditionFailed");

    let queue = aws.queue(&url);
    let mut records = queue.messages().iter().skip(1).map(|message| {
        let body: Value = serde_json::from_str(&message.body).unwrap();
        let record = &body["Records"][0];
        let id = record["s3"]["object"]["versionId"].clone();
        (record["eventName"].clone(), id)
    });
    let (name, id) = records.next_back().unwrap();
    assert_eq!(name, "ObjectRemoved:Delete", "no creation is announced");
    assert_eq!(id.as_str(), lower.as_deref());
    let gone = delete(&s3, lower.as_deref()).await;
    assert_eq!(gone, (None, lower), "what is gone is deleted with success");
}
