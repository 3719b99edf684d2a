//! What is told of an event, by a table of routes.

use serde_json::{Value, json};

use super::*;
use crate::config::Sources;

/// Its route is `r`, of the queue `q`.
fn config(route: &str) -> Config {
    let file = format!(
        "[queue.q]\nurl = \"https://sqs.eu-west-1.amazonaws.com/111122223333/q\"\n\
         [account.b]\nregion = \"eu-west-1\"\n[route.r]\nfrom = \"s3://raw/in/\"\n{route}"
    );
    let loaded = Config::load(&Sources::text("f", &file));
    loaded.expect("the table's routes are sound").config
}

fn created(key: &str, size: u64, etag: &str) -> String {
    let object = json!({ "key": key, "size": size, "eTag": etag, "sequencer": "00" });
    json!({ "Records": [{
        "eventVersion": "2.5", "eventSource": "aws:s3", "awsRegion": "eu-west-1",
        "eventTime": "2026-11-20T00:00:00Z", "eventName": "ObjectCreated:Put",
        "s3": { "bucket": { "name": "raw" }, "object": object },
    }]})
    .to_string()
}

fn explained(explain: &Explain, route: &str, body: &str) -> anyhow::Result<String> {
    let mut out = Vec::new();
    explain.print(&config(route), body, &mut out)?;
    Ok(String::from_utf8(out)?)
}

const ASKED: Explain = Explain {
    file: None,
    queue: None,
    again: false,
    json: true,
};

const MIB: u64 = 1 << 20;
const TO: &str = "to = \"s3://lake/\"";
const MD5: &str = "0cc175b9c0f1b6a831c399e269772661";

#[test]
fn a_new_object_costs_what_the_readme_says() {
    let route = |more: &str| format!("{TO}\n{more}");
    let cut = format!("{MD5}-3");
    for (why, route, size, etag, want) in [
        ("small, inside S3", route(""), 1, MD5, "1 S3, if it is new"),
        (
            "followed",
            route("deletes = \"follow\""),
            1,
            MD5,
            "2 S3, if it is new",
        ),
        (
            "streamed",
            route("transfer = \"stream\""),
            1,
            MD5,
            "2 S3, if it is new",
        ),
        (
            "to another account",
            route("to_account = \"b\""),
            1,
            MD5,
            "2 S3, if it is new",
        ),
        (
            "dated",
            "to = \"s3://lake/{yyyy}/{path}\"".into(),
            1,
            MD5,
            "2 S3 or more, if it is new",
        ),
        (
            "all of one request, streamed",
            route("transfer = \"stream\""),
            16 * MIB,
            MD5,
            "2 S3, if it is new",
        ),
        (
            "three parts, streamed",
            route("transfer = \"stream\""),
            24 * MIB,
            MD5,
            "14 S3, if it is new",
        ),
        (
            "… without tags",
            route("transfer = \"stream\"\ntags = \"skip\""),
            24 * MIB,
            MD5,
            "13 S3, if it is new",
        ),
        (
            "… that it had",
            route("transfer = \"stream\""),
            24 * MIB,
            &cut,
            "15 S3, if it is new",
        ),
        (
            "… which the route says",
            route("transfer = \"stream\"\npart_size = \"8MiB\""),
            24 * MIB,
            &cut,
            "14 S3, if it is new",
        ),
        (
            "all of one CopyObject",
            route(""),
            480 * MIB,
            MD5,
            "1 S3, if it is new",
        ),
        (
            "eight parts, inside S3",
            route(""),
            512 * MIB,
            MD5,
            "16 S3, if it is new",
        ),
    ] {
        let all = explained(&ASKED, &route, &created("in/a.csv", size, etag)).expect(why);
        let all: Value = serde_json::from_str(&all).expect("it was asked for JSON");
        assert_eq!(all[0]["routes"][0]["calls"], want, "{why}: {all}");
    }
}

#[test]
fn a_person_reads_what_is_done_why_and_for_what() {
    let text = Explain {
        json: false,
        ..ASKED
    };
    let again = Explain {
        again: true,
        json: false,
        ..ASKED
    };
    let new = created("in/2026/a%20b.csv", 24 * MIB, MD5);
    for (name, explain, route, body) in [
        ("new", &text, TO, &new),
        (
            "parts",
            &text,
            "to = \"s3://lake/\"\ntransfer = \"stream\"\nsse = \"aws:kms\"",
            &new,
        ),
        ("again", &again, TO, &new),
        ("another_prefix", &text, TO, &created("other/a.csv", 1, MD5)),
        (
            "test_event",
            &text,
            TO,
            &json!({"Service": "Amazon S3", "Event": "s3:TestEvent", "Bucket": "raw"}).to_string(),
        ),
        (
            "newer",
            &text,
            TO,
            &json!({"brigade": 2, "kind": "work"}).to_string(),
        ),
    ] {
        insta::assert_snapshot!(name, explained(explain, route, body).expect(name));
    }
}

#[test]
fn what_cannot_be_told_is_an_error_that_says_why() {
    let elsewhere = Explain {
        queue: Some("events".into()),
        ..ASKED
    };
    for (explain, body, want) in [
        (
            &ASKED,
            "{",
            "the message would be dead-lettered as malformed",
        ),
        (
            &elsewhere,
            "{}",
            "there is no [queue.events] in the configuration; it has q",
        ),
    ] {
        let error = explained(explain, TO, body).expect_err(want).to_string();
        assert!(error.contains(want), "{error}");
    }
}

#[test]
fn nothing_of_a_message_reaches_the_terminal_as_a_command() {
    let text = Explain {
        json: false,
        ..ASKED
    };
    let taken = created("in/%1B%5B2J/day=%1B%5D0/a", 1, MD5);
    let missed = created("other/%1B%5B2J", 1, MD5);
    let nameless = taken.replace("ObjectCreated:Put", "Odd\\u001b[2J");
    let malformed = created("\u{1b}[2J%FF", 1, MD5);
    let filled = "to = \"s3://lake/\"\ntables = [\"t\"]\n[table.t]\ndatabase = \"d\"";
    for (why, route, body) in [
        ("a key", TO, &taken),
        ("a partition", filled, &taken),
        ("a miss", TO, &missed),
        ("an event that means nothing", TO, &nameless),
        ("a malformed key", TO, &malformed),
    ] {
        let said = explained(&text, route, body).unwrap_or_else(|error| error.to_string());
        let raw = said.chars().any(|c| c.is_control() && c != '\n');
        assert!(!raw && said.contains("\\u{1b}[2J"), "{why}: {said:?}");
    }
}

#[tokio::test]
async fn it_calls_nobody() {
    use crate::catalog::scripted::Scripted;
    let called = Scripted::new(|op, _| panic!("{op} was called"));
    let edge = Edge {
        http: aws_smithy_runtime_api::client::http::SharedHttpClient::new(called),
        ..Edge::real()
    };
    let name = format!("brigade-explain-{}.json", std::process::id());
    let file = std::env::temp_dir().join(name);
    fs::write(&file, created("in/a.csv", 1, MD5)).unwrap();
    let explain = Explain {
        file: Some(file.clone()),
        ..ASKED
    };
    // No region, neither here nor in an account: the SDK's chain would ask the instance.
    let mut out = Vec::new();
    let run = explain.run(
        config("to = \"s3://lake/\"\nto_account = \"b\""),
        &edge,
        &mut out,
    );
    Box::pin(run).await.unwrap();
    fs::remove_file(file).unwrap();
    let read: Value = serde_json::from_slice(&out).unwrap();
    assert_eq!(read[0]["routes"][0]["taken"], true);
}

#[test]
fn json_has_an_entry_for_each_record_and_for_what_has_none() {
    let sent_first = json!({"Service": "Amazon S3", "Event": "s3:TestEvent", "Bucket": "raw"});
    let mut both: Value = serde_json::from_str(&created("in/a.csv", 1, MD5)).unwrap();
    let mut tagged = both["Records"][0].clone();
    tagged["eventName"] = "ObjectTagging:Put".into();
    both["Records"].as_array_mut().unwrap().push(tagged);
    for (body, want) in [
        (
            sent_first,
            vec![("s3:TestEvent", "deleted, counted as skipped")],
        ),
        (
            both,
            vec![
                ("ObjectCreated:Put", ""),
                ("ObjectTagging:Put", "means nothing here; skipped, counted"),
            ],
        ),
        (
            json!({"Records": []}),
            vec![("", "deleted, counted as skipped (empty)")],
        ),
        (
            json!({"brigade": 2, "kind": "work"}),
            vec![("work message of version 2", "left for a newer release")],
        ),
    ] {
        let all = explained(&ASKED, TO, &body.to_string()).unwrap();
        let all: Vec<Value> = serde_json::from_str(&all).expect(&all);
        let text = |one: &Value| one.as_str().unwrap_or_default().to_owned();
        let got: Vec<_> = all
            .iter()
            .map(|one| (text(&one["event"]), text(&one["ends"])))
            .collect();
        let want: Vec<_> = want
            .into_iter()
            .map(|(event, ends)| (event.to_owned(), ends.to_owned()))
            .collect();
        assert_eq!(got, want);
    }
    let text = Explain {
        json: false,
        ..ASKED
    };
    let said = explained(&text, TO, "{\"Records\":[]}").unwrap();
    assert_eq!(said, "no record: deleted, counted as skipped (empty)\n");
}

#[test]
fn a_removal_is_explained_by_what_the_route_does_about_it() {
    let removed = created("in/a.csv", 1, MD5).replace("ObjectCreated:Put", "ObjectRemoved:Delete");
    for (more, want) in [
        (
            "",
            "if the source is gone, nothing is done and the copy stays (deletes = \"ignore\")",
        ),
        (
            "source_missing = \"retry\"",
            "the copy stays (deletes = \"ignore\") and the message returns",
        ),
        (
            "source_missing = \"dead-letter\"",
            "the message is dead-lettered as source_missing",
        ),
        (
            "deletes = \"follow\"",
            "if the source is gone, its copy is deleted",
        ),
    ] {
        let all = explained(&ASKED, &format!("{TO}\n{more}"), &removed).unwrap();
        let all: Value = serde_json::from_str(&all).unwrap();
        let plan = all[0]["routes"][0]["plan"].as_str().unwrap();
        assert!(plan.contains(want), "{more}: {plan}");
        assert!(
            plan.ends_with("copy unless the two are proved equal"),
            "{plan}"
        );
    }
}
