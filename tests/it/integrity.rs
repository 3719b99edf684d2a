//! Bytes that change on their way: noticed, and copied once more in the same try.

use std::sync::atomic::{AtomicUsize, Ordering};

use crate::aws::{Bucket, Fault, Rule, Seed, Tear};
use crate::stage::Stage;

const MIB: u64 = 1 << 20;

#[tokio::test(start_paused = true)]
async fn bytes_that_change_on_their_way_are_noticed() {
    let small = || Seed::new("in/a.bin", "as it was uploaded");
    let large = || Seed::claimed("in/a.bin", 18 * MIB, 3);
    let parts = |size| Seed::claimed("in/a.bin", size, 3).multipart(2).composite();
    let lake = || Bucket::new("lake", "eu-west-1");
    let from = |tear| Rule::new(Fault::Torn(tear)).on("s3", "GetObject");
    let put = |tear| Rule::new(Fault::Sent(tear)).on("s3", "PutObject");
    let to = |tear| {
        let calls = AtomicUsize::new(0);
        let sent = Rule::new(Fault::Sent(tear)).on("s3", "UploadPart");
        // The first two are the upload's seal.
        sent.when(move |_| calls.fetch_add(1, Ordering::Relaxed) >= 2)
    };
    let (held, piped) = ("", "part_size = \"17MiB\"");
    #[rustfmt::skip]
    let table = [
        ("the GET brings a checksum: the SDK's reader tells", small(), lake(), held, from(Tear::Flip)),
        ("the source has none: its ETag tells", small().unsummed(), lake(), held, from(Tear::Flip)),
        ("it has those of its parts only: each is compared", small().multipart(2).composite(), lake(), held, from(Tear::Flip)),
        ("torn on its way on: S3 compares the checksum", small().unsummed(), lake(), held, put(Tear::Flip)),
        ("in parts: S3 compares the checksum of all", large(), lake(), held, from(Tear::Flip)),
        ("in parts where none is kept: we compare it", large(), lake().sumless(), held, from(Tear::Flip)),
        ("in parts, cut as the source's that have checksums", parts(18 * MIB), lake(), held, from(Tear::Flip)),
        ("piped, cut as the source's that have checksums", parts(34 * MIB), lake(), piped, from(Tear::Flip)),
        ("piped: S3 compares the checksum of all", large(), lake(), piped, from(Tear::Flip)),
        ("piped where none is kept: we compare it", large(), lake().sumless(), piped, from(Tear::Flip)),
        ("piped, torn on its way on: a trailer tells", large(), lake(), piped, to(Tear::Flip)),
        ("the same where none is kept: the part's ETag tells", large(), lake().sumless(), piped, to(Tear::Flip)),
    ];
    for (why, seed, lake, parts, flip) in table {
        let stage = Stage::without_target(1);
        stage.world.create_bucket(lake);
        stage.drained_of_test_event().await;
        stage.world.put("raw", seed);
        stage.world.inject(flip.times(1));
        let config = stage.config(&format!("way = \"stream\"\n{parts}"));
        let daemon = stage.start(&config).await;
        stage.drained().await;
        daemon.stop().await;
        let object =
            |bucket: &str, key: &str| stage.world.object(bucket, key).and_then(|v| v.object);
        let source = object("raw", "in/a.bin").expect("a source").content.md5();
        let copy = object("lake", "orders/a.bin")
            .expect("a copy")
            .content
            .md5();
        assert_eq!(copy, source, "{why}");
        let history = stage.world.history("lake", "orders/a.bin").0;
        assert_eq!(history.len(), 1, "{why}: nothing torn stood there");
        assert_eq!(stage.world.uploads("lake").len(), 0, "{why}");
        let settled = stage.world.settled();
        assert_eq!(settled.last().map(|s| s.receives), Some(1), "{why}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_object_that_arrives_torn_twice_is_parked() {
    let stage = Stage::new(1);
    stage
        .world
        .put("raw", Seed::new("in/a.bin", "whole").unsummed());
    let flip = Rule::new(Fault::Torn(Tear::Flip)).on("s3", "GetObject");
    stage.world.inject(flip);
    let daemon = stage.start(&stage.config("way = \"stream\"")).await;
    stage.drained().await;
    daemon.stop().await;
    assert_eq!(stage.copy("a.bin"), None, "nothing torn was written");
    let parked = stage.parked().await;
    assert_eq!(parked[0].0, "integrity", "{parked:?}");
    let settled = stage.world.settled();
    assert_eq!(settled.last().map(|s| s.receives), Some(1));
    assert_eq!(stage.world.calls().count("s3", "GetObject"), 2);
}

#[tokio::test(start_paused = true)]
async fn a_part_is_compared_with_the_same_bytes_only() {
    let stage = Stage::new(1);
    let seed = Seed::claimed("in/a.bin", 18 * MIB, 3);
    stage.world.put("raw", seed.multipart(2).composite());
    let config = stage.config("way = \"stream\"\npart_size = \"10MiB\"");
    let daemon = stage.start(&config).await;
    stage.drained().await;
    daemon.stop().await;
    assert!(stage.copy("a.bin").is_some(), "two parts, cut elsewhere");
    assert_eq!(stage.world.calls().count("s3", "GetObject"), 2);
}

#[tokio::test(start_paused = true)]
async fn a_copy_that_nobody_but_us_compares_is_made_once_more() {
    let stage = Stage::without_target(1);
    stage
        .world
        .create_bucket(Bucket::new("lake", "eu-west-1").sumless());
    stage.drained_of_test_event().await;
    // No MD5 of the whole in its ETag: only what was read tells what the copy's must be.
    stage.world.put(
        "raw",
        Seed::new("in/a.bin", "as it was uploaded").multipart(2),
    );
    let torn = Rule::new(Fault::Sent(Tear::Flip)).on("s3", "PutObject");
    stage.world.inject(torn.times(1));
    let daemon = stage.start(&stage.config("way = \"stream\"")).await;
    stage.drained().await;
    daemon.stop().await;
    let history = stage.world.history("lake", "orders/a.bin").0;
    assert_eq!(history.len(), 2, "the torn one was replaced");
    assert_eq!(
        stage.copy("a.bin").as_deref(),
        Some(&b"as it was uploaded"[..])
    );
    let settled = stage.world.settled();
    assert_eq!(settled.last().map(|s| s.receives), Some(1));
}
