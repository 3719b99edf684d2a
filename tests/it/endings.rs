//! How messages end: deleted, returned to the queue, or dead-lettered with a reason, and nothing else.

use std::time::Duration;

use crate::aws::{Fault, Rule, Silence, TestObject};
use crate::stage::{Stage, event, events, until};

/// A quarter of the default visibility timeout of 2 min.
const W: Duration = Duration::from_secs(30);

#[tokio::test(start_paused = true)]
async fn what_can_never_work_is_parked_with_its_reason() {
    for (why, body, reason, error) in [
        ("not JSON", "{oops", "malformed", "expected a JSON body"),
        (
            "another shape",
            "{\"hello\": 1}",
            "malformed",
            "expected an S3, SNS or EventBridge event",
        ),
        (
            "a broken key",
            &*event("in/%FF", 1, "x", "2026-11-01T00:00:00Z"),
            "malformed",
            "UTF-8",
        ),
    ] {
        let stage = Stage::new(1);
        let daemon = stage.start(&stage.config("")).await;
        stage.send(body).await;
        stage.drained().await;
        let counted = "brigade_dead_lettered_total{queue=\"events\",reason=\"malformed\"} 1";
        assert!(daemon.view.scrape().contains(counted), "{why}");
        daemon.stop().await;
        let dead_lettered = stage.dead_lettered().await;
        let [(got, reported)] = &dead_lettered[..] else {
            panic!("{why}: {dead_lettered:?}")
        };
        assert_eq!(got, reason, "{why}");
        assert!(reported.contains(error), "{why}: {reported}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_archived_object_is_parked_and_says_so() {
    let stage = Stage::new(1);
    stage.aws.put(
        "raw",
        TestObject::new("in/cold.csv", "cold").storage_class("GLACIER"),
    );
    let daemon = stage.start(&stage.config("")).await;
    stage.drained().await;
    daemon.stop().await;
    assert_eq!(stage.dead_lettered().await[0].0, "archived");
}

#[tokio::test(start_paused = true)]
async fn what_no_route_takes_and_what_is_gone_is_deleted() {
    let stage = Stage::new(1);
    stage
        .aws
        .put("raw", TestObject::new("elsewhere/a.csv", "a"));
    stage.put("gone.csv", "gone");
    stage.aws.delete("raw", "in/gone.csv", None);
    let daemon = stage.start(&stage.config("")).await;
    stage.drained().await;
    daemon.stop().await;
    assert_eq!(stage.copy("gone.csv"), None);
    assert!(stage.dead_lettered().await.is_empty());
}

#[tokio::test(start_paused = true)]
async fn the_drop_folders_own_marker_is_skipped_and_never_taken_away() {
    for more in [
        "",
        "after_copy = \"delete\"",
        "after_copy = \"move\"\nmove_to = \"done/\"",
    ] {
        let stage = Stage::new(1);
        let mut config = stage.config(more);
        let root = brigade::config::Route::new("s3://raw/in/", "s3://lake").expect("places");
        let orders = config.route.get_mut("orders").expect("the route");
        orders.to = root.to;
        stage.aws.put("raw", TestObject::new("in/", ""));
        stage.put("a.csv", "a");
        let daemon = stage.start(&config).await;
        stage.drained().await;
        let folders = "brigade_records_total{route=\"none\",outcome=\"folder\"}";
        let scraped = daemon.view.scrape();
        assert!(
            scraped.contains(&format!("{folders} 1")),
            "{more}: {scraped}"
        );
        daemon.stop().await;
        assert!(stage.dead_lettered().await.is_empty(), "{more}");
        assert!(
            stage.aws.object("raw", "in/").is_some(),
            "{more}: the folder is there"
        );
        assert!(
            stage.aws.object("lake", "a.csv").is_some(),
            "{more}: and what was dropped, too"
        );
        let moved = stage.aws.object("raw", "in/a.csv").is_none();
        assert_eq!(moved, !more.is_empty(), "{more}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_write_without_an_answer_is_looked_after_once_it_can_no_longer_land() {
    for (why, fault) in [
        ("it happened", Fault::Lost(Silence::Hang)),
        ("it did not", Fault::Dropped(Silence::Reset)),
        ("it happens late", Fault::Late(W / 2, Silence::Hang)),
        ("an empty 200", Fault::Empty200 { happens: true }),
        (
            "an error in a 200",
            Fault::ErrorIn200 {
                code: "InternalError",
                happens: false,
            },
        ),
    ] {
        let stage = Stage::new(1);
        stage.put("a.csv", "one");
        stage
            .aws
            .inject(Rule::new(fault).on("s3", "CopyObject").times(1));
        let daemon = stage.start(&stage.config("")).await;
        let sent = tokio::time::Instant::now();
        stage.drained().await;
        assert!(
            sent.elapsed() >= W,
            "{why}: settled after {:?}",
            sent.elapsed()
        );
        daemon.stop().await;
        assert_eq!(stage.copy("a.csv").as_deref(), Some(&b"one"[..]), "{why}");
        assert!(stage.dead_lettered().await.is_empty(), "{why}");
    }
}

#[tokio::test(start_paused = true)]
async fn the_last_attempt_too_is_parked_only_once_its_write_can_no_longer_land() {
    let stage = Stage::new(1);
    stage.put("a.csv", "one");
    let late = Fault::Late(Duration::from_secs(29), Silence::Hang);
    stage
        .aws
        .inject(Rule::new(late).on("s3", "CopyObject").times(1));
    let mut config = stage.config("");
    events(&mut config).max_attempts = 1;
    let sent = tokio::time::Instant::now();
    let daemon = stage.start(&config).await;
    stage.drained().await;
    assert!(
        sent.elapsed() >= W,
        "dead-lettered after {:?}",
        sent.elapsed()
    );
    daemon.stop().await;
    assert_eq!(stage.dead_lettered().await[0].0, "unanswered");
}

#[tokio::test(start_paused = true)]
async fn a_daemon_told_to_stop_receives_nothing_more() {
    let stage = Stage::new(1);
    for n in 0..400 {
        stage.put(&n.to_string(), "x");
    }
    let slow = Fault::Slow {
        before: Duration::from_secs(5),
        after: Duration::ZERO,
    };
    stage.aws.inject(Rule::new(slow).on("s3", "CopyObject"));
    let daemon = stage.start(&stage.config("[work]\nworkers = 2")).await;
    until("it is full", || {
        stage.aws.calls().count("s3", "CopyObject") > 4
    })
    .await;
    let receives = || stage.aws.calls().count("sqs", "ReceiveMessage");
    let before = receives();
    daemon.stop().await;
    assert_eq!(receives(), before);
    assert_eq!(
        stage.aws.queue(&stage.queue).in_flight(),
        0,
        "nothing stays hidden"
    );
}

#[tokio::test(start_paused = true)]
async fn throttling_is_waited_out_in_place() {
    let stage = Stage::new(1);
    stage.put("a.csv", "one");
    stage
        .aws
        .inject(Rule::new(Fault::SlowDown).on("s3", "CopyObject").times(2));
    let daemon = stage.start(&stage.config("")).await;
    stage.drained().await;
    daemon.stop().await;
    assert_eq!(stage.copy("a.csv").as_deref(), Some(&b"one"[..]));
    assert_eq!(stage.aws.calls().count("s3", "CopyObject"), 3);
    assert_eq!(
        stage
            .aws
            .calls()
            .count("sqs", "ChangeMessageVisibilityBatch"),
        0
    );
}

#[tokio::test(start_paused = true)]
async fn a_delete_that_fails_in_part_is_made_again() {
    let stage = Stage::new(1);
    for n in 0..10 {
        stage.put(&n.to_string(), "x");
    }
    stage.aws.inject(
        Rule::new(Fault::Entries(vec![0, 3]))
            .on("sqs", "DeleteMessageBatch")
            .times(1),
    );
    let daemon = stage.start(&stage.config("")).await;
    stage.drained().await;
    daemon.stop().await;
    assert_eq!(
        stage.aws.calls().count("s3", "CopyObject"),
        10,
        "nothing is worked twice"
    );
}

#[tokio::test(start_paused = true)]
async fn a_parking_that_fails_loses_nothing() {
    let stage = Stage::new(1);
    stage.send("{oops").await;
    let failing = Rule::new(Fault::InternalError).on("sqs", "SendMessage");
    stage.aws.inject(failing.times(2));
    let daemon = stage.start(&stage.config("")).await;
    stage.drained().await;
    daemon.stop().await;
    assert_eq!(stage.aws.calls().count("sqs", "SendMessage"), 4);
    assert_eq!(stage.dead_lettered().await.len(), 1);
}

#[tokio::test(start_paused = true)]
async fn long_work_keeps_its_lease() {
    let stage = Stage::new(1);
    stage.put("a.csv", "one");
    // Three looks of 9 s, each within its timeout, before the object is copied.
    let slow = Fault::Slow {
        before: Duration::from_secs(9),
        after: Duration::ZERO,
    };
    stage.aws.inject(Rule::new(slow).on("s3", "HeadObject"));
    stage
        .aws
        .inject(Rule::new(Fault::Conflict).on("s3", "CopyObject").times(3));
    let mut config = stage.config("");
    events(&mut config).visibility_timeout = Duration::from_mins(1);
    let daemon = stage.start(&config).await;
    stage.drained().await;
    daemon.stop().await;
    let calls = stage.aws.calls();
    assert!(
        calls.count("sqs", "ChangeMessageVisibility") >= 1,
        "renewed at half"
    );
    assert_eq!(stage.copy("a.csv").as_deref(), Some(&b"one"[..]));
    assert!(stage.aws.stale_deletes().is_empty());
}

#[tokio::test(start_paused = true)]
async fn what_was_not_started_is_visible_at_once_when_told_to_stop() {
    let stage = Stage::new(1);
    stage.drained_of_test_event().await;
    for n in 0..20 {
        stage.put(&n.to_string(), "x");
    }
    let slow = Fault::Slow {
        before: Duration::from_secs(5),
        after: Duration::ZERO,
    };
    stage.aws.inject(Rule::new(slow).on("s3", "CopyObject"));
    let daemon = stage.start(&stage.config("[work]\nworkers = 2")).await;
    until("two are being copied and others wait", || {
        stage.aws.queue(&stage.queue).in_flight() > 2
            && stage.aws.calls().count("s3", "HeadBucket") > 0
    })
    .await;
    daemon.signal();
    tokio::time::sleep(Duration::from_secs(1)).await;
    let queue = stage.aws.queue(&stage.queue);
    assert_eq!(queue.in_flight(), 2, "only what runs is still held");
    assert_eq!(queue.visible(), 18, "the others are there for anyone");
    daemon.stop().await;
    let left = stage.aws.queue(&stage.queue).messages().len();
    assert_eq!(left, 18, "what ran is finished and deleted");
}
