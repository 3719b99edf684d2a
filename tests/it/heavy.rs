//! Messages as large as SQS takes them: what is held stays bounded, and the others do not wait.

use std::time::Duration;

use serde_json::{Value, json};
use tokio::time::{Instant, sleep};

use crate::aws::{Fault, Rule};
use crate::stage::{Stage, event, events, until};

const MIB: usize = 1 << 20;

/// An event of a new object in a message that is nearly as large as SQS takes it.
fn padded(name: &str) -> String {
    let text = event(&format!("in/{name}"), 1, "e1", "2026-11-02T09:00:00.000Z");
    let mut body: Value = serde_json::from_str(&text).expect("it is JSON");
    body["pad"] = "x".repeat(MIB - text.len() - 100).into();
    body.to_string()
}

/// Events of as many objects, none of which is there, in one message.
fn many(count: usize) -> String {
    let one = |n: usize| {
        json!({
            "eventVersion": "2.1", "eventSource": "aws:s3", "awsRegion": "us-east-1",
            "eventTime": "2026-11-02T09:00:00.000Z", "eventName": "ObjectCreated:Put",
            "s3": { "bucket": { "name": "raw" }, "object": {
                "key": format!("in/gone-{n}.csv"), "size": 1, "eTag": "e", "sequencer": "00" } },
        })
    };
    let records: Vec<_> = (0..count).map(one).collect();
    json!({ "Records": records }).to_string()
}

/// Every answer of S3 about an object takes so long.
fn slow(stage: &Stage, before: Duration) {
    let after = Duration::ZERO;
    for operation in ["CopyObject", "HeadObject"] {
        let slow = Fault::Slow { before, after };
        stage.world.inject(Rule::new(slow).on("s3", operation));
    }
}

fn in_flight(stage: &Stage) -> usize {
    stage.world.queue(&stage.queue).in_flight()
}

#[tokio::test(start_paused = true)]
async fn no_more_large_messages_are_received_than_there_is_memory_for() {
    let stage = Stage::new(1);
    // Less than a write may take: none is given up and hidden without being held.
    slow(&stage, Duration::from_secs(10));
    for n in 0..60 {
        stage.send(&padded(&format!("{n}.csv"))).await;
    }
    let mut config = stage.config("");
    events(&mut config).max_pollers = 8;
    let daemon = stage.start(&config).await;
    let mut most = 0;
    let began = Instant::now();
    while began.elapsed() < Duration::from_secs(9) {
        most = most.max(in_flight(&stage));
        sleep(Duration::from_millis(500)).await;
    }
    assert!((10..=12).contains(&most), "{most} mebibytes are held");
    // From now on S3 is as fast as the look that follows a 404 wants it.
    stage.world.calm();
    stage.drained().await;
    daemon.stop().await;
    let again = stage.world.settled();
    let again = again.iter().filter(|settled| settled.receives > 1).count();
    assert_eq!(again, 0, "none had to wait until its lease was lost");
    assert!(stage.parked().await.is_empty());
}

#[tokio::test(start_paused = true)]
async fn large_messages_are_parked_whole() {
    let stage = Stage::new(1);
    for _ in 0..30 {
        stage
            .send(&format!("{{{}", "x".repeat(MIB - 200_000)))
            .await;
    }
    let daemon = stage.start(&stage.config("")).await;
    stage.drained().await;
    daemon.stop().await;
    let parked = stage.world.empty(&stage.dead);
    assert_eq!(parked.len(), 30);
    let whole = parked
        .iter()
        .all(|message| message.body.len() == MIB - 199_999);
    assert!(whole, "a body was cut");
}

#[tokio::test(start_paused = true)]
async fn a_message_of_a_thousand_records_takes_turns_with_the_others() {
    for (why, workers, heavy) in [("one worker", 1, 1), ("more of them than workers", 2, 4)] {
        let stage = Stage::new(1);
        stage.drained_of_test_event().await;
        slow(&stage, Duration::from_millis(50));
        for _ in 0..heavy {
            stage.send(&many(1_000)).await;
        }
        let mut config = stage.config("");
        config.work.workers = workers;
        let daemon = stage.start(&config).await;
        until("all of them are received", || in_flight(&stage) == heavy).await;
        sleep(Duration::from_secs(1)).await;
        let began = Instant::now();
        for n in 0..20 {
            stage.put(&format!("{n}.csv"), "x");
        }
        until("the others are copied", || {
            (0..20).all(|n| stage.copy(&format!("{n}.csv")).is_some())
        })
        .await;
        assert!(
            began.elapsed() < Duration::from_secs(15),
            "{why}: {:?}",
            began.elapsed()
        );
        until("the others are deleted", || {
            stage.world.settled().len() > 20
        })
        .await;
        assert_eq!(in_flight(&stage), heavy, "{why}: their leases are kept");
        stage.drained().await;
        daemon.stop().await;
        let settled = stage.world.settled();
        let again = settled
            .iter()
            .filter(|settled| settled.receives > 1)
            .count();
        assert_eq!(again, 0, "{why}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_stop_between_two_records_lets_the_message_end() {
    let stage = Stage::new(1);
    stage.drained_of_test_event().await;
    slow(&stage, Duration::from_millis(10));
    stage.send(&many(200)).await;
    stage.send(&many(200)).await;
    let mut config = stage.config("");
    config.work.workers = 1;
    let daemon = stage.start(&config).await;
    until("both are received", || in_flight(&stage) == 2).await;
    sleep(Duration::from_secs(1)).await;
    daemon.stop().await;
    let ended = stage.world.is_dry(&stage.queue);
    assert!(ended, "what was begun was ended");
}
