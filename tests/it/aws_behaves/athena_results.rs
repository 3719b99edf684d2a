//! The rows of queries, and who may have them.

use std::time::Duration;

use tokio::time::advance;

use super::athena::{REGION, SQL, athena, start, state, why};
use super::reported;
use crate::aws::{Denial, Fault, HOME_KEY, Rule, Run};

#[tokio::test(start_paused = true)]
async fn rows_come_in_pages_and_only_a_select_has_a_header() {
    let (aws, athena) = athena();
    let numbers: Vec<_> = (0..2_500).map(|n| n.to_string()).collect();
    let rows: Vec<_> = numbers.iter().map(|n| [Some(n.as_str())]).collect();
    let rows: Vec<&[Option<&str>]> = rows.iter().map(|row| &row[..]).collect();
    let columns = [("n", "integer")];
    let ended = async |run: Run| {
        aws.script(REGION, SQL, [run]);
        let id = start(&athena, SQL).await;
        advance(Duration::from_secs(2)).await;
        id
    };
    let page = async |id: &str, most: Option<i32>, from: Option<String>| {
        let call = athena.get_query_results().query_execution_id(id);
        call.set_max_results(most).set_next_token(from).send().await
    };
    for (statement, want) in [("DML", 2_501), ("UTILITY", 2_500), ("DDL", 2_500)] {
        let id = ended(Run::rows(&columns, &rows).is(statement)).await;
        let (mut read, mut sizes, mut from) = (Vec::new(), Vec::new(), None);
        loop {
            let answer = page(&id, None, from).await.unwrap();
            let result = answer.result_set.unwrap();
            let reported = result.result_set_metadata.unwrap().column_info.unwrap();
            assert_eq!(
                (reported[0].name(), reported[0].r#type()),
                ("n", "integer"),
                "on every page"
            );
            sizes.push(result.rows.as_ref().unwrap().len());
            read.extend(
                result
                    .rows
                    .unwrap()
                    .into_iter()
                    .map(|row| row.data.unwrap()[0].var_char_value.clone()),
            );
            from = answer.next_token;
            if from.is_none() {
                break;
            }
        }
        assert_eq!(read.len(), want, "{statement}");
        assert_eq!(sizes, [1_000, 1_000, want - 2_000]);
        let first = if statement == "DML" { "n" } else { "0" };
        assert_eq!(read[0].as_deref(), Some(first), "{statement}");
    }
    let id = ended(Run::rows(
        &[("a", "varchar"), ("b", "varchar")],
        &[&[Some(""), None]],
    ))
    .await;
    let row = page(&id, None, None)
        .await
        .unwrap()
        .result_set
        .unwrap()
        .rows
        .unwrap()
        .remove(1);
    let values: Vec<_> = row
        .data
        .unwrap()
        .into_iter()
        .map(|datum| datum.var_char_value)
        .collect();
    assert_eq!(values, [Some(String::new()), None], "NULL has no text");
    for (why, most, from) in [
        ("too many", Some(1_001), None),
        ("none", Some(0), None),
        (
            "another query's token",
            None,
            Some("00000000-0000-4000-8000-000000000001/1".into()),
        ),
    ] {
        assert_eq!(
            reported(&page(&id, most, from).await),
            "400 InvalidRequestException",
            "{why}"
        );
    }
    let running = start(&athena, SQL).await;
    let refused = page(&running, None, None).await.unwrap_err();
    assert_eq!(
        why(&refused),
        "Query has not yet finished. Current state: QUEUED"
    );
    let failed = ended(Run::failed("no", 2, false)).await;
    let refused = page(&failed, None, None).await.unwrap_err();
    assert_eq!(
        why(&refused),
        "Query did not finish successfully. Final query state: FAILED"
    );
}

#[tokio::test(start_paused = true)]
async fn what_is_no_select_has_odd_rows_and_a_count() {
    let (aws, athena) = athena();
    let line = "id      \tbigint  \t        ";
    let lines: &[&[Option<&str>]] = &[&[Some(line)]];
    let three = [
        ("col_name", "string"),
        ("data_type", "string"),
        ("comment", "string"),
    ];
    let wrote = Run::wrote("DML", "INSERT", Some(3));
    for (run, columns, rows, count) in [
        (Run::rows(&three, lines).is("UTILITY"), 3, 1, None),
        (Run::rows(&[], lines).is("DDL"), 0, 1, None),
        (wrote, 1, 0, Some(3)),
        (Run::rows(&three, &[]), 3, 1, Some(0)),
    ] {
        aws.script(REGION, SQL, [run]);
        let id = start(&athena, SQL).await;
        advance(Duration::from_secs(2)).await;
        let read = athena
            .get_query_results()
            .query_execution_id(&id)
            .send()
            .await;
        let read = read.unwrap();
        assert_eq!(read.update_count(), count);
        let result = read.result_set.unwrap();
        let reported = result.result_set_metadata.unwrap().column_info.unwrap();
        assert_eq!(
            (reported.len(), result.rows.unwrap().len()),
            (columns, rows)
        );
    }
}

#[tokio::test(start_paused = true)]
async fn a_query_needs_rights_and_may_be_throttled() {
    let (aws, athena) = athena();
    let elsewhere = aws_sdk_athena::Client::new(&aws.sdk("us-east-1"));
    let id = start(&athena, SQL).await;
    advance(Duration::from_secs(2)).await;
    let foreign = elsewhere
        .get_query_execution()
        .query_execution_id(&id)
        .send()
        .await;
    assert_eq!(
        reported(&foreign),
        "400 InvalidRequestException",
        "another region's"
    );
    let calls = async || {
        let look = athena
            .get_query_execution()
            .query_execution_id(&id)
            .send()
            .await;
        let rows = athena
            .get_query_results()
            .query_execution_id(&id)
            .send()
            .await;
        let stop = athena
            .stop_query_execution()
            .query_execution_id(&id)
            .send()
            .await;
        let group = athena.get_work_group().work_group("primary").send().await;
        let begun = athena
            .start_query_execution()
            .query_string(SQL)
            .send()
            .await;
        [
            reported(&begun),
            reported(&look),
            reported(&rows),
            reported(&stop),
            reported(&group),
        ]
    };
    let actions = [
        "StartQueryExecution",
        "GetQueryExecution",
        "GetQueryResults",
        "StopQueryExecution",
        "GetWorkGroup",
    ];
    for (at, action) in actions.iter().enumerate() {
        let denial = Denial {
            access_key: HOME_KEY.into(),
            action: format!("athena:{action}"),
            resource: "primary".into(),
        };
        aws.access(|access| access.deny(denial.clone()));
        let mut want = ["ok"; 5];
        want[at] = "400 AccessDeniedException";
        assert_eq!(calls().await, want, "without {action}");
        aws.access(|access| access.allow(&denial));
    }
    let denied = |action: &str| Denial {
        access_key: HOME_KEY.into(),
        action: action.into(),
        resource: "results/".into(),
    };
    aws.access(|access| access.deny(denied("s3:GetObject")));
    assert_eq!(
        calls().await,
        ["ok", "ok", "400 AccessDeniedException", "ok", "ok"]
    );
    aws.access(|access| access.deny(denied("s3:PutObject")));
    let unwritten = start(&athena, SQL).await;
    advance(Duration::from_secs(2)).await;
    let reported = state(&athena, &unwritten).await;
    assert_eq!(
        reported,
        "FAILED: Access denied when writing to location: s3://results/ (2, false)"
    );
    aws.inject(Rule::new(Fault::SlowDown));
    let throttled = [
        "TooManyRequests",
        "Throttling",
        "TooManyRequests",
        "Throttling",
        "Throttling",
    ];
    assert_eq!(
        calls().await,
        throttled.map(|code| format!("400 {code}Exception"))
    );
}
