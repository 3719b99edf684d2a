//! Messages as large as SQS takes them: what is held stays bounded, and the others do not wait.

use std::time::Duration;

use brigade::config::Config;
use serde_json::{Value, json};
use tokio::time::{Instant, sleep};

use crate::aws::{Fault, Message, Mischief, Queue, Rule};
use crate::stage::{Stage, event, events, until};

const MIB: usize = 1 << 20;

/// So many records about objects that are not there, one after the other, take a minute.
const GONE_A_MINUTE: usize = 6;

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

/// The same number of mebibytes in as many messages, each of which is held for about `minutes`: S3 is slow about
/// objects that are not there.
fn held_for(stage: &Stage, queue: &str, minutes: usize, count: usize) {
    for _ in 0..count {
        let text = many(minutes * GONE_A_MINUTE);
        let mut body: Value = serde_json::from_str(&text).expect("it is JSON");
        body["pad"] = "x".repeat(MIB - text.len() - 100).into();
        stage.aws.send(queue, &body.to_string());
    }
}

/// Objects that are not there take so long.
fn slow_where_gone(stage: &Stage) {
    let (before, after) = (Duration::from_secs(5), Duration::ZERO);
    let gone = Rule::new(Fault::Slow { before, after }).when(|call| call.key.contains("gone-"));
    stage.aws.inject(gone);
}

/// A stage with two more queues of messages that anyone could send.
fn three_queues() -> (Stage, Config, [String; 2]) {
    let stage = Stage::new(1);
    let queue = |name: &str| {
        let dead = Queue::new(&format!("{name}-dead"), "us-east-1");
        let queue = Queue::new(name, "us-east-1").redrive(&dead, 100);
        stage.aws.create_queue(dead);
        stage.aws.create_queue(queue)
    };
    let queues = ["second", "third"].map(queue);
    let mut config = stage.config("");
    for (name, url) in ["second", "third"].into_iter().zip(&queues) {
        let mut queue = events(&mut config).clone();
        queue.url.clone_from(url);
        config.queue.insert(name.to_owned(), queue);
    }
    (stage, config, queues)
}

/// How often the messages were received that have ended, at most.
fn receives(stage: &Stage) -> u32 {
    let settled = stage.aws.settled();
    settled
        .iter()
        .map(|settled| settled.receives)
        .max()
        .unwrap_or(0)
}

/// Every answer of S3 about an object takes so long.
fn slow(stage: &Stage, before: Duration) {
    let after = Duration::ZERO;
    for operation in ["CopyObject", "HeadObject"] {
        let slow = Fault::Slow { before, after };
        stage.aws.inject(Rule::new(slow).on("s3", operation));
    }
}

fn in_flight(stage: &Stage) -> usize {
    stage.aws.queue(&stage.queue).in_flight()
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
    assert!((9..=10).contains(&most), "{most} mebibytes are held");
    // From now on S3 is as fast as the look that follows a 404 wants it.
    stage.aws.calm();
    stage.drained().await;
    daemon.stop().await;
    let again = stage.aws.settled();
    let again = again.iter().filter(|settled| settled.receives > 1).count();
    assert_eq!(again, 0, "none had to wait until its lease was lost");
    assert!(stage.dead_lettered().await.is_empty());
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
    let dead_lettered = stage.aws.empty(&stage.dead);
    assert_eq!(dead_lettered.len(), 30);
    let whole = dead_lettered
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
        until("the others are deleted", || stage.aws.settled().len() > 20).await;
        assert_eq!(in_flight(&stage), heavy, "{why}: their leases are kept");
        stage.drained().await;
        daemon.stop().await;
        let settled = stage.aws.settled();
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
    let ended = stage.aws.is_dry(&stage.queue);
    assert!(ended, "what was begun was ended");
}

#[tokio::test(start_paused = true)]
async fn large_messages_that_are_held_for_minutes_leave_others_readable() {
    let stage = Stage::new(1);
    stage.drained_of_test_event().await;
    slow_where_gone(&stage);
    held_for(&stage, &stage.queue, 3, 3);
    let daemon = stage.start(&stage.config("")).await;
    until("they are held", || in_flight(&stage) == 3).await;
    for n in 0..20 {
        stage.send(&padded(&format!("{n}.csv"))).await;
    }
    until("the others have ended", || stage.aws.settled().len() >= 20).await;
    assert_eq!(in_flight(&stage), 3, "these are still held");
    stage.drained().await;
    daemon.stop().await;
    assert_eq!(receives(&stage), 1);
}

#[tokio::test(start_paused = true)]
async fn an_answer_waits_for_memory_longer_than_for_the_queue() {
    for (why, minutes, most) in [
        ("until it is read", 1, 1),
        ("until its messages come again", 2, 2),
    ] {
        let (stage, config, [second, third]) = three_queues();
        stage.drained_of_test_event().await;
        slow_where_gone(&stage);
        for queue in [&stage.queue, &second] {
            held_for(&stage, queue, minutes, 10);
        }
        let daemon = stage.start(&config).await;
        let hidden = |queue: &str| stage.aws.queue(queue).in_flight();
        until("both polls are answered", || {
            hidden(&second) + in_flight(&stage) == 20
        })
        .await;
        // Neither those that are held nor an answer that waits are in the way of ordinary messages.
        for n in 0..30 {
            let body = event(&format!("in/{n}.csv"), 1, "e1", "2026-11-02T09:00:00.000Z");
            stage.aws.send(&third, &body);
        }
        until("ordinary ones are worked", || stage.aws.is_dry(&third)).await;
        let held = hidden(&second) + in_flight(&stage);
        assert_eq!(held, 20, "{why}: the large ones are still there");
        until("all have ended", || {
            stage.aws.is_dry(&second) && stage.aws.is_dry(&stage.queue)
        })
        .await;
        daemon.stop().await;
        assert_eq!(receives(&stage), most, "{why}");
        assert!(stage.dead_lettered().await.is_empty(), "{why}");
    }
}

#[tokio::test(start_paused = true)]
async fn messages_beyond_those_asked_for_are_released() {
    let stage = Stage::new(1);
    stage.drained_of_test_event().await;
    stage.aws.make_mischief(Mischief {
        surplus: 2,
        ..Mischief::default()
    });
    let (before, after) = (Duration::from_secs(10), Duration::ZERO);
    let slow = Rule::new(Fault::Slow { before, after });
    stage.aws.inject(slow.on("s3", "CopyObject"));
    for n in 0..12 {
        stage.put(&format!("{n}.csv"), "x");
    }
    let mut config = stage.config("");
    events(&mut config).max_pollers = 1;
    let daemon = stage.start(&config).await;
    stage.drained().await;
    daemon.stop().await;
    let settled = stage.aws.settled();
    let again = settled.iter().filter(|settled| settled.receives > 1);
    assert_eq!(again.count(), 2);
    let released = stage
        .aws
        .calls()
        .count("sqs", "ChangeMessageVisibilityBatch");
    assert_eq!(released, 1, "at once, and not when their visibility ended");
}

#[tokio::test(start_paused = true)]
async fn answers_of_the_queue_of_arrivals_wait_for_the_same_memory() {
    let stage = Stage::new(1);
    stage.drained_of_test_event().await;
    slow_where_gone(&stage);
    held_for(&stage, &stage.queue, 1, 10);
    let arrivals = stage.aws.create_queue(Queue::new("arrivals", "us-east-1"));
    let config = stage.config(&format!("[catalog]\nqueue = \"{arrivals}\""));
    let daemon = stage.start(&config).await;
    until("they are held", || in_flight(&stage) == 10).await;
    stage.aws.send(&arrivals, &"x".repeat(MIB));
    let read = || {
        stage
            .aws
            .calls()
            .count("sqs", "ChangeMessageVisibilityBatch")
    };
    sleep(Duration::from_secs(20)).await;
    assert_eq!(stage.aws.queue(&arrivals).in_flight(), 1);
    assert_eq!(read(), 0, "what nobody here can read is put off");
    until("there is memory for it", || read() > 0).await;
    daemon.stop().await;
}

#[tokio::test(start_paused = true)]
async fn arrivals_beyond_those_asked_for_are_released() {
    let stage = Stage::new(1);
    stage.aws.make_mischief(Mischief {
        surplus: 2,
        ..Mischief::default()
    });
    let arrivals = stage.aws.create_queue(Queue::new("arrivals", "us-east-1"));
    for _ in 0..12 {
        stage.aws.send(&arrivals, "nobody here can read this");
    }
    let config = stage.config(&format!("[catalog]\nqueue = \"{arrivals}\""));
    let daemon = stage.start(&config).await;
    sleep(Duration::from_secs(1)).await;
    daemon.stop().await;
    let received = |message: &Message| message.receives;
    let messages = stage.aws.queue(&arrivals).messages().to_vec();
    let most = messages.iter().map(received).max();
    assert_eq!(
        (messages.len(), most),
        (12, Some(2)),
        "two came again at once"
    );
}

#[tokio::test(start_paused = true)]
async fn a_lease_that_is_lost_while_waiting_for_a_worker_ends_the_wait() {
    let (stage, mut config, [second, _]) = three_queues();
    stage.drained_of_test_event().await;
    let (before, after) = (Duration::from_mins(1), Duration::ZERO);
    let slow = Rule::new(Fault::Slow { before, after });
    stage.aws.inject(slow.on("s3", "CopyObject"));
    let never = Rule::new(Fault::InternalError).on("sqs", "ChangeMessageVisibility");
    let place = second.clone();
    stage
        .aws
        .inject(never.when(move |call| call.place == place));
    config.work.workers = 1;
    events(&mut config).visibility_timeout = Duration::from_mins(10);
    let hidden = config.queue.get_mut("second").expect("it was made");
    hidden.visibility_timeout = Duration::from_secs(30);
    stage.put("a.csv", "x");
    let daemon = stage.start(&config).await;
    until("the only worker copies", || in_flight(&stage) == 1).await;
    stage.aws.send(&second, &many(1));
    sleep(Duration::from_secs(45)).await;
    assert!(stage.copy("a.csv").is_none(), "it still copies");
    let scraped = daemon.view.scrape();
    let lost = scraped
        .lines()
        .any(|line| line.contains("queue=\"second\",outcome=\"lost\"} 1"));
    assert!(lost, "{scraped}");
    daemon.stop().await;
}
