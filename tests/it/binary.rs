//! The binary itself, as far as it comes without AWS.

use std::process::{Command, Output};

use serde_json::Value;

use crate::logs::fault;

/// Runs it with these variables and no others.
fn brigade(arguments: &[&str], variables: &[(&str, &str)]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_brigade"));
    command
        .args(arguments)
        .env_clear()
        .envs(variables.iter().copied());
    command
        .current_dir(std::env::temp_dir())
        .output()
        .expect("it was built")
}

#[test]
fn a_daemon_without_credentials_ends_with_1_and_says_why_in_a_line_of_json() {
    let ended = brigade(
        &["run", "--log-format", "json"],
        &[
            ("AWS_EC2_METADATA_DISABLED", "true"),
            ("AWS_REGION", "us-east-1"),
            ("BRIGADE__ENVIRONMENT", "stage"),
            ("BRIGADE_ADMIN__LISTEN", "127.0.0.1:0"),
            (
                "BRIGADE_QUEUE__EVENTS__URL",
                "http://127.0.0.1:1/000000000000/events",
            ),
            ("BRIGADE_ROUTE__ORDERS__FROM", "s3://raw/in/"),
            ("BRIGADE_ROUTE__ORDERS__TO", "s3://lake/orders/"),
        ],
    );
    let reported = String::from_utf8(ended.stderr).expect("UTF-8");
    assert_eq!(ended.status.code(), Some(1), "{reported}");
    for line in reported.lines() {
        assert_eq!(fault(&format!("{line}\n")), None, "{line}");
    }
    let last: Value = serde_json::from_str(reported.lines().last().expect("a line")).expect("JSON");
    assert_eq!(
        (&last["level"], &last["message"]),
        (&"ERROR".into(), &"the daemon failed".into())
    );
    let error = last["error"].as_str().expect("a text");
    assert!(error.contains("no credentials were found"), "{error}");
}

#[test]
fn a_configuration_that_is_refused_ends_with_64() {
    let ended = brigade(&["run"], &[("BRIGADE_ROUTE__ORDERS__FROM", "s3://raw/in/")]);
    let reported = String::from_utf8(ended.stderr).expect("UTF-8");
    assert_eq!(ended.status.code(), Some(64), "{reported}");
    assert!(reported.starts_with("brigade: "), "{reported}");
}
