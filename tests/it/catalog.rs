//! The catalogue with arrivals in a queue: what arrived is crawled, once for all processes, and no
//! crash loses a crawl.

use std::sync::Arc;
use std::time::Duration;

use brigade::config::Config;
use futures_util::future::join_all;
use jiff::Timestamp;

use crate::aws::{Crawler, Denial, Ending, Fault, HOME_KEY, Moment, Queue, Rule};
use crate::stage::{Daemon, Stage, no_queue_waits, until};

const RUN: Duration = Duration::from_mins(1);

/// A stage with a queue of arrivals, and the configuration for it.
fn durable(more: &str) -> (Stage, String, Config) {
    let stage = Stage::new(1);
    let arrivals = stage.aws.create_queue(Queue::new("arrivals", "us-east-1"));
    let config = stage.config(&format!("{more}\n[catalog]\nqueue = \"{arrivals}\""));
    (stage, arrivals, config)
}

fn burst(stage: &Stage, name: &str, objects: usize) {
    for n in 0..objects {
        stage.put(&format!("{name}/{n}.csv"), "x");
    }
}

fn starts(stage: &Stage) -> Vec<Timestamp> {
    stage.aws.crawler("eu-west-1", "lake").starts()
}

/// Waits until everything is settled and crawled.
async fn known(stage: &Stage, arrivals: &str) {
    stage.drained().await;
    until("no arrival waits", || stage.aws.is_dry(arrivals)).await;
}

fn denied(action: &str, resource: &str) -> Denial {
    Denial {
        access_key: HOME_KEY.into(),
        action: action.into(),
        resource: resource.into(),
    }
}

fn shown(daemon: &Daemon) -> serde_json::Value {
    let status = serde_json::to_value(daemon.view.status()).expect("it is JSON");
    status["crawlers"]["lake"].clone()
}

#[tokio::test(start_paused = true)]
async fn a_queue_of_arrivals_that_does_not_wait_is_not_asked_without_end() {
    let (stage, arrivals, config) = durable("");
    no_queue_waits(&stage);
    burst(&stage, "a", 1);
    let daemon = stage.start(&config).await;
    tokio::time::sleep(Duration::from_mins(1)).await;
    let asked = stage.aws.calls().count("sqs", "ReceiveMessage");
    assert!(
        (200..=242).contains(&asked),
        "{asked} of two queues in a minute"
    );
    stage.aws.calm();
    known(&stage, &arrivals).await;
    daemon.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_burst_is_crawled_once_by_three_processes() {
    let (stage, arrivals, config) = durable("");
    let daemons = join_all([1, 2, 3].map(|_| stage.start(&config))).await;
    burst(&stage, "a", 1_000);
    until("a crawl", || !starts(&stage).is_empty()).await;
    assert!(
        !stage.aws.is_dry(&arrivals),
        "they wait for the end of the crawl"
    );
    known(&stage, &arrivals).await;
    assert!(starts(&stage).len() <= 2, "{:?}", starts(&stage));
    let sent = stage.aws.calls().count("sqs", "SendMessage");
    assert!(sent <= 200, "{sent} messages for a thousand arrivals");

    // Nobody owes anything, and a start owes nothing either.
    let before = starts(&stage).len();
    tokio::time::sleep(Duration::from_hours(1)).await;
    let fourth = stage.start(&config).await;
    tokio::time::sleep(Duration::from_hours(1)).await;
    assert_eq!(starts(&stage).len(), before);

    // All see an arrival during a crawl: exactly one more.
    stage.put("b.csv", "x");
    until("a crawl", || starts(&stage).len() > before).await;
    stage.put("c.csv", "x");
    known(&stage, &arrivals).await;
    assert_eq!(starts(&stage).len(), before + 2);
    for daemon in daemons.into_iter().chain([fourth]) {
        assert_eq!(shown(&daemon)["waiting"], 0);
        daemon.stop().await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_crash_at_any_call_loses_no_crawl() {
    for (operation, moment) in [
        ("CopyObject", Moment::After),
        ("SendMessage", Moment::Before),
        ("SendMessage", Moment::After),
        ("DeleteMessageBatch", Moment::Before),
        ("StartCrawler", Moment::Before),
        ("StartCrawler", Moment::After),
        ("GetCrawler", Moment::After),
    ] {
        let (stage, arrivals, config) = durable("");
        stage.drained_of_test_event().await;
        let killed = Arc::new(tokio::sync::Notify::new());
        let kill = killed.clone();
        crate::stage::at(&stage, operation, 0, moment, move |_| kill.notify_one());
        let daemon = stage.start(&config).await;
        stage.put("a.csv", "x");
        killed.notified().await;
        drop(daemon);
        stage.aws.watch(None);
        let copied = stage.aws.object("lake", "orders/a.csv").map(|v| v.modified);
        // The other one comes much later: what was under way has ended by then.
        tokio::time::sleep(Duration::from_mins(10)).await;
        let daemon = stage.start(&config).await;
        known(&stage, &arrivals).await;
        let last = *starts(&stage).last().expect("a crawl");
        let why = format!("{operation} {moment:?}");
        assert!(copied.is_none_or(|copied| last >= copied), "{why}");
        assert!(starts(&stage).len() <= 2, "{why}: {:?}", starts(&stage));
        daemon.stop().await;
    }
}

#[tokio::test(start_paused = true)]
async fn what_a_stopped_process_holds_is_crawled_by_another_at_once() {
    let (stage, arrivals, config) = durable("");
    let one = stage.start(&config).await;
    stage.put("a.csv", "x");
    until("it is held", || shown(&one)["waiting"] == 1).await;
    let stopped = stage.aws.now();
    one.stop().await;
    assert_eq!(stage.aws.queue(&arrivals).visible(), 1, "it was given back");
    let two = stage.start(&config).await;
    known(&stage, &arrivals).await;
    let waited = starts(&stage)[0].duration_since(stopped).unsigned_abs();
    assert!(waited < Duration::from_mins(1), "{waited:?}");
    two.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_crawl_that_fails_keeps_its_arrivals() {
    let (stage, arrivals, config) = durable("");
    let crawler = Crawler::new("lake", "eu-west-1", RUN);
    let failed = || Ending::Failed("no role".into());
    stage
        .aws
        .create_crawler(crawler.script([failed(), failed()]));
    let daemon = stage.start(&config).await;
    stage.put("a.csv", "x");
    until("two have failed", || {
        daemon.view.scrape().contains("result=\"failed\"} 2")
    })
    .await;
    assert_eq!(stage.aws.queue(&arrivals).messages().len(), 1, "it is kept");
    assert_eq!(shown(&daemon)["last_result"], "failed");
    known(&stage, &arrivals).await;
    assert_eq!(starts(&stage).len(), 3);
    assert_eq!(shown(&daemon)["last_result"], "succeeded");
    assert!(
        daemon
            .view
            .scrape()
            .contains("brigade_queryable_seconds_count{crawler=\"lake\"} 1")
    );
    daemon.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_crawler_that_is_missing_throttled_or_denied_is_waited_for() {
    let asks = || {
        let slow = Rule::new(Fault::SlowDown).on("glue", "StartCrawler");
        slow.times(3)
    };
    for why in ["missing", "throttled", "denied"] {
        let (stage, arrivals, config) = durable("");
        let crawler = Crawler::new("lake", "eu-west-1", RUN);
        let denial = denied("glue:StartCrawler", "lake");
        match why {
            "missing" => stage.aws.delete_crawler("eu-west-1", "lake"),
            "throttled" => stage.aws.inject(asks()),
            _ => stage.aws.access(|access| access.deny(denial.clone())),
        }
        let daemon = stage.start(&config).await;
        stage.put("a.csv", "x");
        stage.drained().await;
        tokio::time::sleep(Duration::from_mins(20)).await;
        match why {
            "throttled" => {}
            _ => assert_eq!(stage.aws.queue(&arrivals).messages().len(), 1, "{why}"),
        }
        if why != "throttled" {
            assert!(shown(&daemon)["error"].is_string(), "{why}");
        }
        match why {
            "missing" => stage.aws.create_crawler(crawler),
            "throttled" => {}
            _ => stage.aws.access(|access| access.allow(&denial)),
        }
        known(&stage, &arrivals).await;
        assert_eq!(starts(&stage).len(), 1, "{why}");
        assert!(shown(&daemon)["error"].is_null(), "{why}");
        daemon.stop().await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_run_that_does_not_end_is_told_of_and_waited_for() {
    let (stage, arrivals, config) = durable("");
    let crawler = Crawler::new("lake", "eu-west-1", Duration::from_hours(5));
    stage.aws.create_crawler(crawler);
    let daemon = stage.start(&config).await;
    stage.put("a.csv", "x");
    until("it is stuck", || {
        daemon
            .view
            .scrape()
            .contains("brigade_crawls_total{crawler=\"lake\",result=\"stuck\"} 1")
    })
    .await;
    let reported = shown(&daemon)["error"].to_string();
    assert!(reported.contains("does not end"), "{reported}");
    assert!(!stage.aws.is_dry(&arrivals));
    known(&stage, &arrivals).await;
    assert_eq!(starts(&stage).len(), 1);
    daemon.stop().await;
}

#[tokio::test(start_paused = true)]
async fn arrivals_that_cannot_be_announced_keep_their_messages() {
    let (stage, arrivals, config) = durable("");
    let denial = denied("sqs:SendMessage", "arrivals");
    stage.aws.access(|access| access.deny(denial.clone()));
    let daemon = stage.start(&config).await;
    burst(&stage, "a", 50);
    until("the route is held", || daemon.is_paused("orders")).await;
    tokio::time::sleep(Duration::from_hours(1)).await;
    assert!(starts(&stage).is_empty());
    stage.aws.access(|access| access.allow(&denial));
    known(&stage, &arrivals).await;
    assert!(stage.dead_lettered().await.is_empty());
    assert!(!starts(&stage).is_empty());
    daemon.stop().await;
}

#[tokio::test(start_paused = true)]
async fn what_nobody_here_can_read_is_left_to_others() {
    let (stage, arrivals, config) = durable("");
    for body in ["", r#"{"Records":[]}"#, r#"{"brigade":2}"#] {
        stage.aws.send(&arrivals, body);
    }
    let other = r#"{"brigade":1,"crawler":"other","objects":1,"since":"2026-11-02T09:00:00Z","example":""}"#;
    stage.aws.send(&arrivals, other);
    let daemon = stage.start(&config).await;
    stage.put("a.csv", "x");
    until("a crawl", || !starts(&stage).is_empty()).await;
    until("its arrival is gone", || {
        stage.aws.queue(&arrivals).messages().len() == 4
    })
    .await;
    let receives = stage.aws.calls().count("sqs", "ReceiveMessage");
    tokio::time::sleep(Duration::from_hours(1)).await;
    let more = stage.aws.calls().count("sqs", "ReceiveMessage") - receives;
    assert!(more < 1_000, "{more} receives of what nobody can read");
    assert_eq!(starts(&stage).len(), 1);
    daemon.stop().await;
}

#[tokio::test(start_paused = true)]
async fn keys_that_sqs_would_refuse_are_crawled_and_pause_nothing() {
    let (stage, arrivals, config) = durable("");
    let daemon = stage.start(&config).await;
    let odd = [
        "\u{fffe}",
        "\u{ffff}",
        "a\u{ffff}b\u{fffe}.csv",
        "\u{1}\u{7f}",
        "é \"%+😀",
    ];
    for (n, name) in odd.iter().enumerate() {
        stage.put(name, "x");
        stage.put(&format!("good-{n}.csv"), "x");
    }
    known(&stage, &arrivals).await;
    assert!(!daemon.is_paused("orders"));
    daemon.stop().await;
    assert!(stage.dead_lettered().await.is_empty());
    assert!(odd.iter().all(|name| stage.copy(name).is_some()));
    assert!(!starts(&stage).is_empty());
}

#[tokio::test(start_paused = true)]
async fn strangers_in_the_queue_of_arrivals_are_received_ever_less_often() {
    let (stage, arrivals, config) = durable("");
    let long = "x".repeat(10_000);
    for n in 0..30 {
        let body = match n % 3 {
            0 => format!("\"{long}\""),
            1 => format!(
                r#"{{"brigade":1,"crawler":"{long}","objects":1,"since":"2026-11-02T09:00:00Z","example":""}}"#
            ),
            _ => format!(r#"{{"brigade":1,"crawler":"lake","objects":"{long}"}}"#),
        };
        stage.aws.send(&arrivals, &body);
    }
    let daemon = stage.start(&config).await;
    tokio::time::sleep(Duration::from_hours(24)).await;
    let receives = stage
        .aws
        .queue(&arrivals)
        .messages()
        .iter()
        .map(|m| m.receives)
        .max();
    assert!(
        receives.is_some_and(|most| (6..=110).contains(&most)),
        "{receives:?}"
    );
    let before = stage
        .aws
        .queue(&arrivals)
        .messages()
        .iter()
        .map(|m| m.receives)
        .sum::<u32>();
    // Who comes now is not behind them.
    stage.put("a.csv", "x");
    until("a crawl", || !starts(&stage).is_empty()).await;
    tokio::time::sleep(Duration::from_hours(1)).await;
    let after = stage
        .aws
        .queue(&arrivals)
        .messages()
        .iter()
        .map(|m| m.receives)
        .sum::<u32>();
    assert!(after - before < 60, "{before} receives, then {after}");
    daemon.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_forged_time_skews_no_histogram() {
    let (stage, arrivals, config) = durable("");
    for since in [
        "-009998-01-01T00:00:00Z",
        "9999-12-01T00:00:00Z",
        "1970-01-01T00:00:00Z",
    ] {
        let forged = format!(
            r#"{{"brigade":1,"crawler":"lake","objects":1,"since":"{since}","example":""}}"#
        );
        stage.aws.send(&arrivals, &forged);
        stage.aws.hush("raw");
        stage.put("a.csv", "x");
        let etag = "9dd4e461268c8034f5c8564e155c67a6";
        stage
            .send(&crate::stage::event("in/a.csv", 1, etag, since))
            .await;
    }
    let daemon = stage.start(&config).await;
    known(&stage, &arrivals).await;
    let page = daemon.view.scrape();
    daemon.stop().await;
    for name in ["brigade_queryable_seconds_sum", "brigade_lag_seconds_sum"] {
        let line = page.lines().find(|line| line.starts_with(name));
        let sum = line.and_then(|line| line.rsplit(' ').next()?.parse::<f64>().ok());
        let days = sum.expect("it is there") / 86_400.0;
        assert!((0.0..=14.0 * 4.0).contains(&days), "{name}: {days} days");
    }
}
