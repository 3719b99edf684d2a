//! Queries against a scripted Athena, on a paused clock.

use serde_json::{Value, json};
use tokio::time::Instant;

use super::super::scripted::{Answer, Scripted};
use super::*;

fn query() -> Query {
    Query {
        sql: "SELECT id, name FROM orders".into(),
        database: Some("lake".into()),
        workgroup: "primary".into(),
        output: Some("s3://results/".into()),
    }
}

async fn run(athena: &Scripted) -> Result<Table, AthenaError> {
    run_query(&athena.athena(), &query(), &mut fastrand::Rng::with_seed(7)).await
}

fn page(columns: &[&str], rows: &[&[Option<&str>]], next: Option<&str>) -> Value {
    let columns: Vec<_> = columns
        .iter()
        .map(|name| json!({"Name": name, "Type": "varchar"}))
        .collect();
    let datum = |value: Option<&str>| value.map_or(json!({}), |v| json!({"VarCharValue": v}));
    let rows: Vec<_> = rows
        .iter()
        .map(|row| json!({"Data": row.iter().copied().map(datum).collect::<Vec<_>>()}))
        .collect();
    json!({
        "ResultSet": {"Rows": rows, "ResultSetMetadata": {"ColumnInfo": columns}},
        "NextToken": next,
    })
}

/// An Athena whose query passes through `passes` and then gives `pages`.
fn athena(statement: &'static str, passes: &'static [&str], pages: Vec<Value>) -> Scripted {
    let (mut passes, mut pages) = (passes.iter(), pages.into_iter());
    Scripted::new(move |op, _| match op {
        "StartQueryExecution" => Answer::Is(json!({"QueryExecutionId": "q-1"})),
        "GetQueryExecution" => {
            let state = passes.next().expect("asked no further than its end");
            let status =
                json!({"State": state, "StateChangeReason": "line 1:8:\n  no such column"});
            let execution = json!({"Status": status, "StatementType": statement});
            Answer::Is(json!({"QueryExecution": execution}))
        }
        "GetQueryResults" => Answer::Is(pages.next().expect("asked no further than its end")),
        other => panic!("{other} is not expected"),
    })
}

#[tokio::test(start_paused = true)]
async fn a_query_gives_the_rows_of_all_its_pages() {
    let pages = vec![
        page(
            &["id", "name"],
            &[&[Some("id"), Some("name")], &[Some("1"), Some("Ada")]],
            Some("more"),
        ),
        page(
            &["id", "name"],
            &[&[Some("2"), None], &[Some("id"), Some("name")]],
            None,
        ),
    ];
    let athena = athena("DML", &["QUEUED", "RUNNING", "QUEUED", "SUCCEEDED"], pages);
    let table = run(&athena).await.unwrap();
    assert_eq!(table.columns, ["id", "name"]);
    let want = [
        [Some("1"), Some("Ada")],
        [Some("2"), None],
        [Some("id"), Some("name")],
    ];
    assert_eq!(table.rows.len(), want.len());
    for (row, want) in table.rows.iter().zip(want) {
        assert!(row.iter().map(Option::as_deref).eq(want), "{row:?}");
    }

    let start = &athena.bodies("StartQueryExecution")[0];
    assert_eq!(start["QueryString"], "SELECT id, name FROM orders");
    assert_eq!(start["QueryExecutionContext"]["Database"], "lake");
    assert_eq!(start["WorkGroup"], "primary");
    assert_eq!(
        start["ResultConfiguration"]["OutputLocation"],
        "s3://results/"
    );
    let token = start["ClientRequestToken"].as_str().unwrap();
    assert!((32..=128).contains(&token.len()), "{token}");
    assert_eq!(athena.bodies("GetQueryResults")[1]["NextToken"], "more");
}

#[tokio::test(start_paused = true)]
#[rustfmt::skip]
async fn only_a_select_repeats_its_columns() {
    let once: &[&[Option<&str>]] = &[&[Some("tab")], &[Some("x")]];
    let none: &[&[Option<&str>]] = &[&[Some("x")]];
    for (why, statement, rows, want) in [
        ("a SELECT does",                      "DML",     once, 1),
        ("a stand-in may not",                 "DML",     none, 1),
        ("SHOW does not, whatever it shows",   "UTILITY", once, 2),
        ("nor does DDL",                       "DDL",     once, 2),
        ("a result may be empty",              "DML",     &[],  0),
    ] {
        let athena = athena(statement, &["SUCCEEDED"], vec![page(&["tab"], rows, None)]);
        assert_eq!(run(&athena).await.unwrap().rows.len(), want, "{why}");
    }
    let athena = athena("DDL", &["SUCCEEDED"], vec![json!({})]);
    assert_eq!(run(&athena).await, Ok(Table::default()), "a statement without any result");
}

#[tokio::test(start_paused = true)]
async fn a_query_that_fails_says_why() {
    let reason = || "line 1:8: no such column".to_owned();
    for (end, want) in [
        (
            &["RUNNING", "FAILED"],
            AthenaError::Failed { reason: reason() },
        ),
        (
            &["RUNNING", "CANCELLED"],
            AthenaError::Cancelled { reason: reason() },
        ),
    ] {
        assert_eq!(run(&athena("DML", end, vec![])).await, Err(want));
    }
    let refused = Scripted::new(|_, _| Answer::Error("InvalidRequestException"));
    let told = run(&refused).await.unwrap_err().to_string();
    assert_eq!(
        told,
        "StartQueryExecution: InvalidRequestException: so it is"
    );
    let broken = Scripted::new(|_, _| Answer::Broken);
    let told = run(&broken).await.unwrap_err().to_string();
    assert!(
        told.starts_with("StartQueryExecution: ") && told.contains("connection reset"),
        "{told}"
    );
}

#[tokio::test(start_paused = true)]
async fn a_long_query_is_asked_about_ever_less_often() {
    const STATES: &[&str] = &{
        let mut states = ["RUNNING"; 33];
        states[32] = "SUCCEEDED";
        states
    };
    let begun = Instant::now();
    let athena = athena("DML", STATES, vec![page(&["x"], &[], None)]);
    run(&athena).await.unwrap();
    // 0.2 + 0.4 + 0.8 + 1.6, then 28 times 2.
    assert_eq!(begun.elapsed().as_secs(), 3 + 28 * 2);
}

#[test]
fn a_table_is_drawn_and_obeys_nobody() {
    let table = Table {
        columns: vec!["id".into(), "name".into()],
        rows: vec![
            vec![Some("1".into()), None],
            vec![Some("2".into()), Some("a\u{1b}[2Jb".into())],
        ],
    };
    let mut out = Vec::new();
    table.show(&mut out).unwrap();
    let drawn = String::from_utf8(out).unwrap();
    insta::assert_snapshot!(drawn, @r"
    ┌────┬─────────────┐
    │ id ┆ name        │
    ╞════╪═════════════╡
    │ 1  ┆ NULL        │
    │ 2  ┆ a\u{1b}[2Jb │
    └────┴─────────────┘
    2 rows
    ");
    assert_eq!(
        serde_json::to_string(&table).unwrap(),
        r#"{"columns":["id","name"],"rows":[["1",null],["2","a\u001b[2Jb"]]}"#,
    );
}
