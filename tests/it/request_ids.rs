//! A refused call can be shown to AWS support: its request id stands wherever the refusal does.

use std::time::Duration;

use crate::aws::{Denial, HOME_KEY};
use crate::logs;
use crate::stage::{Stage, until};

fn no_write(stage: &Stage, resource: &str) {
    let denial = Denial {
        access_key: HOME_KEY.into(),
        action: "s3:PutObject".into(),
        resource: resource.into(),
    };
    stage.aws.access(|access| access.deny(denial));
}

/// The ids of all answers to an operation.
fn ids(stage: &Stage, operation: &str) -> Vec<String> {
    let calls = stage.aws.calls();
    let ids = calls
        .of("s3", operation)
        .map(|call| call.request_id.clone());
    ids.map(|id| id.expect("every answer has one")).collect()
}

#[tokio::test(start_paused = true)]
async fn a_refused_copy_is_dead_lettered_and_logged_with_its_request_id() {
    let stage = Stage::new(1);
    no_write(&stage, "lake/orders/a.csv");
    stage.put("a.csv", "one");
    let daemon = stage.start(&stage.config("")).await;
    stage.drained().await;
    daemon.stop().await;
    let last = ids(&stage, "CopyObject").pop().expect("it was tried");
    let want = format!("(request id {last}, host id host");
    let dead_lettered = stage.dead_lettered().await;
    assert_eq!(dead_lettered[0].0, "denied");
    assert!(
        dead_lettered[0].1.contains(&want),
        "{want}: {dead_lettered:?}"
    );
    assert!(
        dead_lettered[0].1.ends_with("=, 1 attempt, 0ns)"),
        "{dead_lettered:?}"
    );
    let lines = logs::lines();
    assert!(
        lines.iter().any(|line| line.contains(&want)),
        "{want}: {lines:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn a_paused_route_shows_the_request_id_of_what_paused_it() {
    let stage = Stage::new(1);
    no_write(&stage, "lake");
    for n in 0..8 {
        stage.put(&format!("{n}.csv"), "one");
    }
    let daemon = stage.start(&stage.config("")).await;
    until("the route is paused", || daemon.is_paused("orders")).await;
    let error = daemon.route("orders")["error"].to_string();
    // A copy's, or that of the check that found the route broken.
    let calls = stage.aws.calls();
    let ids = calls.0.iter().filter_map(|call| call.request_id.as_ref());
    let named = |id: &String| error.contains(&format!("(request id {id}, "));
    assert!(ids.into_iter().any(named), "{error}");
    daemon.stop().await;
}

#[tokio::test(start_paused = true)]
async fn what_sqs_refuses_names_its_request_id() {
    let stage = Stage::new(1);
    let daemon = stage.start(&stage.config("")).await;
    let denial = Denial {
        access_key: HOME_KEY.into(),
        action: "sqs:ReceiveMessage".into(),
        resource: "events".into(),
    };
    stage.aws.access(|access| access.deny(denial));
    tokio::time::sleep(Duration::from_mins(2)).await;
    let calls = stage.aws.calls();
    let refused = calls
        .of("sqs", "ReceiveMessage")
        .find(|call| call.status == Some(400) || call.status == Some(403));
    let id = refused
        .and_then(|call| call.request_id.clone())
        .expect("it was refused");
    let want = format!("(request id {id})");
    let lines = logs::lines();
    assert!(
        lines.iter().any(|line| line.contains(&want)),
        "{want}: {lines:?}"
    );
    drop(daemon);
}
