//! What lies between a process and AWS: time, darkness, a cut, corrupt bodies.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use aws_sdk_s3::Client;
use bytes::Bytes;
use tokio::time::{Instant, sleep, timeout};

use super::{reported, s3, two_buckets};
use crate::aws::{Aws, Fault, Latency, Line, Moment, Rule, Silence, Tear, TestObject};

const SECOND: Duration = Duration::from_secs(1);

/// A client of a process of its own.
fn process(aws: &Aws, line: &Line) -> Client {
    let http = aws.http_on(Some(3), line);
    let config = aws_sdk_s3::config::Builder::from(&aws.sdk("us-east-1")).http_client(http);
    Client::from_conf(config.build())
}

async fn put(s3: &Client, key: &str) -> String {
    reported(&s3.put_object().bucket("raw").key(key).send().await)
}

#[tokio::test(start_paused = true)]
async fn a_dead_process_neither_sends_nor_hears() {
    let aws = two_buckets(false);
    let line = Line::default();
    let s3 = process(&aws, &line);
    assert_eq!(put(&s3, "alive").await, "ok");
    assert_eq!(aws.calls().last().line, Some(3));

    // Sent, but not heard of.
    let before = 2 * SECOND;
    let slow = Fault::Slow {
        before,
        after: SECOND,
    };
    aws.inject(Rule::new(slow).key("on its way"));
    let death = async {
        sleep(SECOND).await;
        line.cut();
    };
    let sent = timeout(SECOND * 60, put(&s3, "on its way"));
    assert!(tokio::join!(sent, death).0.is_err(), "no answer reaches it");
    assert!(aws.object("raw", "on its way").is_some(), "it happened");

    let dead = timeout(SECOND * 60, put(&s3, "dead")).await;
    assert!(dead.is_err() && aws.object("raw", "dead").is_none());
}

#[tokio::test(start_paused = true)]
async fn what_was_sent_happens_even_if_its_sender_stops_waiting() {
    let aws = two_buckets(false);
    aws.inject(Rule::new(Fault::Slow {
        before: 5 * SECOND,
        after: SECOND,
    }));
    let s3 = s3(&aws, "us-east-1");
    assert!(timeout(SECOND, put(&s3, "a")).await.is_err());
    assert!(aws.object("raw", "a").is_none(), "not yet");
    sleep(5 * SECOND).await;
    assert!(aws.object("raw", "a").is_some());
}

#[tokio::test(start_paused = true)]
async fn a_dark_line_passes_nothing_until_it_is_light_again() {
    for (silence, want) in [(Silence::Reset, "dispatch"), (Silence::Hang, "hangs")] {
        let aws = two_buckets(false);
        let line = Line::default();
        let s3 = process(&aws, &line);
        line.darken(Instant::now() + 10 * SECOND, silence);
        let got = timeout(SECOND, put(&s3, "a")).await;
        assert_eq!(got.unwrap_or_else(|_| "hangs".into()), want);
        assert!(aws.object("raw", "a").is_none());
        sleep(10 * SECOND).await;
        assert_eq!(put(&s3, "a").await, "ok");
    }
}

#[tokio::test(start_paused = true)]
async fn ordinary_calls_take_time() {
    let aws = two_buckets(false);
    aws.slow_down(Latency(SECOND));
    let s3 = s3(&aws, "us-east-1");
    let mut took = Vec::new();
    for _ in 0..20 {
        let start = Instant::now();
        assert_eq!(put(&s3, "a").await, "ok");
        took.push(start.elapsed());
    }
    assert!(took.iter().all(|took| *took <= 2 * SECOND), "{took:?}");
    took.dedup();
    assert!(took.len() > 10, "{took:?}");
}

#[tokio::test(start_paused = true)]
async fn a_body_may_be_reset_end_or_stall_half_way() {
    for (tear, want, seconds) in [
        (Tear::Reset, "an error", 0),
        // The SDK minds the length.
        (Tear::End, "an error", 0),
        (Tear::Stall(4 * SECOND), "the rest", 4),
    ] {
        let aws = two_buckets(false);
        aws.put("raw", TestObject::new("a", "0123456789"));
        aws.inject(Rule::new(Fault::Torn(tear)).on("s3", "GetObject"));
        let start = Instant::now();
        let got = s3(&aws, "us-east-1").get_object().bucket("raw").key("a");
        let mut body = got.send().await.expect("the head arrives").body;
        let first = body.next().await.expect("half").expect("half of it");
        assert_eq!(&first[..], b"01234");
        let got = match body.next().await {
            None => "the end",
            Some(Err(_)) => "an error",
            Some(Ok(rest)) if &rest[..] == b"56789" => "the rest",
            Some(Ok(_)) => "something else",
        };
        assert_eq!(got, want);
        assert_eq!(start.elapsed(), seconds * SECOND);
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_sent_may_be_torn_on_its_way_too() {
    for (why, tear, want, seconds) in [
        ("reset", Tear::Reset, "dispatch", 0),
        ("cut short", Tear::End, "400 IncompleteBody", 0),
        ("late", Tear::Stall(4 * SECOND), "ok", 4),
        ("changed", Tear::Flip, "400 XAmzContentSHA256Mismatch", 0),
    ] {
        let aws = two_buckets(false);
        aws.inject(Rule::new(Fault::Sent(tear)).on("s3", "PutObject").times(1));
        let start = Instant::now();
        let s3 = s3(&aws, "us-east-1");
        let put = || {
            s3.put_object()
                .bucket("raw")
                .key("a")
                .body(Bytes::from_static(b"0123456789").into())
        };
        assert_eq!(reported(&put().send().await), want, "{why}");
        assert_eq!(start.elapsed(), seconds * SECOND, "{why}");
        let there = aws.object("raw", "a").is_some();
        assert_eq!(there, want == "ok", "{why}");
        assert_eq!(reported(&put().send().await), "ok", "{why}: once");
    }
}

#[tokio::test(start_paused = true)]
async fn a_watcher_is_told_before_and_after_each_call_and_may_act() {
    let aws = two_buckets(false);
    let (reported, calls) = (Arc::new(Mutex::new(Vec::new())), AtomicUsize::new(0));
    let seen = Arc::clone(&reported);
    aws.watch(Some(Arc::new(move |aws, call, moment| {
        let there = aws.object("raw", &call.key).is_some();
        seen.lock().unwrap().push((moment, there));
        if moment == Moment::Before && calls.fetch_add(1, Ordering::Relaxed) == 1 {
            aws.put("raw", TestObject::new("b", "somebody was faster"));
        }
    })));
    let s3 = s3(&aws, "us-east-1");
    assert_eq!(put(&s3, "a").await, "ok");
    let put = s3.put_object().bucket("raw").key("b").if_none_match("*");
    let refused = super::reported(&put.send().await);
    assert_eq!(refused, "412 PreconditionFailed");
    let want = [
        (Moment::Before, false),
        (Moment::After, true),
        (Moment::Before, false),
        (Moment::After, true),
    ];
    assert_eq!(*reported.lock().unwrap(), want);
}
