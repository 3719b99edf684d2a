//! Queries, from their start to their end.

use std::time::Duration;

use aws_sdk_athena::Client;
use aws_sdk_athena::types::ResultConfiguration;
use tokio::time::advance;

use super::reported;
use crate::aws::{Aws, Bucket, Run, WorkGroup};

pub(super) const REGION: &str = "eu-west-1";
pub(super) const SQL: &str = "SELECT true";

/// A world in which `primary` has a place for results, and its Athena.
pub(super) fn athena() -> (Aws, Client) {
    let aws = Aws::new(1);
    aws.results(REGION);
    aws.script(REGION, SQL, [Run::value("boolean", Some("true"))]);
    let client = Client::new(&aws.sdk(REGION));
    (aws, client)
}

/// Starts a query, and says its id, or why not.
pub(super) async fn start(athena: &Client, sql: &str) -> String {
    let started = athena
        .start_query_execution()
        .query_string(sql)
        .send()
        .await;
    match &started {
        Ok(started) => started.query_execution_id().unwrap().to_owned(),
        Err(error) => format!("{}: {}", reported(&started), why(error)),
    }
}

pub(super) fn why<E: aws_smithy_types::error::metadata::ProvideErrorMetadata>(error: &E) -> String {
    error.message().unwrap_or_default().to_owned()
}

pub(super) async fn state(athena: &Client, id: &str) -> String {
    let look = athena
        .get_query_execution()
        .query_execution_id(id)
        .send()
        .await
        .unwrap();
    let status = look.query_execution.unwrap().status.unwrap();
    let mut reported = status.state.unwrap().to_string();
    if let Some(reason) = status.state_change_reason {
        reported = format!("{reported}: {reason}");
    }
    if let Some(error) = status.athena_error {
        reported = format!(
            "{reported} ({}, {})",
            error.error_category.unwrap(),
            error.retryable
        );
    }
    reported
}

#[tokio::test(start_paused = true)]
async fn a_query_passes_through_its_states_and_ends_as_scripted() {
    let (aws, athena) = athena();
    let second = Duration::from_secs(1);
    #[rustfmt::skip]
    let table: [(&str, Run, &[&str]); 6] = [
        ("succeeds", Run::value("boolean", None), &["QUEUED", "RUNNING", "SUCCEEDED"]),
        ("fails", Run::failed("no such table", 2, false), &["QUEUED", "RUNNING", "FAILED: no such table (2, false)"]),
        ("is stopped", Run::cancelled("by a limit"), &["QUEUED", "RUNNING", "CANCELLED: by a limit"]),
        ("is requeued", Run::value("boolean", None).repeated_from("RUNNING"),
         &["QUEUED", "RUNNING", "RUNNING", "QUEUED", "RUNNING", "SUCCEEDED"]),
        ("fails and is requeued", Run::value("boolean", None).repeated_from("FAILED"),
         &["QUEUED", "RUNNING", "FAILED: Query exhausted resources at this scale factor (1, true)", "QUEUED", "RUNNING", "SUCCEEDED"]),
        ("takes its time", Run::value("boolean", None).takes(second), &["QUEUED", "RUNNING", "RUNNING", "SUCCEEDED"]),
    ];
    for (why, run, want) in table {
        aws.script(REGION, SQL, [run]);
        let id = start(&athena, SQL).await;
        for (at, want) in want.iter().enumerate() {
            assert_eq!(state(&athena, &id).await, *want, "{why}, look {at}");
            // 300 ms in the queue, 900 ms at work, one second on the way back.
            advance([300, 900, 1_000, 300, 900][at.min(4)] * second / 1_000).await;
        }
    }
    let unknown = start(&athena, "SELECT 2").await;
    advance(second * 2).await;
    let reported = state(&athena, &unknown).await;
    assert!(
        reported.starts_with("FAILED") && reported.ends_with("(2, false)"),
        "{reported}"
    );
}

#[tokio::test(start_paused = true)]
async fn a_token_starts_one_query_only_and_is_of_32_to_128_characters() {
    let (aws, athena) = athena();
    let start = async |token: &str, sql: &str| {
        let call = athena.start_query_execution().query_string(sql);
        let started = call.client_request_token(token).send().await;
        match &started {
            Ok(started) => started.query_execution_id().unwrap().to_owned(),
            Err(_) => reported(&started),
        }
    };
    let token = "t".repeat(32);
    let first = start(&token, SQL).await;
    advance(Duration::from_hours(1)).await;
    assert_eq!(start(&token, SQL).await, first, "the same query");
    assert_eq!(
        start(&token, "SELECT 2").await,
        "400 InvalidRequestException"
    );
    assert_ne!(start(&"t".repeat(128), SQL).await, first);
    assert_eq!(
        start(&"t".repeat(31), SQL).await,
        "400 InvalidRequestException"
    );
    assert_eq!(
        start(&"t".repeat(129), SQL).await,
        "400 InvalidRequestException"
    );
    assert_eq!(aws.queries().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_query_needs_a_workgroup_and_a_place_for_its_result() {
    let (aws, athena) = athena();
    aws.create_bucket(Bucket::new("mine", REGION));
    let empty = WorkGroup::default;
    aws.workgroup(REGION, "bare", empty());
    aws.workgroup(
        REGION,
        "strict",
        empty().output("s3://results/strict/").enforced(),
    );
    aws.workgroup(REGION, "off", empty().output("s3://results/").disabled());
    let no_place = "No output location provided. An output location is required either through \
                    the Workgroup result configuration setting or as an API input.";
    #[rustfmt::skip]
    let table = [
        (None,           None,                Ok("s3://results/")),
        (None,           Some("s3://mine/a/"), Ok("s3://mine/a/")),
        (Some("strict"), Some("s3://mine/a/"), Ok("s3://results/strict/")),
        (Some("bare"),   Some("s3://mine/a/"), Ok("s3://mine/a/")),
        (Some("bare"),   None,                Err(no_place)),
        (Some("bare"),   Some("s3://gone/"),  Err("Unable to verify/create output bucket gone")),
        (Some("off"),    None,                Err("WorkGroup off is disabled.")),
        (Some("nobody"), None,                Err("WorkGroup nobody is not found.")),
    ];
    for (group, output, want) in table {
        let place = output.map(|place| {
            ResultConfiguration::builder()
                .output_location(place)
                .build()
        });
        let call = athena.start_query_execution().query_string(SQL);
        let started = call
            .set_work_group(group.map(Into::into))
            .set_result_configuration(place)
            .send()
            .await;
        let got = match &started {
            Ok(started) => {
                let look = athena
                    .get_query_execution()
                    .set_query_execution_id(started.query_execution_id.clone());
                let execution = look.send().await.unwrap().query_execution.unwrap();
                Ok(execution
                    .result_configuration
                    .unwrap()
                    .output_location
                    .unwrap())
            }
            Err(error) => {
                assert_eq!(reported(&started), "400 InvalidRequestException");
                Err(why(error))
            }
        };
        assert_eq!(
            got,
            want.map(Into::into).map_err(Into::into),
            "{group:?} {output:?}"
        );
    }
    let look = async |name: &str| athena.get_work_group().work_group(name).send().await;
    let group = look("strict").await.unwrap().work_group.unwrap();
    let settings = group.configuration.unwrap();
    assert_eq!(settings.enforce_work_group_configuration, Some(true));
    assert_eq!(group.state.unwrap().as_str(), "ENABLED");
    assert_eq!(
        look("off")
            .await
            .unwrap()
            .work_group
            .unwrap()
            .state
            .unwrap()
            .as_str(),
        "DISABLED"
    );
    assert_eq!(
        reported(&look("nobody").await),
        "400 InvalidRequestException"
    );
    let elsewhere = Client::new(&aws.sdk("us-east-1"));
    let there = elsewhere
        .get_work_group()
        .work_group("primary")
        .send()
        .await
        .unwrap();
    let settings = there.work_group.unwrap().configuration.unwrap();
    assert_eq!(settings.result_configuration.unwrap().output_location, None);
}

#[tokio::test(start_paused = true)]
async fn a_stopped_query_goes_on_for_a_moment_and_an_ended_one_stays_as_it_is() {
    let (_world, athena) = athena();
    let stop = async |id: &str| {
        reported(
            &athena
                .stop_query_execution()
                .query_execution_id(id)
                .send()
                .await,
        )
    };
    let id = start(&athena, SQL).await;
    assert_eq!(stop(&id).await, "ok");
    advance(Duration::from_millis(999)).await;
    assert_eq!(state(&athena, &id).await, "RUNNING");
    advance(Duration::from_millis(1)).await;
    assert_eq!(
        state(&athena, &id).await,
        "CANCELLED: Query cancelled by user"
    );
    let id = start(&athena, SQL).await;
    advance(Duration::from_millis(500)).await;
    assert_eq!(stop(&id).await, "ok");
    advance(Duration::from_secs(5)).await;
    assert_eq!(state(&athena, &id).await, "SUCCEEDED", "it was quicker");
    assert_eq!(stop(&id).await, "ok", "too late is no error");
    assert_eq!(stop("nobody").await, "400 InvalidRequestException");
}
