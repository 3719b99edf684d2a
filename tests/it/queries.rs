//! `brigade query` on an AWS in memory.

use std::time::Duration;

use brigade::catalog::Athena;
use brigade::cli::query::Query;
use brigade::metrics::Metrics;
use serde_json::Value;
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;

use crate::aws::{Aws, Denial, Fault, HOME_KEY, Rule, Run, Silence};

const REGION: &str = "eu-west-1";
const SQL: &str = "SELECT * FROM orders";

/// A world that knows how one statement goes.
fn aws(sql: &str, runs: impl IntoIterator<Item = Run>) -> Aws {
    let aws = Aws::new(1);
    aws.results(REGION);
    aws.script(REGION, sql, runs);
    aws
}

fn query(sql: &str) -> Query {
    Query {
        sql: sql.into(),
        database: Some("lake".into()),
        workgroup: "primary".into(),
        output: None,
        region: None,
        account: None,
        json: true,
        csv: false,
    }
}

/// What stdout and stderr say, or the error.
async fn asked(
    aws: &Aws,
    query: Query,
    stop: &CancellationToken,
) -> Result<(String, String), String> {
    let client = aws_sdk_athena::Client::new(&aws.sdk(REGION));
    let athena = Athena::new(client, Metrics::new("test").0);
    let (mut out, mut said) = (Vec::new(), Vec::new());
    // Other randomness for each query: its token comes from them.
    let rng = fastrand::Rng::with_seed(aws.calls_made() as u64);
    let run = query.run(athena, rng, stop, &mut out, &mut said);
    let run = Box::pin(run).await;
    run.map_err(|error| error.to_string())?;
    let text = |bytes| String::from_utf8(bytes).expect("text");
    Ok((text(out), text(said)))
}

async fn ask(aws: &Aws, query: Query) -> Result<(String, String), String> {
    asked(aws, query, &CancellationToken::new()).await
}

fn denial(action: &str, resource: &str) -> Denial {
    Denial {
        access_key: HOME_KEY.into(),
        action: action.into(),
        resource: resource.into(),
    }
}

#[tokio::test(start_paused = true)]
async fn every_value_is_printed_as_what_it_is() {
    let columns = [
        ("id", "bigint"),
        ("sum", "decimal"),
        ("paid", "boolean"),
        ("name", "varchar"),
    ];
    let rows: [&[Option<&str>]; 2] = [
        &[
            Some("9007199254740993"),
            Some("12345678901234567890.10"),
            Some("true"),
            Some("a,\"b\""),
        ],
        &[None, None, None, None],
    ];
    let aws = aws(SQL, [Run::rows(&columns, &rows).scans(123_456_789)]);
    let (json, said) = ask(&aws, query(SQL)).await.unwrap();
    let rows = r#""rows":[[9007199254740993,12345678901234567890.10,true,"a,\"b\""],[null,null,null,null]]"#;
    assert!(json.contains(rows), "{json}");
    let read: Value = serde_json::from_str(&json).unwrap();
    assert_eq!(
        read["columns"],
        serde_json::json!(["id", "sum", "paid", "name"])
    );
    assert_eq!(
        read["types"],
        serde_json::json!(["bigint", "decimal", "boolean", "varchar"])
    );
    assert_eq!(read["scanned_bytes"], 123_456_789);
    assert_eq!(said, "scanned 123.5 MB: about $0.00062, at $5 a TB\n");

    let csv = Query {
        json: false,
        csv: true,
        ..query(SQL)
    };
    let (csv, _) = ask(&aws, csv).await.unwrap();
    assert_eq!(
        csv,
        "id,sum,paid,name\r\n9007199254740993,12345678901234567890.10,true,\"a,\"\"b\"\"\"\r\n,,,\r\n"
    );
    let table = Query {
        json: false,
        ..query(SQL)
    };
    let (table, _) = ask(&aws, table).await.unwrap();
    assert!(
        table.contains("NULL") && table.ends_with("2 rows\n"),
        "{table}"
    );
}

#[tokio::test(start_paused = true)]
async fn all_pages_are_read_and_an_empty_result_has_its_columns() {
    let numbers: Vec<_> = (0..2_999).map(|n| n.to_string()).collect();
    let rows: Vec<_> = numbers.iter().map(|n| [Some(n.as_str())]).collect();
    let rows: Vec<&[Option<&str>]> = rows.iter().map(|row| &row[..]).collect();
    let aws = aws(
        SQL,
        [
            Run::rows(&[("n", "integer")], &rows),
            Run::rows(&[("n", "integer")], &[]),
        ],
    );
    // One of the pages only comes with the second try.
    let pages = Rule::new(Fault::SlowDown).on("athena", "GetQueryResults");
    aws.inject(pages.times(1));
    let (json, _) = ask(&aws, query(SQL)).await.unwrap();
    let read: Value = serde_json::from_str(&json).unwrap();
    let want: Vec<_> = (0..2_999).map(|n| serde_json::json!([n])).collect();
    assert_eq!(read["rows"], Value::from(want));
    assert_eq!(aws.calls().count("athena", "GetQueryResults"), 4);

    let (json, _) = ask(&aws, query(SQL)).await.unwrap();
    let empty = r#"{"columns":["n"],"types":["integer"],"rows":[],"#;
    assert!(json.starts_with(empty), "{json:.99}");
    let shown = Run::rows(&[("tab_name", "string")], &[&[Some("tab_name")]]).is("UTILITY");
    aws.script(REGION, "SHOW TABLES", [shown]);
    let (json, _) = ask(&aws, query("SHOW TABLES")).await.unwrap();
    assert!(
        json.contains(r#""rows":[["tab_name"]]"#),
        "a table of that name: {json}"
    );
}

/// A table, CSV and JSON of one statement.
async fn printed(sql: &str, run: Run) -> [String; 3] {
    let aws = aws(sql, [run]);
    let mut printed = Vec::new();
    for (json, csv) in [(false, false), (false, true), (true, false)] {
        let query = Query {
            json,
            csv,
            ..query(sql)
        };
        printed.push(ask(&aws, query).await.expect("it succeeds").0);
    }
    printed.try_into().expect("three of them")
}

#[tokio::test(start_paused = true)]
async fn a_line_of_hives_is_shown_in_its_columns() {
    // mtanda/grafana-aws-athena-datasource#39, pyathena-dev/PyAthenaJDBC#26
    let three = [
        ("col_name", "string"),
        ("data_type", "string"),
        ("comment", "string"),
    ];
    let lines: [&[Option<&str>]; 3] = [
        &[Some(
            "id                  \tbigint              \tfrom deserializer   ",
        )],
        &[Some("\t \t ")],
        &[Some("dt                  \tstring              ")],
    ];
    let desc = Run::rows(&three, &lines).is("UTILITY");
    let [table, csv, json] = printed("DESC orders", desc).await;
    assert!(
        table.contains("│ id       ┆ bigint    ┆ from deserializer │"),
        "{table}"
    );
    assert_eq!(
        csv,
        "col_name,data_type,comment\r\nid,bigint,from deserializer\r\n,,\r\ndt,string,\r\n"
    );
    let rows = r#""rows":[["id","bigint","from deserializer"],["","",""],["dt","string",null]]"#;
    assert!(json.contains(rows), "{json}");

    let two = [("prpt_name", "string"), ("prpt_value", "string")];
    let shown = Run::rows(&two, &[&[Some("comment\tall orders")]]).is("UTILITY");
    let [_, csv, json] = printed("SHOW TBLPROPERTIES orders", shown).await;
    assert_eq!(csv, "prpt_name,prpt_value\r\ncomment,all orders\r\n");
    assert!(
        json.contains(r#""rows":[["comment","all orders"]]"#),
        "{json}"
    );
}

#[tokio::test(start_paused = true)]
async fn rows_without_columns_are_shown() {
    // ankane/blazer#252
    let missing = "Partitions not in metastore:\torders:dt=1";
    let lines: [&[Option<&str>]; 2] = [&[Some(missing)], &[Some("Repair: Added dt=1")]];
    let repaired = Run::rows(&[], &lines).is("DDL");
    let [table, csv, json] = printed("MSCK REPAIR TABLE orders", repaired).await;
    assert!(table.contains(r"metastore:\torders:dt=1"), "{table}");
    assert!(table.ends_with("2 rows\n"), "{table}");
    assert_eq!(csv, format!("_col0\r\n{missing}\r\nRepair: Added dt=1\r\n"));
    let read: Value = serde_json::from_str(&json).unwrap();
    assert_eq!(read["columns"], serde_json::json!(["_col0"]));
    assert_eq!(
        read["rows"],
        serde_json::json!([[missing], ["Repair: Added dt=1"]])
    );
}

#[tokio::test(start_paused = true)]
async fn how_many_rows_were_written_is_printed() {
    // pyathena-dev/PyAthena#443
    for (sql, statement, kind) in [
        ("INSERT INTO orders VALUES (1)", "DML", "INSERT"),
        (
            "CREATE TABLE o AS SELECT 1",
            "DDL",
            "CREATE_TABLE_AS_SELECT",
        ),
    ] {
        let [table, csv, json] = printed(sql, Run::wrote(statement, kind, Some(3))).await;
        assert_eq!(
            (&*table, &*csv),
            ("3 rows written\n", "rows\r\n3\r\n"),
            "{kind}"
        );
        assert!(json.contains(r#""rows":[],"update_count":3,"#), "{json}");
    }
    let [table, ..] = printed("INSERT INTO o SELECT 1", Run::wrote("DML", "INSERT", None)).await;
    assert!(table.starts_with("done; Athena does not say"), "{table}");
    let [table, _, json] = printed(SQL, Run::rows(&[("n", "integer")], &[])).await;
    assert!(
        table.ends_with("\n0 rows\n"),
        "a SELECT writes nothing: {table}"
    );
    assert!(json.contains(r#""update_count":null"#), "{json}");
}

#[tokio::test(start_paused = true)]
async fn what_athena_says_is_said() {
    let one = || Run::value("integer", Some("1"));
    let system = || Run::failed("GENERIC_INTERNAL_ERROR", 1, true);
    let users = || Run::failed("line 1:15:\n  Table does not exist", 2, false);
    #[rustfmt::skip]
    let table = [
        ("a user's error",          SQL, vec![users(), one()],            Err("the query failed: line 1:15: Table does not exist"), 1),
        ("a limit",                 SQL, vec![Run::cancelled("Bytes scanned limit was exceeded"), one()],
                                                                          Err("the query was cancelled: Bytes scanned limit was exceeded"), 1),
        ("the system's, once",      SQL, vec![system(), one()],           Ok(()), 2),
        ("the system's, for ever",  SQL, vec![system()],                  Err("the query failed: GENERIC_INTERNAL_ERROR"), 3),
        ("the system's, no SELECT", "INSERT INTO orders VALUES (1)", vec![system(), one()], Err("the query failed: GENERIC_INTERNAL_ERROR"), 1),
        ("requeued",                SQL, vec![one().repeated_from("RUNNING")], Ok(()), 1),
    ];
    for (why, sql, runs, want, queries) in table {
        let aws = aws(sql, runs);
        let got = ask(&aws, query(sql)).await.map(drop);
        assert_eq!(got, want.map_err(Into::into), "{why}");
        assert_eq!(aws.queries().len(), queries, "{why}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_long_query_is_asked_about_ever_less_often() {
    let minutes = Duration::from_mins(10);
    let aws = aws(SQL, [Run::value("integer", Some("1")).takes(minutes)]);
    assert!(ask(&aws, query(SQL)).await.is_ok());
    let looks = aws.calls().count("athena", "GetQueryExecution");
    // At 0, 0.2, 0.6, 1.4, 3.0 and 6.2 s, then every 5 s.
    assert_eq!(looks, 6 + 119);
}

#[tokio::test(start_paused = true)]
async fn a_failure_that_athena_repeats_by_itself_is_not_repeated_here() {
    let aws = aws(
        SQL,
        [Run::value("integer", Some("1")).repeated_from("FAILED")],
    );
    assert!(ask(&aws, query(SQL)).await.is_ok());
    assert_eq!(aws.queries().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn calls_without_an_answer_are_repeated_and_start_one_query() {
    for (why, fault) in [
        ("throttled", Fault::SlowDown),
        ("broken", Fault::InternalError),
        ("lost after it happened", Fault::Lost(Silence::Reset)),
        ("lost before", Fault::Dropped(Silence::Reset)),
    ] {
        let aws = aws(SQL, [Run::value("integer", Some("1"))]);
        for call in [
            "StartQueryExecution",
            "GetQueryExecution",
            "GetQueryResults",
        ] {
            aws.inject(Rule::new(fault.clone()).on("athena", call).times(3));
        }
        assert!(ask(&aws, query(SQL)).await.is_ok(), "{why}");
        assert_eq!(aws.queries().len(), 1, "{why}");
    }
    let aws = aws(SQL, [Run::value("integer", Some("1"))]);
    aws.inject(Rule::new(Fault::SlowDown));
    let begun = Instant::now();
    let reported = ask(&aws, query(SQL)).await.unwrap_err();
    assert!(
        reported.starts_with("StartQueryExecution: unavailable: TooManyRequestsException"),
        "{reported}"
    );
    assert!(
        begun.elapsed() < Duration::from_mins(1),
        "{:?}",
        begun.elapsed()
    );
}

#[tokio::test(start_paused = true)]
async fn what_is_denied_or_refused_is_told_at_once() {
    let started = Instant::now();
    #[rustfmt::skip]
    let table = [
        ("athena:StartQueryExecution", "primary",  "StartQueryExecution: access denied: "),
        ("athena:GetQueryExecution",   "primary",  "GetQueryExecution: access denied: "),
        ("s3:GetObject",               "results/", "GetQueryResults: access denied: "),
        ("s3:PutObject",               "results/", "the query failed: Access denied when writing to location: s3://results/"),
    ];
    for (action, resource, want) in table {
        let aws = aws(SQL, [Run::value("integer", Some("1"))]);
        aws.access(|access| access.deny(denial(action, resource)));
        let reported = ask(&aws, query(SQL)).await.unwrap_err();
        assert!(reported.starts_with(want), "{reported}");
    }
    let aws = aws(SQL, [Run::value("integer", Some("1"))]);
    let other = Query {
        workgroup: "other".into(),
        ..query(SQL)
    };
    let reported = ask(&aws, other).await.unwrap_err();
    let want = "StartQueryExecution: InvalidRequestException: WorkGroup other is not found.";
    assert!(reported.starts_with(want), "{reported}");
    assert!(started.elapsed() < Duration::from_secs(30));
}

/// Asks to stop after a while, as Ctrl-C does.
async fn interrupted(aws: &Aws, after: Duration) -> String {
    let stop = CancellationToken::new();
    let (reported, ()) = tokio::join!(asked(aws, query(SQL), &stop), async {
        sleep(after).await;
        stop.cancel();
    });
    reported.expect_err("it was interrupted")
}

#[tokio::test(start_paused = true)]
async fn who_is_interrupted_cancels_the_query_and_says_so() {
    let hour = Duration::from_hours(1);
    let long = || aws(SQL, [Run::value("integer", Some("1")).takes(hour)]);
    let id = "00000000-0000-4000-8000-000000000001";
    let aws = long();
    let reported = interrupted(&aws, Duration::from_secs(30)).await;
    assert_eq!(reported, format!("interrupted: query {id} is cancelled"));
    assert_eq!(aws.queries(), [(SQL.to_owned(), "CANCELLED")]);

    // A start is waited for, so that what it has started can be stopped.
    let aws = long();
    let slow = Fault::Slow {
        before: Duration::from_secs(3),
        after: Duration::from_secs(3),
    };
    aws.inject(Rule::new(slow).on("athena", "StartQueryExecution"));
    let reported = interrupted(&aws, Duration::from_secs(1)).await;
    assert_eq!(reported, format!("interrupted: query {id} is cancelled"));

    let aws = long();
    let look = Rule::new(Fault::SlowDown).on("athena", "StopQueryExecution");
    aws.inject(look.times(2));
    let reported = interrupted(&aws, Duration::from_secs(5)).await;
    assert_eq!(
        reported,
        format!("interrupted: query {id} is cancelled"),
        "asked again"
    );

    let aws = long();
    aws.access(|access| access.deny(denial("athena:StopQueryExecution", "primary")));
    let reported = interrupted(&aws, Duration::from_secs(5)).await;
    let want = format!("interrupted: query {id} may still run: StopQueryExecution: access denied");
    assert!(reported.starts_with(&want), "{reported}");
}
