//! Panics on a message's way: it comes again, the others do not notice, and nothing counts as held for ever.
//!
//! The client's own code panics here, inside a call, as the SDK does over a value that no header can hold.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use brigade::app::App;

use crate::aws::{Call, Moment};
use crate::stage::{Daemon, Stage, events, until};

/// Panics before each call that is meant, `times` at most.
fn panic_over(
    stage: &Stage,
    times: usize,
    is_meant: impl Fn(&Call) -> bool + Send + Sync + 'static,
) {
    let seen = AtomicUsize::new(0);
    let watcher = move |_: &_, call: &Call, when| {
        let is_it = when == Moment::Before && is_meant(call);
        let goes_on = !is_it || seen.fetch_add(1, Ordering::Relaxed) >= times;
        assert!(goes_on, "over {}", call.operation);
    };
    stage.aws.watch(Some(Arc::new(watcher)));
}

fn copies_poison(call: &Call) -> bool {
    call.operation == "CopyObject" && call.key.contains("poison")
}

async fn nothing_is_in_flight(daemon: &Daemon, panics: usize) {
    for line in [
        "brigade_deliveries_in_flight{queue=\"events\"} 0".to_owned(),
        "brigade_workers_busy{pool=\"small\"} 0".to_owned(),
        format!("brigade_panics_total {panics}"),
    ] {
        let holds = || daemon.view.scrape().contains(&format!("{line}\n"));
        until(&line, holds).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_message_that_makes_each_worker_panic_ends_in_the_dead_letter_queue() {
    let stage = Stage::new(1);
    panic_over(&stage, usize::MAX, copies_poison);
    stage.put("poison.csv", "p");
    for n in 0..50 {
        stage.put(&format!("{n}.csv"), "good");
    }
    let mut config = stage.config("");
    config.work.workers = 2;
    events(&mut config).max_attempts = 3;
    let daemon = stage.start(&config).await;
    stage.drained().await;
    for n in 0..50 {
        assert!(stage.copy(&format!("{n}.csv")).is_some(), "{n}.csv");
    }
    nothing_is_in_flight(&daemon, 3).await;
    assert!(!daemon.is_paused("orders"), "it concerns one message");
    daemon.stop().await;
    let want = (
        "panicked".to_owned(),
        "panicked: over CopyObject".to_owned(),
    );
    assert_eq!(stage.dead_lettered().await, [want]);
}

#[tokio::test(start_paused = true)]
async fn a_message_whose_worker_panicked_once_comes_again_before_its_visibility_ends() {
    let stage = Stage::new(1);
    stage.drained_of_test_event().await;
    panic_over(&stage, 1, copies_poison);
    stage.put("poison.csv", "p");
    let daemon = stage.start(&stage.config("")).await;
    let began = tokio::time::Instant::now();
    stage.drained().await;
    // The copy had no answer, so W passes before the message is returned to the queue: a quarter of two minutes.
    assert!(began.elapsed().as_secs() < 40, "{:?}", began.elapsed());
    assert_eq!(stage.copy("poison.csv").as_deref(), Some(&b"p"[..]));
    nothing_is_in_flight(&daemon, 1).await;
    daemon.stop().await;
    let settled = stage.aws.settled();
    assert_eq!(settled.last().map(|settled| settled.receives), Some(2));
}

#[tokio::test(start_paused = true)]
async fn a_call_to_the_queue_that_panics_ends_no_stage() {
    for (why, operation) in [
        ("a receive", "ReceiveMessage"),
        ("a delete", "DeleteMessageBatch"),
        ("dead-lettering", "SendMessage"),
    ] {
        let stage = Stage::new(1);
        stage.put("a.csv", "a");
        stage.send("{noise").await;
        panic_over(&stage, 2, move |call| call.operation == operation);
        let daemon = stage.start(&stage.config("")).await;
        stage.drained().await;
        assert!(stage.copy("a.csv").is_some(), "{why}");
        nothing_is_in_flight(&daemon, 2).await;
        daemon.stop().await;
        assert_eq!(stage.dead_lettered().await.len(), 1, "{why}");
    }
}

#[tokio::test(start_paused = true)]
async fn credentials_that_no_header_can_carry_are_refused_at_the_start() {
    for (id, token, want) in [
        ("AKIA1\n", None, "the access key id contains"),
        ("AKIA1", Some("to\0ken"), "the session token contains"),
    ] {
        let stage = Stage::new(1);
        let mut edge = stage.edge(1);
        let token = token.map(ToOwned::to_owned);
        let credentials = Credentials::new(id, "hush", token, None, "test");
        edge.credentials = Some(SharedCredentialsProvider::new(credentials));
        let refused = App::start(&stage.config(""), &edge).await;
        let said = refused.expect_err("nothing can be signed").to_string();
        assert!(said.contains("no usable credentials"), "{said}");
        assert!(said.contains(want), "{said}");
        assert!(!said.contains("AKIA1") && !said.contains("hush"), "{said}");
    }
}
