//! What arrives has its partition before its message ends.

use std::collections::BTreeSet;
use std::time::Duration;

use brigade::config::Config;

use crate::aws::{Denial, Fault, HOME_KEY, Moment, Rule, Silence, Table};
use crate::stage::{Stage, at, until};

const REGION: &str = "eu-west-1";

/// The stage with a table of partition keys `dt` and `region`, and a route that keeps folders.
fn stage() -> Stage {
    let stage = Stage::new(1);
    create(&stage);
    stage
}

fn create(stage: &Stage) {
    stage
        .world
        .create_table(Table::new(REGION, "lake", "orders", &["dt", "region"]));
}

fn config(stage: &Stage) -> Config {
    stage.config(
        "tables = \"orders\"\n[table.orders]\ndatabase = \"lake\"\nregion = \"eu-west-1\"\n",
    )
}

/// The partitions that there are, each as values and place.
fn partitions(stage: &Stage) -> Vec<String> {
    let table = stage.world.table(REGION, "lake", "orders");
    let told = |(values, at): (Vec<String>, String)| format!("{} {at}", values.join(","));
    table.partitions().into_iter().map(told).collect()
}

fn calls(stage: &Stage, operation: &str) -> usize {
    stage.world.calls().count("glue", operation)
}

fn table_status(daemon: &crate::stage::Daemon) -> serde_json::Value {
    let status = serde_json::to_value(daemon.view.status()).expect("it is JSON");
    status["tables"]["orders"].clone()
}

#[tokio::test(start_paused = true)]
async fn a_burst_of_new_partitions_takes_few_calls_and_known_ones_none() {
    let stage = stage();
    let (before, after) = (Duration::from_millis(50), Duration::from_millis(50));
    let slow = Rule::new(Fault::Slow { before, after }).on("glue", "BatchCreatePartition");
    stage.world.inject(slow);
    for n in 0..500 {
        let (dt, part) = (n % 250, n / 250);
        stage.put(&format!("dt={dt}/region=eu/part-{part}.json"), "{}");
    }
    let daemon = stage.start(&config(&stage)).await;
    stage.drained().await;
    let all: BTreeSet<_> = partitions(&stage).into_iter().collect();
    assert_eq!(all.len(), 250);
    assert!(
        all.contains("7,eu s3://lake/orders/dt=7/region=eu/"),
        "{all:?}"
    );
    let burst = calls(&stage, "BatchCreatePartition");
    assert!(
        (3..=8).contains(&burst),
        "{burst} calls for 250 partitions by 64 workers"
    );
    assert_eq!(calls(&stage, "GetTable"), 1);

    let status = table_status(&daemon);
    assert_eq!(status["made_partitions"], 250);
    assert_eq!(status["known_partitions"], 250);
    assert_eq!(
        status["partition_keys"],
        serde_json::json!(["dt", "region"])
    );
    for n in 0..250 {
        stage.put(&format!("dt={n}/region=eu/late.json"), "{}");
    }
    stage.drained().await;
    assert_eq!(
        calls(&stage, "BatchCreatePartition"),
        burst,
        "all are known"
    );
    // Believed for ten minutes; then asked about again.
    tokio::time::sleep(Duration::from_mins(11)).await;
    stage.put("dt=7/region=eu/later.json", "{}");
    stage.drained().await;
    assert_eq!(calls(&stage, "BatchCreatePartition"), burst + 1);
    assert_eq!(calls(&stage, "GetTable"), 2);
    daemon.stop().await;
    assert!(stage.parked().await.is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_partition_is_as_its_table_but_for_its_place() {
    let stage = stage();
    stage.put("dt=1/region=a%2Fb/x.json", "{}");
    stage.put("region=eu/dt=2/deeper/x.json", "{}");
    let daemon = stage.start(&config(&stage)).await;
    stage.drained().await;
    daemon.stop().await;
    assert_eq!(
        partitions(&stage),
        [
            "1,a/b s3://lake/orders/dt=1/region=a%2Fb/",
            "2,eu s3://lake/orders/region=eu/dt=2/"
        ]
    );
    let glue = aws_sdk_glue::Client::new(&stage.world.sdk(REGION));
    let table = glue
        .get_table()
        .database_name("lake")
        .name("orders")
        .send()
        .await;
    let listed = glue
        .get_partitions()
        .database_name("lake")
        .table_name("orders");
    let listed = listed.send().await.expect("the table is there");
    let mut storage = table
        .expect("there")
        .table
        .expect("told")
        .storage_descriptor;
    storage.as_mut().expect("every table has one").location =
        Some("s3://lake/orders/dt=1/region=a%2Fb/".into());
    assert_eq!(
        listed.partitions()[0].storage_descriptor(),
        storage.as_ref()
    );
}

#[tokio::test(start_paused = true)]
async fn what_others_made_is_there_and_their_place_stays() {
    let stage = stage();
    let glue = aws_sdk_glue::Client::new(&stage.world.sdk(REGION));
    let theirs = aws_sdk_glue::types::PartitionInput::builder()
        .values("1")
        .values("eu")
        .storage_descriptor(
            aws_sdk_glue::types::StorageDescriptor::builder()
                .location("s3://elsewhere/")
                .build(),
        );
    let made = glue
        .batch_create_partition()
        .database_name("lake")
        .table_name("orders");
    made.partition_input_list(theirs.build())
        .send()
        .await
        .expect("the table is there");
    for dt in 1..4 {
        stage.put(&format!("dt={dt}/region=eu/x.json"), "{}");
    }
    // Another writer is in the way for a while, and one partition fails alone.
    let on = |fault| Rule::new(fault).on("glue", "BatchCreatePartition");
    stage.world.inject(on(Fault::Conflict).times(2));
    stage.world.inject(on(Fault::Entries(vec![1])).times(1));
    let daemon = stage.start(&config(&stage)).await;
    stage.drained().await;
    assert_eq!(table_status(&daemon)["made_partitions"], 2);
    assert_eq!(table_status(&daemon)["error"], serde_json::Value::Null);
    daemon.stop().await;
    assert_eq!(
        partitions(&stage),
        [
            "1,eu s3://elsewhere/",
            "2,eu s3://lake/orders/dt=2/region=eu/",
            "3,eu s3://lake/orders/dt=3/region=eu/"
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn a_missing_or_denied_table_holds_the_route_until_it_can_be_used() {
    let denial = |action: &str| Denial {
        access_key: HOME_KEY.into(),
        action: action.into(),
        resource: "table/lake/orders".into(),
    };
    for (why, denied, told) in [
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
            stage.world.access(|access| access.deny(denial.clone()));
        }
        for dt in 0..100 {
            stage.put(&format!("dt={dt}/region=eu/x.json"), "{}");
        }
        let daemon = stage.start(&config(&stage)).await;
        until("the route is held", || daemon.is_held("orders")).await;
        let reason = daemon.route("orders")["reason"].to_string();
        assert!(
            reason.contains(told) && reason.contains("lake.orders"),
            "{why}: {reason}"
        );
        let error = table_status(&daemon)["error"].to_string();
        assert!(error.contains(told), "{why}: {error}");
        tokio::time::sleep(Duration::from_hours(1)).await;
        let asked = calls(&stage, "GetTable") + calls(&stage, "BatchCreatePartition");
        assert!(asked < 300, "{why}: {asked} calls in an hour");
        match &denied {
            Some(denial) => stage.world.access(|access| access.allow(denial)),
            None => create(&stage),
        }
        stage.drained().await;
        assert!(!daemon.is_held("orders"), "{why}");
        daemon.stop().await;
        assert_eq!(partitions(&stage).len(), 100, "{why}");
        assert!(stage.parked().await.is_empty(), "{why}");
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
            .world
            .inject(Rule::new(fault.clone()).on("glue", "GetTable"));
        if !matches!(fault, Fault::Empty200 { .. }) {
            let rule = Rule::new(fault).on("glue", "BatchCreatePartition");
            stage.world.inject(rule);
        }
        for dt in 0..20 {
            stage.put(&format!("dt={dt}/region=eu/x.json"), "{}");
        }
        let daemon = stage.start(&config(&stage)).await;
        tokio::time::sleep(Duration::from_mins(5)).await;
        assert!(
            !stage.world.is_dry(&stage.queue),
            "{why}: the messages wait"
        );
        stage.world.calm();
        stage.drained().await;
        daemon.stop().await;
        assert_eq!(partitions(&stage).len(), 20, "{why}");
        assert!(stage.parked().await.is_empty(), "{why}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_daemon_killed_between_copy_and_partition_owes_it_to_the_next() {
    let stage = stage();
    stage.put("dt=1/region=eu/x.json", "{}");
    // It never gets to the table.
    let rule = Rule::new(Fault::Dropped(Silence::Hang)).on("glue", "BatchCreatePartition");
    stage.world.inject(rule);
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
        !stage.world.is_dry(&stage.queue),
        "the message is still there"
    );

    stage.world.calm();
    let copies = stage.world.calls().count("s3", "CopyObject");
    let daemon = stage.start(&config(&stage)).await;
    stage.drained().await;
    daemon.stop().await;
    assert_eq!(
        stage.world.calls().count("s3", "CopyObject"),
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
    at(&stage, "DeleteMessageBatch", 1, Moment::Before, |world| {
        let made = world.table(REGION, "lake", "orders").partitions();
        assert_eq!(made.len(), 1, "settled before its partition was made");
    });
    stage.drained_of_test_event().await;
    let slow = Fault::Slow {
        before: Duration::from_secs(5),
        after: Duration::ZERO,
    };
    stage
        .world
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
    assert!(!daemon.is_held("orders"));
    daemon.stop().await;
    assert!(stage.copy("dt=1/x.json").is_some() && stage.copy("_SUCCESS").is_some());
    assert_eq!(
        partitions(&stage),
        ["2,eu s3://lake/orders/dt=2/region=eu/"]
    );
    let parked = stage.parked().await;
    assert_eq!(parked.len(), 1, "{parked:?}");
    let (reason, error) = &parked[0];
    assert_eq!(reason, "unannounced");
    let want = "table lake.orders in eu-west-1: s3://lake/orders/dt=1/x.json is in none of its \
                partitions: it has no folder region=…, and region is a partition key";
    assert!(error.contains(want), "{error}");
}

#[tokio::test(start_paused = true)]
async fn many_objects_in_no_partition_hold_the_route_until_the_table_is_mended() {
    let stage = Stage::new(1);
    let wrong = Table::new(REGION, "lake", "orders", &["day"]);
    stage.world.create_table(wrong);
    for dt in 0..300 {
        stage.put(&format!("dt={dt}/region=eu/x.json"), "{}");
    }
    let daemon = stage.start(&config(&stage)).await;
    until("the route is held", || daemon.is_held("orders")).await;
    let reason = daemon.route("orders")["reason"].to_string();
    assert!(reason.contains("has no folder day=…"), "{reason}");
    tokio::time::sleep(Duration::from_mins(30)).await;
    create(&stage);
    stage.drained().await;
    assert!(!daemon.is_held("orders"));
    daemon.stop().await;
    let (made, parked) = (partitions(&stage).len(), stage.parked().await.len());
    assert!(
        parked <= 8 && made + parked == 300,
        "{made} made, {parked} parked"
    );
}

#[tokio::test(start_paused = true)]
async fn a_table_made_anew_with_other_keys_is_looked_at_again() {
    let stage = stage();
    let daemon = stage.start(&config(&stage)).await;
    let create = |keys: &[&str]| {
        let table = Table::new(REGION, "lake", "orders", keys);
        stage.world.create_table(table);
    };
    stage.put("dt=1/region=eu/x.json", "{}");
    stage.drained().await;
    create(&["dt"]);
    stage.put("dt=2/region=eu/x.json", "{}");
    stage.drained().await;
    assert_eq!(partitions(&stage), ["2 s3://lake/orders/dt=2/"]);
    create(&["hour"]);
    tokio::time::sleep(Duration::from_secs(15)).await;
    stage.put("hour=3/x.json", "{}");
    stage.drained().await;
    daemon.stop().await;
    assert_eq!(partitions(&stage), ["3 s3://lake/orders/hour=3/"]);
    assert!(stage.parked().await.is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_removal_leaves_partitions_alone() {
    let stage = stage();
    let mut config = config(&stage);
    let route = config.route.get_mut("orders").expect("every stage has it");
    route.deletes = brigade::config::Deletes::Follow;
    let daemon = stage.start(&config).await;
    stage.put("dt=1/region=eu/x.json", "{}");
    stage.drained().await;
    stage.world.delete("raw", "in/dt=1/region=eu/x.json", None);
    stage.drained().await;
    daemon.stop().await;
    assert_eq!(stage.copy("dt=1/region=eu/x.json"), None);
    assert_eq!(partitions(&stage).len(), 1);
    assert_eq!(calls(&stage, "BatchCreatePartition"), 1);
}

#[tokio::test(start_paused = true)]
async fn a_dated_folder_is_that_of_the_copy_also_when_it_comes_again() {
    let stage = stage();
    let table = Table::new(REGION, "lake", "orders", &["dt"]);
    stage.world.create_table(table);
    let mut config = config(&stage);
    let to = "s3://lake/orders/dt={yyyy}-{mm}-{dd}/{path}";
    let dated = brigade::config::Route::new("s3://raw/in/", to).expect("a route");
    config
        .route
        .get_mut("orders")
        .expect("every stage has it")
        .to = dated.to;
    let daemon = stage.start(&config).await;
    stage.drained().await;
    // The event says another day, as it does of an upload that took the night.
    stage.world.hush("raw");
    stage.put("x.json", "{}");
    let event = crate::stage::event(
        "in/x.json",
        2,
        "99914b932bd37a50b983c5e7c90ae93b",
        "2031-01-01T00:00:00Z",
    );
    let rule = Rule::new(Fault::Dropped(Silence::Reset)).on("glue", "BatchCreatePartition");
    stage.world.inject(rule);
    stage.send(&event).await;
    until("it was copied", || {
        stage.world.calls().count("s3", "CopyObject") == 1
    })
    .await;
    tokio::time::sleep(Duration::from_mins(5)).await;
    stage.world.calm();
    stage.drained().await;
    daemon.stop().await;
    assert_eq!(
        partitions(&stage),
        ["2026-11-02 s3://lake/orders/dt=2026-11-02/"]
    );
}
