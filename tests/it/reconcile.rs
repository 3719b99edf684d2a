//! `brigade reconcile` on an AWS in memory.

use std::io::BufReader;

use brigade::cli::reconcile::Reconcile;
use brigade::config::Config;
use serde_json::Value;

use crate::aws::{Fault, Rule, Table, TestObject};
use crate::stage::Stage;

fn asked(objects: &str) -> Reconcile {
    Reconcile {
        objects: objects.into(),
        recursive: false,
        dry_run: false,
        json: false,
    }
}

/// What it prints, and why it failed if it did.
async fn run(stage: &Stage, config: &Config, what: Reconcile, input: &str) -> (String, String) {
    let (mut out, mut input) = (Vec::new(), BufReader::new(input.as_bytes()));
    let edge = stage.edge(1);
    let run = what.run(config, &edge, &mut input, &mut out);
    let failed = Box::pin(run).await.err().map(|error| format!("{error:#}"));
    let out = String::from_utf8(out).expect("text");
    (out, failed.unwrap_or_default())
}

fn writes(stage: &Stage) -> usize {
    let calls = stage.aws.calls();
    let writes = [
        "CopyObject",
        "PutObject",
        "CreateMultipartUpload",
        "DeleteObject",
    ];
    writes.iter().map(|op| calls.count("s3", op)).sum()
}

#[tokio::test(start_paused = true)]
async fn an_object_is_copied_and_then_left_alone() {
    let stage = Stage::new(1);
    stage.put("a.csv", "one");
    let config = stage.config("");
    let object = asked("s3://raw/in/a.csv");
    let (said, failed) = run(&stage, &config, object.clone(), "").await;
    let crawler = "no crawler was started: brigade crawl does that\n";
    assert_eq!(
        (said, failed),
        (format!("route orders: done\n{crawler}"), String::new())
    );
    let json = Reconcile {
        json: true,
        ..object
    };
    let (said, _) = run(&stage, &config, json, "").await;
    let said: Value = serde_json::from_str(&said).expect("JSON");
    let want = serde_json::json!([{
        "object": "s3://raw/in/a.csv", "route": "orders", "outcome": "already_there",
        "why": null, "error": null,
    }]);
    assert_eq!((said, writes(&stage)), (want, 1));
}

#[tokio::test(start_paused = true)]
async fn a_dry_run_tells_what_would_be_done_and_writes_nothing() {
    let stage = Stage::new(1);
    for name in ["new.csv", "old.csv", "large.csv", "same.csv", "gone.csv"] {
        stage.put(name, name);
    }
    let config = stage.config("max_size = 8\ndeletes = \"follow\"");
    for name in ["same.csv", "old.csv", "gone.csv"] {
        let (_, failed) = run(&stage, &config, asked(&format!("s3://raw/in/{name}")), "").await;
        assert_eq!(failed, "");
    }
    stage.put("old.csv", "newer");
    stage.put("large.csv", "more than eight bytes");
    stage.aws.delete("raw", "in/gone.csv", None);
    let before = writes(&stage);
    let dry = |objects: &str| Reconcile {
        dry_run: true,
        ..asked(objects)
    };
    let copy = "would_copy: 5 B to s3://lake/orders/old.csv by CopyObject: S3 can copy between the two itself\n";
    for (name, want) in [
        (
            "new.csv",
            "would_copy: 7 B to s3://lake/orders/new.csv by CopyObject: S3 can copy between the two itself\n",
        ),
        ("old.csv", copy),
        (
            "same.csv",
            "already_there: s3://lake/orders/same.csv has equal ETag\n",
        ),
        ("large.csv", "size: outside the route's size limits\n"),
        (
            "gone.csv",
            "would_delete: s3://lake/orders/gone.csv: the source is gone\n",
        ),
        (
            "never.csv",
            "source_gone: there is no such object; the route skips missing sources (source_missing = \"skip\")\n",
        ),
    ] {
        let (said, failed) = run(&stage, &config, dry(&format!("s3://raw/in/{name}")), "").await;
        assert_eq!(
            (said, failed),
            (format!("route orders: {want}"), String::new()),
            "{name}"
        );
    }
    let (said, failed) = run(&stage, &config, dry("s3://raw/in/"), "").await;
    assert!(
        said.ends_with("1 already_there, 1 size, 2 would_copy\n"),
        "{said}"
    );
    assert_eq!((failed.as_str(), writes(&stage)), ("", before));
}

#[tokio::test(start_paused = true)]
async fn all_below_a_prefix_are_taken_page_by_page() {
    let stage = Stage::new(1);
    for n in 0..1_050 {
        stage.aws.put(
            "raw",
            TestObject::new(&format!("in/2026/{n} + é"), n.to_string()),
        );
    }
    stage
        .aws
        .put("raw", TestObject::new("in/2027/other", "not below"));
    stage
        .aws
        .put("raw", TestObject::new("else/where", "of no route"));
    // Whatever a page says is asked for again until it is there.
    let page = Rule::new(Fault::SlowDown).on("s3", "ListObjectsV2");
    stage.aws.inject(page.times(1));
    let config = stage.config("");
    let (said, failed) = run(&stage, &config, asked("s3://raw/in/2026/"), "").await;
    assert_eq!(failed, "");
    assert!(
        said.contains("s3://raw/in/2026/7 + é  route orders: done\n"),
        "{said:.200}"
    );
    assert!(said.contains("\n1050 done\n"), "the counts");
    assert_eq!(stage.aws.calls().count("s3", "ListObjectsV2"), 1 + 2);
    assert!(stage.aws.object("lake", "orders/2026/1049 + é").is_some());
    assert!(stage.aws.object("lake", "orders/2027/other").is_none());

    // The whole bucket: no further than the routes reach.
    let (said, failed) = run(&stage, &config, asked("s3://raw/"), "").await;
    assert_eq!(failed, "");
    assert!(
        said.contains("\n1050 already_there, 1 done\n"),
        "the counts"
    );
    let recursive = Reconcile {
        recursive: true,
        ..asked("s3://raw/in/2027/o")
    };
    let (said, _) = run(&stage, &config, recursive, "").await;
    assert!(said.contains("\n1 already_there\n"), "{said}");
    for (objects, want) in [
        (
            "s3://raw/in/2028/",
            "there is no object below s3://raw/in/2028/",
        ),
        (
            "s3://raw/else/",
            "no route takes objects from s3://raw/else/",
        ),
        ("s3://other/", "no route takes objects from s3://other/"),
    ] {
        let (_, failed) = run(&stage, &config, asked(objects), "").await;
        assert_eq!(failed, want);
    }
}

#[tokio::test(start_paused = true)]
async fn a_list_is_read_from_standard_input() {
    let stage = Stage::new(1);
    stage.put("a.csv", "a");
    stage.put("b.csv", "b");
    let config = stage.config("");
    let list = "s3://raw/in/a.csv\n\ns3://raw/in/b.csv\r\ns3://raw/else\u{1b}[2J\nraw/in/c.csv\n";
    let (said, failed) = run(&stage, &config, asked("-"), list).await;
    let mut lines: Vec<_> = said.lines().collect();
    lines.sort_unstable();
    let want = [
        "2 done, 1 no_route, 1 unclear",
        "no crawler was started: brigade crawl does that",
        "route none: unclear: line 5 is no s3://BUCKET/KEY: raw/in/c.csv",
        "s3://raw/else\\u{1b}[2J  route none: no_route: no route takes it",
        "s3://raw/in/a.csv  route orders: done",
        "s3://raw/in/b.csv  route orders: done",
    ];
    assert_eq!(lines, want);
    assert_eq!(failed, "2 of 4 lines failed");
    let json = Reconcile {
        json: true,
        ..asked("-")
    };
    let (said, _) = run(&stage, &config, json, list).await;
    let said: Value = serde_json::from_str(&said).expect("JSON");
    assert_eq!(said.as_array().map(Vec::len), Some(4));
}

#[tokio::test(start_paused = true)]
async fn a_missing_key_fails_unless_the_route_skips_missing_sources() {
    let stage = Stage::new(1);
    let object = || asked("s3://raw/in/typo.csv");
    let (said, failed) = run(&stage, &stage.config(""), object(), "").await;
    assert!(
        said.contains("no such object; the route skips missing sources"),
        "{said}"
    );
    assert_eq!(failed, "");
    for missing in ["retry", "dead-letter"] {
        let config = stage.config(&format!("source_missing = \"{missing}\""));
        let (said, failed) = run(&stage, &config, object(), "").await;
        assert!(said.contains(": the source is gone\n"), "{said}");
        assert_eq!(failed, "1 of 1 routes failed", "{missing}");
        let dry = Reconcile {
            dry_run: true,
            ..object()
        };
        let (_, failed) = run(&stage, &config, dry, "").await;
        assert_eq!(failed, "1 of 1 routes failed", "{missing}");
    }
}

#[tokio::test(start_paused = true)]
async fn what_a_key_holds_commands_no_terminal() {
    let stage = Stage::new(1);
    let (said, failed) = run(
        &stage,
        &stage.config(""),
        asked("s3://raw/else/\u{1b}]0;\u{7}"),
        "",
    )
    .await;
    assert!(!said.contains('\u{1b}'), "{said:?}");
    // main() escapes errors, line by line.
    assert!(
        failed.starts_with("no route takes s3://raw/else/"),
        "{failed:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn a_partition_is_made_for_a_copy_that_is_there() {
    let stage = Stage::new(1);
    stage.put("dt=1/a.csv", "a");
    let object = || asked("s3://raw/in/dt=1/a.csv");
    let (_, failed) = run(&stage, &stage.config(""), object(), "").await;
    assert_eq!(failed, "");
    // The table comes later, or was repaired.
    stage
        .aws
        .create_table(Table::new("eu-west-1", "lake", "orders", &["dt"]));
    let filled = "tables = \"orders\"\n[table.orders]\ndatabase = \"lake\"\nregion = \"eu-west-1\"";
    let (said, failed) = run(&stage, &stage.config(filled), object(), "").await;
    assert!(said.starts_with("route orders: already_there\n"), "{said}");
    assert_eq!(failed, "");
    let table = stage.aws.table("eu-west-1", "lake", "orders");
    assert_eq!(table.partitions().len(), 1);
}
