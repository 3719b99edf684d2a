use std::sync::Mutex;

use fastrand::Rng;
use serde_json::{Value, json};

use super::notification::Notification;
use super::outlet::{Client, Outlet};
use super::task::{NotificationStatus, notifications};
use crate::catalog::scripted::{Answer as Said, Scripted};
use crate::config::{Config, Notify, NotifyKind, Sources};
use crate::metrics::Metrics;
use crate::work::Unannounced;

fn client(scripted: &Scripted, notify: &Notify) -> Client {
    match notify.kind {
        NotifyKind::Topic => unreachable!("it speaks another protocol"),
        NotifyKind::Queue => Client::Queue(scripted.queue()),
        NotifyKind::Bus => Client::Bus(scripted.bus(), Mutex::default()),
    }
}

const QUEUE: &str = "arn:aws:sqs:eu-west-1:111122223333:q";
const FIFO: &str = "arn:aws:sqs:eu-west-1:111122223333:q.fifo";
const BUS: &str = "arn:aws:events:eu-west-1:111122223333:event-bus/b";

fn notify(target: &str) -> Notify {
    let file =
        format!("[route.r]\nfrom = \"s3://raw/\"\nto = \"s3://lake/\"\nnotify = \"{target}\"");
    let config = Config::load(&Sources::text("f", &file)).unwrap().config;
    config.route["r"].notify.clone().unwrap()
}

fn notification(n: usize) -> Notification {
    Notification {
        id: format!("id-{n}"),
        what: "Object Arrived",
        group: format!("group-{n}"),
        body: json!({ "n": n }).to_string(),
    }
}

/// The endings of so many notices, all at once, and what is to be seen afterwards.
async fn report(
    scripted: &Scripted,
    target: &str,
    count: usize,
) -> (Vec<String>, NotificationStatus) {
    let notify = notify(target);
    let outlet = Outlet::new(&notify, client(scripted, &notify), Metrics::new("test").0);
    let (handle, task) = notifications("t", "test", outlet, Rng::with_seed(1));
    let reported = async {
        let asked = (0..count).map(|n| handle.asker.ask(notification(n)));
        let answers = futures_util::future::join_all(asked).await;
        let shared = handle.shared.clone();
        drop(handle);
        let reported = answers.into_iter().map(|answer| match answer {
            Some(Ok(())) => "ok".to_owned(),
            Some(Err(Unannounced { why, lasts, alone })) => format!("{lasts} {alone} {why}"),
            None => "none".to_owned(),
        });
        let status = shared.state().clone();
        (reported.collect(), status)
    };
    tokio::join!(task.run(), reported).1
}

/// All entries of a batch, taken.
fn taken(body: &Value) -> Said {
    let entries = body["Entries"].as_array().unwrap().iter();
    let done: Vec<_> = entries
        .map(|entry| json!({ "Id": entry["Id"], "MessageId": "m", "MD5OfMessageBody": "x", "EventId": "e" }))
        .collect();
    Said::Is(json!({ "Successful": done, "Failed": [], "Entries": done, "FailedEntryCount": 0 }))
}

#[tokio::test(start_paused = true)]
async fn ten_go_out_at_a_time_and_what_is_not_named_goes_again() {
    for target in [QUEUE, BUS] {
        let mut short = 3;
        let scripted = Scripted::new(move |op, body| {
            if op == "DescribeEventBus" {
                return Said::Is(json!({ "Name": "b" }));
            }
            short -= 1;
            match short {
                2 => Said::Is(json!({})),
                _ => taken(body),
            }
        });
        let (reported, status) = report(&scripted, target, 25).await;
        assert_eq!(reported, vec!["ok"; 25], "{target}");
        assert_eq!(status.sent, 25);
        let op = if target == BUS {
            "PutEvents"
        } else {
            "SendMessageBatch"
        };
        let sizes = scripted.bodies(op).into_iter();
        let sizes: Vec<_> = sizes
            .map(|body| body["Entries"].as_array().unwrap().len())
            .collect();
        assert!(sizes.iter().all(|size| *size <= 10), "{target}: {sizes:?}");
        assert_eq!(sizes.len(), 4, "{target}: one of three batches goes again");
    }
}

#[tokio::test(start_paused = true)]
async fn an_entry_that_fails_fails_alone() {
    let scripted = Scripted::new(|_, body| {
        let entries = body["Entries"].as_array().unwrap().iter();
        let bad = |entry: &&Value| entry["MessageBody"].as_str().unwrap().contains("\"n\":1}");
        let (bad, good): (Vec<_>, Vec<_>) = entries.partition(bad);
        let done: Vec<_> = good
            .iter()
            .map(|entry| json!({ "Id": entry["Id"], "MessageId": "m", "MD5OfMessageBody": "x" }))
            .collect();
        let failed: Vec<_> = bad
            .iter()
            .map(|entry| json!({ "Id": entry["Id"], "SenderFault": true, "Code": "InvalidMessageContents", "Message": "so it is" }))
            .collect();
        Said::Is(json!({ "Successful": done, "Failed": failed }))
    });
    let (reported, status) = report(&scripted, QUEUE, 3).await;
    let bad = "true true t: SendMessageBatch: InvalidMessageContents: so it is";
    assert_eq!(reported, ["ok", bad, "ok"]);
    assert_eq!(status.sent, 2);
}

#[tokio::test(start_paused = true)]
async fn a_fifo_queue_is_told_group_and_id_and_another_is_not() {
    for (target, group, id) in [
        (FIFO, json!("group-0"), json!("id-0")),
        (QUEUE, Value::Null, Value::Null),
    ] {
        let scripted = Scripted::new(|_, body| taken(body));
        let (reported, _) = report(&scripted, target, 1).await;
        assert_eq!(reported, ["ok"]);
        let body = &scripted.bodies("SendMessageBatch")[0];
        let name = target.rsplit(':').next();
        assert_eq!(body["QueueUrl"].as_str().unwrap().rsplit('/').next(), name);
        let entry = &body["Entries"][0];
        assert_eq!(
            (&entry["MessageGroupId"], &entry["MessageDeduplicationId"]),
            (&group, &id)
        );
    }
}

#[tokio::test(start_paused = true)]
async fn a_failure_says_whether_it_lasts_and_whom_it_concerns() {
    for (target, said, want) in [
        (
            QUEUE,
            Said::Error("QueueDoesNotExist"),
            "true false t: SendMessageBatch: QueueDoesNotExist: so it is",
        ),
        (
            QUEUE,
            Said::Error("AccessDeniedException"),
            "true false t: SendMessageBatch: AccessDeniedException: so it is",
        ),
        (
            QUEUE,
            Said::Error("RequestThrottled"),
            "false false t: SendMessageBatch: RequestThrottled: so it is",
        ),
        (
            QUEUE,
            Said::Broken,
            "false false t: SendMessageBatch: dispatch failure: io error: connection reset",
        ),
        (
            BUS,
            Said::Error("ResourceNotFoundException"),
            "true false t: DescribeEventBus: ResourceNotFoundException: so it is",
        ),
    ] {
        let scripted = Scripted::new(move |_, _| said.clone());
        let (reported, status) = report(&scripted, target, 1).await;
        assert_eq!(reported, [want]);
        assert!(want.ends_with(&status.error.unwrap()), "{want}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_bus_is_looked_at_once_and_who_may_not_look_goes_on() {
    for check in [
        Said::Is(json!({ "Name": "b" })),
        Said::Error("AccessDeniedException"),
    ] {
        let scripted = Scripted::new(move |op, body| match op {
            "DescribeEventBus" => check.clone(),
            _ => taken(body),
        });
        let (reported, _) = report(&scripted, BUS, 1).await;
        assert_eq!(reported, ["ok"]);
        assert_eq!(scripted.bodies("DescribeEventBus").len(), 1);
        let entry = &scripted.bodies("PutEvents")[0]["Entries"][0];
        let want = json!({
            "Source": "brigade", "DetailType": "Object Arrived",
            "Detail": "{\"n\":0}", "EventBusName": BUS,
        });
        assert_eq!(*entry, want);
    }
}
