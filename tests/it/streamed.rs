//! Parts that are too large to hold: read piece by piece, and sent on as they come.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use bytesize::ByteSize;
use tokio::time::Instant;

use crate::aws::{Bucket, Fault, Line, Moment, Rule, Silence, Tear, TestObject};
use crate::stage::{Stage, at};

const MIB: u64 = 1 << 20;

/// Two parts that are streamed, four pieces each, and one that is held.
const SIZE: u64 = 40 * MIB;
const STREAMED: &str = "transfer = \"stream\"\npart_size = \"18MiB\"";
const READS: usize = 4 + 4 + 1;

/// What an upload writes beside its parts.
const MANIFEST: usize = 2;

fn stage() -> Stage {
    let stage = Stage::new(1);
    stage.aws.put("raw", large(8));
    stage
}

fn large(seed: u64) -> TestObject {
    TestObject::claimed("in/a.bin", SIZE, seed).header("content-type", "application/x-thing")
}

/// The copy is its source, and no upload is left.
fn equal(stage: &Stage, why: &str) {
    let object = |bucket, key| stage.aws.object(bucket, key).and_then(|v| v.object);
    let source = object("raw", "in/a.bin").expect("a source");
    let copy = object("lake", "orders/a.bin");
    let copy = copy.unwrap_or_else(|| panic!("{why}: no copy"));
    assert_eq!(copy.content.md5(), source.content.md5(), "{why}");
    assert_eq!(copy.meta.headers, source.meta.headers, "{why}");
    assert_eq!(stage.aws.uploads("lake").len(), 0, "{why}: uploads left");
    let history = stage.aws.history("lake", "orders/a.bin").0;
    let sources = stage.aws.history("raw", "in/a.bin").0;
    for stood in history {
        let whole = sources.iter().any(|source| source.md5 == stood.md5);
        assert!(whole, "{why}: a mixture stood there");
    }
}

fn count(stage: &Stage, operation: &str) -> usize {
    stage.aws.calls().count("s3", operation)
}

/// The receives that the last message took.
fn receives(stage: &Stage) -> Option<u32> {
    stage.aws.settled().last().map(|settled| settled.receives)
}

#[tokio::test(start_paused = true)]
async fn parts_larger_than_can_be_held_are_piped() {
    let lake = || Bucket::new("lake", "eu-west-1");
    for (why, lake) in [
        ("as AWS keeps checksums", lake()),
        ("where none are kept", lake().sumless()),
        ("encrypted with a key", lake().kms()),
    ] {
        let stage = Stage::without_target(1);
        stage.aws.create_bucket(lake);
        stage.drained_of_test_event().await;
        stage.aws.put("raw", large(8));
        let mut config = stage.config(STREAMED);
        // As much as one body takes; what is streamed takes no more.
        config.work.buffer_memory = ByteSize::mib(16);
        let daemon = stage.start(&config).await;
        stage.drained().await;
        daemon.stop().await;
        equal(&stage, why);
        assert_eq!(count(&stage, "UploadPart"), 3 + MANIFEST, "{why}");
        assert_eq!(count(&stage, "GetObject"), READS, "{why}");
        assert_eq!(receives(&stage), Some(1), "{why}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_write_that_breaks_is_begun_anew() {
    for (why, fault) in [
        ("reset on its way", Fault::Sent(Tear::Reset)),
        (
            "it stands still",
            Fault::Sent(Tear::Stall(Duration::from_hours(1))),
        ),
        ("arrived, no answer", Fault::Lost(Silence::Hang)),
        ("arrived, reset", Fault::Lost(Silence::Reset)),
        ("dropped", Fault::Dropped(Silence::Hang)),
        ("an error of S3's own", Fault::InternalError),
        ("too much", Fault::SlowDown),
    ] {
        let stage = Stage::new(1);
        stage
            .aws
            .put("raw", TestObject::claimed("in/a.bin", 17 * MIB, 8));
        let calls = AtomicUsize::new(0);
        let third = move |_: &_| calls.fetch_add(1, Ordering::Relaxed) == MANIFEST;
        let rule = Rule::new(fault).on("s3", "UploadPart").when(third);
        stage.aws.inject(rule);
        let began = Instant::now();
        let daemon = stage.start(&stage.config(STREAMED)).await;
        stage.drained().await;
        let took = began.elapsed();
        assert!(took < Duration::from_mins(4), "{why}: {took:?}");
        daemon.stop().await;
        equal(&stage, why);
        assert_eq!(count(&stage, "CreateMultipartUpload"), 1, "{why}");
        // Four pieces, of which the first attempt may not have had all.
        let reads = count(&stage, "GetObject");
        assert!((4 + 2..=4 + 4).contains(&reads), "{why}: {reads}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_read_that_breaks_is_taken_up_at_its_byte() {
    let stage = stage();
    for tear in [Tear::Reset, Tear::End, Tear::Stall(Duration::from_secs(30))] {
        let torn = Rule::new(Fault::Torn(tear)).on("s3", "GetObject");
        stage.aws.inject(torn.times(2));
    }
    let daemon = stage.start(&stage.config(STREAMED)).await;
    stage.drained().await;
    daemon.stop().await;
    equal(&stage, "torn reads");
    assert_eq!(count(&stage, "GetObject"), READS + 6);
    assert_eq!(
        count(&stage, "UploadPart"),
        3 + MANIFEST,
        "no write was begun anew"
    );
}

#[tokio::test(start_paused = true)]
async fn an_overwrite_on_the_way_takes_the_upload_back() {
    // Without a checksum nothing but the pins keeps the two apart.
    let large = |seed| TestObject::claimed("in/a.bin", 17 * MIB, seed).unsummed();
    for nth in [1, 3] {
        let stage = Stage::new(1);
        stage.aws.put("raw", large(8));
        at(&stage, "GetObject", nth, Moment::Before, move |aws| {
            aws.put("raw", large(9));
        });
        let daemon = stage.start(&stage.config(STREAMED)).await;
        stage.drained().await;
        daemon.stop().await;
        equal(&stage, &format!("before read {nth}"));
        assert!(stage.dead_lettered().await.is_empty(), "before read {nth}");
    }
}

#[tokio::test(start_paused = true)]
async fn what_a_crash_has_left_is_gone_on_with() {
    let stage = stage();
    let line = Line::default();
    let cut = line.clone();
    // The first part is there when the process dies.
    at(&stage, "UploadPart", MANIFEST, Moment::After, move |_| {
        cut.cut();
    });
    let dead = stage.start_on(&line, &stage.config(STREAMED)).await;
    crate::stage::until("a part is there", || count(&stage, "UploadPart") > MANIFEST).await;
    dead.dies();
    let there = stage.aws.uploads("lake")[0].parts.len();
    assert!(there > MANIFEST, "{there}");
    let before = count(&stage, "UploadPart");
    let daemon = stage.start(&stage.config(STREAMED)).await;
    stage.drained().await;
    daemon.stop().await;
    equal(&stage, "after a crash");
    assert_eq!(count(&stage, "CreateMultipartUpload"), 1);
    assert_eq!(count(&stage, "UploadPart") - before, 3 + MANIFEST - there);
}

#[tokio::test(start_paused = true)]
async fn a_write_that_stands_still_stops_its_reads() {
    let stage = Stage::new(1);
    stage
        .aws
        .put("raw", TestObject::claimed("in/a.bin", 45 * MIB, 8));
    let reads = Arc::new(AtomicUsize::new(0));
    let (seen, aws) = (reads.clone(), stage.aws.clone());
    // Half of it is taken, then nothing for longer than anybody waits.
    let stall = Fault::Sent(Tear::Stall(Duration::from_hours(1)));
    let calls = AtomicUsize::new(0);
    let third = move |_: &_| calls.fetch_add(1, Ordering::Relaxed) == MANIFEST;
    stage
        .aws
        .inject(Rule::new(stall).on("s3", "UploadPart").when(third));
    at(&stage, "UploadPart", MANIFEST, Moment::Before, move |_| {
        // The second attempt has all its pieces now.
        seen.store(aws.calls().count("s3", "GetObject"), Ordering::Relaxed);
    });
    let config = stage.config("transfer = \"stream\"\npart_size = \"45MiB\"");
    let daemon = stage.start(&config).await;
    stage.drained().await;
    daemon.stop().await;
    equal(&stage, "a stall");
    let first = reads.load(Ordering::Relaxed) - 9;
    assert!(
        (5..=7).contains(&first),
        "{first} pieces, of which five were taken"
    );
}

#[tokio::test(start_paused = true)]
async fn a_part_does_not_wait_for_itself() {
    let stage = stage();
    // The bucket is left with one call at once, and a part is two: one that reads and one that writes.
    let refused = Rule::new(Fault::SlowDown).on("s3", "GetObject");
    stage.aws.inject(refused.times(18));
    let mut config = stage.config(STREAMED);
    config.retry.max_attempts = 10;
    let route = config.route.get_mut("orders").expect("the stage's route");
    *route = brigade::config::Route {
        transfer: route.transfer,
        part_size: route.part_size,
        ..brigade::config::Route::new("s3://raw/in/", "s3://raw/out/{path}").expect("a route")
    };
    let began = Instant::now();
    let daemon = stage.start(&config).await;
    stage.drained().await;
    let took = began.elapsed();
    assert!(took < Duration::from_mins(5), "{took:?}");
    daemon.stop().await;
    let object = |key| stage.aws.object("raw", key).and_then(|v| v.object);
    let (source, copy) = (object("in/a.bin"), object("out/a.bin"));
    let md5 = |object: Option<crate::aws::Object>| object.map(|object| object.content.md5());
    assert_eq!(md5(copy), md5(source));
}
