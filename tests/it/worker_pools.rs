//! Small and large objects in worker pools of their own: neither waits for the other.

use std::time::Duration;

use tokio::time::{Instant, sleep};

use crate::aws::{Fault, Rule, TestObject};
use crate::stage::{Daemon, Stage, until};

const HUGE: u64 = 1 << 30;
const PART: Duration = Duration::from_mins(1);

/// Two parts of each huge object's 16 in a minute, or eight of them.
fn slow_parts(stage: &Stage) {
    let slow = Fault::Slow {
        before: PART,
        after: Duration::ZERO,
    };
    stage.aws.inject(Rule::new(slow).on("s3", "UploadPartCopy"));
}

fn huge(stage: &Stage, count: usize) {
    for n in 0..count {
        let seed = TestObject::claimed(&format!("in/huge-{n}"), HUGE, n as u64);
        stage.aws.put("raw", seed);
    }
}

fn small(stage: &Stage, count: usize) {
    for n in 0..count {
        stage.put(&format!("small-{n}"), "x");
    }
}

fn copied(stage: &Stage, kind: &str, count: usize) -> usize {
    let there = |n| {
        stage
            .aws
            .object("lake", &format!("orders/{kind}-{n}"))
            .is_some()
    };
    (0..count).filter(|n| there(*n)).count()
}

fn pool(daemon: &Daemon, pool: &str, what: &str) -> u64 {
    let status = serde_json::to_value(daemon.view.status()).expect("it is JSON");
    let number = status["pools"][pool][what].as_u64();
    number.expect("a number")
}

#[tokio::test(start_paused = true)]
async fn small_objects_do_not_wait_for_large_ones() {
    // A worker for each large one and more in the backlog than there is room for.
    for (why, workers, large) in [("few", 8, 8), ("more than the room", 8, 60)] {
        let stage = Stage::new(1);
        slow_parts(&stage);
        huge(&stage, large);
        small(&stage, 200);
        let mut config = stage.config("");
        config.work.workers = workers;
        let daemon = stage.start(&config).await;
        let began = Instant::now();
        until("all small ones are there", || {
            copied(&stage, "small", 200) == 200
        })
        .await;
        assert!(began.elapsed() < PART, "{why}: {:?}", began.elapsed());
        assert_eq!(copied(&stage, "huge", large), 0, "{why}");
        assert_eq!(pool(&daemon, "large", "in_use"), 4, "{why}");
        stage.drained().await;
        assert_eq!(copied(&stage, "huge", large), large, "{why}");
        daemon.stop().await;
        assert!(stage.dead_lettered().await.is_empty(), "{why}");
        let again = stage.aws.settled();
        let again = again.iter().filter(|settled| settled.receives > 1).count();
        assert_eq!(again, 0, "{why}: waiting keeps the lease");
    }
}

#[tokio::test(start_paused = true)]
async fn large_objects_do_not_wait_for_small_ones() {
    let stage = Stage::new(1);
    slow_parts(&stage);
    let slow = Fault::Slow {
        before: Duration::from_secs(10),
        after: Duration::ZERO,
    };
    stage.aws.inject(Rule::new(slow).on("s3", "CopyObject"));
    small(&stage, 500);
    huge(&stage, 1);
    small(&stage, 1_000);
    let mut config = stage.config("");
    config.work.workers = 8;
    let daemon = stage.start(&config).await;
    // In some place among the 64 that the queue hands out next, it waits for its turn to be looked at.
    until("the large one is begun", || {
        pool(&daemon, "large", "in_use") == 1
    })
    .await;
    let began = Instant::now();
    until("it is there", || copied(&stage, "huge", 1) == 1).await;
    assert!(
        began.elapsed() <= PART * 2 + Duration::from_secs(1),
        "{:?}",
        began.elapsed()
    );
    assert!(copied(&stage, "small", 1_000) < 1_000);
    stage.drained().await;
    daemon.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_stop_gives_back_at_once_what_waits_for_the_large_lane() {
    let stage = Stage::new(1);
    slow_parts(&stage);
    huge(&stage, 8);
    let mut config = stage.config("");
    config.work.large_workers = 1;
    let daemon = stage.start(&config).await;
    until("seven wait", || pool(&daemon, "large", "waiting") == 7).await;
    assert!(
        daemon
            .view
            .scrape()
            .contains("brigade_messages_waiting{pool=\"large\"} 7")
    );
    daemon.signal();
    sleep(Duration::from_secs(2)).await;
    let queue = stage.aws.queue(&stage.queue);
    let now = stage.aws.now();
    let visible = queue.messages().iter().filter(|m| m.visible_at <= now);
    assert_eq!(visible.count(), 7, "the eighth is being copied");
    let said = daemon.stop_cut_off().await;
    assert!(
        said.starts_with("the drain was cut off after 25s"),
        "{said}"
    );
}

#[tokio::test(start_paused = true)]
async fn every_worker_may_turn_large() {
    let stage = Stage::new(1);
    slow_parts(&stage);
    huge(&stage, 6);
    let mut config = stage.config("");
    (config.work.workers, config.work.large_workers) = (2, 1);
    let daemon = stage.start(&config).await;
    until("five wait", || pool(&daemon, "large", "waiting") == 5).await;
    assert_eq!(pool(&daemon, "small", "in_use"), 0);
    small(&stage, 20);
    let began = Instant::now();
    until("small ones pass", || copied(&stage, "small", 20) == 20).await;
    assert!(began.elapsed() < PART, "{:?}", began.elapsed());
    stage.drained().await;
    daemon.stop().await;
    assert_eq!(copied(&stage, "huge", 6), 6);
}

#[tokio::test(start_paused = true)]
async fn a_message_works_its_large_records_last() {
    let stage = Stage::new(1);
    stage.drained_of_test_event().await;
    slow_parts(&stage);
    huge(&stage, 1);
    small(&stage, 1);
    let queue = stage.aws.queue(&stage.queue);
    let bodies: Vec<_> = queue.messages().iter().map(|m| m.body.clone()).collect();
    stage.aws.empty(&stage.queue);
    let records: Vec<_> = bodies
        .iter()
        .flat_map(|body| {
            let mut body: serde_json::Value = serde_json::from_str(body).expect("JSON");
            body["Records"].as_array_mut().expect("a list").split_off(0)
        })
        .collect();
    assert_eq!(records.len(), 2);
    let both = serde_json::json!({ "Records": records }).to_string();
    stage.send(&both).await;
    let daemon = stage.start(&stage.config("")).await;
    let began = Instant::now();
    until("the small one is there", || copied(&stage, "small", 1) == 1).await;
    assert!(began.elapsed() < PART);
    stage.drained().await;
    daemon.stop().await;
    assert_eq!(copied(&stage, "huge", 1), 1);
}
