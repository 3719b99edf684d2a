//! What a bucket does not bear is found out and kept to.

use std::time::Duration;

use tokio::time::{Instant, sleep};

use crate::aws::{Fault, Rule, TestObject};
use crate::stage::{Daemon, Stage, until};

/// As far away as another continent is.
const FAR: Duration = Duration::from_millis(100);

fn far(stage: &Stage) {
    let far = Fault::Slow {
        before: FAR,
        after: Duration::ZERO,
    };
    stage.aws.inject(Rule::new(far).on("s3", "CopyObject"));
}

fn backlog(stage: &Stage, name: &str, count: usize) {
    for n in 0..count {
        stage.put(&format!("{name}-{n}"), "x");
    }
}

/// The limits of a bucket, as `/status.json` shows them.
fn limit(daemon: &Daemon, bucket: &str) -> serde_json::Value {
    let status = serde_json::to_value(daemon.view.status()).expect("it is JSON");
    status["accounts"]["default"]["limits"][bucket].clone()
}

fn refused(stage: &Stage) -> usize {
    let calls = stage.aws.calls();
    let all = calls.of("s3", "CopyObject");
    all.filter(|call| call.status == Some(503)).count()
}

#[tokio::test(start_paused = true)]
async fn a_bucket_is_asked_for_no_more_than_it_bears_and_for_more_again() {
    let stage = Stage::new(1);
    stage.drained_of_test_event().await;
    far(&stage);
    stage.aws.bears("lake", 20);
    backlog(&stage, "a", 1_000);
    let config = stage.config("");
    let daemon = stage.start(&config).await;
    let began = Instant::now();
    stage.drained().await;
    // 20 at once at ten a second each: five seconds, at best. Without a limit it is a minute, 121
    // refusals and a paused route.
    let (took, refusals) = (began.elapsed(), refused(&stage));
    assert!(took < Duration::from_secs(10), "{took:?}");
    assert!(refusals < 60, "{refusals} refusals for 1,000 objects");
    let calls = limit(&daemon, "lake")["calls"].as_u64().expect("a limit");
    assert!(
        (10..=24).contains(&calls),
        "{calls} for a bucket that bears 20"
    );
    let gauge = format!("brigade_s3_limit{{account=\"default\",bucket=\"lake\"}} {calls}");
    assert!(daemon.view.scrape().contains(&gauge));
    assert!(stage.dead_lettered().await.is_empty());
    assert!(!daemon.is_paused("orders"));

    stage.aws.bears("lake", 1_000);
    backlog(&stage, "b", 2_500);
    stage.drained().await;
    assert_eq!(refused(&stage), refusals, "none any more");
    let calls = limit(&daemon, "lake")["calls"].as_u64().expect("a limit");
    assert!(calls >= 64, "{calls}: no worker is held up any more");
    daemon.stop().await;
}

#[tokio::test(start_paused = true)]
async fn buckets_do_not_slow_each_other_down() {
    let stage = Stage::new(1);
    stage
        .aws
        .create_bucket(crate::aws::Bucket::new("store", "eu-west-1"));
    stage.aws.bears("store", 1);
    far(&stage);
    let more = "[route.stock]\nfrom = \"s3://raw/in/\"\nto = \"s3://store/{path}\"";
    backlog(&stage, "a", 300);
    let daemon = stage.start(&stage.config(more)).await;
    sleep(Duration::from_secs(20)).await;
    let calls = |bucket| limit(&daemon, bucket)["calls"].as_u64().expect("a limit");
    assert!(calls("store") <= 4, "{}", calls("store"));
    assert!(calls("lake") > 32, "{}", calls("lake"));
    stage.drained().await;
    daemon.stop().await;
}

#[tokio::test(start_paused = true)]
async fn parts_that_take_minutes_leave_a_buckets_places_to_others() {
    let stage = Stage::new(1);
    let minutes = Fault::Slow {
        before: Duration::from_mins(2),
        after: Duration::ZERO,
    };
    stage
        .aws
        .inject(Rule::new(minutes).on("s3", "UploadPartCopy"));
    for n in 0..16 {
        let large = TestObject::claimed(&format!("in/large-{n}"), 40 << 20, 7);
        stage.aws.put("raw", large);
    }
    let parts = "multipart_copy_threshold = \"5MiB\"\npart_size = \"5MiB\"\n\
                 [work]\nlarge_threshold = \"1MiB\"\nlarge_workers = 16";
    let daemon = stage.start(&stage.config(parts)).await;
    let parts_out = || stage.aws.calls().count("s3", "UploadPartCopy");
    until("parts are under way", || parts_out() >= 32).await;
    sleep(Duration::from_secs(10)).await;
    let began = Instant::now();
    backlog(&stage, "a", 100);
    let copied = || stage.aws.calls().count("s3", "CopyObject");
    until("the small ones are there", || copied() == 100).await;
    let took = began.elapsed();
    assert!(took < Duration::from_secs(10), "{took:?}");
    stage.drained().await;
    daemon.stop().await;
}

#[tokio::test(start_paused = true)]
async fn what_a_key_does_not_bear_slows_down_only_what_needs_the_key() {
    let stage = Stage::new(1);
    backlog(&stage, "a", 100);
    let busy = Rule::new(Fault::KeySlowDown).on("s3", "CopyObject");
    stage.aws.inject(busy.times(20));
    let daemon = stage.start(&stage.config("")).await;
    let kms = || limit(&daemon, "lake")["kms"].as_u64();
    until("the key's limit fell", || {
        kms().is_some_and(|calls| calls < 60)
    })
    .await;
    let gauge = "brigade_kms_limit{account=\"default\",bucket=\"lake\"} ";
    assert!(daemon.view.scrape().contains(gauge));
    stage.drained().await;
    let calls = limit(&daemon, "lake")["calls"].as_u64().expect("a limit");
    assert!(calls > 32, "{calls}: the bucket's own limit is as it was");
    assert!(stage.dead_lettered().await.is_empty());
    daemon.stop().await;
}
