//! A daemon that asks Athena after each crawl whether what arrived is as it should be.

use std::time::Duration;

use brigade::catalog::{Asking, Athena, QueryState, rehearse};
use brigade::config::Config;
use brigade::metrics::Metrics;
use brigade::obstacle::Obstacle;
use serde_json::Value;
use tokio::sync::watch;
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;

use crate::aws::{Bucket, Denial, Fault, HOME_KEY, Queue, Rule, Run, WorkGroup};
use crate::stage::{Daemon, Stage, until};

const REGION: &str = "eu-west-1";
const SQL: &str = "SELECT count(*) > 0 FROM orders";

/// Longer than anything here may take, in virtual time.
const PATIENCE_SECONDS: usize = 3 * 60 * 60;

/// A stage whose crawler has an assertion that goes like this.
fn stage(runs: impl IntoIterator<Item = Run>) -> (Stage, Config) {
    configured(runs, |_| String::new())
}

/// The same, with more of the configuration.
fn configured(
    runs: impl IntoIterator<Item = Run>,
    more: impl Fn(&Stage) -> String,
) -> (Stage, Config) {
    let stage = Stage::new(1);
    stage.aws.results(REGION);
    stage.aws.script(REGION, SQL, runs);
    let mut config = stage.config(&more(&stage));
    let crawler = config.crawler.get_mut("lake").expect("every stage has it");
    crawler.assert_sql = Some(SQL.into());
    crawler.assert_database = Some("lake".into());
    (stage, config)
}

/// The assertion as `/status.json` shows it.
fn reported(daemon: &Daemon) -> Value {
    let status = serde_json::to_value(daemon.view.status()).expect("it is JSON");
    status["assertions"]["lake"].clone()
}

/// How many ended so, as `/metrics` says.
fn counted(daemon: &Daemon, result: &str) -> usize {
    let page = daemon.view.scrape();
    let name = format!("brigade_assertions_total{{crawler=\"lake\",result=\"{result}\"}} ");
    let line = page.lines().find_map(|line| line.strip_prefix(&name));
    line.expect("known from the beginning")
        .parse()
        .expect("a count")
}

/// Waits until so many have ended so. To print the metrics more often would take real time.
async fn ended(daemon: &Daemon, result: &str, times: usize) {
    for _ in 0..PATIENCE_SECONDS {
        if counted(daemon, result) >= times {
            return;
        }
        sleep(Duration::from_secs(1)).await;
    }
    panic!("{times} {result} did not come");
}

fn crawls(stage: &Stage) -> usize {
    stage.aws.crawler(REGION, "lake").starts().len()
}

fn yes() -> Run {
    Run::value("boolean", Some("true"))
}

#[tokio::test(start_paused = true)]
async fn an_answer_passes_or_fails_and_the_crawl_has_succeeded_all_the_same() {
    let rows = |rows: &[&[Option<&str>]]| Run::rows(&[("_col0", "boolean")], rows);
    let two = [("a", "boolean"), ("b", "boolean")];
    let t = Some("true");
    #[rustfmt::skip]
    let table = [
        ("true",         yes(),                                  "passed", "true"),
        ("false",        Run::value("boolean", Some("false")),   "failed", "false"),
        ("NULL",         Run::value("boolean", None),            "failed", "NULL"),
        ("none",         rows(&[]),                              "failed", "no row"),
        ("many",         rows(&[&[t], &[t]]),                    "failed", "more than one row"),
        ("wide",         Run::rows(&two, &[&[t, t]]),            "failed", "2 columns"),
        ("no boolean",   Run::value("bigint", Some("1")),        "failed", "1, no boolean but bigint"),
    ];
    for (why, run, result, value) in table {
        let (stage, config) = stage([run]);
        let daemon = stage.start(&config).await;
        assert_eq!(
            reported(&daemon)["last_result"],
            Value::Null,
            "{why}: not asked yet"
        );
        ended(&daemon, result, 1).await;
        sleep(Duration::from_secs(7)).await;
        let assertion = reported(&daemon);
        assert_eq!(assertion["sql"], SQL);
        assert_eq!(
            (&assertion["last_result"], &assertion["last_value"]),
            (&result.into(), &value.into()),
            "{why}"
        );
        assert_eq!(
            (&assertion["running"], &assertion["error"]),
            (&false.into(), &Value::Null),
            "{why}"
        );
        assert_eq!(assertion["last_ended_seconds_ago"], 7, "{why}");
        let status = serde_json::to_value(daemon.view.status()).unwrap();
        assert_eq!(
            status["crawlers"]["lake"]["last_result"], "succeeded",
            "{why}"
        );
        sleep(Duration::from_mins(15)).await;
        assert_eq!(
            (crawls(&stage), stage.aws.queries().len()),
            (1, 1),
            "{why}: no second of either"
        );
        daemon.stop().await;
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_not_answered_is_asked_again_and_then_told() {
    let system = || Run::failed("GENERIC_INTERNAL_ERROR", 1, true);
    let users = Run::failed("Table orders does not exist", 2, false);
    let limit = Run::cancelled("Bytes scanned limit was exceeded");
    #[rustfmt::skip]
    let table = [
        ("the system's, for a while", vec![system(), system(), system(), system(), yes()], "passed", Value::Null),
        ("the system's, for ever",    vec![system()], "error", "the query failed: GENERIC_INTERNAL_ERROR".into()),
        ("the user's",                vec![users, yes()], "error", "the query failed: Table orders does not exist".into()),
        ("a limit",                   vec![limit, yes()], "error", "the query was cancelled: Bytes scanned limit was exceeded".into()),
        ("without end",               vec![yes().takes(Duration::from_hours(9))], "error",
         "interrupted: no end within 3600s: query 00000000-0000-4000-8000-000000000001 is cancelled".into()),
    ];
    for (why, runs, result, error) in table {
        let (stage, config) = stage(runs);
        let daemon = stage.start(&config).await;
        ended(&daemon, result, 1).await;
        let assertion = reported(&daemon);
        assert_eq!(
            (&assertion["last_result"], &assertion["error"]),
            (&result.into(), &error),
            "{why}"
        );
        daemon.stop().await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_policy_or_a_throttle_is_waited_out() {
    let denial = Denial {
        access_key: HOME_KEY.into(),
        action: "athena:StartQueryExecution".into(),
        resource: "primary".into(),
    };
    let (stage, config) = stage([yes()]);
    stage.aws.access(|access| access.deny(denial.clone()));
    let daemon = stage.start(&config).await;
    until("denied", || {
        reported(&daemon)["error"]
            .as_str()
            .is_some_and(|why| why.contains("access denied"))
    })
    .await;
    assert_eq!(reported(&daemon)["running"], true);
    sleep(Duration::from_secs(20)).await;
    stage.aws.access(|access| access.allow(&denial));
    ended(&daemon, "passed", 1).await;
    assert_eq!(reported(&daemon)["error"], Value::Null);
    daemon.stop().await;

    for (why, minutes, result) in [("for a minute", 1, "passed"), ("for an hour", 60, "error")] {
        let (stage, config) = self::stage([yes()]);
        stage
            .aws
            .inject(Rule::new(Fault::SlowDown).when(|call| call.service == "athena"));
        let daemon = stage.start(&config).await;
        until("throttled", || reported(&daemon)["error"].is_string()).await;
        let begun = Instant::now();
        sleep(Duration::from_mins(minutes)).await;
        stage.aws.calm();
        ended(&daemon, result, 1).await;
        assert!(begun.elapsed() < Duration::from_mins(minutes + 5), "{why}");
        if result == "error" {
            let error = reported(&daemon)["error"].to_string();
            assert!(error.contains("TooManyRequestsException"), "{why}: {error}");
        }
        daemon.stop().await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_crawl_while_an_assertion_runs_makes_one_more_and_waits_for_none() {
    let slow = yes().takes(Duration::from_mins(20));
    let (stage, mut config) = stage([slow, Run::value("boolean", Some("false"))]);
    config.crawler.get_mut("lake").unwrap().at_most_every = Duration::from_mins(2);
    let daemon = stage.start(&config).await;
    until("it is being asked", || reported(&daemon)["running"] == true).await;
    // Three crawls, on their schedule, while the first answer is out.
    for n in 0..3 {
        stage.put(&format!("{n}.csv"), "body");
        until("a crawl", || crawls(&stage) == n + 2).await;
        sleep(Duration::from_mins(3)).await;
    }
    assert_eq!(stage.aws.queries().len(), 1, "one at a time");
    assert_eq!(reported(&daemon)["last_result"], Value::Null);
    ended(&daemon, "passed", 1).await;
    ended(&daemon, "failed", 1).await;
    sleep(Duration::from_mins(15)).await;
    assert_eq!(stage.aws.queries().len(), 2, "one for all three");
    assert_eq!(
        (counted(&daemon, "passed"), counted(&daemon, "failed")),
        (1, 1)
    );
    daemon.stop().await;
}

#[tokio::test(start_paused = true)]
async fn an_assertion_follows_a_crawl_of_arrivals_that_are_kept_in_a_queue() {
    let (stage, config) = configured([yes()], |stage| {
        let arrivals = stage.aws.create_queue(Queue::new("arrivals", "us-east-1"));
        format!("[catalog]\nqueue = \"{arrivals}\"")
    });
    let daemon = stage.start(&config).await;
    sleep(Duration::from_mins(20)).await;
    assert_eq!(
        (crawls(&stage), stage.aws.queries().len()),
        (0, 0),
        "nothing arrived"
    );
    stage.put("1.csv", "body");
    ended(&daemon, "passed", 1).await;
    assert_eq!((crawls(&stage), stage.aws.queries().len()), (1, 1));
    daemon.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_stop_ends_an_assertion_and_its_query() {
    let (stage, config) = stage([yes().takes(Duration::from_mins(20))]);
    let daemon = stage.start(&config).await;
    until("it is being asked", || stage.aws.queries().len() == 1).await;
    sleep(Duration::from_secs(10)).await;
    let asked = Instant::now();
    daemon.stop().await;
    assert!(
        asked.elapsed() < Duration::from_secs(5),
        "{:?}",
        asked.elapsed()
    );
    assert_eq!(stage.aws.queries(), [(SQL.to_owned(), "CANCELLED")]);
}

#[tokio::test(start_paused = true)]
async fn without_an_assertion_nobody_asks_athena() {
    let stage = Stage::new(1);
    let daemon = stage.start(&stage.config("")).await;
    until("a crawl", || crawls(&stage) == 1).await;
    sleep(Duration::from_mins(5)).await;
    let calls = stage.aws.calls().0;
    assert!(calls.iter().all(|call| call.service != "athena"));
    assert!(reported(&daemon).is_null());
    daemon.stop().await;
}

#[tokio::test(start_paused = true)]
async fn an_assertion_is_asked_where_and_as_the_configuration_says() {
    let (stage, mut config) = stage([]);
    let (aws, there) = (&stage.aws, "us-west-2");
    aws.create_bucket(Bucket::new("answers", there));
    aws.workgroup(there, "checks", WorkGroup::default());
    aws.script(there, SQL, [yes()]);
    let crawler = config.crawler.get_mut("lake").unwrap();
    crawler.assert_region = Some(there.into());
    crawler.assert_workgroup = Some("checks".into());
    let mut unplaced = config.clone();
    unplaced.crawler.get_mut("lake").unwrap().assert_output = None;
    let daemon = stage.start(&unplaced).await;
    ended(&daemon, "error", 1).await;
    assert!(
        reported(&daemon)["error"]
            .to_string()
            .contains("No output location provided")
    );
    daemon.stop().await;
    let place = "assert_sql = \"SELECT true\"\nassert_output = \"s3://answers/\"";
    let place = stage.config(&format!("[crawler.other]\n{place}"));
    let place = place.crawler["other"].assert_output.clone();
    config.crawler.get_mut("lake").unwrap().assert_output = place;
    let daemon = stage.start(&config).await;
    ended(&daemon, "passed", 1).await;
    daemon.stop().await;
    let calls = aws.calls();
    let regions: Vec<_> = calls
        .of("athena", "StartQueryExecution")
        .map(|call| call.region.as_str())
        .collect();
    assert_eq!(regions, [there, there]);
}

#[tokio::test(start_paused = true)]
async fn a_check_says_what_stands_in_an_assertions_way() {
    let explain = format!("EXPLAIN {SQL}");
    let denied = |action: &str, resource: &str| Denial {
        access_key: HOME_KEY.into(),
        action: action.into(),
        resource: resource.into(),
    };
    let fails = |why: &str| Some(Obstacle::Fails(why.into()));
    let warns = |why: &str| Some(Obstacle::Warns(why.into()));
    let bare = WorkGroup::default;
    let placed = || bare().output("s3://results/");
    let missing = "TABLE_NOT_FOUND: line 1:27: Table 'lake.orders' does not exist";
    let plan = || Run::rows(&[("Query Plan", "varchar")], &[&[Some("Scan")]]);
    let wrong = || Run::failed("COLUMN_NOT_FOUND: line 1:8", 2, false);
    let place = "Access denied when writing to location: s3://results/";
    #[rustfmt::skip]
    let table = [
        ("well",             placed(),            plan(), None, None),
        ("unseen workgroup", placed(),            plan(), Some(denied("athena:GetWorkGroup", "primary")), None),
        ("disabled",         placed().disabled(), plan(), None, fails("workgroup primary is disabled")),
        ("no place",         bare(),              plan(), None, fails("workgroup primary names no place for results: set crawler.lake.assert_output")),
        ("no table yet",     placed(), Run::failed(missing, 2, false), None, warns(&format!("{missing}; right only if the first crawl makes it"))),
        ("wrong SQL",        placed(),            wrong(), None, fails("the query failed: COLUMN_NOT_FOUND: line 1:8")),
        ("no right to write", placed(),           plan(), Some(denied("s3:PutObject", "results/")), fails(&format!("the query failed: {place}"))),
    ];
    for (why, group, run, denial, want) in table {
        let (stage, config) = stage([yes()]);
        let aws = &stage.aws;
        aws.workgroup(REGION, "primary", group);
        aws.script(REGION, &explain, [run]);
        if let Some(denial) = denial {
            aws.access(|access| access.deny(denial));
        }
        let client = aws_sdk_athena::Client::new(&aws.sdk(REGION));
        let asking = Asking {
            athena: Athena::new(client, Metrics::new("test").0),
            rng: fastrand::Rng::with_seed(7),
            stop: CancellationToken::new(),
            state: watch::Sender::new(QueryState::Queued),
        };
        let found = rehearse(asking, "lake", &config.crawler["lake"]).await;
        assert_eq!(found, want, "{why}");
        let asked: Vec<_> = aws.queries().into_iter().map(|(sql, _)| sql).collect();
        assert!(
            asked.iter().all(|sql| *sql == explain),
            "{why}: never the question itself"
        );
    }
}
