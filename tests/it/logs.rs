//! What stands in the log. Every stage listens: each line of any test here is read, and one that a machine would
//! misread fails its test.

use std::cell::OnceCell;
use std::collections::BTreeSet;
use std::fmt;
use std::io::{self, Write};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use brigade::telemetry::JsonLines;
use serde::Deserialize;
use serde::de::{MapAccess, Visitor};
use serde_json::Value;
use tracing::subscriber::DefaultGuard;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::SubscriberExt;

use crate::aws::{Bucket, Fault, Rule, TestObject};
use crate::stage::{Stage, event, until};

thread_local! {
    /// The lines of this test; each test has a thread of its own.
    static LINES: OnceCell<(Lines, DefaultGuard)> = const { OnceCell::new() };
}

#[derive(Debug, Clone, Default)]
struct Lines(Arc<Mutex<Vec<String>>>);

impl Write for Lines {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        let reported = String::from_utf8(line.to_owned()).expect("UTF-8");
        self.0.lock().expect("no panic").push(reported);
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Hears what this thread's daemons log from now on.
pub(crate) fn listen() {
    LINES.with(|lines| {
        lines.get_or_init(|| {
            let lines = Lines::default();
            let into = lines.clone();
            let subscriber = tracing_subscriber::registry()
                .with(Targets::new().with_target("brigade", tracing::Level::TRACE))
                .with(JsonLines::new("stage", move || into.clone()));
            (lines, tracing::subscriber::set_default(subscriber))
        });
    });
}

/// Refuses lines that a machine would misread, of this test so far.
pub(crate) fn check() {
    let wrong: Vec<_> = lines()
        .iter()
        .filter_map(|line| Some(format!("{}: {line}", fault(line)?)))
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// What this thread's daemons have logged, line by line.
pub(crate) fn lines() -> Vec<String> {
    LINES.with(|lines| {
        lines.get().map_or_else(Vec::new, |(lines, _)| {
            lines.0.lock().expect("no panic").clone()
        })
    })
}

/// The lines with this text.
fn said(text: &str) -> Vec<Value> {
    let lines = lines()
        .into_iter()
        .map(|line| serde_json::from_str::<Value>(&line).expect("JSON"));
    lines.filter(|line| line["message"] == text).collect()
}

/// An object with all its keys, as often as they are written.
struct Object(Vec<(String, Value)>);

impl<'de> Deserialize<'de> for Object {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Keys;

        impl<'de> Visitor<'de> for Keys {
            type Value = Object;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Object, A::Error> {
                let mut all = Vec::new();
                while let Some(entry) = map.next_entry()? {
                    all.push(entry);
                }
                Ok(Object(all))
            }
        }

        deserializer.deserialize_map(Keys)
    }
}

/// What is wrong with a line.
pub(crate) fn fault(line: &str) -> Option<String> {
    if line.matches('\n').count() != 1 || !line.ends_with('\n') {
        return Some("not one line".into());
    }
    let Object(object) = match serde_json::from_str(line) {
        Ok(object) => object,
        Err(e) => return Some(e.to_string()),
    };
    let mut seen = BTreeSet::new();
    for (key, value) in &object {
        if !seen.insert(key.as_str()) {
            return Some(format!("{key} is there twice"));
        }
        if value
            .as_str()
            .is_some_and(|text| text.starts_with(['[', '{']))
        {
            return Some(format!("{key} is a list or an object, as a text"));
        }
    }
    let text = |key| {
        object
            .iter()
            .find(|(known, _)| known == key)
            .and_then(|(_, value)| value.as_str())
    };
    for key in ["timestamp", "level", "message", "target"] {
        if text(key).is_none_or(str::is_empty) {
            return Some(format!("{key} is missing"));
        }
    }
    (text("environment") != Some("stage")).then(|| "environment is missing".into())
}

#[test]
fn a_line_that_a_machine_would_misread_is_refused() {
    let whole =
        r#"{"timestamp":"t","level":"INFO","message":"m","target":"b","environment":"stage"}"#;
    assert_eq!(fault(&format!("{whole}\n")), None);
    for (why, line) in [
        ("not JSON", "thread 'main' panicked\n".to_owned()),
        ("two lines", format!("{whole}\n{whole}\n")),
        ("no end", whole.to_owned()),
        (
            "a repeated key",
            format!(
                "{}\n",
                whole.replace("\"target\"", "\"message\":\"n\",\"target\"")
            ),
        ),
        (
            "a list as a text",
            format!(
                "{}\n",
                whole.replace("\"target\"", "\"q\":\"[\\\"a\\\"]\",\"target\"")
            ),
        ),
        (
            "no environment",
            format!("{}\n", whole.replace("environment", "environments")),
        ),
        (
            "no message",
            format!("{}\n", whole.replace("\"m\"", "\"\"")),
        ),
    ] {
        assert!(fault(&line).is_some(), "{why}");
    }
}

#[tokio::test(start_paused = true)]
async fn each_ending_of_a_message_is_a_line_with_its_message_id() {
    let stage = Stage::new(1);
    let conflict = Rule::new(Fault::Conflict).on("s3", "CopyObject");
    stage.aws.inject(conflict.times(12));
    let daemon = stage.start(&stage.config("")).await;
    stage.put("a.csv", "one");
    stage.send("{oops").await;
    stage.drained().await;
    daemon.stop().await;
    for (text, level, fields) in [
        (
            "message dead-lettered",
            "ERROR",
            &["message_id", "reason", "error"][..],
        ),
        (
            "message returned to the queue",
            "WARN",
            &[
                "message_id",
                "reason",
                "error",
                "route",
                "key",
                "after_seconds",
            ],
        ),
        (
            "object copied",
            "DEBUG",
            &[
                "queue",
                "message_id",
                "received",
                "route",
                "key",
                "bytes",
                "transfer",
            ],
        ),
    ] {
        let lines = said(text);
        let line = lines
            .first()
            .unwrap_or_else(|| panic!("no line {text:?}: {:?}", super::logs::lines()));
        assert_eq!(line["level"], level, "{line}");
        for field in fields {
            assert!(!line[field].is_null(), "{field} is not in {line}");
        }
    }
    assert!(said("message returned to the queue")[0]["after_seconds"].is_f64());
}

#[tokio::test(start_paused = true)]
async fn once_a_minute_the_log_sums_up_what_was_done() {
    let stage = Stage::without_target(1);
    stage.drained_of_test_event().await;
    let daemon = stage.start(&stage.config("")).await;
    stage.put("early.csv", "x");
    until("the route is paused", || daemon.is_paused("orders")).await;
    until("a minute is over", || said("summary").len() == 1).await;
    let first = said("summary").remove(0);
    assert_eq!(
        first["paused_routes"],
        serde_json::json!(["orders"]),
        "{first}"
    );
    assert_eq!(first["copied"], 0);
    assert!(first["retried"].as_u64().expect("a number") >= 1, "{first}");
    assert_eq!(first["p99_lag_seconds"], Value::Null, "nothing has ended");

    stage.aws.create_bucket(Bucket::new("lake", "eu-west-1"));
    for n in 0..20 {
        stage.put(&format!("{n}.csv"), "four");
    }
    stage
        .aws
        .put("raw", TestObject::new("elsewhere/a.csv", "a"));
    stage.send("{oops").await;
    stage.drained().await;
    let etag = "8cbad96aced40b3838dd9f07f6ef5772";
    stage
        .send(&event("in/1.csv", 4, etag, "2026-11-01T00:00:00Z"))
        .await;
    stage.drained().await;
    let lines = said("summary").len();
    until("a minute is over", || said("summary").len() > lines).await;
    let reported = said("summary");
    let total = |field: &str| {
        reported
            .iter()
            .map(|line| line[field].as_u64().expect("a number"))
            .sum::<u64>()
    };
    assert_eq!(total("copied"), 21);
    assert_eq!(total("bytes"), 81);
    assert_eq!(total("already_there"), 1);
    assert_eq!(total("skipped"), 1);
    assert_eq!(total("dead_lettered"), 1);
    let busy = reported
        .iter()
        .find(|line| line["copied"] != 0)
        .expect("one has copied");
    assert!(busy["p99_lag_seconds"].is_f64(), "{busy}");
    assert!(busy["routes"]["orders"]["copied"].is_u64(), "{busy}");
    assert!(
        (59..=61).contains(&busy["seconds"].as_u64().expect("a number")),
        "{busy}"
    );

    let lines = said("summary").len();
    tokio::time::sleep(Duration::from_mins(3)).await;
    let quiet = &said("summary")[lines..];
    assert_eq!(quiet.len(), 3, "a line each minute, also without messages");
    assert!(
        quiet
            .iter()
            .all(|line| line["messages"] == 0 && line["in_flight"] == 0),
        "{quiet:?}"
    );
    assert_eq!(quiet[2]["paused_routes"], serde_json::json!([]));
    assert_eq!(quiet[2]["routes"], serde_json::json!({}));
    daemon.stop().await;
    assert_eq!(said("summary").len(), lines + 4, "and one for the drain");
}
