//! Routes whose sides have accounts of their own: keys in a secret, a role, other partitions.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use brigade::config::{Config, Sources};
use serde_json::json;

use crate::aws::{
    Bucket, Crawler, Fault, HOME_KEY, Latency, Moment, Queue, Rule, Seed, Standing, World,
};
use crate::stage::{Daemon, Stage, until};

const SECRET: &str = "brigade/china";
const ROLE: &str = "arn:aws:iam::444455556666:role/brigade";

/// A world with a bucket in China too, and its keys in a secret at home.
fn stage() -> Stage {
    let stage = Stage::new(1);
    let china = Bucket::new("china", "cn-north-1").owner("444455556666");
    stage.world.create_bucket(china);
    know(&stage.world, "AKIACHINA");
    keep(&stage.world, "AKIACHINA");
    stage
}

fn know(world: &World, key: &str) {
    let user = "arn:aws-cn:iam::444455556666:user/brigade";
    world.access(|access| access.know(key, user));
}

fn keep(world: &World, key: &str) {
    let value = json!({ "AccessKeyId": key, "SecretAccessKey": "secret" });
    world.keep_secret("us-east-1", SECRET, &value.to_string());
}

/// One route, `export`, from home to China, and `more` of its keys and of other sections.
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
fn bytes(world: &World, bucket: &str, key: &str) -> Option<Vec<u8>> {
    let content = world.object(bucket, key)?.object?.content;
    Some(content.slice(0..content.len()).to_vec())
}

fn arrived(stage: &Stage, objects: std::ops::Range<usize>) {
    for n in objects {
        let copy = bytes(&stage.world, "china", &format!("in/{n}.csv"));
        assert_eq!(copy, Some(format!("body of {n}").into_bytes()), "{n}.csv");
    }
}

/// Which keys an operation was signed with, in order of appearance.
fn signers(world: &World, service: &str, operation: &str) -> Vec<String> {
    let mut signers = Vec::new();
    for call in world.calls().of(service, operation) {
        if !signers.contains(&call.access_key) {
            signers.push(call.access_key.clone());
        }
    }
    signers
}

fn asked(world: &World) -> usize {
    world.calls().count("secretsmanager", "GetSecretValue")
}

async fn reason(daemon: &Daemon, route: &str) -> String {
    until("the route is held", || daemon.is_held(route)).await;
    daemon.route(route)["reason"].to_string()
}

#[tokio::test(start_paused = true)]
async fn objects_travel_between_partitions_through_each_sides_own_door() {
    let stage = stage();
    put(&stage, 0..100);
    let daemon = stage.start(&config(&stage, "")).await;
    stage.drained().await;
    daemon.stop().await;
    arrived(&stage, 0..100);
    let world = &stage.world;
    assert_eq!(signers(world, "s3", "GetObject"), [HOME_KEY]);
    assert_eq!(signers(world, "s3", "PutObject"), ["AKIACHINA"]);
    assert_eq!(signers(world, "sqs", "ReceiveMessage"), [HOME_KEY]);
    assert_eq!(world.calls().count("s3", "CopyObject"), 0, "S3 could not");
    assert_eq!(asked(world), 1, "one reads the secret for all");
    assert!(stage.parked().await.is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_queue_and_a_crawler_belong_to_accounts_too() {
    let stage = stage();
    let world = &stage.world;
    let dead = Queue::new("news-dead", "cn-north-1");
    let queue = world.create_queue(Queue::new("news", "cn-north-1").redrive(&dead, 100));
    world.create_queue(dead);
    world.notify("china", &queue);
    world.create_crawler(Crawler::new("theirs", "cn-north-1", Duration::from_mins(1)));
    world.put("china", Seed::new("out/1.csv", "from China"));
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
    until("it is there", || world.object("lake", "1.csv").is_some()).await;
    until("it is crawled", || {
        !world.crawler("cn-north-1", "theirs").starts().is_empty()
    })
    .await;
    daemon.stop().await;
    assert_eq!(bytes(world, "lake", "1.csv"), Some(b"from China".to_vec()));
    for (service, operation, want) in [
        ("sqs", "ReceiveMessage", "AKIACHINA"),
        ("glue", "StartCrawler", "AKIACHINA"),
        ("s3", "GetObject", "AKIACHINA"),
        ("s3", "PutObject", HOME_KEY),
    ] {
        assert_eq!(signers(world, service, operation), [want], "{operation}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_secret_rotated_while_copying_costs_one_refresh_and_nothing_else() {
    type End = fn(&World);
    #[rustfmt::skip]
    let table: [(_, End); 3] = [
        ("the old key is deleted",       |world| world.access(|access| access.forget("AKIACHINA"))),
        ("its session is over",          |world| world.access(|access| access.stand("AKIACHINA", Standing::Expired))),
        ("its secret is another by now", |world| world.access(|access| access.stand("AKIACHINA", Standing::WrongSecret))),
    ];
    for (why, end) in table {
        let stage = stage();
        put(&stage, 0..300);
        stage.world.slow_down(Latency(Duration::from_millis(200)));
        let puts = AtomicUsize::new(0);
        stage.world.watch(Some(Arc::new(move |world, call, moment| {
            let put = call.operation == "PutObject" && moment == Moment::Before;
            if put && puts.fetch_add(1, Ordering::Relaxed) == 100 {
                know(world, "AKIANEW");
                keep(world, "AKIANEW");
                end(world);
            }
        })));
        let daemon = stage.start(&config(&stage, "")).await;
        stage.drained().await;
        let refused = stage.world.calls().0;
        let refused = refused.iter().filter(|call| {
            call.access_key == "AKIACHINA" && matches!(call.status, Some(400 | 403))
        });
        assert!(refused.count() > 10, "{why}: many workers met it");
        assert_eq!(asked(&stage.world), 2, "{why}: one refresh for all");
        assert!(!daemon.is_held("export"), "{why}");
        arrived(&stage, 0..300);
        assert_eq!(
            signers(&stage.world, "s3", "PutObject"),
            ["AKIACHINA", "AKIANEW"]
        );
        let scrape = daemon.view.scrape();
        assert!(!scrape.contains("outcome=\"retried\""), "{why}: {scrape}");
        daemon.stop().await;
        assert!(stage.parked().await.is_empty(), "{why}");
    }
}

#[tokio::test(start_paused = true)]
async fn while_s3_does_not_know_the_new_key_the_one_before_serves() {
    let stage = stage();
    keep(&stage.world, "AKIANEW");
    put(&stage, 0..50);
    let daemon = stage.start(&config(&stage, "")).await;
    stage.drained().await;
    arrived(&stage, 0..50);
    let status = serde_json::to_value(daemon.view.status()).unwrap();
    assert_eq!(
        status["accounts"]["china"]["secret"]["stage"],
        "AWSPREVIOUS"
    );

    know(&stage.world, "AKIANEW");
    stage.world.access(|access| access.forget("AKIACHINA"));
    tokio::time::sleep(Duration::from_mins(1)).await;
    put(&stage, 50..100);
    stage.drained().await;
    arrived(&stage, 50..100);
    let status = serde_json::to_value(daemon.view.status()).unwrap();
    assert_eq!(status["accounts"]["china"]["secret"]["stage"], "AWSCURRENT");
    daemon.stop().await;
    assert!(stage.parked().await.is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_secret_that_gives_no_good_key_holds_the_route_and_says_why() {
    #[rustfmt::skip]
    let table = [
        ("missing",         None,                             "secret \\\"brigade/other\\\": not there, for who reads it and in that region"),
        ("malformed",       Some("AKIA:hush"),                "secret \\\"brigade/other\\\": not JSON"),
        ("incomplete",      Some("{\"AccessKeyId\": \"A\"}"), "secret \\\"brigade/other\\\": no SecretAccessKey, in any usual spelling"),
        ("of another cloud", Some("{\"AccessKeyId\": \"AKIAHOME\", \"SecretAccessKey\": \"hush\"}"),
         "no such key in partition aws-cn (cn-north-1): a key works only in the partition it was made in; give [account.china] a key of aws-cn"),
    ];
    for (why, value, want) in table {
        let stage = stage();
        put(&stage, 0..100);
        if let Some(value) = value {
            stage.world.keep_secret("us-east-1", "brigade/other", value);
        }
        let mut config = config(&stage, "");
        let china = config.account.get_mut("china").unwrap();
        china.secret = Some("brigade/other".into());
        let daemon = stage.start(&config).await;
        let reason = reason(&daemon, "export").await;
        assert!(reason.contains(want), "{why}: {reason}");
        assert!(!reason.contains("hush"), "{why}: {reason}");
        tokio::time::sleep(Duration::from_hours(1)).await;
        assert!(asked(&stage.world) < 300, "{why}: {}", asked(&stage.world));

        let value = json!({ "AccessKeyId": "AKIACHINA", "SecretAccessKey": "secret" });
        stage
            .world
            .keep_secret("us-east-1", "brigade/other", &value.to_string());
        stage.drained().await;
        arrived(&stage, 0..100);
        daemon.stop().await;
        assert!(stage.parked().await.is_empty(), "{why}");
    }
}

/// From home to `lake`, with the role's credentials on both sides.
fn with_role(stage: &Stage, external_id: &str, more: &str) -> Config {
    let queue = &stage.queue;
    load(&format!(
        r#"
        aws.region = "us-east-1"
        queue.events.url = "{queue}"
        account.partner = {{ role = "{ROLE}", external_id = "{external_id}" }}
        [route.orders]
        from = "s3://raw/in/"
        to = "s3://lake/orders/{{path}}"
        {more}
        "#
    ))
}

#[tokio::test(start_paused = true)]
async fn a_role_is_assumed_once_for_all_regions_and_again_when_its_hour_is_over() {
    let stage = Stage::new(1);
    stage.world.create_role(ROLE, Some("the word"));
    put(&stage, 0..50);
    let both = "from_account = \"partner\"\nto_account = \"partner\"";
    let daemon = stage.start(&with_role(&stage, "the word", both)).await;
    stage.drained().await;
    assert_eq!(stage.world.calls().count("sts", "AssumeRole"), 1);
    let world = &stage.world;
    assert_eq!(
        signers(world, "s3", "CopyObject"),
        ["ASIA0001"],
        "one account: inside S3"
    );

    tokio::time::sleep(Duration::from_hours(2)).await;
    put(&stage, 50..100);
    stage.drained().await;
    daemon.stop().await;
    assert_eq!(world.calls().count("sts", "AssumeRole"), 2);
    assert_eq!(signers(world, "s3", "CopyObject"), ["ASIA0001", "ASIA0002"]);
    let refused = world
        .calls()
        .0
        .iter()
        .filter(|call| call.status == Some(403))
        .count();
    assert_eq!(refused, 0, "it is renewed before it is refused");
    for n in 0..100 {
        assert!(stage.copy(&format!("{n}.csv")).is_some(), "{n}.csv");
    }
    assert!(stage.parked().await.is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_role_that_wants_to_hear_another_word_holds_the_route() {
    let stage = Stage::new(1);
    stage.world.create_role(ROLE, Some("the word"));
    put(&stage, 0..50);
    let to = "to_account = \"partner\"";
    let daemon = stage.start(&with_role(&stage, "a guess", to)).await;
    let reason = reason(&daemon, "orders").await;
    assert!(
        reason.contains("is not authorized to perform: sts:AssumeRole on resource"),
        "{reason}"
    );
    stage.world.create_role(ROLE, Some("a guess"));
    stage.drained().await;
    daemon.stop().await;
    assert!(stage.copy("49.csv").is_some());
    assert!(stage.parked().await.is_empty());
}

#[tokio::test(start_paused = true)]
async fn two_accounts_of_one_partition_stream_unless_the_operator_insists() {
    for (way, operation, signer) in [
        ("auto", "PutObject", "ASIA0001"),
        ("server", "CopyObject", "ASIA0001"),
    ] {
        let stage = Stage::new(1);
        stage.world.create_role(ROLE, Some("w"));
        put(&stage, 0..5);
        let more = format!("to_account = \"partner\"\nway = \"{way}\"");
        let daemon = stage.start(&with_role(&stage, "w", &more)).await;
        stage.drained().await;
        daemon.stop().await;
        assert_eq!(signers(&stage.world, "s3", operation), [signer], "{way}");
        let writes = stage.world.calls();
        let writes = writes.count("s3", "PutObject") + writes.count("s3", "CopyObject");
        assert_eq!(writes, 5, "{way}");
        assert!(stage.copy("4.csv").is_some(), "{way}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_bucket_without_conditions_is_remembered_and_written_all_the_same() {
    for (mode, works) in [("auto", true), ("on", false)] {
        let stage = Stage::new(1);
        let refuses = Rule::new(Fault::NotImplemented);
        let refuses = refuses.when(|call| call.conditional && call.place == "lake");
        stage.world.inject(refuses);
        put(&stage, 0..100);
        let mut config = stage.config("");
        config.aws.conditional_writes = match mode {
            "on" => brigade::config::ConditionalWrites::On,
            _ => brigade::config::ConditionalWrites::Auto,
        };
        let daemon = stage.start(&config).await;
        if !works {
            let reason = reason(&daemon, "orders").await;
            assert!(reason.contains("not implemented there"), "{reason}");
            continue;
        }
        stage.drained().await;
        put(&stage, 0..1);
        stage.drained().await;
        let status = serde_json::to_value(daemon.view.status()).unwrap();
        assert_eq!(
            status["accounts"]["home"]["unconditional_buckets"],
            json!(["lake"])
        );
        daemon.stop().await;
        for n in 0..100 {
            assert!(stage.copy(&format!("{n}.csv")).is_some(), "{n}.csv");
        }
        assert!(stage.parked().await.is_empty());
        let refused = stage.world.calls().0;
        let refused = refused
            .iter()
            .filter(|call| call.status == Some(501))
            .count();
        assert!(
            (1..=64).contains(&refused),
            "{refused}: at most one for each worker"
        );
    }
}
