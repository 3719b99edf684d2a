//! Buckets that let nobody in but through an access point.

use std::collections::BTreeMap;

use crate::aws::{Bucket, Seed};
use crate::stage::Stage;

const MIB: u64 = 1 << 20;

/// `raw` in us-east-1 and `lake` in this region, both closed but for a door each.
fn stage(region: &str) -> (Stage, String) {
    let stage = Stage::without_target(1);
    let world = &stage.world;
    world.create_bucket(Bucket::new("lake", region));
    let mut lines = String::new();
    for (side, bucket) in [("from", "raw"), ("to", "lake")] {
        let arn = world.access_point(&format!("for-{bucket}"), bucket);
        lines = format!("{lines}{side}_access_point = \"{arn}\"\n");
        world.close_bucket(bucket);
    }
    (stage, lines)
}

fn equal(stage: &Stage, why: &str) {
    for name in ["small", "dressed", "large"] {
        let object = |bucket: &str, key: String| {
            let version = stage.world.object(bucket, &key);
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
        ("us-east-1", "way = \"stream\"\n", false),
        ("eu-west-1", "",                   false),
    ];
    for (region, way, inside) in table {
        let why = format!("to {region}, {way}");
        let (stage, doors) = stage(region);
        let more = format!("{doors}{parts}{way}deletes = \"follow\"");
        let daemon = stage.start(&stage.config(&more)).await;
        let tags: Vec<_> = (0..10)
            .map(|i| (format!("tag {i}"), "ü".repeat(200)))
            .collect();
        let dressed = |body: &str| {
            let seed = Seed::new("in/dressed", body.to_owned());
            tags.iter()
                .fold(seed, |seed, (name, value)| seed.tag(name, value))
        };
        stage.put("small", "1,2");
        stage.world.put("raw", dressed("3,4"));
        stage
            .world
            .put("raw", Seed::claimed("in/large", 12 * MIB, 8));
        stage.drained().await;
        equal(&stage, &why);
        stage.put("small", "5,6");
        stage.drained().await;
        equal(&stage, &why);
        stage.world.delete("raw", "in/small", None);
        stage.drained().await;
        daemon.stop().await;
        assert!(
            stage.world.object("lake", "orders/small").is_none(),
            "{why}"
        );
        let calls = stage.world.calls();
        let counts: BTreeMap<_, _> = ["CopyObject", "UploadPartCopy", "PutObject"]
            .map(|operation| (operation, calls.count("s3", operation) > 0))
            .into();
        let want = [
            ("CopyObject", inside),
            ("UploadPartCopy", inside),
            ("PutObject", !inside),
        ];
        assert_eq!(counts, want.into(), "{why}");
        assert_eq!(stage.world.uploads("lake").len(), 0, "{why}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_original_is_moved_through_its_own() {
    let (stage, doors) = stage("us-east-1");
    let more = format!("{doors}original = \"move\"\nmove_to = \"done/\"");
    let daemon = stage.start(&stage.config(&more)).await;
    stage.put("a", "1,2");
    stage.drained().await;
    daemon.stop().await;
    let stands = |bucket, key| stage.world.object(bucket, key).is_some();
    assert!(stands("lake", "orders/a") && stands("raw", "done/a"));
    assert!(!stands("raw", "in/a"));
}
