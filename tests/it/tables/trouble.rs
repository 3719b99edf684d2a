//! Tables that are missing, denied or out of reach, daemons that die, and objects in no partition.

use std::time::Duration;

use crate::aws::{Denial, Fault, HOME_KEY, Moment, Rule, Silence, Table};
use crate::stage::{Stage, at, until};

use super::{REGION, calls, config, create, partitions, stage, table_status};
#[tokio::test(start_paused = true)]
async fn a_missing_or_denied_table_holds_the_route_until_it_can_be_used() {
    let denial = |action: &str| Denial {
        access_key: HOME_KEY.into(),
        action: action.into(),
        resource: "table/lake/orders".into(),
    };
    for (why, denied, reported) in [
        ("missing", None, "EntityNotFoundException"),
        (
            "not to be seen",
            Some(denial("glue:GetTable")),
            "glue:GetTable",
        ),
        (
            "not to be changed",
            Some(denial("glue:BatchCreatePartition")),
            "glue:BatchCreatePartition",
        ),
    ] {
        let stage = Stage::new(1);
        if let Some(denial) = &denied {
            create(&stage);
            stage.aws.access(|access| access.deny(denial.clone()));
        }
        for dt in 0..100 {
            stage.put(&format!("dt={dt}/region=eu/x.json"), "{}");
        }
        let daemon = stage.start(&config(&stage)).await;
        until("the route is held", || daemon.is_paused("orders")).await;
        let reason = daemon.route("orders")["error"].to_string();
        assert!(
            reason.contains(reported) && reason.contains("lake.orders"),
            "{why}: {reason}"
        );
        let error = table_status(&daemon)["error"].to_string();
        assert!(error.contains(reported), "{why}: {error}");
        tokio::time::sleep(Duration::from_hours(1)).await;
        let asked = calls(&stage, "GetTable") + calls(&stage, "BatchCreatePartition");
        assert!(asked < 300, "{why}: {asked} calls in an hour");
        match &denied {
            Some(denial) => stage.aws.access(|access| access.allow(denial)),
            None => create(&stage),
        }
        stage.drained().await;
        assert!(!daemon.is_paused("orders"), "{why}");
        daemon.stop().await;
        assert_eq!(partitions(&stage).len(), 100, "{why}");
        assert!(stage.dead_lettered().await.is_empty(), "{why}");
    }
}

#[tokio::test(start_paused = true)]
async fn glue_out_of_reach_or_throttling_only_delays() {
    for (why, fault) in [
        ("throttled", Fault::SlowDown),
        ("cut off", Fault::Dropped(Silence::Reset)),
        ("done, but not told", Fault::Lost(Silence::Reset)),
        ("broken", Fault::InternalError),
        ("an empty answer", Fault::Empty200 { happens: false }),
    ] {
        let stage = stage();
        stage
            .aws
            .inject(Rule::new(fault.clone()).on("glue", "GetTable"));
        if !matches!(fault, Fault::Empty200 { .. }) {
            let rule = Rule::new(fault).on("glue", "BatchCreatePartition");
            stage.aws.inject(rule);
        }
        for dt in 0..20 {
            stage.put(&format!("dt={dt}/region=eu/x.json"), "{}");
        }
        let daemon = stage.start(&config(&stage)).await;
        tokio::time::sleep(Duration::from_mins(5)).await;
        assert!(!stage.aws.is_dry(&stage.queue), "{why}: the messages wait");
        stage.aws.calm();
        stage.drained().await;
        daemon.stop().await;
        assert_eq!(partitions(&stage).len(), 20, "{why}");
        assert!(stage.dead_lettered().await.is_empty(), "{why}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_daemon_killed_between_copy_and_partition_owes_it_to_the_next() {
    let stage = stage();
    stage.put("dt=1/region=eu/x.json", "{}");
    // It never gets to the table.
    let rule = Rule::new(Fault::Dropped(Silence::Hang)).on("glue", "BatchCreatePartition");
    stage.aws.inject(rule);
    let daemon = stage.start(&config(&stage)).await;
    until("it was copied", || {
        stage.copy("dt=1/region=eu/x.json").is_some()
    })
    .await;
    until("it is on its way", || {
        calls(&stage, "BatchCreatePartition") == 1
    })
    .await;
    drop(daemon);
    assert!(partitions(&stage).is_empty());
    assert!(
        !stage.aws.is_dry(&stage.queue),
        "the message is still there"
    );

    stage.aws.calm();
    let copies = stage.aws.calls().count("s3", "CopyObject");
    let daemon = stage.start(&config(&stage)).await;
    stage.drained().await;
    daemon.stop().await;
    assert_eq!(
        stage.aws.calls().count("s3", "CopyObject"),
        copies,
        "proved, not copied"
    );
    assert_eq!(
        partitions(&stage),
        ["1,eu s3://lake/orders/dt=1/region=eu/"]
    );
}

#[tokio::test(start_paused = true)]
async fn the_message_ends_after_its_partition_is_there() {
    let stage = stage();
    stage.put("dt=1/region=eu/x.json", "{}");
    at(&stage, "DeleteMessageBatch", 1, Moment::Before, |aws| {
        let made = aws.table(REGION, "lake", "orders").partitions();
        assert_eq!(made.len(), 1, "settled before its partition was made");
    });
    stage.drained_of_test_event().await;
    let slow = Fault::Slow {
        before: Duration::from_secs(5),
        after: Duration::ZERO,
    };
    stage
        .aws
        .inject(Rule::new(slow).on("glue", "BatchCreatePartition"));
    let daemon = stage.start(&config(&stage)).await;
    stage.drained().await;
    daemon.stop().await;
    assert_eq!(partitions(&stage).len(), 1);
}

#[tokio::test(start_paused = true)]
async fn an_object_in_no_partition_is_copied_and_parked_and_holds_nobody() {
    let stage = stage();
    stage.put("dt=1/x.json", "{}");
    stage.put("dt=2/region=eu/x.json", "{}");
    // Queries leave these out.
    for name in [
        "_SUCCESS",
        "dt=3/region=eu/_SUCCESS",
        "_temporary/0/x.json",
        "dt=4/region=eu/",
    ] {
        stage.put(name, "");
    }
    let daemon = stage.start(&config(&stage)).await;
    stage.drained().await;
    assert!(!daemon.is_paused("orders"));
    daemon.stop().await;
    assert!(stage.copy("dt=1/x.json").is_some() && stage.copy("_SUCCESS").is_some());
    assert_eq!(
        partitions(&stage),
        ["2,eu s3://lake/orders/dt=2/region=eu/"]
    );
    let dead_lettered = stage.dead_lettered().await;
    assert_eq!(dead_lettered.len(), 1, "{dead_lettered:?}");
    let (reason, error) = &dead_lettered[0];
    assert_eq!(reason, "unannounced");
    let want = "table lake.orders in eu-west-1: s3://lake/orders/dt=1/x.json is in none of its \
                partitions: it has no folder region=…, and region is a partition key";
    assert!(error.contains(want), "{error}");
}

#[tokio::test(start_paused = true)]
async fn many_objects_in_no_partition_hold_the_route_until_the_table_is_mended() {
    let stage = Stage::new(1);
    let wrong = Table::new(REGION, "lake", "orders", &["day"]);
    stage.aws.create_table(wrong);
    for dt in 0..300 {
        stage.put(&format!("dt={dt}/region=eu/x.json"), "{}");
    }
    let daemon = stage.start(&config(&stage)).await;
    until("the route is held", || daemon.is_paused("orders")).await;
    let reason = daemon.route("orders")["error"].to_string();
    assert!(reason.contains("has no folder day=…"), "{reason}");
    tokio::time::sleep(Duration::from_mins(30)).await;
    create(&stage);
    stage.drained().await;
    assert!(!daemon.is_paused("orders"));
    let made = partitions(&stage).len();
    let sent_back = stage.send_back();
    assert!(
        (1..=8).contains(&sent_back) && made + sent_back == 300,
        "{made} made, {sent_back} dead-lettered"
    );
    // They were copied long ago, and still owe their partitions.
    stage.drained().await;
    daemon.stop().await;
    assert_eq!(partitions(&stage).len(), 300);
}
