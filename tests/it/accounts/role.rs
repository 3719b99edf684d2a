//! A role: assumed once for all, for an hour, by who says what its owner wants to hear.

use std::time::Duration;

use brigade::config::Config;

use super::{load, put, reason, signers};
use crate::stage::Stage;

const ROLE: &str = "arn:aws:iam::444455556666:role/brigade";

/// From home to `lake`, with the role's credentials on both sides.
fn with_role(stage: &Stage, external_id: &str, more: &str) -> Config {
    let queue = &stage.queue;
    load(&format!(
        r#"
        aws.region = "us-east-1"
        queue.events.url = "{queue}"
        account.partner = {{ role_arn = "{ROLE}", external_id = "{external_id}" }}
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
    stage.aws.create_role(ROLE, Some("the-word"));
    put(&stage, 0..50);
    let both = "from_account = \"partner\"\nto_account = \"partner\"";
    let daemon = stage.start(&with_role(&stage, "the-word", both)).await;
    stage.drained().await;
    assert_eq!(stage.aws.calls().count("sts", "AssumeRole"), 1);
    let aws = &stage.aws;
    assert_eq!(
        signers(aws, "s3", "CopyObject"),
        ["ASIA0001"],
        "one account: inside S3"
    );

    tokio::time::sleep(Duration::from_hours(2)).await;
    put(&stage, 50..100);
    stage.drained().await;
    daemon.stop().await;
    assert_eq!(aws.calls().count("sts", "AssumeRole"), 2);
    assert_eq!(signers(aws, "s3", "CopyObject"), ["ASIA0001", "ASIA0002"]);
    let refused = aws
        .calls()
        .0
        .iter()
        .filter(|call| call.status == Some(403))
        .count();
    assert_eq!(refused, 0, "it is renewed before it is refused");
    for n in 0..100 {
        assert!(stage.copy(&format!("{n}.csv")).is_some(), "{n}.csv");
    }
    assert!(stage.dead_lettered().await.is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_role_that_wants_to_hear_another_word_holds_the_route() {
    let stage = Stage::new(1);
    stage.aws.create_role(ROLE, Some("the-word"));
    put(&stage, 0..50);
    let to = "to_account = \"partner\"";
    let daemon = stage.start(&with_role(&stage, "a-guess", to)).await;
    let reason = reason(&daemon, "orders").await;
    assert!(
        reason.contains("is not authorized to perform: sts:AssumeRole on resource"),
        "{reason}"
    );
    stage.aws.create_role(ROLE, Some("a-guess"));
    stage.drained().await;
    daemon.stop().await;
    assert!(stage.copy("49.csv").is_some());
    assert!(stage.dead_lettered().await.is_empty());
}

#[tokio::test(start_paused = true)]
async fn two_accounts_of_one_partition_stream_unless_the_operator_insists() {
    for (transfer, operation, signer) in [
        ("auto", "PutObject", "ASIA0001"),
        ("server-side", "CopyObject", "ASIA0001"),
    ] {
        let stage = Stage::new(1);
        stage.aws.create_role(ROLE, Some("w"));
        put(&stage, 0..5);
        let more = format!("to_account = \"partner\"\ntransfer = \"{transfer}\"");
        let daemon = stage.start(&with_role(&stage, "w", &more)).await;
        stage.drained().await;
        daemon.stop().await;
        assert_eq!(signers(&stage.aws, "s3", operation), [signer], "{transfer}");
        let writes = stage.aws.calls();
        let writes = writes.count("s3", "PutObject") + writes.count("s3", "CopyObject");
        assert_eq!(writes, 5, "{transfer}");
        assert!(stage.copy("4.csv").is_some(), "{transfer}");
    }
}
