//! `DeleteObject`.

use super::{reported, s3, two_buckets};
use crate::aws::{TestObject, What};

#[tokio::test(start_paused = true)]
async fn a_delete_may_carry_a_condition() {
    #[rustfmt::skip]
    let table = [
        ("no condition",                 "k",    None,          "ok",                     false),
        ("no condition, absent already", "gone", None,          "ok",                     true),
        ("the expected content",         "k",    Some("right"), "ok",                     false),
        ("other content",                "k",    Some("feed"),  "412 PreconditionFailed", true),
        ("any content",                  "k",    Some("*"),     "ok",                     false),
        ("any content, absent",          "gone", Some("*"),     "412 PreconditionFailed", true),
        ("the expected content, absent", "gone", Some("feed"),  "404 NoSuchKey",          true),
    ];
    for versioned in [false, true] {
        for (why, key, condition, want, stays) in table {
            let aws = two_buckets(versioned);
            let etag = aws
                .put("raw", TestObject::new("k", "abc"))
                .object
                .unwrap()
                .etag;
            let condition = condition.map(|c| if c == "right" { etag.as_str() } else { c });
            let delete = s3(&aws, "us-east-1").delete_object().bucket("raw").key(key);
            let result = delete.set_if_match(condition.map(Into::into)).send().await;
            assert_eq!(reported(&result), want, "{why}, versioned: {versioned}");
            assert_eq!(
                aws.object("raw", "k").is_some(),
                stays,
                "{why}, versioned: {versioned}"
            );
        }
    }
}

#[tokio::test(start_paused = true)]
async fn versions_come_back_when_what_lies_over_them_is_deleted() {
    let aws = two_buckets(true);
    let s3 = s3(&aws, "us-east-1");
    let first = aws.put("raw", TestObject::new("k", "1"));
    let second = aws.put("raw", TestObject::new("k", "2"));
    let now = || {
        aws.object("raw", "k")
            .map(|v| v.object.unwrap().content.slice(0..1))
    };

    let marker = s3
        .delete_object()
        .bucket("raw")
        .key("k")
        .send()
        .await
        .unwrap();
    assert_eq!((marker.delete_marker(), now()), (Some(true), None));
    let undelete = s3
        .delete_object()
        .bucket("raw")
        .key("k")
        .version_id(marker.version_id().unwrap());
    assert_eq!(undelete.send().await.unwrap().delete_marker(), Some(true));
    assert_eq!(now().unwrap(), "2", "the marker is gone");

    let delete = s3
        .delete_object()
        .bucket("raw")
        .key("k")
        .version_id(second.id.unwrap());
    assert_eq!(delete.send().await.unwrap().delete_marker(), None);
    let exposed = aws.object("raw", "k").unwrap();
    assert_eq!((&exposed.id, now().unwrap()), (&first.id, "1".into()));
    assert!(
        exposed.reign > first.reign,
        "current again, so newer than what it lay under"
    );
    assert_eq!(exposed.modified, first.modified);

    aws.put("raw", TestObject::new("k", "3"));
    aws.delete("raw", "k", exposed.id.as_deref());
    let history = aws.history("raw", "k").0;
    assert_eq!(
        history[3].what,
        What::Removed { current: true },
        "the undelete"
    );
    assert_eq!(
        history.last().unwrap().what,
        What::Removed { current: false },
        "lay under 3"
    );
}
