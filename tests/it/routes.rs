//! What concerns a route is not worked out on each of its messages; and what arrived is crawled.

use std::time::Duration;

use crate::aws::{Bucket, Denial, Fault, HOME_ACCOUNT, HOME_KEY, Rule, Silence, TestObject};
use crate::stage::{Stage, events, until};

const BACKLOG: usize = 300;

fn backlog(stage: &Stage) {
    for n in 0..BACKLOG {
        stage.put(&format!("{n}.csv"), "x");
    }
}

async fn resumes(stage: &Stage) {
    stage.drained().await;
    for n in 0..BACKLOG {
        assert!(stage.copy(&format!("{n}.csv")).is_some(), "{n}.csv");
    }
    assert!(
        stage.dead_lettered().await.is_empty(),
        "nothing went to the dead-letter queue"
    );
}

#[tokio::test(start_paused = true)]
async fn a_missing_target_bucket_holds_the_route_until_it_is_there() {
    let stage = Stage::without_target(1);
    backlog(&stage);
    let daemon = stage.start(&stage.config("")).await;
    until("the route is held", || daemon.is_paused("orders")).await;
    let gauge = "brigade_route_paused{route=\"orders\"}";
    assert!(daemon.view.scrape().contains(&format!("{gauge} 1")));
    let reason = daemon.route("orders")["error"].to_string();
    assert!(
        reason.contains("no such bucket") && reason.contains("lake"),
        "{reason}"
    );

    // A night long: the backlog waits in the queue, and is not received in vain.
    tokio::time::sleep(Duration::from_hours(3)).await;
    let receives = stage.aws.calls().count("sqs", "ReceiveMessage");
    assert!(
        receives < 1_000,
        "{receives} receives while the route was held"
    );

    stage.aws.create_bucket(Bucket::new("lake", "eu-west-1"));
    resumes(&stage).await;
    assert!(!daemon.is_paused("orders"));
    assert!(daemon.view.scrape().contains(&format!("{gauge} 0")));
    daemon.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_hold_spends_nobodys_attempts() {
    let stage = Stage::without_target(1);
    stage.put("a.csv", "a");
    let mut config = stage.config("");
    events(&mut config).max_attempts = 1;
    let daemon = stage.start(&config).await;
    until("the route is held", || daemon.is_paused("orders")).await;
    tokio::time::sleep(Duration::from_mins(10)).await;
    stage.aws.create_bucket(Bucket::new("lake", "eu-west-1"));
    stage.drained().await;
    daemon.stop().await;
    assert!(stage.copy("a.csv").is_some());
    assert!(stage.dead_lettered().await.is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_held_route_without_messages_does_not_spend_the_others() {
    let stage = Stage::without_target(1);
    let more = "[route.stock]\nfrom = \"s3://raw/stock/\"\nto = \"s3://store/{path}\"";
    stage.put("only.csv", "x");
    for n in 0..BACKLOG {
        stage
            .aws
            .put("raw", TestObject::new(&format!("stock/{n}"), "x"));
    }
    let daemon = stage.start(&stage.config(more)).await;
    until("both are held", || {
        daemon.is_paused("orders") && daemon.is_paused("stock")
    })
    .await;
    let before = stage.aws.calls().count("sqs", "ReceiveMessage");
    tokio::time::sleep(Duration::from_hours(3)).await;
    let receives = stage.aws.calls().count("sqs", "ReceiveMessage") - before;
    assert!(receives < 600, "{receives} receives in three hours");
    stage.aws.create_bucket(Bucket::new("lake", "eu-west-1"));
    stage.aws.create_bucket(Bucket::new("store", "eu-west-1"));
    stage.drained().await;
    daemon.stop().await;
    assert!(stage.dead_lettered().await.is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_bad_policy_edit_holds_the_route_and_parks_nothing() {
    let stage = Stage::new(1);
    backlog(&stage);
    let denial = Denial {
        access_key: HOME_KEY.into(),
        action: "s3:PutObject".into(),
        resource: "lake".into(),
    };
    stage.aws.access(|access| access.deny(denial.clone()));
    let daemon = stage.start(&stage.config("")).await;
    until("the route is held", || daemon.is_paused("orders")).await;
    let reason = daemon.route("orders")["error"].to_string();
    assert!(reason.contains("s3:PutObject"), "{reason}");
    tokio::time::sleep(Duration::from_hours(1)).await;
    stage.aws.access(|access| access.allow(&denial));
    resumes(&stage).await;
    daemon.stop().await;
}

#[tokio::test(start_paused = true)]
async fn refused_credentials_hold_the_route_until_they_are_mended() {
    let stage = Stage::new(1);
    let daemon = stage.start(&stage.config("")).await;
    stage.drained().await;
    // S3 knows the key no more; SQS, which asks nobody here, still does.
    let arn = format!("arn:aws:iam::{HOME_ACCOUNT}:user/brigade");
    let china = format!("arn:aws-cn:iam::{HOME_ACCOUNT}:user/brigade");
    stage.aws.access(|access| access.know(HOME_KEY, &china));
    tokio::time::sleep(Duration::from_mins(2)).await;
    stage.aws.access(|access| access.know(HOME_KEY, &arn));
    backlog(&stage);
    resumes(&stage).await;
    daemon.stop().await;
}

#[tokio::test(start_paused = true)]
async fn one_denied_object_is_parked_with_the_missing_action_and_holds_nobody() {
    let stage = Stage::new(1);
    let denial = Denial {
        access_key: HOME_KEY.into(),
        action: "s3:GetObject".into(),
        resource: "raw/in/secret.csv".into(),
    };
    stage.aws.access(|access| access.deny(denial));
    stage.put("secret.csv", "x");
    stage.put("open.csv", "x");
    let daemon = stage.start(&stage.config("")).await;
    stage.drained().await;
    assert!(!daemon.is_paused("orders"));
    daemon.stop().await;
    let dead_lettered = stage.dead_lettered().await;
    assert_eq!(dead_lettered.len(), 1);
    assert_eq!(dead_lettered[0].0, "denied");
    assert!(
        dead_lettered[0].1.contains("s3:GetObject"),
        "{}",
        dead_lettered[0].1
    );
    assert!(stage.copy("open.csv").is_some());
}

#[tokio::test(start_paused = true)]
async fn a_burst_is_one_crawl_after_the_one_that_a_boot_owes() {
    let stage = Stage::new(1);
    let daemon = stage.start(&stage.config("")).await;
    let starts = || stage.aws.crawler("eu-west-1", "lake").starts().len();
    until("a boot counts as dirty", || starts() == 1).await;
    backlog(&stage);
    stage.drained().await;
    tokio::time::sleep(Duration::from_hours(2)).await;
    assert_eq!(starts(), 2, "one for the boot, one for the burst");
    daemon.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_crawl_is_not_lost_when_the_last_daemon_stops() {
    let stage = Stage::new(1);
    let daemon = stage.start(&stage.config("")).await;
    let starts = || stage.aws.crawler("eu-west-1", "lake").starts().len();
    until("the boot's crawl", || starts() == 1).await;
    tokio::time::sleep(Duration::from_mins(2)).await;
    stage.put("late.csv", "x");
    stage.drained().await;
    assert_eq!(starts(), 1, "at most every ten minutes");
    daemon.stop().await;
    assert_eq!(starts(), 2);
}

#[tokio::test(start_paused = true)]
async fn every_copy_onto_or_from_kms_is_crawled_and_made_once() {
    for (why, source_kms, target_kms) in [
        ("a KMS source", true, false),
        ("a KMS target", false, true),
        ("both", true, true),
    ] {
        let stage = Stage::without_target(1);
        let target = Bucket::new("lake", "eu-west-1");
        stage
            .aws
            .create_bucket(if target_kms { target.kms() } else { target });
        let daemon = stage.start(&stage.config("")).await;
        let starts = || stage.aws.crawler("eu-west-1", "lake").starts().len();
        until("the boot's crawl", || starts() == 1).await;
        tokio::time::sleep(Duration::from_mins(2)).await;
        let seed = TestObject::new("in/a.csv", "a");
        stage
            .aws
            .put("raw", if source_kms { seed.kms() } else { seed });
        stage.drained().await;
        assert_eq!(
            stage.aws.calls().count("s3", "CopyObject"),
            1,
            "{why}: one copy"
        );
        tokio::time::sleep(Duration::from_mins(30)).await;
        assert_eq!(starts(), 2, "{why}: the crawl");
        assert!(
            daemon
                .view
                .scrape()
                .contains("brigade_copies_total{route=\"orders\""),
            "{why}"
        );
        daemon.stop().await;
        assert_eq!(stage.copy("a.csv").as_deref(), Some(&b"a"[..]), "{why}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_outage_of_s3_is_waited_out_and_parks_nothing() {
    for fault in [
        Fault::InternalError,
        Fault::SlowDown,
        Fault::Dropped(Silence::Reset),
    ] {
        let stage = Stage::new(1);
        backlog(&stage);
        stage
            .aws
            .inject(Rule::new(fault).when(|call| call.service == "s3"));
        let daemon = stage.start(&stage.config("")).await;
        until("the route is held", || daemon.is_paused("orders")).await;
        tokio::time::sleep(Duration::from_hours(4)).await;
        stage.aws.calm();
        resumes(&stage).await;
        daemon.stop().await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_queue_that_disappears_is_waited_for_and_shown() {
    let stage = Stage::new(1);
    let daemon = stage.start(&stage.config("")).await;
    until("ready", || daemon.view.not_ready().is_empty()).await;
    stage.aws.delete_queue(&stage.queue);
    until("unready", || !daemon.view.not_ready().is_empty()).await;
    assert!(daemon.view.not_ready()[0].contains("no such queue"));
    tokio::time::sleep(Duration::from_hours(1)).await;
    assert!(
        daemon.view.not_live().is_empty(),
        "an outage does not kill the fleet"
    );
    daemon.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_write_that_is_not_known_without_conditions_either_leaves_them_on() {
    let stage = Stage::new(1);
    stage.drained_of_test_event().await;
    let odd = Rule::new(Fault::NotImplemented);
    stage.aws.inject(odd.on("s3", "CopyObject"));
    stage.put("odd.csv", "x");
    let daemon = stage.start(&stage.config("")).await;
    until("the route is held", || daemon.is_paused("orders")).await;
    let status = serde_json::to_value(daemon.view.status()).unwrap();
    let without = &status["accounts"]["default"]["unconditional_buckets"];
    assert_eq!(*without, serde_json::json!([]));
    stage.aws.calm();
    stage.drained().await;
    daemon.stop().await;
    assert!(stage.copy("odd.csv").is_some());
}

#[tokio::test(start_paused = true)]
async fn a_bucket_without_conditions_is_remembered_and_written_all_the_same() {
    for (mode, works) in [("auto", true), ("on", false)] {
        let stage = Stage::new(1);
        let without = Rule::new(Fault::NotImplemented);
        let without = without.when(|call| call.conditional && call.place == "lake");
        stage.aws.inject(without);
        for n in 0..100 {
            stage.put(&format!("{n}.csv"), "x");
        }
        let mut config = stage.config("");
        config.aws.conditional_writes = match mode {
            "on" => brigade::config::ConditionalWrites::On,
            _ => brigade::config::ConditionalWrites::Auto,
        };
        let daemon = stage.start(&config).await;
        if !works {
            until("the route is held", || daemon.is_paused("orders")).await;
            let reason = daemon.route("orders")["error"].to_string();
            assert!(reason.contains("not implemented there"), "{reason}");
            continue;
        }
        stage.drained().await;
        stage.put("0.csv", "y");
        stage.drained().await;
        let status = serde_json::to_value(daemon.view.status()).unwrap();
        assert_eq!(
            status["accounts"]["default"]["unconditional_buckets"],
            serde_json::json!(["lake"])
        );
        let scrape = daemon.view.scrape();
        assert!(
            !scrape.contains("outcome=\"retried\""),
            "nobody had to wait: {scrape}"
        );
        daemon.stop().await;
        for n in 0..100 {
            assert!(stage.copy(&format!("{n}.csv")).is_some(), "{n}.csv");
        }
        assert!(stage.dead_lettered().await.is_empty());
        let calls = stage.aws.calls().0;
        let refused = calls.iter().filter(|call| call.status == Some(501)).count();
        assert!(
            (1..=64).contains(&refused),
            "{refused}: at most one for each worker"
        );
    }
}
