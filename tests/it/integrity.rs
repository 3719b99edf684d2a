//! Bytes that change on their way: noticed, and copied once more in the same try.

use std::sync::atomic::{AtomicUsize, Ordering};

use crate::aws::{Bucket, Fault, Rule, Tear, TestObject};
use crate::stage::Stage;

const MIB: u64 = 1 << 20;

/// Of a call that S3 does not answer (`retry.max_attempts`).
const ATTEMPTS: usize = 3;

fn lake() -> Bucket {
    Bucket::new("lake", "eu-west-1")
}

/// A stage with this destination.
async fn onto(lake: Bucket) -> Stage {
    let stage = Stage::without_target(1);
    stage.aws.create_bucket(lake);
    stage.drained_of_test_event().await;
    stage
}

/// Streams what there is to its end.
async fn streamed(stage: &Stage, more: &str) {
    let config = stage.config(&format!("transfer = \"stream\"\n{more}"));
    let daemon = stage.start(&config).await;
    stage.drained().await;
    daemon.stop().await;
}

fn read_torn() -> Rule {
    Rule::new(Fault::Torn(Tear::Flip)).on("s3", "GetObject")
}

fn sent_torn() -> Rule {
    Rule::new(Fault::Sent(Tear::Flip)).on("s3", "PutObject")
}

fn md5(stage: &Stage, bucket: &str, key: &str) -> String {
    let version = stage.aws.object(bucket, key);
    let object = version.and_then(|version| version.object);
    object.expect("it is there").content.md5()
}

#[tokio::test(start_paused = true)]
async fn bytes_that_change_on_their_way_are_noticed() {
    let small = || TestObject::new("in/a.bin", "as it was uploaded");
    let large = || TestObject::claimed("in/a.bin", 18 * MIB, 3);
    let parts = |size| {
        TestObject::claimed("in/a.bin", size, 3)
            .multipart(2)
            .composite()
    };
    let part_torn = || {
        let calls = AtomicUsize::new(0);
        let sent = Rule::new(Fault::Sent(Tear::Flip)).on("s3", "UploadPart");
        // The first two are the upload's seal.
        sent.when(move |_| calls.fetch_add(1, Ordering::Relaxed) >= 2)
    };
    let (buffered, in_pieces) = ("", "part_size = \"17MiB\"");
    #[rustfmt::skip]
    let table = [
        ("the GET brings a checksum: the SDK's reader tells", small(), lake(), buffered, read_torn()),
        ("the source has none: its ETag tells", small().unsummed(), lake(), buffered, read_torn()),
        ("it has those of its parts only: each is compared", small().multipart(2).composite(), lake(), buffered, read_torn()),
        ("torn on its way on: S3 compares the checksum", small().unsummed(), lake(), buffered, sent_torn()),
        ("torn on its way on where no checksum is kept: the signature tells", small().multipart(2), lake().sumless(), buffered, sent_torn()),
        ("in parts: S3 compares the checksum of all", large(), lake(), buffered, read_torn()),
        ("in parts where none is kept: we compare it", large(), lake().sumless(), buffered, read_torn()),
        ("in parts, cut as the source's that have checksums", parts(18 * MIB), lake(), buffered, read_torn()),
        ("streamed, cut as the source's that have checksums", parts(34 * MIB), lake(), in_pieces, read_torn()),
        ("streamed: S3 compares the checksum of all", large(), lake(), in_pieces, read_torn()),
        ("streamed where none is kept: we compare it", large(), lake().sumless(), in_pieces, read_torn()),
        ("streamed, torn on its way on: a trailer tells", large(), lake(), in_pieces, part_torn()),
        ("the same where none is kept: the part's ETag tells", large(), lake().sumless(), in_pieces, part_torn()),
    ];
    for (why, seed, lake, parts, torn) in table {
        let stage = onto(lake).await;
        stage.aws.put("raw", seed);
        stage.aws.inject(torn.times(1));
        streamed(&stage, parts).await;
        let copy = md5(&stage, "lake", "orders/a.bin");
        assert_eq!(copy, md5(&stage, "raw", "in/a.bin"), "{why}");
        let history = stage.aws.history("lake", "orders/a.bin").0;
        assert_eq!(history.len(), 1, "{why}: nothing torn stood there");
        assert_eq!(stage.aws.uploads("lake").len(), 0, "{why}");
        let settled = stage.aws.settled();
        assert_eq!(settled.last().map(|s| s.receives), Some(1), "{why}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_object_that_arrives_torn_twice_is_parked() {
    let small = || TestObject::new("in/a.bin", "whole");
    let large = || TestObject::claimed("in/a.bin", 18 * MIB, 3);
    for (why, seed, gets) in [
        ("its checksum tells", small(), 2),
        ("its ETag tells", small().unsummed(), 2),
        ("in parts, by the whole", large(), 2 * 3),
    ] {
        let stage = Stage::new(1);
        stage.aws.put("raw", seed);
        stage.aws.inject(read_torn());
        // The first try cannot take its upload back, and the second neither.
        let stays = Rule::new(Fault::InternalError).on("s3", "AbortMultipartUpload");
        stage.aws.inject(stays.times(2 * ATTEMPTS));
        streamed(&stage, "").await;
        assert_eq!(stage.copy("a.bin"), None, "{why}: nothing torn was written");
        let dead_lettered = stage.dead_lettered().await;
        assert_eq!(dead_lettered[0].0, "integrity", "{why}: {dead_lettered:?}");
        let settled = stage.aws.settled();
        assert_eq!(settled.last().map(|s| s.receives), Some(1), "{why}");
        let calls = stage.aws.calls();
        assert_eq!(calls.count("s3", "GetObject"), gets, "{why}");
        assert_eq!(stage.aws.uploads("lake").len(), 0, "{why}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_part_is_compared_with_the_same_bytes_only() {
    let stage = Stage::new(1);
    let seed = TestObject::claimed("in/a.bin", 18 * MIB, 3);
    stage.aws.put("raw", seed.multipart(2).composite());
    streamed(&stage, "part_size = \"10MiB\"").await;
    assert!(stage.copy("a.bin").is_some(), "two parts, cut elsewhere");
    assert_eq!(stage.aws.calls().count("s3", "GetObject"), 2);
}

#[tokio::test(start_paused = true)]
async fn a_part_that_arrives_torn_is_made_once_more_and_no_other() {
    let stage = Stage::new(1);
    let seed = TestObject::claimed("in/a.bin", 18 * MIB, 3);
    stage.aws.put("raw", seed.multipart(2).composite());
    stage.aws.inject(read_torn().times(1));
    streamed(&stage, "").await;
    assert!(stage.copy("a.bin").is_some());
    let calls = stage.aws.calls();
    assert_eq!(calls.count("s3", "GetObject"), 3);
    assert_eq!(calls.count("s3", "CreateMultipartUpload"), 1);
}

#[tokio::test(start_paused = true)]
async fn a_torn_upload_is_not_gone_on_with_though_it_stays() {
    let stage = onto(lake().sumless()).await;
    // Compared as a whole only, and none of its parts is told by the endpoint.
    stage
        .aws
        .put("raw", TestObject::claimed("in/a.bin", 18 * MIB, 3));
    stage.aws.inject(read_torn().times(1));
    let stays = Rule::new(Fault::InternalError).on("s3", "AbortMultipartUpload");
    stage.aws.inject(stays.times(ATTEMPTS));
    streamed(&stage, "").await;
    assert_eq!(
        md5(&stage, "lake", "orders/a.bin"),
        md5(&stage, "raw", "in/a.bin")
    );
    assert_eq!(stage.aws.uploads("lake").len(), 0, "taken back in the end");
}

/// Where a body is compared with its checksum, its digest would be the second.
#[tokio::test(start_paused = true)]
async fn a_body_is_signed_until_it_is_known_that_checksums_are_compared() {
    for (why, lake, signed) in [
        ("AWS", lake(), [true, false]),
        ("no checksums", lake().sumless(), [true, true]),
    ] {
        let stage = onto(lake).await;
        let daemon = stage.start(&stage.config("transfer = \"stream\"")).await;
        for name in ["a.csv", "b.csv"] {
            stage.put(name, "a,b");
            stage.drained().await;
        }
        daemon.stop().await;
        let calls = stage.aws.calls();
        let puts: Vec<_> = calls
            .of("s3", "PutObject")
            .map(|call| call.signs_body)
            .collect();
        assert_eq!(puts, signed, "{why}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_copy_that_nobody_but_us_compares_is_made_once_more() {
    let stage = onto(lake().credulous()).await;
    // No MD5 of the whole in its ETag: only what was read tells what the copy's must be.
    stage.aws.put(
        "raw",
        TestObject::new("in/a.bin", "as it was uploaded").multipart(2),
    );
    stage.aws.inject(sent_torn().times(1));
    streamed(&stage, "").await;
    let history = stage.aws.history("lake", "orders/a.bin").0;
    assert_eq!(history.len(), 2, "the torn one was replaced");
    assert_eq!(
        stage.copy("a.bin").as_deref(),
        Some(&b"as it was uploaded"[..])
    );
    let settled = stage.aws.settled();
    assert_eq!(settled.last().map(|s| s.receives), Some(1));
}

#[tokio::test(start_paused = true)]
async fn many_corrupt_objects_are_dead_lettered_and_do_not_pause_their_route() {
    let stage = Stage::new(1);
    for n in 0..9 {
        let seed = TestObject::new(&format!("in/{n}.bin"), "whole");
        stage.aws.put("raw", seed.unsummed());
    }
    stage.aws.inject(read_torn());
    let daemon = stage.start(&stage.config("transfer = \"stream\"")).await;
    stage.drained().await;
    assert!(!daemon.is_paused("orders"));
    stage.aws.calm();
    stage.put("whole.bin", "whole");
    stage.drained().await;
    assert_eq!(stage.send_back(), 9, "all were dead-lettered");
    stage.drained().await;
    daemon.stop().await;
    let copies = (0..9).filter(|n| stage.copy(&format!("{n}.bin")).is_some());
    assert_eq!(copies.count(), 9, "and none is lost");
}

#[tokio::test(start_paused = true)]
async fn a_copy_that_is_torn_is_not_believed_when_its_message_comes_back() {
    let stage = onto(lake().credulous()).await;
    let seed = TestObject::new("in/a.bin", "as it was uploaded");
    stage.aws.put("raw", seed.multipart(2));
    stage.aws.inject(sent_torn());
    let daemon = stage.start(&stage.config("transfer = \"stream\"")).await;
    stage.drained().await;
    assert_ne!(
        stage.copy("a.bin").as_deref(),
        Some(&b"as it was uploaded"[..]),
        "it stands"
    );
    stage.aws.calm();
    assert_eq!(stage.send_back(), 1, "it was dead-lettered");
    stage.drained().await;
    daemon.stop().await;
    assert_eq!(
        stage.copy("a.bin").as_deref(),
        Some(&b"as it was uploaded"[..])
    );
}

#[tokio::test(start_paused = true)]
async fn a_torn_upload_is_not_gone_on_with_by_another_try() {
    let stage = onto(lake().sumless()).await;
    stage
        .aws
        .put("raw", TestObject::claimed("in/a.bin", 18 * MIB, 3));
    stage.aws.inject(read_torn().times(1));
    // It cannot be aborted, neither at once nor before the copy is made once more …
    let stays = Rule::new(Fault::InternalError).on("s3", "AbortMultipartUpload");
    stage.aws.inject(stays.times(2 * ATTEMPTS));
    // … which does not get far.
    let gets = AtomicUsize::new(0);
    let slow = Rule::new(Fault::SlowDown).on("s3", "GetObject");
    let slow = slow.when(move |_| gets.fetch_add(1, Ordering::Relaxed) >= 3);
    stage.aws.inject(slow.times(3 * ATTEMPTS));
    streamed(&stage, "").await;
    assert_eq!(
        md5(&stage, "lake", "orders/a.bin"),
        md5(&stage, "raw", "in/a.bin")
    );
    let history = stage.aws.history("lake", "orders/a.bin").0;
    assert_eq!(history.len(), 1, "nothing torn stood there");
    assert_eq!(stage.aws.uploads("lake").len(), 0);
}
