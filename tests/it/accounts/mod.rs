//! Routes whose sides have accounts of their own: keys in a secret, a role, other partitions.

mod bundle;
mod role;
mod secret;

use std::time::Duration;

use brigade::config::{Config, Sources};
use serde_json::json;

use crate::aws::{Aws, Bucket, Crawler, HOME_KEY, Queue, TestObject};
use crate::stage::{Daemon, Stage, until};

const SECRET: &str = "brigade/china";

/// A world with a bucket in China too, and its keys in a secret at the default account.
fn stage() -> Stage {
    let stage = Stage::new(1);
    let china = Bucket::new("china", "cn-north-1").owner("444455556666");
    stage.aws.create_bucket(china);
    know(&stage.aws, "AKIACHINA");
    keep(&stage.aws, "AKIACHINA");
    stage
}

fn know(aws: &Aws, key: &str) {
    let user = "arn:aws-cn:iam::444455556666:user/brigade";
    aws.access(|access| access.know(key, user));
}

fn keep(aws: &Aws, key: &str) {
    let value = json!({ "AccessKeyId": key, "SecretAccessKey": "secret" });
    aws.keep_secret("us-east-1", SECRET, &value.to_string());
}

/// One route, `export`, from the default account to China, and `more` of its keys and of other sections.
fn config(stage: &Stage, more: &str) -> Config {
    let queue = &stage.queue;
    load(&format!(
        r#"
        aws.region = "us-east-1"
        queue.events.url = "{queue}"
        [account.china]
        region = "cn-north-1"
        secret = "{SECRET}"
        [route.export]
        from = "s3://raw/in/"
        to = "s3://china/in/{{path}}"
        to_account = "china"
        {more}
        "#
    ))
}

fn load(file: &str) -> Config {
    match Config::load(&Sources::text("test.toml", file)) {
        Ok(loaded) => loaded.config,
        Err(refusal) => panic!("{refusal}"),
    }
}

fn put(stage: &Stage, objects: std::ops::Range<usize>) {
    for n in objects {
        stage.put(&format!("{n}.csv"), &format!("body of {n}"));
    }
}

/// The bytes of an object.
fn bytes(aws: &Aws, bucket: &str, key: &str) -> Option<Vec<u8>> {
    let content = aws.object(bucket, key)?.object?.content;
    Some(content.slice(0..content.len()).to_vec())
}

fn arrived(stage: &Stage, objects: std::ops::Range<usize>) {
    for n in objects {
        let copy = bytes(&stage.aws, "china", &format!("in/{n}.csv"));
        assert_eq!(copy, Some(format!("body of {n}").into_bytes()), "{n}.csv");
    }
}

/// Which keys an operation was signed with, in order of appearance.
fn signers(aws: &Aws, service: &str, operation: &str) -> Vec<String> {
    let mut signers = Vec::new();
    for call in aws.calls().of(service, operation) {
        if !signers.contains(&call.access_key) {
            signers.push(call.access_key.clone());
        }
    }
    signers
}

fn asked(aws: &Aws) -> usize {
    aws.calls().count("secretsmanager", "GetSecretValue")
}

async fn reason(daemon: &Daemon, route: &str) -> String {
    until("the route is held", || daemon.is_paused(route)).await;
    daemon.route(route)["error"].to_string()
}

#[tokio::test(start_paused = true)]
async fn objects_travel_between_partitions_through_each_sides_own_door() {
    let stage = stage();
    put(&stage, 0..100);
    let daemon = stage.start(&config(&stage, "")).await;
    stage.drained().await;
    daemon.stop().await;
    arrived(&stage, 0..100);
    let aws = &stage.aws;
    assert_eq!(signers(aws, "s3", "GetObject"), [HOME_KEY]);
    assert_eq!(signers(aws, "s3", "PutObject"), ["AKIACHINA"]);
    assert_eq!(signers(aws, "sqs", "ReceiveMessage"), [HOME_KEY]);
    assert_eq!(aws.calls().count("s3", "CopyObject"), 0, "S3 could not");
    assert_eq!(asked(aws), 1, "one reads the secret for all");
    assert!(stage.dead_lettered().await.is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_queue_and_a_crawler_belong_to_accounts_too() {
    let stage = stage();
    let aws = &stage.aws;
    let dead = Queue::new("news-dead", "cn-north-1");
    let queue = aws.create_queue(Queue::new("news", "cn-north-1").redrive(&dead, 100));
    aws.create_queue(dead);
    aws.notify("china", &queue);
    aws.create_crawler(Crawler::new("theirs", "cn-north-1", Duration::from_mins(1)));
    aws.put("china", TestObject::new("out/1.csv", "from China"));
    let config = load(&format!(
        r#"
        aws.region = "us-east-1"
        queue.news = {{ url = "{queue}", account = "china" }}
        crawler.theirs = {{ account = "china" }}
        account.china = {{ region = "cn-north-1", secret = "{SECRET}" }}
        route.import = {{ from = "s3://china/out/", to = "s3://lake/", from_account = "china", crawlers = "theirs" }}
        "#
    ));
    let daemon = stage.start(&config).await;
    until("it is there", || aws.object("lake", "1.csv").is_some()).await;
    let crawls = || aws.crawler("cn-north-1", "theirs").starts().len();
    until("it is crawled", || crawls() > 0).await;
    assert_eq!(bytes(aws, "lake", "1.csv"), Some(b"from China".to_vec()));
    for (service, operation, want) in [
        ("sqs", "ReceiveMessage", "AKIACHINA"),
        ("glue", "StartCrawler", "AKIACHINA"),
        ("s3", "GetObject", "AKIACHINA"),
        ("s3", "PutObject", HOME_KEY),
    ] {
        assert_eq!(signers(aws, service, operation), [want], "{operation}");
    }

    // Nothing asks S3: the queue itself must find out that its key has been rotated away.
    tokio::time::sleep(Duration::from_mins(1)).await;
    know(aws, "AKIANEW");
    keep(aws, "AKIANEW");
    aws.access(|access| access.forget("AKIACHINA"));
    aws.put("china", TestObject::new("out/2.csv", "also from China"));
    let rotated = tokio::time::Instant::now();
    until("the next is there", || {
        aws.object("lake", "2.csv").is_some()
    })
    .await;
    assert!(
        rotated.elapsed() < Duration::from_mins(2),
        "{:?}",
        rotated.elapsed()
    );
    assert_eq!(asked(aws), 2);
    daemon.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_profile_that_is_not_there_holds_the_route_and_is_named() {
    let stage = stage();
    put(&stage, 0..20);
    let mut config = config(&stage, "");
    let china = config.account.get_mut("china").unwrap();
    (china.secret, china.profile) = (None, Some("no-such-profile-of-brigade".into()));
    let daemon = stage.start(&config).await;
    let reason = reason(&daemon, "export").await;
    assert!(
        reason.contains("[account.china]") && reason.contains("no-such-profile-of-brigade"),
        "{reason}"
    );
    daemon.stop().await;
    assert!(stage.dead_lettered().await.is_empty());
}
