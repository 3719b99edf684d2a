//! What arrives has its partition before its message ends.

mod again;
mod trouble;

use std::collections::BTreeSet;
use std::time::Duration;

use brigade::config::Config;

use crate::aws::{Fault, Rule, Silence, Table};
use crate::stage::{Stage, until};

const REGION: &str = "eu-west-1";

/// The stage with a table of partition keys `dt` and `region`, and a route that keeps folders.
fn stage() -> Stage {
    let stage = Stage::new(1);
    create(&stage);
    stage
}

fn create(stage: &Stage) {
    stage
        .aws
        .create_table(Table::new(REGION, "lake", "orders", &["dt", "region"]));
}

fn config(stage: &Stage) -> Config {
    stage.config(
        "tables = \"orders\"\n[table.orders]\ndatabase = \"lake\"\nregion = \"eu-west-1\"\n",
    )
}

/// The partitions that there are, each as values and place.
fn partitions(stage: &Stage) -> Vec<String> {
    let table = stage.aws.table(REGION, "lake", "orders");
    let reported = |(values, at): (Vec<String>, String)| format!("{} {at}", values.join(","));
    table.partitions().into_iter().map(reported).collect()
}

fn calls(stage: &Stage, operation: &str) -> usize {
    stage.aws.calls().count("glue", operation)
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
    stage.aws.inject(slow);
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
    assert!(stage.dead_lettered().await.is_empty());
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
    let glue = aws_sdk_glue::Client::new(&stage.aws.sdk(REGION));
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
    let glue = aws_sdk_glue::Client::new(&stage.aws.sdk(REGION));
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
    stage.aws.inject(on(Fault::Conflict).times(2));
    stage.aws.inject(on(Fault::Entries(vec![1])).times(1));
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
async fn a_table_made_anew_with_other_keys_is_looked_at_again() {
    let stage = stage();
    let daemon = stage.start(&config(&stage)).await;
    let create = |keys: &[&str]| {
        let table = Table::new(REGION, "lake", "orders", keys);
        stage.aws.create_table(table);
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
    assert!(stage.dead_lettered().await.is_empty());
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
    stage.aws.delete("raw", "in/dt=1/region=eu/x.json", None);
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
    stage.aws.create_table(table);
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
    stage.aws.hush("raw");
    stage.put("x.json", "{}");
    let event = crate::stage::event(
        "in/x.json",
        2,
        "99914b932bd37a50b983c5e7c90ae93b",
        "2031-01-01T00:00:00Z",
    );
    let rule = Rule::new(Fault::Dropped(Silence::Reset)).on("glue", "BatchCreatePartition");
    stage.aws.inject(rule);
    stage.send(&event).await;
    until("it was copied", || {
        stage.aws.calls().count("s3", "CopyObject") == 1
    })
    .await;
    tokio::time::sleep(Duration::from_mins(5)).await;
    stage.aws.calm();
    stage.drained().await;
    daemon.stop().await;
    assert_eq!(
        partitions(&stage),
        ["2026-11-02 s3://lake/orders/dt=2026-11-02/"]
    );
}
