//! `after_copy`: a source goes once every destination has it.

use super::{is_there, put, text, versioned};
use crate::aws::{Aws, Bucket, Denial, Fault, HOME_KEY, Moment, Rule, Silence, TestObject};
use crate::stage::{Stage, at, event, until};

const MOVE: &str = "after_copy = \"delete\"";
const ASIDE: &str = "after_copy = \"move\"\nmove_to = \"done/\"";

#[tokio::test(start_paused = true)]
async fn an_original_goes_once_its_copy_is_there() {
    for (more, calls, aside) in [(MOVE, 4, false), (ASIDE, 6, true)] {
        let stage = versioned();
        let daemon = stage.start(&stage.config(more)).await;
        let before = stage.s3_calls();
        put(&stage.aws, "one");
        stage.drained().await;
        assert_eq!(text(&stage).as_deref(), Some("one"), "{more}");
        assert!(!is_there(&stage, "raw", "in/a.csv"), "{more}");
        assert_eq!(is_there(&stage, "raw", "done/a.csv"), aside, "{more}");
        // And the removal that this announces: two HEADs on each route.
        let removal = if aside { 4 } else { 2 };
        assert_eq!(stage.s3_calls() - before, calls + removal, "{more}");
        daemon.stop().await;
        assert!(stage.dead_lettered().await.is_empty(), "{more}");
        let versions = stage.aws.versions("raw", "in/a.csv");
        assert_eq!(versions.len(), 2, "{more}: the version, and a marker on it");
    }
}

#[tokio::test(start_paused = true)]
async fn an_original_stays_until_every_route_has_it() {
    let second = format!("{MOVE}\n[route.second]\nfrom = \"s3://raw/in/\"\nto = \"s3://store/\"");
    let stage = Stage::new(1);
    put(&stage.aws, "one");
    let daemon = stage.start(&stage.config(&second)).await;
    until("the second is held", || daemon.is_paused("second")).await;
    assert!(is_there(&stage, "raw", "in/a.csv"));
    stage.aws.create_bucket(Bucket::new("store", "eu-west-1"));
    stage.drained().await;
    daemon.stop().await;
    assert!(!is_there(&stage, "raw", "in/a.csv"));
    assert!(is_there(&stage, "store", "a.csv") && is_there(&stage, "lake", "orders/a.csv"));
    assert_eq!(stage.aws.calls().count("s3", "DeleteObject"), 1);
}

#[tokio::test(start_paused = true)]
async fn an_original_stays_until_the_route_has_it_that_takes_it_since_it_grew() {
    const LONG: &str = "more than ten bytes";
    let large = "[route.large]\nfrom = \"s3://raw/in/\"\nto = \"s3://store/\"\nmin_size = \"10B\"";
    for (why, grown) in [
        ("before it was worked", true),
        ("after it was passed by", false),
    ] {
        let stage = versioned();
        stage.aws.create_bucket(Bucket::new("store", "eu-west-1"));
        put(&stage.aws, "one");
        if grown {
            put(&stage.aws, LONG);
        } else {
            at(&stage, "CopyObject", 0, Moment::Before, |aws| {
                put(aws, LONG);
            });
        }
        let daemon = stage
            .start(&stage.config(&format!("{MOVE}\n{large}")))
            .await;
        stage.drained().await;
        daemon.stop().await;
        assert!(stage.dead_lettered().await.is_empty(), "{why}");
        assert!(is_there(&stage, "store", "a.csv"), "{why}");
        assert_eq!(text(&stage).as_deref(), Some(LONG), "{why}");
        assert!(!is_there(&stage, "raw", "in/a.csv"), "{why}");
    }
}

/// Somebody meddles while a source object is being moved.
#[tokio::test(start_paused = true)]
async fn a_move_that_is_overtaken_begins_anew() {
    type Meddle = fn(&Aws);
    let again: Meddle = |aws| put(aws, "two");
    let dressed: Meddle = |aws| {
        aws.put(
            "raw",
            TestObject::new("in/a.csv", "one").header("content-type", "text/x"),
        );
    };
    let gone: Meddle = |aws| aws.delete("lake", "orders/a.csv", None);
    let other: Meddle = |aws| {
        aws.put("lake", TestObject::new("orders/a.csv", "other"));
    };
    #[rustfmt::skip]
    let table = [
        // The first look is at the destination, the second at the source.
        ("overwritten before the looks",   "HeadObject",   0, Moment::Before, again,   "two"),
        ("overwritten before the second",  "HeadObject",   1, Moment::Before, again,   "two"),
        ("overwritten before the delete",  "DeleteObject", 0, Moment::Before, again,   "two"),
        ("dressed anew before the looks",  "HeadObject",   0, Moment::Before, dressed, "one"),
        ("dressed anew between the looks", "HeadObject",   1, Moment::Before, dressed, "one"),
        ("the copy goes",                  "HeadObject",   0, Moment::Before, gone,    "one"),
        ("the copy is another's",          "HeadObject",   0, Moment::Before, other,   "one"),
    ];
    for (why, operation, nth, moment, meddle, want) in table {
        let stage = versioned();
        let daemon = stage.start(&stage.config(MOVE)).await;
        stage.drained().await;
        at(&stage, operation, nth, moment, move |aws| {
            // What meddles is not announced: the one message sees it through.
            aws.hush("raw");
            meddle(aws);
        });
        put(&stage.aws, "one");
        stage.drained().await;
        daemon.stop().await;
        assert!(!is_there(&stage, "raw", "in/a.csv"), "{why}");
        assert_eq!(text(&stage).as_deref(), Some(want), "{why}");
        let copy = stage
            .aws
            .object("lake", "orders/a.csv")
            .and_then(|copy| copy.object);
        let kind = copy.expect("it is there").meta.headers["content-type"].clone();
        assert_eq!(kind == "text/x", why.starts_with("dressed"), "{why}");
        assert!(stage.dead_lettered().await.is_empty(), "{why}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_move_goes_on_after_a_crash_or_an_answer_that_was_lost() {
    for fault in [Fault::Lost(Silence::Reset), Fault::Dropped(Silence::Reset)] {
        for operation in ["CopyObject", "HeadObject", "DeleteObject"] {
            let stage = versioned();
            let rule = Rule::new(fault.clone()).on("s3", operation);
            stage.aws.inject(rule.times(1));
            put(&stage.aws, "one");
            let daemon = stage.start(&stage.config(MOVE)).await;
            stage.drained().await;
            daemon.stop().await;
            assert!(
                !is_there(&stage, "raw", "in/a.csv"),
                "{fault:?} of {operation}"
            );
            assert_eq!(
                text(&stage).as_deref(),
                Some("one"),
                "{fault:?} of {operation}"
            );
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_move_that_is_denied_holds_its_route() {
    let stage = versioned();
    let denial = Denial {
        access_key: HOME_KEY.into(),
        action: "s3:DeleteObject".into(),
        resource: "raw".into(),
    };
    stage.aws.access(|access| access.deny(denial.clone()));
    for n in 0..20 {
        stage.put(&format!("{n}.csv"), "x");
    }
    let daemon = stage.start(&stage.config(MOVE)).await;
    until("it is held", || daemon.is_paused("orders")).await;
    let reason = daemon.route("orders")["error"].to_string();
    assert!(reason.contains("s3:DeleteObject"), "{reason}");
    stage.aws.access(|access| access.allow(&denial));
    stage.drained().await;
    daemon.stop().await;
    for n in 0..20 {
        assert!(!is_there(&stage, "raw", &format!("in/{n}.csv")), "{n}");
        assert!(stage.copy(&format!("{n}.csv")).is_some(), "{n}");
    }
    assert!(stage.dead_lettered().await.is_empty());
}

#[tokio::test(start_paused = true)]
async fn nothing_is_moved_where_conditions_turn_out_to_be_unknown() {
    for operation in ["CopyObject", "DeleteObject"] {
        let stage = versioned();
        let rule = Rule::new(Fault::NotImplemented).on("s3", operation);
        stage.aws.inject(rule.times(1));
        put(&stage.aws, "one");
        let daemon = stage.start(&stage.config(MOVE)).await;
        until("it is held", || daemon.is_paused("orders")).await;
        let reason = daemon.route("orders")["error"].to_string();
        assert!(reason.contains("not implemented"), "{operation}: {reason}");
        daemon.stop().await;
        assert!(is_there(&stage, "raw", "in/a.csv"), "{operation}");
        assert_eq!(text(&stage).as_deref(), Some("one"), "{operation}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_wrong_size_in_an_event_takes_nothing_that_a_route_must_leave() {
    for streamed in ["", "transfer = \"stream\"\n"] {
        for more in ["", MOVE, ASIDE] {
            let stage = versioned();
            let large = "x".repeat(5_000);
            put(&stage.aws, &large);
            let object = stage.aws.object("raw", "in/a.csv").and_then(|v| v.object);
            let etag = object.expect("it was just put").etag;
            let forged = event("in/a.csv", 5, &etag, "2026-11-02T09:00:00.000Z");
            stage.send(&forged).await;
            let config = stage.config(&format!("{streamed}max_size = \"10B\"\n{more}"));
            let daemon = stage.start(&config).await;
            stage.drained().await;
            daemon.stop().await;
            let why = format!("{streamed}{more}");
            assert!(is_there(&stage, "raw", "in/a.csv"), "{why}: it stays");
            assert!(!is_there(&stage, "raw", "done/a.csv"), "{why}");
            assert_eq!(text(&stage), None, "{why}: it is not copied");
            assert!(stage.dead_lettered().await.is_empty(), "{why}");
        }
    }
}
