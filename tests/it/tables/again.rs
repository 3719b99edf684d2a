//! Objects that are sent again after their table was mended, and objects that queries skip.

use std::time::Duration;

use crate::aws::Table;
use crate::stage::{Stage, until, work};

use super::{REGION, calls, config, create, partitions, stage, table_status};

const KEY: &str = "dt=1/region=eu/x.json";
const WANTED: [&str; 1] = ["1,eu s3://lake/orders/dt=1/region=eu/"];

fn copied(stage: &Stage) -> Option<jiff::Timestamp> {
    let copy = stage.aws.object("lake", &format!("orders/{KEY}"));
    copy.map(|copy| copy.modified)
}

#[tokio::test(start_paused = true)]
async fn a_dead_lettered_object_gets_its_partition_however_a_person_sends_it_again() {
    for how in ["body only", "work message", "moved back"] {
        for minutes in [1, 60] {
            let stage = Stage::new(1);
            let wrong = Table::new(REGION, "lake", "orders", &["day"]);
            stage.aws.create_table(wrong);
            stage.put(KEY, "{}");
            let daemon = stage.start(&config(&stage)).await;
            until("it is dead-lettered", || !stage.aws.is_dry(&stage.dead)).await;
            stage.drained().await;
            create(&stage);
            let before = copied(&stage);
            tokio::time::sleep(Duration::from_mins(minutes)).await;
            let dead = stage.aws.empty(&stage.dead).remove(0);
            match how {
                "body only" => stage.send(&dead.body).await,
                "work message" => stage.send(&work(&format!("in/{KEY}"))).await,
                _ => stage.aws.send_back(&stage.queue, &dead),
            }
            stage.drained().await;
            daemon.stop().await;
            assert_eq!(partitions(&stage), WANTED, "{how} after {minutes} min");
            assert_eq!(copied(&stage), before, "{how}: the copy was left alone");
            assert!(stage.dead_lettered().await.is_empty(), "{how}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn what_a_person_asks_for_is_asked_of_glue_although_it_is_remembered() {
    let stage = stage();
    stage.put(KEY, "{}");
    let daemon = stage.start(&config(&stage)).await;
    stage.drained().await;
    // Somebody drops the table and makes it again, within the time in which partitions are remembered.
    create(&stage);
    stage.send(&work(&format!("in/{KEY}"))).await;
    stage.drained().await;
    assert_eq!(partitions(&stage), WANTED);
    // What is not there needs no partition.
    stage.send(&work("in/dt=2/region=eu/none.json")).await;
    stage.drained().await;
    daemon.stop().await;
    assert_eq!(partitions(&stage), WANTED);
    assert!(stage.dead_lettered().await.is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_duplicate_event_of_a_copy_in_a_known_partition_costs_no_call_of_glue() {
    let stage = stage();
    stage.put(KEY, "{}");
    let daemon = stage.start(&config(&stage)).await;
    stage.drained().await;
    let before = (
        calls(&stage, "GetTable"),
        calls(&stage, "BatchCreatePartition"),
    );
    let etag = "99914b932bd37a50b983c5e7c90ae93b";
    let time = stage.aws.now().to_string();
    let event = crate::stage::event(&format!("in/{KEY}"), 2, etag, &time);
    stage.send(&event).await;
    stage.drained().await;
    daemon.stop().await;
    let after = (
        calls(&stage, "GetTable"),
        calls(&stage, "BatchCreatePartition"),
    );
    assert_eq!(after, before);
}

#[tokio::test(start_paused = true)]
async fn a_staging_folder_never_becomes_the_place_of_a_partition() {
    for hidden in [
        ".spark-staging-1/dt=1/region=eu/x.json",
        "_temporary/0/_temporary/attempt_1/dt=1/region=eu/x.json",
        ".hive-staging_hive_2026/-ext-10000/dt=1/region=eu/x.json",
        "dt=1/_spark/region=eu/x.json",
    ] {
        let stage = stage();
        let daemon = stage.start(&config(&stage)).await;
        stage.put(hidden, "{}");
        stage.drained().await;
        assert_eq!(partitions(&stage), [""; 0], "{hidden}");
        assert!(stage.copy(hidden).is_some(), "{hidden}");
        stage.put(KEY, "{}");
        stage.drained().await;
        assert_eq!(partitions(&stage), WANTED, "{hidden}");
        assert_eq!(table_status(&daemon)["hidden_objects"], 1, "{hidden}");
        daemon.stop().await;
        assert!(stage.dead_lettered().await.is_empty(), "{hidden}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_partition_key_may_be_called_like_a_hidden_folder() {
    let stage = Stage::new(1);
    let table = Table::new(REGION, "lake", "orders", &["_year"]);
    stage.aws.create_table(table);
    let daemon = stage.start(&config(&stage)).await;
    stage.put("_year=2026/x.json", "{}");
    stage.drained().await;
    daemon.stop().await;
    assert_eq!(partitions(&stage), ["2026 s3://lake/orders/_year=2026/"]);
}

#[tokio::test(start_paused = true)]
async fn folder_markers_need_no_partition_and_pause_no_route() {
    let stage = stage();
    let daemon = stage.start(&config(&stage)).await;
    for dt in 0..20 {
        for marker in [
            format!("dt={dt}_$folder$"),
            format!("dt={dt}/region=eu_$folder$"),
            format!("dt={dt}/region=eu/_$folder$"),
            format!("dt={dt}/"),
            format!("other={dt}/"),
        ] {
            stage.put(&marker, "");
        }
    }
    stage.drained().await;
    assert!(!daemon.is_paused("orders"));
    daemon.stop().await;
    assert!(stage.dead_lettered().await.is_empty());
    assert_eq!(partitions(&stage), [""; 0]);
    assert!(stage.copy("dt=7/region=eu_$folder$").is_some());
}

#[tokio::test(start_paused = true)]
async fn a_value_beyond_ascii_is_the_one_that_was_written() {
    let stage = stage();
    let daemon = stage.start(&config(&stage)).await;
    stage.put("dt=1/region=S%C3%A3o%20Paulo/x.parquet", "{}");
    stage.put("dt=2/region=%e8%b3%87%E6%96%99/x.parquet", "{}");
    stage.put("dt=3/region=caf%E9/x.parquet", "{}");
    stage.drained().await;
    daemon.stop().await;
    assert_eq!(
        partitions(&stage),
        [
            "1,São Paulo s3://lake/orders/dt=1/region=S%C3%A3o%20Paulo/",
            "2,資料 s3://lake/orders/dt=2/region=%e8%b3%87%E6%96%99/",
            "3,café s3://lake/orders/dt=3/region=caf%E9/",
        ]
    );
}
