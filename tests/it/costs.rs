//! What a copy costs, counted by the in-memory AWS: the numbers of docs/cost.md.

use std::time::Duration;

use crate::aws::{Fault, Rule, TestObject};
use crate::stage::{Stage, event, until, work};

const OBJECTS: usize = 3_000;

#[tokio::test(start_paused = true)]
async fn a_new_small_object_costs_one_s3_call_and_a_quarter_of_an_sqs_call() {
    let stage = Stage::new(1);
    stage.drained_of_test_event().await;
    // As far away as another region is.
    let (before, after) = (Duration::from_millis(20), Duration::from_millis(10));
    stage
        .aws
        .inject(Rule::new(Fault::Slow { before, after }).on("s3", "CopyObject"));
    for n in 0..OBJECTS {
        stage.put(&format!("{n}.csv"), &format!("object {n}"));
    }
    let asked = stage.aws.calls().0.len();
    let started = tokio::time::Instant::now();
    let config = stage.config("[work]\nworkers = 256");
    let daemon = stage.start(&config).await;
    stage.drained().await;
    // Virtual time: 3,000 copies of 30 ms by 256 workers are a third of a second of work.
    assert!(
        started.elapsed() < Duration::from_secs(1),
        "{:?}",
        started.elapsed()
    );
    daemon.stop().await;

    let calls: Vec<_> = stage.aws.calls().0.split_off(asked);
    let count = |service: &str, operation: &str| {
        calls
            .iter()
            .filter(|c| c.service == service && c.operation == operation)
            .count()
    };
    assert_eq!(count("s3", "CopyObject"), OBJECTS);
    let others = ["CopyObject", "HeadBucket"];
    let other = calls
        .iter()
        .find(|c| c.service == "s3" && !others.contains(&&*c.operation));
    assert!(other.is_none(), "1.00 S3 calls an object, but: {other:?}");
    let sqs = calls.iter().filter(|call| call.service == "sqs").count();
    assert!(sqs * 4 <= OBJECTS, "{sqs} SQS calls for {OBJECTS} messages");
    assert_eq!(
        count("sqs", "ChangeMessageVisibility"),
        0,
        "short work is never extended"
    );
    for n in 0..OBJECTS {
        assert_eq!(
            stage.copy(&format!("{n}.csv")),
            Some(format!("object {n}").into_bytes())
        );
    }
}

#[tokio::test(start_paused = true)]
async fn duplicates_and_overwrites_cost_what_the_design_says() {
    let stage = Stage::new(2);
    stage.put("a.csv", "one");
    let daemon = stage.start(&stage.config("")).await;
    stage.drained().await;
    let etag = stage
        .aws
        .object("raw", "in/a.csv")
        .and_then(|v| v.object)
        .expect("put")
        .etag;

    let mut before = stage.s3_calls();
    let mut cost = || {
        let now = stage.s3_calls();
        now - std::mem::replace(&mut before, now)
    };
    stage
        .send(&event("in/a.csv", 3, &etag, "2026-11-01T00:00:00Z"))
        .await;
    stage.drained().await;
    assert_eq!(cost(), 3, "a duplicate: a refused copy and two looks");

    stage.put("a.csv", "two");
    stage.drained().await;
    assert_eq!(stage.copy("a.csv").as_deref(), Some(&b"two"[..]));
    assert_eq!(
        cost(),
        4,
        "an overwrite: a refused copy, a look, the copy, a look after it"
    );

    stage.send(&work("in/a.csv")).await;
    stage.drained().await;
    assert_eq!(cost(), 2, "asked for what is there: two looks");
    daemon.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_streamed_object_costs_a_get_and_a_put() {
    for (why, tagged, tags, looks) in [
        ("once a minute: may tags be read?", false, 1, 0),
        (
            "its tags, and a look whether they are its own",
            true,
            100,
            100,
        ),
    ] {
        let stage = Stage::new(3);
        for n in 0..100 {
            let seed = TestObject::new(&format!("in/{n}"), "one");
            let seed = if tagged { seed.tag("a", "b") } else { seed };
            stage.aws.put("raw", seed);
        }
        let config = stage.config("transfer = \"stream\"\n[work]\nworkers = 1");
        let daemon = stage.start(&config).await;
        stage.drained().await;
        daemon.stop().await;
        let calls = stage.aws.calls();
        for (operation, want) in [
            ("HeadObject", looks),
            ("GetObject", 100),
            ("PutObject", 100),
            ("GetObjectTagging", tags),
        ] {
            assert_eq!(calls.count("s3", operation), want, "{why}: {operation}");
        }
        assert_eq!(stage.copy("0").as_deref(), Some(&b"one"[..]));
    }
}

#[tokio::test(start_paused = true)]
async fn a_copy_in_parts_costs_eight_calls_and_those_of_its_parts() {
    let inside = "multipart_copy_threshold = \"5MiB\"\npart_size = \"5MiB\"";
    for (why, route, size, want) in [
        ("3 copied", inside, 15 << 20, 8 + 3),
        (
            "3 read and written",
            "transfer = \"stream\"",
            24 << 20,
            8 + 2 * 3,
        ),
        (
            "no tags",
            "transfer = \"stream\"\ntags = \"skip\"",
            24 << 20,
            7 + 2 * 3,
        ),
    ] {
        let stage = Stage::new(5);
        stage.put("a.bin", &"x".repeat(size));
        let config = stage.config(route);
        let daemon = stage.start(&config).await;
        stage.drained().await;
        daemon.stop().await;
        assert_eq!(
            stage.copy("a.bin").map(|copy| copy.len()),
            Some(size),
            "{why}"
        );
        assert_eq!(stage.s3_calls(), want, "{why}: {:?}", stage.aws.calls());
    }
}

#[tokio::test(start_paused = true)]
async fn the_same_event_of_a_large_object_moves_no_bytes_again() {
    let inside = "multipart_copy_threshold = \"5MiB\"\npart_size = \"5MiB\"";
    let stream = "transfer = \"stream\"";
    for (why, route, parts, claimed, want) in [
        ("inside S3", inside, 0, 24 << 20, 3),
        ("streamed", stream, 0, 24 << 20, 3),
        (
            "inside S3, a forged size: the refused copy",
            inside,
            0,
            3,
            4,
        ),
        ("streamed, a forged size: the read", stream, 0, 3, 4),
        (
            "uploaded in parts, a forged size: its source",
            inside,
            3,
            3,
            4,
        ),
    ] {
        let stage = Stage::new(6);
        let seed = TestObject::new("in/a.bin", "x".repeat(24 << 20));
        let seed = if parts > 0 {
            seed.multipart(parts)
        } else {
            seed
        };
        stage.aws.put("raw", seed);
        let daemon = stage.start(&stage.config(route)).await;
        stage.drained().await;
        let parts = || {
            let calls = stage.aws.calls();
            let names = ["UploadPart", "UploadPartCopy", "CreateMultipartUpload"];
            names
                .map(|name| calls.count("s3", name))
                .iter()
                .sum::<usize>()
        };
        let (moved, asked) = (parts(), stage.s3_calls());
        assert!(moved > 3, "{why}: {moved}");
        let object = stage.aws.object("raw", "in/a.bin");
        let etag = object.and_then(|version| version.object).expect("put").etag;
        let again = event("in/a.bin", claimed, &etag, "2026-11-01T00:00:00Z");
        stage.send(&again).await;
        stage.drained().await;
        daemon.stop().await;
        assert_eq!(parts(), moved, "{why}");
        assert_eq!(stage.s3_calls() - asked, want, "{why}");
        assert!(stage.dead_lettered().await.is_empty(), "{why}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_idle_queue_costs_one_long_poll_and_a_burst_brings_more() {
    let stage = Stage::new(4);
    stage.drained_of_test_event().await;
    let daemon = stage.start(&stage.config("")).await;
    let receives = || stage.aws.calls().count("sqs", "ReceiveMessage");
    let before = receives();
    tokio::time::sleep(Duration::from_mins(10)).await;
    let idle = receives() - before;
    assert!(
        (29..=31).contains(&idle),
        "{idle} receives in ten minutes of 20 s polls"
    );

    let slow = Fault::Slow {
        before: Duration::from_secs(1),
        after: Duration::ZERO,
    };
    stage
        .aws
        .inject(Rule::new(slow).on("sqs", "ReceiveMessage"));
    for n in 0..200 {
        stage.put(&format!("{n}"), "x");
    }
    until("more polls are out", || daemon.pollers() > 1).await;
    stage.drained().await;
    until("back to one", || daemon.pollers() == 1).await;
    daemon.stop().await;
}

#[tokio::test(start_paused = true)]
async fn limits_of_size_cost_a_look_at_the_source() {
    let stage = Stage::new(1);
    let daemon = stage.start(&stage.config("min_size = \"1B\"")).await;
    stage.put("a.csv", "a");
    stage.drained().await;
    daemon.stop().await;
    let calls = stage.aws.calls();
    let made = ["HeadObject", "CopyObject"].map(|op| calls.count("s3", op));
    assert_eq!((made, stage.s3_calls()), ([1, 1], 2));
}
