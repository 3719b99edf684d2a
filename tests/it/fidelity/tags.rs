//! Tags: read and put by hand where S3 does not copy them, and what the route says about them.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use super::{STREAM, TRANSFERS, many_tags, tags};
use crate::aws::{Aws, Bucket, Call, Denial, Fault, HOME_KEY, Moment, Rule, Silence, TestObject};
use crate::stage::Stage;

const GET: &str = "s3:GetObjectTagging";
const PUT: &str = "s3:PutObjectTagging";

#[tokio::test(start_paused = true)]
async fn tags_are_those_of_the_version_that_is_copied() {
    let put = |aws: &Aws, stage: &str| {
        aws.put(
            "raw",
            TestObject::new("in/a.bin", "the same").tag("stage", stage),
        );
    };
    for versioned in [false, true] {
        let stage = Stage::new(1);
        let raw = Bucket::new("raw", "us-east-1");
        if versioned {
            stage.aws.create_bucket(raw.versioned());
            stage.aws.notify("raw", &stage.queue);
        }
        put(&stage.aws, "one");
        // Between the look and the end, the same bytes come under other tags, and again under the first.
        let slow = Duration::from_secs(2);
        let slow = Fault::Slow {
            before: slow,
            after: slow,
        };
        let rule = Rule::new(slow).on("s3", "GetObjectTagging").times(1);
        stage.aws.inject(rule);
        let alone = format!("{STREAM}\n[work]\nworkers = 1");
        let daemon = stage.start(&stage.config(&alone)).await;
        tokio::time::sleep(Duration::from_secs(1)).await;
        put(&stage.aws, "two");
        tokio::time::sleep(Duration::from_secs(2)).await;
        put(&stage.aws, "one");
        stage.drained().await;
        daemon.stop().await;
        let is = tags(&stage, "lake", "orders/a.bin");
        let should = tags(&stage, "raw", "in/a.bin");
        assert_eq!(is, should, "versioned: {versioned}");
    }
}

#[tokio::test(start_paused = true)]
async fn tags_that_follow_a_write_are_put_whatever_happens_in_between() {
    for (why, fault) in [
        ("nobody knows", Fault::Lost(Silence::Hang)),
        ("it did not happen", Fault::Dropped(Silence::Reset)),
        (
            "it happens late",
            Fault::Late(Duration::from_secs(20), Silence::Reset),
        ),
    ] {
        for transfer in TRANSFERS.into_iter().skip(2) {
            let stage = transfer.stage();
            let rule = Rule::new(fault.clone()).on("s3", "PutObjectTagging");
            stage.aws.inject(rule.times(1));
            let source = many_tags(transfer.bare());
            transfer.copy(&stage, &source, "").await;
            let is = tags(&stage, "lake", "orders/a.bin");
            let should = tags(&stage, "raw", "in/a.bin");
            assert_eq!(is, should, "{}, {why}", transfer.name);
            let copies = stage.aws.history("lake", "orders/a.bin").0.len();
            assert_eq!(copies, 1, "{}, {why}: copied again", transfer.name);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn slow_tags_do_not_stay_on_a_newer_copy() {
    for versioned in [false, true] {
        let stage = Stage::without_target(1);
        let lake = Bucket::new("lake", "eu-west-1");
        stage
            .aws
            .create_bucket(if versioned { lake.versioned() } else { lake });
        let slow = Fault::Slow {
            before: Duration::from_secs(10),
            after: Duration::ZERO,
        };
        let rule = Rule::new(slow).on("s3", "PutObjectTagging").times(1);
        stage.aws.inject(rule);
        let source = many_tags(TestObject::new("in/a.bin", "older"));
        stage.aws.put("raw", source);
        let daemon = stage.start(&stage.config(STREAM)).await;
        tokio::time::sleep(Duration::from_secs(3)).await;
        let source = TestObject::new("in/a.bin", "newer").tag("stage", "two");
        stage.aws.put("raw", source);
        stage.drained().await;
        daemon.stop().await;
        assert_eq!(stage.copy("a.bin").as_deref(), Some(&b"newer"[..]));
        let is = tags(&stage, "lake", "orders/a.bin");
        let should = tags(&stage, "raw", "in/a.bin");
        assert_eq!(is, should, "versioned: {versioned}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_upload_that_was_opened_with_other_tags_is_not_gone_on_with() {
    let transfer = TRANSFERS[2];
    let stage = transfer.stage();
    let calls = AtomicUsize::new(0);
    // Some parts get through, all attempts of the others do not; then it goes on.
    let some = Rule::new(Fault::SlowDown).on("s3", "UploadPartCopy");
    let some = some.when(move |_| (2..40).contains(&calls.fetch_add(1, Ordering::Relaxed)));
    stage.aws.inject(some);
    let once = AtomicUsize::new(0);
    stage
        .aws
        .watch(Some(Arc::new(move |aws: &Aws, call: &Call, moment| {
            let interrupted = call.operation == "ChangeMessageVisibilityBatch";
            if interrupted && moment == Moment::Before && once.fetch_add(1, Ordering::Relaxed) == 0
            {
                aws.tag("raw", "in/a.bin", ("stage", "changed"));
            }
        })));
    transfer.copy(&stage, &transfer.source(), "").await;
    let is = tags(&stage, "lake", "orders/a.bin");
    assert_eq!(is, tags(&stage, "raw", "in/a.bin"));
    assert_eq!(is["stage"], "changed");
    assert_eq!(stage.aws.uploads("lake").len(), 0, "uploads are left");
}

#[tokio::test(start_paused = true)]
async fn nothing_is_taken_for_no_tags_by_who_may_not_read_them() {
    for (policy, arrives) in [("require", false), ("best-effort", true), ("skip", true)] {
        let stage = Stage::new(1);
        let denial = Denial {
            access_key: HOME_KEY.into(),
            action: GET.into(),
            resource: "raw".into(),
        };
        stage.aws.access(|access| access.deny(denial));
        // Whether it has tags is what cannot be seen.
        stage.put("a.bin", "untagged");
        let config = stage.config(&format!("{STREAM}\ntags = \"{policy}\""));
        let daemon = stage.start(&config).await;
        stage.drained().await;
        daemon.stop().await;
        assert_eq!(stage.copy("a.bin").is_some(), arrives, "{policy}");
        assert_eq!(stage.dead_lettered().await.is_empty(), arrives, "{policy}");
    }
}

#[tokio::test(start_paused = true)]
async fn each_policy_of_tags_does_what_it_says_where_a_right_is_missing() {
    for transfer in TRANSFERS {
        for (policy, denied, arrives, tagged) in [
            ("require", None, true, true),
            ("require", Some((GET, "raw")), false, false),
            ("require", Some((PUT, "lake")), false, false),
            ("best-effort", None, true, true),
            ("best-effort", Some((GET, "raw")), true, false),
            ("best-effort", Some((PUT, "lake")), true, false),
            ("skip", None, true, false),
            ("skip", Some((GET, "raw")), true, false),
            ("skip", Some((PUT, "lake")), true, false),
        ] {
            let why = format!("{}, {policy}, without {denied:?}", transfer.name);
            let stage = transfer.stage();
            if let Some((action, bucket)) = denied {
                let denial = Denial {
                    access_key: HOME_KEY.into(),
                    action: action.into(),
                    resource: bucket.into(),
                };
                stage.aws.access(|access| access.deny(denial));
            }
            stage.aws.put("raw", transfer.source());
            let config = stage.config(&format!("{}\ntags = \"{policy}\"", transfer.config));
            let daemon = stage.start(&config).await;
            stage.drained().await;
            daemon.stop().await;
            let dead_lettered = stage.dead_lettered().await;
            assert_eq!(
                dead_lettered.is_empty(),
                arrives,
                "{why}: {dead_lettered:?}"
            );
            let copy = stage.aws.object("lake", "orders/a.bin");
            assert_eq!(copy.is_some(), arrives, "{why}");
            if arrives {
                let is = tags(&stage, "lake", "orders/a.bin");
                let should = tags(&stage, "raw", "in/a.bin");
                assert_eq!(!is.is_empty(), tagged, "{why}");
                assert!(is.is_empty() || is == should, "{why}");
            } else {
                let (reason, error) = &dead_lettered[0];
                assert_eq!(reason, "denied", "{why}");
                assert!(
                    error.contains(denied.expect("a denial").0),
                    "{why}: {error}"
                );
            }
            if policy == "skip" {
                let calls = stage.aws.calls();
                let read = calls.count("s3", "GetObjectTagging");
                assert_eq!(read + calls.count("s3", "PutObjectTagging"), 0, "{why}");
            }
        }
    }
}
