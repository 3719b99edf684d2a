//! Objects too large for one request: copied in parts, inside S3 or through the daemon.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use crate::aws::{Aws, Fault, Moment, Rule, Silence, Tear, TestObject, Version};
use crate::stage::{Stage, at, events};

pub(crate) const MIB: u64 = 1 << 20;
const GIB: u64 = 1 << 30;
const STREAM: &str = "transfer = \"stream\"";

/// A large object with everything that travels with it.
pub(crate) fn large(size: u64, seed: u64) -> TestObject {
    TestObject::claimed("in/a.bin", size, seed)
        .header("content-type", "application/x-thing")
        .header("cache-control", "max-age=60")
        .meta("owner", "ann")
}

/// The copy, if it equals the source in all that should travel.
pub(crate) fn equal(stage: &Stage) -> Version {
    let source = stage.aws.object("raw", "in/a.bin").expect("a source");
    let copy = stage.aws.object("lake", "orders/a.bin").expect("a copy");
    let (is, should) = (
        copy.object.as_ref().expect("an object"),
        source.object.expect("an object"),
    );
    assert_eq!(is.content.md5(), should.content.md5());
    assert_eq!(is.content.len(), should.content.len());
    assert_eq!(is.meta.headers, should.meta.headers);
    let mut user = is.meta.user.clone();
    user.remove("brigade-source");
    assert_eq!(user, should.meta.user);
    assert_eq!(stage.aws.uploads("lake").len(), 0, "uploads are left");
    copy
}

/// Every copy that ever stood there was one of the source's versions, whole.
fn never_mixed(stage: &Stage, why: &str) {
    let history = |bucket: &str, key: &str| stage.aws.history(bucket, key).0;
    let sources = history("raw", "in/a.bin");
    for copy in history("lake", "orders/a.bin") {
        let whole = sources.iter().any(|source| source.md5 == copy.md5);
        assert!(whole, "{why}: a mixture of two versions");
    }
}

fn count(stage: &Stage, operation: &str) -> usize {
    stage.aws.calls().count("s3", operation)
}

#[tokio::test(start_paused = true)]
async fn objects_of_any_size_are_copied_inside_s3() {
    for (why, seed, parts) in [
        ("what one CopyObject takes", large(480 * MIB, 1), 0),
        ("… and a byte", large(480 * MIB + 1, 2), 8),
        ("more than one may", large(6 * GIB, 3), 96),
        ("cut as its source is", large(600 * MIB, 4).multipart(6), 6),
        ("too large for small parts", large(5 << 40, 5), 9_999),
    ] {
        let stage = Stage::new(1);
        let multipart = seed.clone();
        stage.aws.put("raw", seed);
        let daemon = stage.start(&stage.config("")).await;
        stage.drained().await;
        daemon.stop().await;
        let copy = equal(&stage);
        let done = count(&stage, "UploadPartCopy");
        if parts == 9_999 {
            assert!((9_000..=9_998).contains(&done), "{why}: {done}");
        } else {
            assert_eq!(done, parts, "{why}");
        }
        if parts == 6 {
            let source = stage.aws.object("raw", "in/a.bin").and_then(|v| v.object);
            let source = source.expect("a source").etag;
            assert_eq!(
                copy.object.expect("a copy").etag,
                source,
                "{why}: {multipart:?}"
            );
        }
        assert!(stage.dead_lettered().await.is_empty(), "{why}");
    }
}

#[tokio::test(start_paused = true)]
async fn objects_larger_than_a_part_are_streamed_in_parts() {
    for (why, size, parts) in [
        ("one part", 16 * MIB, 0),
        ("… and a byte", 16 * MIB + 1, 3),
        ("three parts", 24 * MIB, 3),
    ] {
        let stage = Stage::new(1);
        stage.aws.put("raw", large(size, 7));
        let daemon = stage.start(&stage.config(STREAM)).await;
        stage.drained().await;
        daemon.stop().await;
        equal(&stage);
        let manifest = if parts > 0 { 2 } else { 0 };
        assert_eq!(count(&stage, "UploadPart"), parts + manifest, "{why}");
        assert!(stage.dead_lettered().await.is_empty(), "{why}");
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_there_is_not_copied_again() {
    for (transfer, operation, size) in [
        ("", "UploadPartCopy", 640 * MIB),
        (STREAM, "UploadPart", 24 * MIB),
    ] {
        let stage = Stage::new(1);
        stage.aws.put("raw", large(size, 8));
        let few = Rule::new(Fault::SlowDown).on("s3", operation);
        let calls = AtomicUsize::new(0);
        // From the fifth on all fail, three attempts each, so that the first delivery gives up.
        stage
            .aws
            .inject(few.when(move |_| (4..10).contains(&calls.fetch_add(1, Ordering::Relaxed))));
        let daemon = stage.start(&stage.config(transfer)).await;
        stage.drained().await;
        daemon.stop().await;
        equal(&stage);
        assert_eq!(count(&stage, "CreateMultipartUpload"), 1, "{operation}");
        let good = stage.aws.calls();
        let good = good
            .of("s3", operation)
            .filter(|call| call.status == Some(200));
        let manifest = if transfer.is_empty() { 0 } else { 2 };
        let parts = if transfer.is_empty() { 10 } else { 3 };
        assert_eq!(good.count(), parts + manifest, "{operation}");
        assert!(stage.dead_lettered().await.is_empty(), "{operation}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_overwrite_on_the_way_takes_the_upload_back() {
    for (transfer, operation, size) in [
        ("", "UploadPartCopy", 640 * MIB),
        (STREAM, "GetObject", 20 * MIB),
    ] {
        let stage = Stage::new(1);
        // Without a checksum nothing but the pins keeps the two apart.
        stage.aws.put("raw", large(size, 8).unsummed());
        at(&stage, operation, 2, Moment::Before, move |aws| {
            aws.put("raw", large(size, 9).unsummed());
        });
        let daemon = stage.start(&stage.config(transfer)).await;
        stage.drained().await;
        daemon.stop().await;
        equal(&stage);
        never_mixed(&stage, operation);
        assert!(stage.dead_lettered().await.is_empty(), "{operation}");
    }
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_taken_back_is_asked_for_again_before_the_message_ends() {
    let stage = Stage::new(1);
    at(&stage, "UploadPartCopy", 3, Moment::Before, |aws| {
        aws.put("raw", large(600 * MIB, 2));
    });
    let until = stage.aws.now() + Duration::from_mins(10);
    let silent = Rule::new(Fault::Dropped(Silence::Hang)).on("s3", "AbortMultipartUpload");
    let silent = silent.when(move |call| call.at < until && !call.checks_a_route());
    stage.aws.inject(silent);
    stage.aws.put("raw", large(600 * MIB, 1));
    // The event of the new version would find what the first has left.
    stage.aws.hush("raw");
    let daemon = stage.start(&stage.config("")).await;
    stage.drained().await;
    daemon.stop().await;
    equal(&stage);
    assert!(stage.aws.now() > until, "it took as long as S3 was silent");
}

#[tokio::test(start_paused = true)]
async fn a_complete_whose_end_nobody_knows_is_looked_after() {
    for (why, fault) in [
        ("it happened", Fault::Lost(Silence::Hang)),
        ("it did not", Fault::Dropped(Silence::Reset)),
        (
            "it happens late",
            Fault::Late(Duration::from_secs(20), Silence::Reset),
        ),
        ("an empty 200", Fault::Empty200 { happens: true }),
        (
            "an empty 200 and nothing",
            Fault::Empty200 { happens: false },
        ),
        (
            "an error in a 200",
            Fault::ErrorIn200 {
                code: "InternalError",
                happens: true,
            },
        ),
        ("a conflict", Fault::Conflict),
        ("too much", Fault::SlowDown),
    ] {
        let stage = Stage::new(1);
        stage.aws.put("raw", large(640 * MIB, 8));
        let rule = Rule::new(fault)
            .on("s3", "CompleteMultipartUpload")
            .times(1);
        stage.aws.inject(rule);
        let daemon = stage.start(&stage.config("")).await;
        stage.drained().await;
        daemon.stop().await;
        equal(&stage);
        assert!(stage.dead_lettered().await.is_empty(), "{why}");
    }
}

#[tokio::test(start_paused = true)]
async fn bodies_that_break_are_taken_up_at_their_byte() {
    let stage = Stage::new(1);
    stage.aws.put("raw", large(20 * MIB, 8));
    for tear in [Tear::Reset, Tear::End, Tear::Stall(Duration::from_secs(30))] {
        stage
            .aws
            .inject(Rule::new(Fault::Torn(tear)).on("s3", "GetObject").times(2));
    }
    let daemon = stage.start(&stage.config(STREAM)).await;
    stage.drained().await;
    daemon.stop().await;
    equal(&stage);
    assert_eq!(count(&stage, "CreateMultipartUpload"), 1);
}

#[tokio::test(start_paused = true)]
async fn a_body_that_gets_further_each_time_arrives() {
    let stage = Stage::new(1);
    stage.drained_of_test_event().await;
    stage.aws.put("raw", large(20 * MIB, 8));
    // Of what is left, half arrives each time.
    let half = Rule::new(Fault::Torn(Tear::Reset)).on("s3", "GetObject");
    stage.aws.inject(half.times(20));
    let daemon = stage.start(&stage.config(STREAM)).await;
    stage.drained().await;
    daemon.stop().await;
    equal(&stage);
    let settled = stage.aws.settled();
    assert_eq!(settled.last().map(|settled| settled.receives), Some(1));
}

#[tokio::test(start_paused = true)]
async fn uploads_of_others_are_left_alone() {
    let stage = Stage::new(1);
    let s3 = aws_sdk_s3::Client::new(&stage.aws.sdk("eu-west-1"));
    let theirs = s3
        .create_multipart_upload()
        .bucket("lake")
        .key("orders/a.bin");
    theirs.send().await.expect("an upload");
    stage.aws.put("raw", large(640 * MIB, 8));
    let lost = Fault::Lost(Silence::Reset);
    stage
        .aws
        .inject(Rule::new(lost).on("s3", "CompleteMultipartUpload").times(1));
    let daemon = stage.start(&stage.config("")).await;
    stage.drained().await;
    daemon.stop().await;
    let left = stage.aws.uploads("lake");
    assert_eq!(left.len(), 1, "{left:?}");
    assert!(left[0].parts.is_empty(), "{left:?}");
    let copy = stage.aws.object("lake", "orders/a.bin");
    assert!(copy.is_some());
}

#[tokio::test(start_paused = true)]
async fn a_slow_complete_never_replaces_a_newer_copy() {
    for (why, small_first) in [("nothing was there", false), ("a copy was there", true)] {
        let stage = Stage::new(1);
        let daemon = stage.start(&stage.config("")).await;
        if small_first {
            stage.put("a.bin", "small");
            stage.drained().await;
        }
        // The newer version comes while the older one's end is on its way, and is quicker. It is
        // small: a large one would look for uploads first, and take the older one's back.
        let slow = Fault::Slow {
            before: Duration::from_secs(10),
            after: Duration::ZERO,
        };
        // Where a copy was there, a first end is refused at once: it expected nothing.
        let (nth, ends) = (usize::from(small_first), AtomicUsize::new(0));
        let slow = Rule::new(slow).on("s3", "CompleteMultipartUpload");
        let slow = slow.when(move |_| ends.fetch_add(1, Ordering::Relaxed) == nth);
        stage.aws.inject(slow);
        at(
            &stage,
            "CompleteMultipartUpload",
            nth,
            Moment::Before,
            |aws| {
                aws.put("raw", TestObject::new("in/a.bin", "small and newer"));
            },
        );
        stage.aws.put("raw", large(640 * MIB, 8));
        stage.drained().await;
        daemon.stop().await;
        equal(&stage);
        let history = stage.aws.history("lake", "orders/a.bin");
        assert!(history.regressions().is_empty(), "{why}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_complete_may_take_longer_than_other_writes() {
    let stage = Stage::new(1);
    stage.drained_of_test_event().await;
    stage.aws.put("raw", large(640 * MIB, 8));
    let slow = Fault::Slow {
        before: Duration::ZERO,
        after: Duration::from_secs(12),
    };
    stage
        .aws
        .inject(Rule::new(slow).on("s3", "CompleteMultipartUpload"));
    let mut config = stage.config("");
    events(&mut config).visibility_timeout = Duration::from_mins(1);
    let daemon = stage.start(&config).await;
    stage.drained().await;
    daemon.stop().await;
    equal(&stage);
    let settled = stage.aws.settled();
    assert_eq!(settled.last().map(|settled| settled.receives), Some(1));
}

/// What becomes of a source while its copy cannot go on.
type Meanwhile = fn(&Aws);

#[tokio::test(start_paused = true)]
async fn an_upload_of_what_is_no_more_is_not_gone_on_with() {
    let table: [(&str, Meanwhile); 3] = [
        ("overwritten, alike in size", |aws| {
            aws.put("raw", large(640 * MIB, 9).unsummed());
        }),
        ("overwritten, small", |aws| {
            aws.put("raw", TestObject::new("in/a.bin", "small"));
        }),
        ("deleted", |aws| aws.delete("raw", "in/a.bin", None)),
    ];
    for (why, meanwhile) in table {
        let stage = Stage::new(1);
        stage.aws.put("raw", large(640 * MIB, 8).unsummed());
        // Some parts get through, all attempts of the others do not; then it goes on.
        let calls = AtomicUsize::new(0);
        let some = Rule::new(Fault::SlowDown).on("s3", "UploadPartCopy");
        let some = some.when(move |_| (5..29).contains(&calls.fetch_add(1, Ordering::Relaxed)));
        stage.aws.inject(some);
        at(
            &stage,
            "ChangeMessageVisibilityBatch",
            0,
            Moment::Before,
            meanwhile,
        );
        let daemon = stage.start(&stage.config("")).await;
        stage.drained().await;
        daemon.stop().await;
        if why == "deleted" {
            assert_eq!(
                stage.aws.uploads("lake").len(),
                0,
                "{why}: uploads are left"
            );
            assert!(stage.aws.object("lake", "orders/a.bin").is_none(), "{why}");
        } else {
            equal(&stage);
        }
        never_mixed(&stage, why);
    }
}
