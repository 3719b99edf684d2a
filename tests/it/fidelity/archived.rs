//! Sources that must be restored before they can be read.

use std::time::Duration;

use super::{WAYS, Way};
use crate::aws::{Denial, Fault, HOME_KEY, Moment, Restore, Rule, Seed};
use crate::stage::{Stage, at, events, until, work};

const RESTORE: &str = "glacier = \"restore\"\nrestore_days = 3";

/// How a source is archived.
const ARCHIVES: [&str; 3] = ["GLACIER", "DEEP_ARCHIVE", "INTELLIGENT_TIERING"];

fn archived(way: Way, class: &str) -> Seed {
    if class == "INTELLIGENT_TIERING" {
        way.source().tier("DEEP_ARCHIVE_ACCESS")
    } else {
        way.source().storage_class(class)
    }
}

fn count(stage: &Stage, operation: &str) -> usize {
    stage.world.calls().count("s3", operation)
}

#[tokio::test(start_paused = true)]
async fn an_archived_source_is_parked_or_left_as_the_route_says() {
    for way in WAYS {
        for class in ARCHIVES {
            for (policy, parked) in [("park", true), ("skip", false)] {
                let why = format!("{}, {class}, {policy}", way.name);
                let stage = way.stage();
                stage.world.put("raw", archived(way, class));
                let config = format!("{}\nglacier = \"{policy}\"", way.config);
                let daemon = stage.start(&stage.config(&config)).await;
                stage.drained().await;
                assert!(!daemon.is_held("orders"), "{why}");
                daemon.stop().await;
                assert!(
                    stage.world.object("lake", "orders/a.bin").is_none(),
                    "{why}"
                );
                assert_eq!(count(&stage, "CreateMultipartUpload"), 0, "{why}");
                assert_eq!(count(&stage, "RestoreObject"), 0, "{why}");
                let told = stage.parked().await;
                assert_eq!(!told.is_empty(), parked, "{why}: {told:?}");
                for (reason, error) in told {
                    assert_eq!(reason, "archived", "{why}");
                    assert!(error.contains("glacier = \"restore\""), "{why}: {error}");
                }
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn what_was_restored_is_copied_at_once_where_s3_tells_and_in_the_end_where_not() {
    for (way, class, days, announced) in [
        (0, "GLACIER", 3, true),
        (0, "DEEP_ARCHIVE", 3, false),
        // What is restored of it stays.
        (0, "INTELLIGENT_TIERING", 0, true),
        (1, "GLACIER", 3, true),
        (2, "DEEP_ARCHIVE", 3, true),
        (3, "INTELLIGENT_TIERING", 0, false),
        (4, "GLACIER", 3, true),
    ] {
        let way = WAYS[way];
        let why = format!("{}, {class}, announced: {announced}", way.name);
        let stage = way.stage();
        stage.world.put("raw", archived(way, class));
        // What can be had within minutes is looked at again within minutes.
        let (tier, soon) = match class {
            "DEEP_ARCHIVE" => ("Standard", Duration::from_hours(4)),
            _ => ("Expedited", Duration::from_mins(10)),
        };
        let lines = format!("{}\n{RESTORE}\nrestore_tier = \"{tier}\"", way.config);
        let mut config = stage.config(&lines);
        // None of this counts as a try.
        events(&mut config).max_receive_count = 1;
        let daemon = stage.start(&config).await;
        let restore = || stage.world.restore_of("raw", "in/a.bin");
        until("a restore is asked for", || restore().0 == Restore::Ongoing).await;
        assert_eq!(restore().1, days, "{why}");
        // Looked at now and then, and asked for once.
        tokio::time::sleep(soon + soon / 2).await;
        assert_eq!(count(&stage, "RestoreObject"), 1, "{why}");
        let looks = count(&stage, "HeadObject");
        assert!((3..=5).contains(&looks), "{why}: {looks} looks");
        stage.world.restored("raw", "in/a.bin", announced);
        if announced {
            tokio::time::sleep(Duration::from_mins(1)).await;
            assert!(
                stage.world.object("lake", "orders/a.bin").is_some(),
                "{why}"
            );
        }
        tokio::time::sleep(soon).await;
        stage.drained().await;
        daemon.stop().await;
        let parked = stage.parked().await;
        assert!(parked.is_empty(), "{why}: {parked:?}");
        let copies = stage.world.history("lake", "orders/a.bin").0.len();
        assert_eq!(copies, 1, "{why}");
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_archived_again_before_it_is_copied_is_restored_again() {
    for way in [2, 4] {
        let way = WAYS[way];
        let stage = way.stage();
        stage.world.put("raw", archived(way, "GLACIER"));
        at(&stage, way.call, 0, Moment::Before, move |world| {
            world.put("raw", archived(way, "GLACIER"));
        });
        let daemon = stage
            .start(&stage.config(&format!("{}\n{RESTORE}", way.config)))
            .await;
        for times in 1..=2 {
            until("a restore is asked for", || {
                count(&stage, "RestoreObject") == times
            })
            .await;
            stage.world.restored("raw", "in/a.bin", true);
        }
        stage.drained().await;
        daemon.stop().await;
        let parked = stage.parked().await;
        assert!(parked.is_empty(), "{}: {parked:?}", way.name);
        assert!(
            stage.world.object("lake", "orders/a.bin").is_some(),
            "{}",
            way.name
        );
    }
}

#[tokio::test(start_paused = true)]
async fn many_archived_sources_do_not_hold_their_route() {
    for (lines, reason) in [("", "archived"), ("glacier = \"restore\"", "")] {
        let stage = Stage::new(1);
        for n in 0..20 {
            let seed = Seed::new(&format!("in/{n}"), "old");
            stage.world.put("raw", seed.storage_class("GLACIER"));
        }
        let daemon = stage.start(&stage.config(lines)).await;
        tokio::time::sleep(Duration::from_mins(5)).await;
        assert!(!daemon.is_held("orders"), "{reason}");
        stage.put("new", "x");
        tokio::time::sleep(Duration::from_secs(1)).await;
        assert!(stage.copy("new").is_some(), "{reason}");
        daemon.stop().await;
        let parked = stage.parked().await;
        assert!(parked.iter().all(|(told, _)| told == reason), "{parked:?}");
        assert_eq!(parked.len(), if reason.is_empty() { 0 } else { 20 });
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
    stage.world.access(|access| access.deny(denial));
    let seed = Seed::new("in/a.bin", "old").storage_class("GLACIER");
    stage.world.put("raw", seed);
    let daemon = stage.start(&stage.config(RESTORE)).await;
    stage.drained().await;
    daemon.stop().await;
    let parked = stage.parked().await;
    assert_eq!(parked[0].0, "denied");
    assert!(parked[0].1.contains("s3:RestoreObject"), "{parked:?}");
}

#[tokio::test(start_paused = true)]
async fn two_who_ask_for_one_restore_both_wait_for_it() {
    let stage = Stage::new(1);
    let slow = Fault::Slow {
        before: Duration::from_secs(2),
        after: Duration::ZERO,
    };
    let rule = Rule::new(slow).on("s3", "RestoreObject");
    stage.world.inject(rule);
    let seed = Seed::new("in/a.bin", "old").storage_class("GLACIER");
    stage.world.put("raw", seed);
    stage.send(&work("in/a.bin")).await;
    let daemon = stage.start(&stage.config(RESTORE)).await;
    tokio::time::sleep(Duration::from_mins(1)).await;
    let calls = stage.world.calls();
    let told: Vec<_> = calls.of("s3", "RestoreObject").map(|c| c.status).collect();
    assert_eq!(told, [Some(202), Some(409)]);
    stage.world.restored("raw", "in/a.bin", true);
    tokio::time::sleep(Duration::from_hours(4)).await;
    stage.drained().await;
    daemon.stop().await;
    assert!(stage.parked().await.is_empty());
    assert!(stage.copy("a.bin").is_some());
}
