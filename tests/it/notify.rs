//! Whoever waits for arrivals is told before their messages end.

use std::collections::BTreeSet;
use std::sync::Mutex;
use std::time::Duration;

use brigade::config::NotifyKind;
use brigade::metrics::Metrics;
use brigade::notify::{Client, Outlet};
use brigade::obstacle::Obstacle;
use serde_json::Value;

use crate::aws::{Denial, Fault, HOME_KEY, Moment, Queue, Rule, Silence, Table};
use crate::stage::{Stage, at, until};

const TOPIC: &str = "arn:aws:sns:us-east-1:111122223333:arrivals";
const FIFO: &str = "arn:aws:sns:us-east-1:111122223333:arrivals.fifo";
const QUEUE: &str = "arn:aws:sqs:us-east-1:111122223333:arrivals";
const BUS: &str = "arn:aws:events:us-east-1:111122223333:event-bus/arrivals";

/// Each kind of target, its call, and the action it needs.
const KINDS: [(&str, (&str, &str), &str, &str); 3] = [
    (TOPIC, ("sns", "PublishBatch"), "sns:Publish", "arrivals"),
    (
        QUEUE,
        ("sqs", "SendMessageBatch"),
        "sqs:SendMessage",
        "arrivals",
    ),
    (
        BUS,
        ("events", "PutEvents"),
        "events:PutEvents",
        "event-bus/arrivals",
    ),
];

fn create(stage: &Stage, target: &str) {
    match target {
        QUEUE => drop(stage.aws.create_queue(Queue::new("arrivals", "us-east-1"))),
        BUS => stage.aws.create_bus(BUS),
        topic => stage.aws.create_topic(topic),
    }
}

fn stage(target: &str) -> Stage {
    let stage = Stage::new(1);
    create(&stage, target);
    stage
}

fn config(stage: &Stage, target: &str) -> brigade::config::Config {
    stage.config(&format!("notify = \"{target}\""))
}

/// A stage's clients, in the region of all targets.
fn client(stage: &Stage, kind: NotifyKind) -> Client {
    let sdk = stage.aws.sdk("us-east-1");
    match kind {
        NotifyKind::Topic => Client::Topic(aws_sdk_sns::Client::new(&sdk)),
        NotifyKind::Queue => Client::Queue(aws_sdk_sqs::Client::new(&sdk)),
        NotifyKind::Bus => Client::Bus(aws_sdk_eventbridge::Client::new(&sdk), Mutex::default()),
    }
}

/// What was said, in order.
async fn reported(stage: &Stage, target: &str) -> Vec<Value> {
    let parsed = |text: &str| serde_json::from_str::<Value>(text).expect("JSON");
    match target {
        QUEUE => {
            let sqs = aws_sdk_sqs::Client::new(&stage.aws.sdk("us-east-1"));
            let url = "https://sqs.us-east-1.amazonaws.com/111122223333/arrivals";
            let mut all = Vec::new();
            loop {
                let call = sqs.receive_message().queue_url(url);
                let reply = call.max_number_of_messages(10).send().await.expect("there");
                let messages = reply.messages.unwrap_or_default();
                if messages.is_empty() {
                    return all;
                }
                all.extend(messages.iter().filter_map(|m| m.body()).map(parsed));
            }
        }
        BUS => {
            let events = stage.aws.events(BUS).into_iter();
            events
                .map(|event| parsed(&event.body)["detail"].clone())
                .collect()
        }
        topic => {
            let published = stage.aws.published(topic).into_iter();
            published.map(|said| parsed(&said.body)).collect()
        }
    }
}

fn names(reported: &[Value]) -> Vec<String> {
    let name = |said: &Value| {
        said["destination"]["key"]
            .as_str()
            .unwrap_or("-")
            .to_owned()
    };
    let mut names: Vec<_> = reported.iter().map(name).collect();
    names.sort();
    names
}

#[tokio::test(start_paused = true)]
async fn each_kind_is_told_once_of_each_copy_ten_at_a_time() {
    for (target, (service, operation), ..) in KINDS {
        let stage = stage(target);
        let (before, after) = (Duration::from_millis(50), Duration::from_millis(50));
        let slow = Rule::new(Fault::Slow { before, after });
        stage.aws.inject(slow.on(service, operation));
        for n in 0..300 {
            stage.put(&format!("{n}.csv"), "abc");
        }
        let daemon = stage.start(&config(&stage, target)).await;
        stage.drained().await;
        let status = serde_json::to_value(daemon.view.status()).expect("it is JSON");
        assert_eq!(status["notifications"][target]["sent"], 300, "{target}");
        daemon.stop().await;
        let calls = stage.aws.calls().count(service, operation);
        assert!(calls < 100, "{target}: {calls} calls");
        let reported = reported(&stage, target).await;
        assert_eq!(reported.len(), 300, "{target}");
        let all: BTreeSet<_> = names(&reported).into_iter().collect();
        assert_eq!(all.len(), 300, "{target}");
        let said = reported
            .iter()
            .find(|said| said["source"]["key"] == "in/7.csv");
        let said = said.expect("told of it");
        assert_eq!(said["type"], "arrived");
        assert_eq!(said["size"], 3);
        assert_eq!(said["source"]["etag"], "900150983cd24fb0d6963f7d28e17f72");
        assert_eq!(said["destination"]["key"], "orders/7.csv");
    }
}

#[tokio::test(start_paused = true)]
async fn entries_that_fail_are_told_again_and_the_others_are_not() {
    for (target, (service, operation), ..) in KINDS {
        let stage = stage(target);
        let rule = Rule::new(Fault::Entries(vec![0, 2])).on(service, operation);
        stage.aws.inject(rule.times(2));
        for n in 0..30 {
            stage.put(&format!("{n}.csv"), "abc");
        }
        let daemon = stage.start(&config(&stage, target)).await;
        stage.drained().await;
        daemon.stop().await;
        let reported = reported(&stage, target).await;
        assert_eq!(reported.len(), 30, "{target}: {:?}", names(&reported));
    }
}

#[tokio::test(start_paused = true)]
async fn a_target_that_is_missing_or_denied_holds_the_route_until_it_can_be_used() {
    for (target, _, action, resource) in KINDS {
        for denied in [true, false] {
            let stage = Stage::new(1);
            let denial = Denial {
                access_key: HOME_KEY.into(),
                action: action.into(),
                resource: resource.into(),
            };
            if denied {
                create(&stage, target);
                stage.aws.access(|access| access.deny(denial.clone()));
            }
            for n in 0..50 {
                stage.put(&format!("{n}.csv"), "abc");
            }
            let daemon = stage.start(&config(&stage, target)).await;
            until("the route is held", || daemon.is_paused("orders")).await;
            let reason = daemon.route("orders")["error"].to_string();
            assert!(reason.contains(target), "{reason}");
            tokio::time::sleep(Duration::from_mins(30)).await;
            if denied {
                stage.aws.access(|access| access.allow(&denial));
            } else {
                create(&stage, target);
            }
            stage.drained().await;
            daemon.stop().await;
            let names: BTreeSet<_> = names(&reported(&stage, target).await).into_iter().collect();
            assert_eq!(names.len(), 50, "{target}, denied: {denied}");
            assert!(stage.dead_lettered().await.is_empty());
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_target_out_of_reach_only_delays() {
    for (target, (service, operation), ..) in KINDS {
        for fault in [
            Fault::SlowDown,
            Fault::Dropped(Silence::Reset),
            Fault::Dropped(Silence::Hang),
            Fault::Lost(Silence::Reset),
            Fault::InternalError,
            Fault::Empty200 { happens: false },
        ] {
            let stage = stage(target);
            stage
                .aws
                .inject(Rule::new(fault.clone()).on(service, operation));
            for n in 0..5 {
                stage.put(&format!("{n}.csv"), "abc");
            }
            let daemon = stage.start(&config(&stage, target)).await;
            tokio::time::sleep(Duration::from_mins(3)).await;
            assert!(
                !stage.aws.is_dry(&stage.queue),
                "{target}, {fault:?}: they wait"
            );
            stage.aws.calm();
            stage.drained().await;
            daemon.stop().await;
            let reported = reported(&stage, target).await;
            let names: BTreeSet<_> = names(&reported).into_iter().collect();
            assert_eq!(names.len(), 5, "{target}, {fault:?}");
            let ids: BTreeSet<_> = reported.iter().map(|said| said["id"].to_string()).collect();
            assert_eq!(
                ids.len(),
                5,
                "{target}, {fault:?}: told again with the same id"
            );
            assert!(stage.dead_lettered().await.is_empty());
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_daemon_killed_between_copy_and_notice_owes_it_to_the_next() {
    let stage = stage(TOPIC);
    stage.put("a.csv", "abc");
    stage
        .aws
        .inject(Rule::new(Fault::Dropped(Silence::Hang)).on("sns", "PublishBatch"));
    let daemon = stage.start(&config(&stage, TOPIC)).await;
    until("it is on its way", || {
        stage.aws.calls().count("sns", "PublishBatch") == 1
    })
    .await;
    drop(daemon);
    assert!(stage.copy("a.csv").is_some());
    stage.aws.calm();
    let daemon = stage.start(&config(&stage, TOPIC)).await;
    at(&stage, "DeleteMessageBatch", 0, Moment::Before, |aws| {
        assert_eq!(aws.published(TOPIC).len(), 1, "settled before it was told");
    });
    stage.drained().await;
    daemon.stop().await;
    assert_eq!(
        stage.aws.calls().count("s3", "CopyObject"),
        1,
        "proved, not copied"
    );
    assert_eq!(names(&reported(&stage, TOPIC).await), ["orders/a.csv"]);
}

#[tokio::test(start_paused = true)]
async fn two_routes_tell_each_of_its_own_and_a_removal_is_one() {
    let stage = stage(FIFO);
    create(&stage, TOPIC);
    let more = format!(
        "notify = \"{FIFO}\"\ndeletes = \"follow\"\n[route.other]\nfrom = \"s3://raw/in/\"\n\
         to = \"s3://lake/other/\"\nnotify = \"{TOPIC}\""
    );
    let daemon = stage.start(&stage.config(&more)).await;
    stage.put("a.csv", "abc");
    stage.drained().await;
    stage.aws.delete("raw", "in/a.csv", None);
    stage.drained().await;
    daemon.stop().await;
    let first = reported(&stage, FIFO).await;
    let types: Vec<_> = first.iter().map(|said| said["type"].as_str()).collect();
    assert_eq!(types, [Some("arrived"), Some("removed")]);
    let order = stage
        .aws
        .published(FIFO)
        .into_iter()
        .filter_map(|said| said.order);
    let (groups, ids): (BTreeSet<_>, BTreeSet<_>) = order.unzip();
    assert_eq!((groups.len(), ids.len()), (1, 2), "one key, two arrivals");
    assert_eq!(names(&reported(&stage, TOPIC).await), ["other/a.csv"]);
}

#[tokio::test(start_paused = true)]
async fn who_is_told_finds_the_partition() {
    let stage = stage(TOPIC);
    let table = Table::new("eu-west-1", "lake", "orders", &["dt"]);
    stage.aws.create_table(table);
    let more = format!(
        "notify = \"{TOPIC}\"\ntables = \"orders\"\n[table.orders]\ndatabase = \"lake\"\nregion = \"eu-west-1\""
    );
    at(&stage, "PublishBatch", 0, Moment::Before, |aws| {
        let table = aws.table("eu-west-1", "lake", "orders");
        assert_eq!(
            table.partitions().len(),
            1,
            "told before the partition was there"
        );
    });
    let daemon = stage.start(&stage.config(&more)).await;
    stage.put("dt=1/a.csv", "abc");
    stage.drained().await;
    daemon.stop().await;
    assert_eq!(reported(&stage, TOPIC).await.len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_look_tells_whether_a_target_is_there() {
    let looks = [
        "sns:GetTopicAttributes",
        "sqs:GetQueueAttributes",
        "events:DescribeEventBus",
    ];
    for ((target, _, tells, resource), look) in KINDS.into_iter().zip(looks) {
        let stage = Stage::new(1);
        let config = config(&stage, target);
        let notify = config.route["orders"].notify.as_ref().expect("it is said");
        let outlet = Outlet::new(notify, client(&stage, notify.kind), Metrics::new("test").0);
        let missing = outlet.obstacle().await;
        assert!(
            matches!(&missing, Some(Obstacle::Fails(why)) if why.contains("not")),
            "{target}: {missing:?}"
        );
        create(&stage, target);
        assert_eq!(outlet.obstacle().await, None, "{target}");
        stage.aws.access(|access| {
            access.deny(Denial {
                access_key: HOME_KEY.into(),
                action: look.into(),
                resource: resource.into(),
            });
        });
        let denied = outlet.obstacle().await;
        assert!(
            matches!(&denied, Some(Obstacle::Warns(why)) if why.contains(look) && why.contains(tells)),
            "{target}: {denied:?}"
        );
    }
}
