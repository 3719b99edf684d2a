//! Tables as Glue, or whoever answers for it, may show them: a layout and the partition of any key, or an error that
//! fits in a log.

use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Value, json};

use super::*;
use crate::catalog::scripted::{Answer as Said, Scripted};

/// JSON that meets the names of Glue's fields often.
fn any_json() -> impl Strategy<Value = Value> {
    const NAMES: &[&str] = &[
        "Table",
        "Name",
        "PartitionKeys",
        "Type",
        "Parameters",
        "StorageDescriptor",
        "Location",
        "Columns",
        "table_type",
        "projection.enabled",
        "__type",
        "Message",
        "Errors",
        "PartitionValues",
    ];
    let name = prop_oneof![4 => select(NAMES).prop_map(str::to_owned), 1 => any::<String>()];
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        any::<String>().prop_map(Value::from),
        select(vec!["dt", "_year", "ICEBERG", "true", ""]).prop_map(Value::from),
    ];
    leaf.prop_recursive(5, 48, 6, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map(name.clone(), inner, 0..6)
                .prop_map(|fields| Value::Object(fields.into_iter().collect())),
        ]
    })
}

/// A table of any names, in any order, beside anything.
fn any_table() -> impl Strategy<Value = Value> {
    let name = prop_oneof![
        select(vec!["dt", "DT", "_year", "", "=", "/"]).prop_map(str::to_owned),
        any::<String>(),
    ];
    (prop::collection::vec(name, 0..5), any_json()).prop_map(|(names, more)| {
        let keys: Vec<_> = names.iter().map(|name| json!({ "Name": name })).collect();
        json!({ "Table": { "Name": "t", "PartitionKeys": keys, "StorageDescriptor": more } })
    })
}

fn is_shown_or_refused(status: u16, body: Vec<u8>, key: &str) {
    let mut builder = tokio::runtime::Builder::new_current_thread();
    let runtime = builder.enable_time().start_paused(true).build().unwrap();
    let said = runtime.block_on(async {
        let scripted = Scripted::new(move |_, _| Said::Raw(status, body.clone()));
        scripted.glue().table("d", "t").await
    });
    match said {
        Ok(layout) => {
            let place = Place {
                bucket: "lake".into(),
                key: key.into(),
                prefix: 0,
                asked: false,
            };
            match place.partition(&layout) {
                Ok(None) => {}
                Ok(Some(found)) => {
                    assert_eq!(found.values.len(), layout.keys.len());
                    assert!(key.starts_with(&found.folder));
                }
                Err(none) => assert!(!none.to_string().is_empty()),
            }
        }
        Err(error) => assert!(error.to_string().len() < 2_500, "{error}"),
    }
}

proptest! {
    #[test]
    fn no_bytes_break_it(
        status in select(vec![200_u16, 400, 500]),
        body in prop::collection::vec(any::<u8>(), 0..512),
        key in any::<String>(),
    ) {
        is_shown_or_refused(status, body, &key);
    }

    #[test]
    fn no_json_breaks_it(
        status in select(vec![200_u16, 400, 500]),
        body in prop_oneof![any_json(), any_table()],
        key in "(dt=[a-z%]{0,3}/|_year=2026/|_tmp/|[a-z/=%.]{0,6}){0,4}",
    ) {
        is_shown_or_refused(status, body.to_string().into_bytes(), &key);
    }
}

#[test]
fn an_error_without_end_is_cut() {
    let much = "x".repeat(1 << 20);
    for body in [
        json!({ "__type": much, "Message": much }),
        json!({ "__type": "A", "Message": much }),
    ] {
        is_shown_or_refused(400, body.to_string().into_bytes(), "");
    }
}
