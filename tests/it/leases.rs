//! What a lease is worth: when it ends, who says so, and what may still be done then.

use std::time::Duration;

use std::sync::Arc;

use brigade::config::Rate;
use brigade::edge::{Clock, Rng};
use brigade::metrics::{Counted, Metrics};
use brigade::queue::{Lease, Load, Message, Receipt, Sqs, Terms, Weight};
use brigade::settle::Settler;
use brigade::work::{Room, Settlement, Verdict};
use bytesize::ByteSize;
use prometheus_client::metrics::gauge::Gauge;
use tokio::sync::{Semaphore, mpsc};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep};
use tokio_util::task::TaskTracker;

use crate::aws::{Denial, Fault, HOME_KEY, Rule, Silence, TestObject};
use crate::stage::{Stage, events, no_queue_waits};

const VISIBILITY: Duration = Duration::from_mins(1);

/// The stage's queue, as the daemon sees it, and the one message in it.
async fn held(stage: &Stage) -> (Sqs, Message, Lease) {
    stage.drained_of_test_event().await;
    stage.put("a.csv", "a");
    let client = aws_sdk_sqs::Client::new(&stage.aws.sdk("us-east-1"));
    let sqs = Sqs::new(client, stage.queue.clone(), Metrics::new("test").0);
    let asked = Instant::now();
    let received = sqs.receive(10, Duration::ZERO, VISIBILITY).await;
    let message = received.expect("it answers").remove(0);
    let (handle, terms) = (message.handle.clone(), Terms::new(VISIBILITY));
    let lease = Lease::keep(sqs.clone(), handle, asked, terms, &TaskTracker::new());
    (sqs, message, lease)
}

#[tokio::test(start_paused = true)]
async fn a_lease_never_believes_to_last_longer_than_it_does() {
    let second = Duration::from_secs(1);
    for (why, before, after) in [
        ("a slow request", second * 2, Duration::ZERO),
        ("a slow answer", Duration::ZERO, second * 2),
        ("both", second * 2, second * 2),
    ] {
        let stage = Stage::new(1);
        let slow = Fault::Slow { before, after };
        stage
            .aws
            .inject(Rule::new(slow).on("sqs", "ChangeMessageVisibility"));
        let (_, _, lease) = held(&stage).await;
        sleep(VISIBILITY * 3 / 4).await;
        let believes = lease.write_lease().expiry().expect("a lease ends");
        let left = believes - Instant::now();
        assert!(left > VISIBILITY / 2, "{why}: it was extended");
        let shown = stage.aws.queue(&stage.queue).messages()[0].visible_at;
        let hidden = Duration::try_from(shown - stage.aws.now()).expect("it is hidden");
        assert!(left <= hidden, "{why}: {left:?} of {hidden:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_lease_whose_message_is_gone_is_lost_at_once() {
    let stage = Stage::new(1);
    let (_, _, lease) = held(&stage).await;
    stage.aws.empty(&stage.queue);
    sleep(VISIBILITY / 2 + Duration::from_secs(1)).await;
    assert!(
        lease.write_lease().lost().is_cancelled(),
        "SQS said so when it was asked to extend"
    );
    assert!(lease.release().await.is_none());
}

#[tokio::test(start_paused = true)]
async fn a_longer_write_gets_a_longer_lease() {
    let stage = Stage::new(1);
    let (_, _, lease) = held(&stage).await;
    let patience = Duration::from_mins(2);
    let write_lease = lease
        .write_lease()
        .reaching(Terms::for_write_of(patience))
        .await;
    let write_lease = write_lease.expect("it is held");
    assert_eq!(write_lease.terms().write_timeout(), patience);
    write_lease.open().expect("the lease reaches").answered();
    let left = lease.write_lease().expiry().expect("a lease ends") - Instant::now();
    assert_eq!(left, patience * 8);
    // It stays that long, and is renewed at half of it.
    sleep(patience * 5).await;
    let left = lease.write_lease().expiry().expect("a lease ends") - Instant::now();
    assert_eq!(left, patience * 7);
}

#[tokio::test(start_paused = true)]
async fn a_longer_write_waits_no_longer_than_the_lease_lasts() {
    let stage = Stage::new(1);
    let (_, _, lease) = held(&stage).await;
    let never = Rule::new(Fault::InternalError).on("sqs", "ChangeMessageVisibility");
    stage.aws.inject(never);
    let began = Instant::now();
    let write_lease = lease
        .write_lease()
        .reaching(Terms::for_write_of(VISIBILITY))
        .await;
    assert!(write_lease.is_err());
    assert_eq!(began.elapsed(), VISIBILITY, "until it was lost");
}

#[tokio::test(start_paused = true)]
async fn a_receipt_is_not_used_after_its_expiry() {
    // A settled message waits up to 100 ms for others in its batch.
    let (delete, requeue) = (Settlement::Delete("done"), Settlement::Requeue);
    for (why, left, settlement, operation, calls) in [
        ("in time", 150, delete.clone(), "DeleteMessageBatch", 1),
        ("too late", 50, delete, "DeleteMessageBatch", 0),
        ("sent in time", 150, requeue.clone(), "SendMessage", 1),
        ("too late to be sent", 0, requeue, "SendMessage", 0),
    ] {
        let stage = Stage::new(1);
        let (sqs, message, lease) = held(&stage).await;
        let receipt = lease.release().await.expect("it is held");
        let settler = Settler {
            name: "events".into(),
            dead: sqs.clone(),
            sqs,
            metrics: Metrics::new("test").0,
            rng: Rng::seeded(1),
            clock: Clock::new(|| panic!("nobody asks")),
            sending: Load::default(),
        };
        let room = Arc::new(Semaphore::new(1)).try_acquire_owned();
        let (verdicts, judged) = mpsc::channel(1);
        let mut settling = JoinSet::new();
        settling.spawn(settler.run(judged));
        let verdict = Verdict {
            message,
            receipt: Some(Receipt {
                expiry: Instant::now() + Duration::from_millis(left),
                ..receipt
            }),
            settlement,
            lags: Vec::new(),
            room: Room::new(
                room.expect("one"),
                Weight::default(),
                Counted::one(&Gauge::default()),
            ),
        };
        verdicts.send(verdict).await.expect("it listens");
        sleep(Duration::from_millis(200)).await;
        let made = stage.aws.calls().count("sqs", operation);
        assert_eq!(made, calls, "{why}");
        drop(verdicts);
        settling.join_all().await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_lost_lease_ends_the_work() {
    let stage = Stage::new(1);
    stage.put("a.csv", "a");
    let never = Rule::new(Fault::InternalError).on("sqs", "ChangeMessageVisibility");
    stage.aws.inject(never);
    let slow = Fault::Slow {
        before: Duration::from_secs(50),
        after: Duration::ZERO,
    };
    stage.aws.inject(Rule::new(slow).on("s3", "GetObject"));
    let mut config = stage.config("transfer = \"stream\"");
    events(&mut config).visibility_timeout = VISIBILITY / 2;
    let daemon = stage.start(&config).await;
    // The lease was lost at 30 s; by now the message is here for the second time.
    sleep(Duration::from_secs(40)).await;
    assert_eq!(
        stage.aws.calls().count("s3", "GetObject"),
        2,
        "received again"
    );
    let scraped = daemon.view.scrape();
    let held = "brigade_deliveries_in_flight{queue=\"events\"} 1";
    assert!(scraped.contains(held), "{scraped}");
}

#[tokio::test(start_paused = true)]
async fn a_delete_that_failed_is_tried_again_while_the_receipt_lasts() {
    for (why, fault) in [
        ("its entry", Fault::Entries(vec![0])),
        ("its call", Fault::InternalError),
        ("it was not named", Fault::Empty200 { happens: false }),
    ] {
        let stage = Stage::new(1);
        stage.drained_of_test_event().await;
        stage.put("a.csv", "a");
        stage
            .aws
            .inject(Rule::new(fault).on("sqs", "DeleteMessageBatch").times(1));
        let daemon = stage.start(&stage.config("")).await;
        stage.drained().await;
        daemon.stop().await;
        let settled = stage.aws.settled();
        assert_eq!(
            settled.last().map(|settled| settled.receives),
            Some(1),
            "{why}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn a_message_is_parked_once_the_queue_has_named_it() {
    let stage = Stage::new(1);
    stage.send("{noise").await;
    let empty = Fault::Empty200 { happens: false };
    let empty = Rule::new(empty).on("sqs", "SendMessage");
    // The stage's own clients have sent what they send.
    stage.aws.inject(empty.times(1));
    let daemon = stage.start(&stage.config("")).await;
    stage.drained().await;
    daemon.stop().await;
    assert_eq!(
        stage.dead_lettered().await.len(),
        1,
        "it is in one of the queues"
    );
}

/// A line on which 12 MiB take 40 s, and a try that was cut off on it.
async fn a_slow_line(config: &str, size: u64, operation: &'static str) {
    let stage = Stage::new(6);
    let silent = Rule::new(Fault::Dropped(Silence::Hang)).on("s3", operation);
    stage.aws.inject(silent.times(1));
    let half = Duration::from_secs(20);
    let slow = Fault::Slow {
        before: half,
        after: half,
    };
    stage.aws.inject(Rule::new(slow).on("s3", operation));
    stage
        .aws
        .put("raw", TestObject::claimed("in/a.bin", size, 7));
    let daemon = stage.start(&stage.config(config)).await;
    stage.drained().await;
    daemon.stop().await;
    assert!(stage.aws.object("lake", "orders/a.bin").is_some());
    let settled = stage.aws.settled();
    let ended = settled.last().expect("its message");
    assert_eq!(
        ended.receives, 2,
        "{operation}: the second try was not cut off"
    );
}

#[tokio::test(start_paused = true)]
async fn who_was_cut_off_gets_more_time() {
    a_slow_line("transfer = \"stream\"", 12 << 20, "PutObject").await;
    a_slow_line("", 200 << 20, "CopyObject").await;
}

#[tokio::test(start_paused = true)]
async fn room_is_held_until_a_message_is_settled() {
    let stage = Stage::new(1);
    for n in 0..100 {
        stage.put(&format!("{n}.csv"), "a");
    }
    let slow = Fault::Slow {
        before: Duration::from_secs(20),
        after: Duration::ZERO,
    };
    stage
        .aws
        .inject(Rule::new(slow).on("sqs", "DeleteMessageBatch"));
    let mut config = stage.config("");
    config.work.workers = 1;
    let daemon = stage.start(&config).await;
    sleep(Duration::from_secs(15)).await;
    let queue = stage.aws.queue(&stage.queue);
    let taken = queue.messages().iter().filter(|m| m.receives > 0).count();
    // One worker's and at most 20 fetched ahead for it: all are worked, none is settled.
    assert!((1..=21).contains(&taken), "{taken} of 101");
    stage.drained().await;
    daemon.stop().await;
}

#[tokio::test(start_paused = true)]
async fn no_more_is_held_than_memory_bears() {
    let stage = Stage::new(1);
    stage.drained_of_test_event().await;
    for _ in 0..150 {
        stage.send(&"x".repeat(256 << 10)).await;
    }
    let slow = Fault::Slow {
        before: Duration::from_secs(3),
        after: Duration::ZERO,
    };
    stage.aws.inject(Rule::new(slow).on("sqs", "SendMessage"));
    let mut config = stage.config("");
    events(&mut config).max_pollers = 1;
    let daemon = stage.start(&config).await;
    sleep(Duration::from_secs(2)).await;
    // There is room for 192 messages; 48 of these are 12 MiB.
    let held = stage.aws.queue(&stage.queue).in_flight();
    assert!((40..=48).contains(&held), "{held} of 150");
    stage.drained().await;
    daemon.stop().await;
    assert_eq!(stage.dead_lettered().await.len(), 150);
}

#[tokio::test(start_paused = true)]
async fn a_queue_that_does_not_wait_is_not_asked_without_end() {
    let stage = Stage::new(1);
    no_queue_waits(&stage);
    stage.put("a.csv", "abc");
    let daemon = stage.start(&stage.config("")).await;
    sleep(Duration::from_mins(1)).await;
    let asked = stage.aws.calls().count("sqs", "ReceiveMessage");
    assert!((100..=121).contains(&asked), "{asked} in a minute");
    stage.aws.calm();
    stage.drained().await;
    daemon.stop().await;
    assert_eq!(stage.copy("a.csv").as_deref(), Some("abc".as_bytes()));
}

/// A copy of eight parts that takes seventeen hours.
async fn a_long_copy(denied: bool) -> Stage {
    let stage = Stage::new(1);
    stage.drained_of_test_event().await;
    let seed = TestObject::claimed("in/a.bin", 40 << 20, 1);
    stage.aws.put("raw", seed);
    if denied {
        stage.aws.access(|access| {
            access.deny(Denial {
                access_key: HOME_KEY.into(),
                action: "sqs:SendMessage".into(),
                resource: "events".into(),
            });
        });
    }
    let mut config = stage.config("transfer = \"stream\"\npart_size = \"5MiB\"");
    events(&mut config).visibility_timeout = Duration::from_mins(10);
    let orders = config.route.get_mut("orders").expect("the stage's route");
    orders.bandwidth = Some(Rate(ByteSize::b(700)));
    let daemon = stage.start(&config).await;
    sleep(Duration::from_hours(17)).await;
    stage.drained().await;
    daemon.stop().await;
    let md5 = |bucket, key| {
        let object = stage.aws.object(bucket, key).and_then(|v| v.object);
        object.map(|object| object.content.md5())
    };
    assert_eq!(md5("lake", "orders/a.bin"), md5("raw", "in/a.bin"));
    assert_eq!(stage.aws.uploads("lake").len(), 0, "no upload is left");
    stage
}

#[tokio::test(start_paused = true)]
async fn a_copy_that_outlasts_every_hold_is_handed_over_and_goes_on() {
    // Denied, it is returned to the queue, and that counts as a receive.
    for (denied, sent, receives) in [(false, 1, 1), (true, 1, 2)] {
        let stage = a_long_copy(denied).await;
        let calls = stage.aws.calls();
        assert_eq!(calls.count("sqs", "SendMessage"), sent, "denied: {denied}");
        let settled = stage.aws.settled();
        let ended = settled.last().expect("the copy's message");
        assert_eq!(ended.receives, receives, "denied: {denied}");
        // Those that were under way are read again.
        let parts = calls.count("s3", "UploadPart");
        assert!(
            (8..=14).contains(&parts),
            "denied: {denied}: {parts} parts were sent"
        );
    }
}
