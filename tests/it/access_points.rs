//! Buckets that let nobody in but through an access point.

use std::collections::BTreeMap;

use crate::aws::{Bucket, TestObject};
use crate::stage::Stage;

const MIB: u64 = 1 << 20;

/// `raw` in us-east-1 and `lake` in this region, both closed but for an access point each.
fn stage(region: &str) -> (Stage, String) {
    let stage = Stage::without_target(1);
    let aws = &stage.aws;
    aws.create_bucket(Bucket::new("lake", region));
    let mut lines = String::new();
    for (side, bucket) in [("from", "raw"), ("to", "lake")] {
        let arn = aws.access_point(&format!("for-{bucket}"), bucket);
        lines = format!("{lines}{side}_access_point = \"{arn}\"\n");
        aws.close_bucket(bucket);
    }
    (stage, lines)
}

fn equal(stage: &Stage, why: &str) {
    for name in ["small", "dressed", "large"] {
        let object = |bucket: &str, key: String| {
            let version = stage.aws.object(bucket, &key);
            let object = version.and_then(|version| version.object);
            object.unwrap_or_else(|| panic!("{why}: s3://{bucket}/{key} is not there"))
        };
        let source = object("raw", format!("in/{name}"));
        let copy = object("lake", format!("orders/{name}"));
        assert_eq!(copy.content.md5(), source.content.md5(), "{why}: {name}");
        assert_eq!(copy.tags, source.tags, "{why}: {name}");
    }
}

#[tokio::test(start_paused = true)]
async fn all_calls_go_through_them() {
    let parts = "part_size = \"5MiB\"\nmultipart_copy_threshold = \"5MiB\"\n";
    #[rustfmt::skip]
    let table = [
        // region of the destination, way, copied inside S3
        ("us-east-1", "",                   true),
        ("us-east-1", "transfer = \"stream\"\n", false),
        ("eu-west-1", "",                   false),
    ];
    for (region, transfer, inside) in table {
        let why = format!("to {region}, {transfer}");
        let (stage, access_points) = stage(region);
        let more = format!("{access_points}{parts}{transfer}deletes = \"follow\"");
        let daemon = stage.start(&stage.config(&more)).await;
        let tags: Vec<_> = (0..10)
            .map(|i| (format!("tag {i}"), "ü".repeat(200)))
            .collect();
        let dressed = |body: &str| {
            let seed = TestObject::new("in/dressed", body.to_owned());
            tags.iter()
                .fold(seed, |seed, (name, value)| seed.tag(name, value))
        };
        stage.put("small", "1,2");
        stage.aws.put("raw", dressed("3,4"));
        stage
            .aws
            .put("raw", TestObject::claimed("in/large", 12 * MIB, 8));
        stage.drained().await;
        equal(&stage, &why);
        stage.put("small", "5,6");
        stage.drained().await;
        equal(&stage, &why);
        stage.aws.delete("raw", "in/small", None);
        stage.drained().await;
        daemon.stop().await;
        assert!(stage.aws.object("lake", "orders/small").is_none(), "{why}");
        let calls = stage.aws.calls();
        let counts: BTreeMap<_, _> = ["CopyObject", "UploadPartCopy", "PutObject"]
            .map(|operation| (operation, calls.count("s3", operation) > 0))
            .into();
        let want = [
            ("CopyObject", inside),
            ("UploadPartCopy", inside),
            ("PutObject", !inside),
        ];
        assert_eq!(counts, want.into(), "{why}");
        assert_eq!(stage.aws.uploads("lake").len(), 0, "{why}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_original_is_moved_through_its_own() {
    let (stage, access_points) = stage("us-east-1");
    let more = format!("{access_points}after_copy = \"move\"\nmove_to = \"done/\"");
    let daemon = stage.start(&stage.config(&more)).await;
    stage.put("a", "1,2");
    stage.drained().await;
    daemon.stop().await;
    let stands = |bucket, key| stage.aws.object(bucket, key).is_some();
    assert!(stands("lake", "orders/a") && stands("raw", "done/a"));
    assert!(!stands("raw", "in/a"));
}
