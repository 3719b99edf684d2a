//! Faults strike the calls they are meant for, as often as they are meant to.

use std::time::Duration;

use aws_sdk_s3::config::timeout::TimeoutConfig;
use tokio::time::{Instant, advance};

use super::{reported, s3, sqs, two_buckets};
use crate::aws::{Aws, Fault, Queue, Rule, Silence, TestObject};

/// A client that gives up on an attempt after 10 s.
fn impatient(aws: &Aws) -> aws_sdk_s3::Client {
    let timeout = TimeoutConfig::builder()
        .operation_attempt_timeout(Duration::from_secs(10))
        .build();
    let config = aws_sdk_s3::config::Builder::from(&aws.sdk("eu-west-1")).timeout_config(timeout);
    aws_sdk_s3::Client::from_conf(config.build())
}

#[tokio::test(start_paused = true)]
async fn each_fault_looks_as_it_does_on_aws_and_happens_or_not() {
    let five = Duration::from_secs(5);
    #[rustfmt::skip]
    let table = [
        ("none",                  None,                                           "ok",             true,  0),
        ("happened, no answer",   Some(Fault::Lost(Silence::Hang)),               "timeout",        true,  10),
        ("happened, reset",       Some(Fault::Lost(Silence::Reset)),              "dispatch",       true,  0),
        ("dropped, no answer",    Some(Fault::Dropped(Silence::Hang)),            "timeout",        false, 10),
        ("dropped, reset",        Some(Fault::Dropped(Silence::Reset)),           "dispatch",       false, 0),
        ("slow down",             Some(Fault::SlowDown),                          "503 SlowDown",   false, 0),
        ("too much for KMS",      Some(Fault::KeySlowDown),                       "503 SlowDown",   false, 0),
        ("internal error",        Some(Fault::InternalError),                     "500 InternalError", false, 0),
        ("conflict",              Some(Fault::Conflict),                          "409 ConditionalRequestConflict", false, 0),
        ("an error in a 200",     Some(Fault::ErrorIn200 { code: "InternalError", happens: false }), "200 InternalError", false, 0),
        ("the same, and it happened", Some(Fault::ErrorIn200 { code: "SlowDown", happens: true }), "200 SlowDown", true, 0),
        ("an empty 200",          Some(Fault::Empty200 { happens: false }),       "ok",             false, 0),
        ("the same, and it happened", Some(Fault::Empty200 { happens: true }),    "ok",             true,  0),
        ("slow",                  Some(Fault::Slow { before: five / 2, after: five / 2 }), "ok",    true,  5),
        ("too slow before",       Some(Fault::Slow { before: five * 3, after: five }), "timeout",   false, 10),
        ("too slow after",        Some(Fault::Slow { before: five, after: five * 3 }), "timeout",   true,  10),
    ];
    for (why, fault, want, happens, seconds) in table {
        let aws = two_buckets(false);
        aws.put("raw", TestObject::new("a", "abc"));
        if let Some(fault) = fault {
            aws.inject(Rule::new(fault).on("s3", "CopyObject"));
        }
        let start = Instant::now();
        let copy = impatient(&aws)
            .copy_object()
            .bucket("lake")
            .key("b")
            .copy_source("raw/a")
            .send()
            .await;
        assert_eq!(reported(&copy), want, "{why}");
        let whole = copy.is_ok_and(|copy| copy.copy_object_result.is_some());
        assert_eq!(
            whole,
            want == "ok" && !why.contains("200") && !why.contains("the same"),
            "{why}"
        );
        assert_eq!(aws.object("lake", "b").is_some(), happens, "{why}");
        assert_eq!(start.elapsed(), Duration::from_secs(seconds), "{why}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_bucket_refuses_what_is_more_at_once_than_it_bears() {
    let aws = two_buckets(false);
    aws.put("raw", TestObject::new("a", "abc"));
    aws.bears("raw", 2);
    let far = Fault::Slow {
        before: Duration::from_secs(1),
        after: Duration::ZERO,
    };
    aws.inject(Rule::new(far).on("s3", "GetObject"));
    let s3 = s3(&aws, "us-east-1");
    let get = || async { reported(&s3.get_object().bucket("raw").key("a").send().await) };
    let (a, b, c) = tokio::join!(get(), get(), get());
    assert_eq!([&*a, &*b, &*c], ["ok", "ok", "503 SlowDown"]);
    assert_eq!(get().await, "ok", "the two are done");
}

#[tokio::test(start_paused = true)]
async fn what_happens_late_happens_after_the_client_gave_up() {
    let aws = two_buckets(false);
    aws.put("raw", TestObject::new("a", "abc"));
    let late = Fault::Late(Duration::from_secs(30), Silence::Hang);
    aws.inject(Rule::new(late).on("s3", "CopyObject").times(1));
    let copy = impatient(&aws)
        .copy_object()
        .bucket("lake")
        .key("b")
        .copy_source("raw/a");
    assert_eq!(reported(&copy.send().await), "timeout");
    assert_eq!(aws.calls().last().status, None, "nothing was said");
    assert_eq!(aws.calls().last().fault, Some("late"));
    tokio::time::sleep(Duration::from_millis(19_999)).await;
    assert!(aws.object("lake", "b").is_none());
    tokio::time::sleep(Duration::from_millis(2)).await;
    assert!(aws.object("lake", "b").is_some());
}

#[tokio::test(start_paused = true)]
async fn a_late_write_still_meets_its_conditions() {
    let aws = two_buckets(false);
    aws.put("raw", TestObject::new("a", "abc"));
    let late = Fault::Late(Duration::from_secs(5), Silence::Reset);
    aws.inject(Rule::new(late).on("s3", "CopyObject").times(1));
    let copy = impatient(&aws)
        .copy_object()
        .bucket("lake")
        .key("b")
        .copy_source("raw/a");
    assert_eq!(reported(&copy.if_none_match("*").send().await), "dispatch");
    aws.put("lake", TestObject::new("b", "somebody was faster"));
    tokio::time::sleep(Duration::from_secs(6)).await;
    assert_eq!(aws.history("lake", "b").0.len(), 1);
}

#[tokio::test(start_paused = true)]
async fn rules_strike_by_operation_key_count_and_chance() {
    let aws = two_buckets(false);
    let s3 = s3(&aws, "us-east-1");
    let put = async |key: &str| reported(&s3.put_object().bucket("raw").key(key).send().await);
    aws.inject(
        Rule::new(Fault::SlowDown)
            .on("s3", "PutObject")
            .key("a")
            .times(2),
    );
    aws.inject(Rule::new(Fault::InternalError).when(|call| call.place == "raw" && call.key == "b"));
    let reported = [
        put("a").await,
        put("c").await,
        put("a").await,
        put("a").await,
        put("b").await,
    ];
    assert_eq!(
        reported,
        [
            "503 SlowDown",
            "ok",
            "503 SlowDown",
            "ok",
            "500 InternalError"
        ]
    );
    aws.calm();
    assert_eq!(put("b").await, "ok");
    assert_eq!(aws.calls().count("s3", "PutObject"), 6);

    aws.inject(Rule::new(Fault::SlowDown).chance(0.25));
    for _ in 0..400 {
        put("d").await;
    }
    let struck = aws
        .calls()
        .of("s3", "PutObject")
        .filter(|call| call.fault.is_some())
        .count()
        - 3;
    assert!((60..140).contains(&struck), "{struck} of 400");
}

#[tokio::test(start_paused = true)]
async fn a_seed_replays_and_another_differs() {
    let run = async |seed| {
        let aws = Aws::new(seed);
        let url = aws.create_queue(Queue::new("events", "us-east-1"));
        aws.inject(Rule::new(Fault::InternalError).chance(0.5));
        for _ in 0..20 {
            let _ = sqs(&aws)
                .send_message()
                .queue_url(&url)
                .message_body("a")
                .send()
                .await;
        }
        let ids: Vec<_> = aws
            .queue(&url)
            .messages()
            .iter()
            .map(|m| m.id.clone())
            .collect();
        (aws.calls().0, ids)
    };
    assert_eq!(run(1).await, run(1).await);
    assert_ne!(run(1).await.1, run(2).await.1);
}

#[tokio::test(start_paused = true)]
async fn a_receive_whose_answer_is_lost_hides_its_messages() {
    let aws = Aws::new(1);
    let url = aws.create_queue(Queue::new("events", "us-east-1"));
    sqs(&aws)
        .send_message()
        .queue_url(&url)
        .message_body("a")
        .send()
        .await
        .unwrap();
    aws.inject(
        Rule::new(Fault::Lost(Silence::Reset))
            .on("sqs", "ReceiveMessage")
            .times(1),
    );
    assert_eq!(
        reported(&sqs(&aws).receive_message().queue_url(&url).send().await),
        "dispatch"
    );
    assert_eq!(aws.queue(&url).in_flight(), 1);
    aws.inject(
        Rule::new(Fault::SlowDown)
            .on("sqs", "ReceiveMessage")
            .times(1),
    );
    assert_eq!(
        reported(&sqs(&aws).receive_message().queue_url(&url).send().await),
        "403 RequestThrottled"
    );
    advance(Duration::from_secs(30)).await;
    assert_eq!(aws.queue(&url).visible(), 1);
}

#[tokio::test(start_paused = true)]
async fn the_read_timeout_of_the_client_is_kept() {
    let aws = two_buckets(false);
    aws.inject(Rule::new(Fault::Dropped(Silence::Hang)));
    let timeout = TimeoutConfig::builder()
        .read_timeout(Duration::from_secs(3))
        .build();
    let config = aws_sdk_s3::config::Builder::from(&aws.sdk("us-east-1")).timeout_config(timeout);
    let start = Instant::now();
    let head = aws_sdk_s3::Client::from_conf(config.build())
        .head_bucket()
        .bucket("raw")
        .send()
        .await;
    assert_eq!(
        (reported(&head).as_str(), start.elapsed()),
        ("dispatch", Duration::from_secs(3))
    );
}

#[tokio::test(start_paused = true)]
async fn a_long_copy_writes_what_it_has_read_and_meets_its_conditions_then() {
    for (why, meddle, want) in [
        ("quiet", None, "ok"),
        ("the source moves on", Some("raw"), "ok"),
        (
            "somebody was faster",
            Some("lake"),
            "412 PreconditionFailed",
        ),
    ] {
        let aws = two_buckets(false);
        aws.put("raw", TestObject::new("a", "read"));
        let time = Duration::from_secs(5);
        aws.inject(Rule::new(Fault::LongCopy(time)).on("s3", "CopyObject"));
        let s3 = impatient(&aws);
        let copy = s3.copy_object().bucket("lake").key("a");
        let copy = copy.copy_source("raw/a").if_none_match("*").send();
        let later = async {
            tokio::time::sleep(Duration::from_secs(1)).await;
            if let Some(bucket) = meddle {
                aws.put(bucket, TestObject::new("a", "later"));
            }
        };
        let (copy, ()) = tokio::join!(copy, later);
        assert_eq!(reported(&copy), want, "{why}");
        let there = aws.object("lake", "a").and_then(|v| v.object);
        let there = there.map(|object| object.content.slice(0..object.content.len()));
        let text = if want == "ok" { "read" } else { "later" };
        assert_eq!(there.as_deref(), Some(text.as_bytes()), "{why}");
    }
}
