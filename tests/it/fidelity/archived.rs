//! Sources that must be restored before they can be read.

use std::time::Duration;

use super::{TRANSFERS, Transfer};
use crate::aws::{Denial, Fault, HOME_KEY, Moment, Restore, Rule, TestObject};
use crate::stage::{Stage, at, events, until, work};

const RESTORE: &str = "glacier = \"restore\"\nrestore_days = 3";

/// How a source is archived.
const ARCHIVES: [&str; 3] = ["GLACIER", "DEEP_ARCHIVE", "INTELLIGENT_TIERING"];

fn archived(transfer: Transfer, class: &str) -> TestObject {
    if class == "INTELLIGENT_TIERING" {
        transfer.source().tier("DEEP_ARCHIVE_ACCESS")
    } else {
        transfer.source().storage_class(class)
    }
}

fn count(stage: &Stage, operation: &str) -> usize {
    stage.aws.calls().count("s3", operation)
}

#[tokio::test(start_paused = true)]
async fn an_archived_source_is_parked_or_left_as_the_route_says() {
    for transfer in TRANSFERS {
        for class in ARCHIVES {
            for (policy, dead_lettered) in [("dead-letter", true), ("skip", false)] {
                let why = format!("{}, {class}, {policy}", transfer.name);
                let stage = transfer.stage();
                stage.aws.put("raw", archived(transfer, class));
                let config = format!("{}\nglacier = \"{policy}\"", transfer.config);
                let daemon = stage.start(&stage.config(&config)).await;
                stage.drained().await;
                assert!(!daemon.is_paused("orders"), "{why}");
                daemon.stop().await;
                assert!(stage.aws.object("lake", "orders/a.bin").is_none(), "{why}");
                assert_eq!(count(&stage, "CreateMultipartUpload"), 0, "{why}");
                assert_eq!(count(&stage, "RestoreObject"), 0, "{why}");
                let reported = stage.dead_lettered().await;
                assert_eq!(!reported.is_empty(), dead_lettered, "{why}: {reported:?}");
                for (reason, error) in reported {
                    assert_eq!(reason, "archived", "{why}");
                    assert!(error.contains("glacier = \"restore\""), "{why}: {error}");
                }
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn what_was_restored_is_copied_at_once_where_s3_tells_and_in_the_end_where_not() {
    for (transfer, class, days, announced) in [
        (0, "GLACIER", 3, true),
        (0, "DEEP_ARCHIVE", 3, false),
        // What is restored of it stays.
        (0, "INTELLIGENT_TIERING", 0, true),
        (1, "GLACIER", 3, true),
        (2, "DEEP_ARCHIVE", 3, true),
        (3, "INTELLIGENT_TIERING", 0, false),
        (4, "GLACIER", 3, true),
    ] {
        let transfer = TRANSFERS[transfer];
        let why = format!("{}, {class}, announced: {announced}", transfer.name);
        let stage = transfer.stage();
        stage.aws.put("raw", archived(transfer, class));
        // What can be had within minutes is looked at again within minutes.
        let (tier, soon) = match class {
            "DEEP_ARCHIVE" => ("Standard", Duration::from_hours(4)),
            _ => ("Expedited", Duration::from_mins(10)),
        };
        let lines = format!("{}\n{RESTORE}\nrestore_tier = \"{tier}\"", transfer.config);
        let mut config = stage.config(&lines);
        // None of this counts as a try.
        events(&mut config).max_attempts = 1;
        let daemon = stage.start(&config).await;
        let restore = || stage.aws.restore_of("raw", "in/a.bin");
        until("a restore is asked for", || restore().0 == Restore::Ongoing).await;
        assert_eq!(restore().1, days, "{why}");
        // Looked at now and then, and asked for once.
        tokio::time::sleep(soon + soon / 2).await;
        assert_eq!(count(&stage, "RestoreObject"), 1, "{why}");
        let looks = count(&stage, "HeadObject");
        assert!((3..=5).contains(&looks), "{why}: {looks} looks");
        stage.aws.restored("raw", "in/a.bin", announced);
        if announced {
            tokio::time::sleep(Duration::from_mins(1)).await;
            assert!(stage.aws.object("lake", "orders/a.bin").is_some(), "{why}");
        }
        tokio::time::sleep(soon).await;
        stage.drained().await;
        daemon.stop().await;
        let dead_lettered = stage.dead_lettered().await;
        assert!(dead_lettered.is_empty(), "{why}: {dead_lettered:?}");
        let copies = stage.aws.history("lake", "orders/a.bin").0.len();
        assert_eq!(copies, 1, "{why}");
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_archived_again_before_it_is_copied_is_restored_again() {
    for transfer in [2, 4] {
        let transfer = TRANSFERS[transfer];
        let stage = transfer.stage();
        stage.aws.put("raw", archived(transfer, "GLACIER"));
        at(&stage, transfer.call, 0, Moment::Before, move |aws| {
            aws.put("raw", archived(transfer, "GLACIER"));
        });
        let daemon = stage
            .start(&stage.config(&format!("{}\n{RESTORE}", transfer.config)))
            .await;
        for times in 1..=2 {
            until("a restore is asked for", || {
                count(&stage, "RestoreObject") == times
            })
            .await;
            stage.aws.restored("raw", "in/a.bin", true);
        }
        stage.drained().await;
        daemon.stop().await;
        let dead_lettered = stage.dead_lettered().await;
        assert!(
            dead_lettered.is_empty(),
            "{}: {dead_lettered:?}",
            transfer.name
        );
        assert!(
            stage.aws.object("lake", "orders/a.bin").is_some(),
            "{}",
            transfer.name
        );
    }
}

#[tokio::test(start_paused = true)]
async fn many_archived_sources_do_not_hold_their_route() {
    for (lines, reason) in [("", "archived"), ("glacier = \"restore\"", "")] {
        let stage = Stage::new(1);
        for n in 0..20 {
            let seed = TestObject::new(&format!("in/{n}"), "old");
            stage.aws.put("raw", seed.storage_class("GLACIER"));
        }
        let daemon = stage.start(&stage.config(lines)).await;
        tokio::time::sleep(Duration::from_mins(5)).await;
        assert!(!daemon.is_paused("orders"), "{reason}");
        stage.put("new", "x");
        tokio::time::sleep(Duration::from_secs(1)).await;
        assert!(stage.copy("new").is_some(), "{reason}");
        daemon.stop().await;
        let dead_lettered = stage.dead_lettered().await;
        assert!(
            dead_lettered.iter().all(|(reported, _)| reported == reason),
            "{dead_lettered:?}"
        );
        assert_eq!(dead_lettered.len(), if reason.is_empty() { 0 } else { 20 });
    }
}

#[tokio::test(start_paused = true)]
async fn who_may_not_restore_is_told_so() {
    let stage = Stage::new(1);
    let denial = Denial {
        access_key: HOME_KEY.into(),
        action: "s3:RestoreObject".into(),
        resource: "raw".into(),
    };
    stage.aws.access(|access| access.deny(denial));
    let seed = TestObject::new("in/a.bin", "old").storage_class("GLACIER");
    stage.aws.put("raw", seed);
    let daemon = stage.start(&stage.config(RESTORE)).await;
    stage.drained().await;
    daemon.stop().await;
    let dead_lettered = stage.dead_lettered().await;
    assert_eq!(dead_lettered[0].0, "denied");
    assert!(
        dead_lettered[0].1.contains("s3:RestoreObject"),
        "{dead_lettered:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn two_who_ask_for_one_restore_both_wait_for_it() {
    let stage = Stage::new(1);
    let slow = Fault::Slow {
        before: Duration::from_secs(2),
        after: Duration::ZERO,
    };
    let rule = Rule::new(slow).on("s3", "RestoreObject");
    stage.aws.inject(rule);
    let seed = TestObject::new("in/a.bin", "old").storage_class("GLACIER");
    stage.aws.put("raw", seed);
    stage.send(&work("in/a.bin")).await;
    let daemon = stage.start(&stage.config(RESTORE)).await;
    tokio::time::sleep(Duration::from_mins(1)).await;
    let calls = stage.aws.calls();
    let reported: Vec<_> = calls.of("s3", "RestoreObject").map(|c| c.status).collect();
    assert_eq!(reported, [Some(202), Some(409)]);
    stage.aws.restored("raw", "in/a.bin", true);
    tokio::time::sleep(Duration::from_hours(4)).await;
    stage.drained().await;
    daemon.stop().await;
    assert!(stage.dead_lettered().await.is_empty());
    assert!(stage.copy("a.bin").is_some());
}
