use serde_json::{Value, json};

use super::*;
use crate::catalog::scripted::{Answer as Said, Scripted};

fn place(key: &str) -> Place {
    Place {
        bucket: "lake".into(),
        key: key.into(),
        prefix: 0,
        asked: false,
    }
}

fn shown(keys: &[&str]) -> Said {
    let columns: Vec<_> = keys.iter().map(|key| json!({ "Name": key })).collect();
    Said::Is(json!({ "Table": { "Name": "t", "PartitionKeys": columns } }))
}

/// The endings of these keys, all at once.
async fn arrive(scripted: &Scripted, keys: &[&str]) -> (Vec<String>, TableStatus) {
    let config = config::Table::new("d");
    let (table, task) = table("t", &config, "here", scripted.glue(), Rng::with_seed(1));
    let reported = async {
        let asked = keys.iter().map(|key| table.arrived(place(key)));
        let answers = futures_util::future::join_all(asked).await;
        let shared = table.shared.clone();
        drop(table);
        let reported = answers.into_iter().map(|answer| match answer {
            Ok(()) => "ok".to_owned(),
            Err(Unannounced { why, lasts, alone }) => format!("{lasts} {alone} {why}"),
        });
        (reported.collect(), shared.status())
    };
    tokio::join!(task.run(), reported).1
}

#[tokio::test(start_paused = true)]
async fn one_bad_partition_spoils_no_others() {
    let scripted = Scripted::new(|op, body| match op {
        "GetTable" => shown(&["a"]),
        _ if body.to_string().contains("bad") => Said::Error("InvalidInputException"),
        _ => Said::Is(json!({})),
    });
    let (reported, status) = arrive(&scripted, &["a=1/x", "a=bad/x", "a=2/x"]).await;
    let bad = "true true table d.t in here: BatchCreatePartition: InvalidInputException: so it is";
    assert_eq!(reported, ["ok", bad, "ok"]);
    assert_eq!(status.made_partitions, 2);
}

#[tokio::test(start_paused = true)]
async fn one_partition_is_asked_for_once_however_many_arrive() {
    let scripted = Scripted::new(|op, _| match op {
        "GetTable" => shown(&["a"]),
        _ => Said::Is(json!({})),
    });
    let (reported, _) = arrive(&scripted, &["a=1/x", "a=1/y", "a=2/x", "a=1/z"]).await;
    assert_eq!(reported, ["ok"; 4]);
    let items = |body: &Value| body["PartitionInputList"].as_array().unwrap().len();
    let asked: Vec<_> = scripted
        .bodies("BatchCreatePartition")
        .iter()
        .map(items)
        .collect();
    assert_eq!(asked, [2], "one call of two");
}

#[tokio::test(start_paused = true)]
async fn what_no_partition_helps_is_said_with_what_it_concerns() {
    for (why, table, partition, want) in [
        (
            "no keys",
            shown(&[]),
            Said::Is(json!({})),
            "true false table d.t in here: has no partition keys",
        ),
        (
            "Iceberg",
            Said::Is(
                json!({ "Table": { "Name": "t", "Parameters": { "table_type": "ICEBERG" } } }),
            ),
            Said::Is(json!({})),
            "true false table d.t in here: keeps its partitions itself (Iceberg)",
        ),
        (
            "no room",
            shown(&["a"]),
            Said::Error("ResourceNumberLimitExceededException"),
            "true false table d.t in here: BatchCreatePartition: ResourceNumberLimitExceededException: so it is",
        ),
        (
            "there, said of the call",
            shown(&["a"]),
            Said::Error("AlreadyExistsException"),
            "ok",
        ),
        (
            "out of reach",
            Said::Broken,
            Said::Is(json!({})),
            "false false table d.t in here: GetTable: dispatch failure: io error: connection reset",
        ),
        (
            "out of reach later",
            shown(&["a"]),
            Said::Broken,
            "false false table d.t in here: BatchCreatePartition: dispatch failure: io error: connection reset",
        ),
    ] {
        let scripted = Scripted::new(move |op, _| match op {
            "GetTable" => table.clone(),
            _ => partition.clone(),
        });
        let (reported, _) = arrive(&scripted, &["a=1/x"]).await;
        assert_eq!(reported, [want], "{why}");
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_remembered_has_a_bound() {
    let shared = Shared {
        section: String::new(),
        database: String::new(),
        table: String::new(),
        region: String::new(),
        state: Mutex::default(),
    };
    for n in 0..REMEMBERED + 5 {
        shared.learn(vec![n.to_string()], Made::There);
    }
    assert!(shared.status().known_partitions <= REMEMBERED);
    assert!(shared.knows(&[(REMEMBERED + 4).to_string()]));
    tokio::time::advance(BELIEVED).await;
    assert!(
        !shared.knows(&[(REMEMBERED + 4).to_string()]),
        "for ten minutes"
    );
}
