//! Whole checks, of a process that has no credentials.

use std::sync::Arc;

use aws_credential_types::provider::error::CredentialsError;
use aws_credential_types::provider::{ProvideCredentials, SharedCredentialsProvider, future};
use serde_json::Value;

use super::*;
use crate::catalog::scripted::{Answer, Scripted};
use crate::config::Sources;

const CONFIG: &str = r#"
    [queue.events]
    url = "https://sqs.eu-west-1.amazonaws.com/1/events"
    [account.same]
    region = "eu-west-2"
    [account.partner]
    role_arn = "arn:aws:iam::111122223333:role/x"
    [account.stored]
    secret = "s"
    secret_account = "partner"
    region = "eu-west-1"
    [crawler.c]
    account = "stored"
    [route.orders]
    from = "s3://raw/in/"
    to = "s3://lake/"
    to_account = "partner"
    crawlers = "c"
    notify = "arn:aws:sns:eu-west-1:111122223333:t"
    "#;

/// As the SDK's chain ends where nothing is set.
#[derive(Debug)]
struct Nothing;

impl ProvideCredentials for Nothing {
    fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        let chain = "no credentials found in chain. Attempted:\n  Environment: …\n  Profile: …";
        future::ProvideCredentials::ready(Err(CredentialsError::not_loaded(chain)))
    }
}

#[tokio::test]
async fn missing_credentials_are_one_finding_and_what_needs_them_is_skipped() {
    let mut config = Config::load(&Sources::text("f", CONFIG)).unwrap().config;
    config.aws.region = Some("eu-west-1".into());
    let called = Scripted::new(|op, _| panic!("{op} was called without credentials"));
    let edge = Edge {
        http: aws_smithy_runtime_api::client::http::SharedHttpClient::new(called),
        credentials: Some(SharedCredentialsProvider::from(Arc::new(Nothing) as Arc<_>)),
        ..Edge::real()
    };
    let mut out = Vec::new();
    let json = Check {
        offline: false,
        json: true,
    };
    let ended = Box::pin(json.run(&config, &edge, &mut out))
        .await
        .unwrap_err();
    let said = String::from_utf8(out).unwrap();
    assert!(!said.contains("Attempted"), "{said}");
    let said: Value = serde_json::from_str(&said).unwrap();
    let findings = said["findings"].as_array().unwrap();
    let of = |level: &str| {
        let these = findings.iter().filter(|finding| finding["level"] == level);
        let named = these.map(|finding| finding["what"].as_str().unwrap().to_owned());
        named.collect::<Vec<_>>()
    };
    assert_eq!(of("fail"), ["account default"], "{said:#}");
    assert_eq!(of("ok"), ["configuration: 1 queue, 1 route"]);
    let skipped = [
        "account partner",
        "account same",
        "account stored",
        "queue.events https://sqs.eu-west-1.amazonaws.com/1/events",
        "route.orders.from bucket raw",
        "route.orders.to bucket lake",
        "crawler.c c",
        "route.orders.notify arn:aws:sns:eu-west-1:111122223333:t",
    ];
    assert_eq!(of("skipped"), skipped);
    for finding in findings
        .iter()
        .filter(|finding| finding["level"] == "skipped")
    {
        let why = finding["why"].as_str().unwrap();
        assert_eq!(why, "account default has no usable credentials");
    }
    let default_account = &findings[1];
    assert_eq!(default_account["why"], "no credentials were found");
    assert!(
        default_account["fix"]
            .as_str()
            .unwrap()
            .contains("AWS_PROFILE"),
        "{default_account}"
    );
    assert_eq!(ended.to_string(), "1 of 10 checks failed");
}

#[tokio::test]
async fn a_queue_that_is_not_there_has_its_url_once_in_its_line() {
    let file = "aws.region = \"eu-west-1\"\n[queue.events]\nurl = \"https://sqs.eu-west-1.amazonaws.com/1/events\"\n\
                [route.r]\nfrom = \"s3://raw/\"\nto = \"s3://lake/\"";
    let config = Config::load(&Sources::text("f", file)).unwrap().config;
    for (code, want) in [
        ("QueueDoesNotExist", "no such queue"),
        ("AccessDenied", "GetQueueAttributes: refused: AccessDenied"),
    ] {
        let nobody = Scripted::new(move |_, _| Answer::Error(code));
        let key = aws_credential_types::Credentials::new("AKIDEXAMPLE", "s", None, None, "test");
        let edge = Edge {
            http: aws_smithy_runtime_api::client::http::SharedHttpClient::new(nobody),
            credentials: Some(SharedCredentialsProvider::new(key)),
            ..Edge::real()
        };
        let metrics = &Metrics::new("test").0;
        let accounts = Box::pin(Accounts::open(&config, &edge, metrics))
            .await
            .unwrap();
        let unsigned = places::Unsigned::default();
        let report = Report(places::queues(&config, &accounts, &unsigned, metrics).await);
        let mut out = Vec::new();
        report.text(&mut out).unwrap();
        let said = String::from_utf8(out).unwrap();
        let line = said.lines().find(|line| line.contains("queue.events"));
        let line = line.unwrap_or_else(|| panic!("{said}"));
        assert!(line.starts_with("FAIL"), "{line}");
        assert!(line.contains(want), "{line}");
        assert_eq!(line.matches("amazonaws.com").count(), 1, "{line}");
    }
}

#[tokio::test]
async fn what_is_valid_and_probably_not_meant_is_warned_of() {
    let file = CONFIG
        .replace("raw/in/", "raw/incoming")
        .replace("crawlers = \"c\"", "suffix = \"*.csv\"");
    let config = Config::load(&Sources::text("f", &file)).unwrap().config;
    let mut out = Vec::new();
    let (offline, json) = (true, false);
    let edge = Edge::real();
    let checked = Check { offline, json }.run(&config, &edge, &mut out).await;
    assert!(checked.is_ok(), "a warning is no failure");
    insta::assert_snapshot!(String::from_utf8(out).unwrap(), @r#"
    ok    configuration: 1 queue, 1 route
    warn  route.orders.from: has no / at its end, and takes "incoming-old/a" too: write "s3://raw/incoming/" for the folder alone
    warn  route.orders.suffix: a suffix is text, and takes keys with this very * or ? only: write ".csv"
    1 ok, 2 warnings, 0 failed
    "#);
}
