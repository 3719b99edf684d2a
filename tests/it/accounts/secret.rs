//! Keys in a secret: rotated while they are used, missing, malformed, of another partition.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use serde_json::json;

use super::{arrived, asked, config, keep, know, put, reason, signers, stage};
use crate::aws::{Aws, Latency, Moment, Standing};

#[tokio::test(start_paused = true)]
async fn a_secret_rotated_while_copying_costs_one_refresh_and_nothing_else() {
    type End = fn(&Aws);
    #[rustfmt::skip]
    let table: [(_, End); 3] = [
        ("the old key is deleted",       |aws| aws.access(|access| access.forget("AKIACHINA"))),
        ("its session is over",          |aws| aws.access(|access| access.stand("AKIACHINA", Standing::Expired))),
        ("its secret is another by now", |aws| aws.access(|access| access.stand("AKIACHINA", Standing::WrongSecret))),
    ];
    for (why, end) in table {
        let stage = stage();
        put(&stage, 0..300);
        stage.aws.slow_down(Latency(Duration::from_millis(200)));
        let puts = AtomicUsize::new(0);
        stage.aws.watch(Some(Arc::new(move |aws, call, moment| {
            let put = call.operation == "PutObject" && moment == Moment::Before;
            if put && puts.fetch_add(1, Ordering::Relaxed) == 100 {
                know(aws, "AKIANEW");
                keep(aws, "AKIANEW");
                end(aws);
            }
        })));
        let daemon = stage.start(&config(&stage, "")).await;
        stage.drained().await;
        let refused = stage.aws.calls().0;
        let refused = refused.iter().filter(|call| {
            call.access_key == "AKIACHINA" && matches!(call.status, Some(400 | 403))
        });
        assert!(refused.count() > 10, "{why}: many workers met it");
        assert_eq!(asked(&stage.aws), 2, "{why}: one refresh for all");
        assert!(!daemon.is_paused("export"), "{why}");
        arrived(&stage, 0..300);
        assert_eq!(
            signers(&stage.aws, "s3", "PutObject"),
            ["AKIACHINA", "AKIANEW"]
        );
        let scrape = daemon.view.scrape();
        assert!(!scrape.contains("outcome=\"retried\""), "{why}: {scrape}");
        daemon.stop().await;
        assert!(stage.dead_lettered().await.is_empty(), "{why}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_look_whose_key_is_refused_without_a_word_looks_again() {
    let stage = stage();
    put(&stage, 0..40);
    let forgotten = stage.aws.empty(&stage.queue);
    assert!(forgotten.len() >= 40, "nobody tells of them");
    put(&stage, 0..20);
    let daemon = stage.start(&config(&stage, "")).await;
    stage.drained().await;
    know(&stage.aws, "AKIANEW");
    keep(&stage.aws, "AKIANEW");
    stage.aws.access(|access| access.forget("AKIACHINA"));
    stage.aws.slow_down(Latency(Duration::from_millis(200)));
    // One is there already, the next is not; who asks for one looks at both sides first.
    for n in (0..20).flat_map(|n| [n, n + 20]) {
        let key = format!("in/{n}.csv");
        let work = json!({ "brigade": 1, "kind": "work", "bucket": "raw", "key": key });
        stage.send(&work.to_string()).await;
    }
    stage.drained().await;
    arrived(&stage, 0..40);
    assert_eq!(asked(&stage.aws), 2);
    let scrape = daemon.view.scrape();
    assert!(!scrape.contains("outcome=\"retried\""), "{scrape}");
    daemon.stop().await;
    assert!(stage.dead_lettered().await.is_empty());
}

#[tokio::test(start_paused = true)]
async fn while_s3_does_not_know_the_new_key_the_one_before_serves() {
    let stage = stage();
    keep(&stage.aws, "AKIANEW");
    put(&stage, 0..50);
    let daemon = stage.start(&config(&stage, "")).await;
    stage.drained().await;
    arrived(&stage, 0..50);
    let status = serde_json::to_value(daemon.view.status()).unwrap();
    assert_eq!(
        status["accounts"]["china"]["secret"]["stage"],
        "AWSPREVIOUS"
    );

    know(&stage.aws, "AKIANEW");
    stage.aws.access(|access| access.forget("AKIACHINA"));
    tokio::time::sleep(Duration::from_mins(1)).await;
    put(&stage, 50..100);
    stage.drained().await;
    arrived(&stage, 50..100);
    let status = serde_json::to_value(daemon.view.status()).unwrap();
    assert_eq!(status["accounts"]["china"]["secret"]["stage"], "AWSCURRENT");
    daemon.stop().await;
    assert!(stage.dead_lettered().await.is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_secret_that_gives_no_good_key_holds_the_route_and_says_why() {
    #[rustfmt::skip]
    let table = [
        ("missing",         None,                             "secret \\\"brigade/other\\\": not found by this caller in this region"),
        ("malformed",       Some("AKIA:hush"),                "secret \\\"brigade/other\\\": not JSON"),
        ("incomplete",      Some("{\"AccessKeyId\": \"A\"}"), "secret \\\"brigade/other\\\": no SecretAccessKey, in any usual spelling"),
        ("not printable",   Some("{\"AccessKeyId\": \"AKIA\\nROTATED\", \"SecretAccessKey\": \"hush\"}"),
         "secret \\\"brigade/other\\\": its AccessKeyId contains a space, a line end or another character that is not printable ASCII"),
        ("of another cloud", Some("{\"AccessKeyId\": \"AKIAHOME\", \"SecretAccessKey\": \"hush\"}"),
         "no such key in partition aws-cn (cn-north-1): a key works only in the partition it was made in; give [account.china] a key of aws-cn"),
    ];
    for (why, value, want) in table {
        let stage = stage();
        put(&stage, 0..100);
        if let Some(value) = value {
            stage.aws.keep_secret("us-east-1", "brigade/other", value);
        }
        let mut config = config(&stage, "");
        let china = config.account.get_mut("china").unwrap();
        china.secret = Some("brigade/other".into());
        let daemon = stage.start(&config).await;
        let reason = reason(&daemon, "export").await;
        assert!(reason.contains(want), "{why}: {reason}");
        assert!(!reason.contains("hush"), "{why}: {reason}");
        tokio::time::sleep(Duration::from_hours(1)).await;
        assert!(asked(&stage.aws) < 300, "{why}: {}", asked(&stage.aws));

        let value = json!({ "AccessKeyId": "AKIACHINA", "SecretAccessKey": "secret" });
        stage
            .aws
            .keep_secret("us-east-1", "brigade/other", &value.to_string());
        stage.drained().await;
        arrived(&stage, 0..100);
        daemon.stop().await;
        assert!(stage.dead_lettered().await.is_empty(), "{why}");
    }
}
