//! `deletes = "follow"`: a copy goes where its source goes, and on no rumour.

use std::time::Duration;

use brigade::config::ConditionalWrites;

use super::{delete, put, text, versioned};
use crate::aws::{Denial, Fault, HOME_KEY, Moment, Rule, Silence};
use crate::stage::{Stage, at, event, until, work};

const FOLLOW: &str = "deletes = \"follow\"";

#[tokio::test(start_paused = true)]
async fn a_copy_goes_where_its_source_goes() {
    let stage = versioned();
    let daemon = stage.start(&stage.config(FOLLOW)).await;
    let mut before = stage.s3_calls();
    let mut cost = || {
        let now = stage.s3_calls();
        now - std::mem::replace(&mut before, now)
    };
    put(&stage.aws, "one");
    stage.drained().await;
    assert_eq!(cost(), 2, "new: the copy, and a look after it");
    put(&stage.aws, "two");
    stage.drained().await;
    assert_eq!(cost(), 4, "an overwrite costs what it costs everywhere");

    delete(&stage.aws);
    stage.drained().await;
    assert_eq!(
        (text(&stage), cost()),
        (None, 4),
        "two looks, the delete, a look after it"
    );
    let hint = &work("in/a.csv");
    stage.send(hint).await;
    stage.drained().await;
    assert_eq!(
        (text(&stage), cost()),
        (None, 2),
        "once more: two looks at two delete markers"
    );

    // The delete marker goes, the newest version goes, one that nobody sees goes.
    let newest = || {
        stage
            .aws
            .versions("raw", "in/a.csv")
            .pop()
            .expect("there are")
            .id
    };
    stage.aws.delete("raw", "in/a.csv", newest().as_deref());
    stage.drained().await;
    assert_eq!(text(&stage).as_deref(), Some("two"));
    stage.aws.delete("raw", "in/a.csv", newest().as_deref());
    stage.drained().await;
    assert_eq!(text(&stage).as_deref(), Some("one"));
    put(&stage.aws, "three");
    let older = stage.aws.versions("raw", "in/a.csv")[0].id.clone();
    stage.aws.delete("raw", "in/a.csv", older.as_deref());
    stage.drained().await;
    assert_eq!(text(&stage).as_deref(), Some("three"));
    daemon.stop().await;
    assert!(stage.dead_lettered().await.is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_copy_stays_where_deletes_are_not_followed() {
    let stage = Stage::new(1);
    put(&stage.aws, "one");
    let daemon = stage.start(&stage.config("")).await;
    stage.drained().await;
    delete(&stage.aws);
    stage.drained().await;
    daemon.stop().await;
    assert_eq!(text(&stage).as_deref(), Some("one"));
}

#[tokio::test(start_paused = true)]
async fn every_way_of_removal_is_a_hint_and_none_is_believed() {
    let s3 = |name: &str| {
        event("in/a.csv", 0, "", "2026-11-01T00:00:00Z").replace("ObjectCreated:Put", name)
    };
    let eventbridge = r#"{"version":"0","id":"1","detail-type":"Object Deleted","source":"aws.s3",
        "account":"1","time":"2026-11-01T00:00:00Z","region":"us-east-1","resources":[],
        "detail":{"version":"1","bucket":{"name":"raw"},"object":{"key":"in/a.csv"},
        "reason":"Lifecycle Expiration","deletion-type":"Permanently Deleted"}}"#;
    for said in [
        s3("ObjectRemoved:Delete"),
        s3("ObjectRemoved:DeleteMarkerCreated"),
        s3("LifecycleExpiration:Delete"),
        s3("LifecycleExpiration:DeleteMarkerCreated"),
        eventbridge.to_owned(),
    ] {
        for gone in [false, true] {
            let stage = Stage::new(1);
            put(&stage.aws, "one");
            let daemon = stage.start(&stage.config(FOLLOW)).await;
            stage.drained().await;
            if gone {
                delete(&stage.aws);
                stage.aws.empty(&stage.queue);
            }
            stage.send(&said).await;
            stage.drained().await;
            daemon.stop().await;
            assert_eq!(text(&stage).is_none(), gone, "{said}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_source_that_cannot_be_seen_is_not_gone() {
    let denial = |action: &str| Denial {
        access_key: HOME_KEY.into(),
        action: action.into(),
        resource: "raw".into(),
    };
    // Where the whole route is denied, it waits; where only this key may be, the denial is believed in the end.
    for (why, waits, denied) in [
        ("the bucket is missing", true, None),
        ("it may not be read", true, Some(denial("s3:GetObject"))),
        (
            "a missing key looks denied",
            false,
            Some(denial("s3:ListBucket")),
        ),
    ] {
        let stage = Stage::new(1);
        put(&stage.aws, "one");
        let daemon = stage.start(&stage.config(FOLLOW)).await;
        stage.drained().await;
        delete(&stage.aws);
        stage.aws.hide_bucket("raw", denied.is_none());
        if let Some(denied) = &denied {
            stage.aws.access(|access| access.deny(denied.clone()));
        }
        if waits {
            tokio::time::sleep(Duration::from_mins(5)).await;
            assert_eq!(text(&stage).as_deref(), Some("one"), "{why}");
            stage.aws.hide_bucket("raw", false);
            if let Some(denied) = &denied {
                stage.aws.access(|access| access.allow(denied));
            }
        }
        stage.drained().await;
        daemon.stop().await;
        assert_eq!(text(&stage).is_none(), waits, "{why}");
        assert_eq!(stage.dead_lettered().await.is_empty(), waits, "{why}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_delete_that_races_a_new_object_leaves_its_copy() {
    // The one that comes is not announced: nobody else would mend it.
    for (why, moment, body) in [
        ("other content before the delete", Moment::Before, "two"),
        ("the same content before the delete", Moment::Before, "one"),
        ("the same content after the delete", Moment::After, "one"),
    ] {
        for conditional in [ConditionalWrites::On, ConditionalWrites::Off] {
            let stage = Stage::new(1);
            put(&stage.aws, "one");
            let mut config = stage.config(FOLLOW);
            config.aws.conditional_writes = conditional;
            let daemon = stage.start(&config).await;
            stage.drained().await;
            delete(&stage.aws);
            at(&stage, "DeleteObject", 0, moment, move |aws| {
                aws.hush("raw");
                put(aws, body);
            });
            stage.drained().await;
            daemon.stop().await;
            assert_eq!(
                text(&stage).as_deref(),
                Some(body),
                "{why}, conditions {conditional:?}"
            );
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_source_that_goes_while_it_is_copied_leaves_no_copy() {
    // Its removal finds nothing to delete, for the copy has not landed.
    for (transfer, operation) in [("", "CopyObject"), ("transfer = \"stream\"", "PutObject")] {
        let stage = Stage::new(1);
        put(&stage.aws, "one");
        at(&stage, operation, 0, Moment::After, |aws| {
            aws.hush("raw");
            delete(aws);
        });
        let daemon = stage
            .start(&stage.config(&format!("{FOLLOW}\n{transfer}")))
            .await;
        stage.drained().await;
        daemon.stop().await;
        assert_eq!(text(&stage), None, "{operation}");
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_gone_when_its_creation_is_heard_of_leaves_no_older_copy() {
    for transfer in ["", "transfer = \"stream\""] {
        let stage = Stage::new(1);
        put(&stage.aws, "one");
        let config = stage.config(&format!("{FOLLOW}\n{transfer}"));
        let daemon = stage.start(&config).await;
        stage.drained().await;
        daemon.stop().await;
        // Only the creation is announced.
        put(&stage.aws, "two");
        stage.aws.hush("raw");
        delete(&stage.aws);
        let daemon = stage.start(&config).await;
        stage.drained().await;
        daemon.stop().await;
        assert_eq!(text(&stage), None, "{transfer}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_copy_that_cannot_be_seen_is_not_gone() {
    let stage = Stage::new(1);
    put(&stage.aws, "one");
    let daemon = stage.start(&stage.config(FOLLOW)).await;
    stage.drained().await;
    stage.aws.hide_bucket("lake", true);
    delete(&stage.aws);
    until("it is held", || daemon.is_paused("orders")).await;
    stage.aws.hide_bucket("lake", false);
    stage.drained().await;
    daemon.stop().await;
    assert_eq!(text(&stage), None);
}

#[tokio::test(start_paused = true)]
async fn a_delete_without_an_answer_is_looked_after() {
    let w = Duration::from_secs(30);
    for fault in [
        Fault::Lost(Silence::Reset),
        Fault::Dropped(Silence::Hang),
        Fault::Late(w * 9 / 10, Silence::Reset),
    ] {
        let stage = Stage::new(1);
        put(&stage.aws, "one");
        let daemon = stage.start(&stage.config(FOLLOW)).await;
        stage.drained().await;
        delete(&stage.aws);
        let rule = Rule::new(fault.clone()).on("s3", "DeleteObject");
        stage.aws.inject(rule.times(1));
        let deletes = || stage.aws.calls().count("s3", "DeleteObject");
        until("it was sent", || deletes() == 1).await;
        let began = tokio::time::Instant::now();
        // The same comes back before that delete lands.
        put(&stage.aws, "one");
        stage.drained().await;
        daemon.stop().await;
        assert!(began.elapsed() >= w, "{fault:?}: settled after W");
        assert_eq!(text(&stage).as_deref(), Some("one"), "{fault:?}");
    }
}
