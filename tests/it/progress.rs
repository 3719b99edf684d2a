//! How far copies in parts have come, as `/status.json` shows it.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use serde_json::Value;
use tokio::time::sleep;

use crate::aws::{Fault, Rule, Silence, TestObject};
use crate::stage::{Daemon, Stage, until};

const MIB: u64 = 1 << 20;
const PART: Duration = Duration::from_secs(40);

fn copies(daemon: &Daemon) -> Vec<Value> {
    let status = serde_json::to_value(daemon.view.status()).expect("it is JSON");
    status["copies"].as_array().expect("a list").clone()
}

fn slow() -> Rule {
    let slow = Fault::Slow {
        before: PART,
        after: Duration::ZERO,
    };
    Rule::new(slow).on("s3", "UploadPartCopy")
}

#[tokio::test(start_paused = true)]
async fn a_copy_in_parts_is_seen_from_its_first_part_to_its_end() {
    let stage = Stage::new(1);
    stage.aws.inject(slow());
    stage
        .aws
        .put("raw", TestObject::claimed("in/a.bin", 1 << 30, 1));
    let daemon = stage.start(&stage.config("")).await;
    until("it is seen", || !copies(&daemon).is_empty()).await;
    let copy = &copies(&daemon)[0];
    let want = serde_json::json!({
        "route": "orders", "key": "in/a.bin", "transfer": "server_side_parts",
        "bytes": 0, "size": 1 << 30, "parts": 0, "of_parts": 16, "resumed_from": 0,
        "bytes_per_second": 0, "seconds_left": null,
    });
    assert_eq!(*copy, want);

    // Eight of sixteen parts, in 40 s.
    sleep(PART + Duration::from_secs(1)).await;
    let copy = &copies(&daemon)[0];
    assert_eq!(copy["bytes"], 512 * MIB);
    assert_eq!(copy["parts"], 8);
    let rate = copy["bytes_per_second"].as_u64().expect("a number") / MIB;
    assert!((11..=13).contains(&rate), "{rate} MiB/s");
    let left = copy["seconds_left"].as_u64().expect("a number");
    assert!((38..=44).contains(&left), "{left} s left");

    stage.drained().await;
    assert_eq!(copies(&daemon), Vec::<Value>::new(), "it has ended");
    daemon.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_copy_that_fails_or_loses_its_lease_is_seen_no_longer_and_goes_on_where_it_was() {
    for (why, fault) in [
        ("it fails", Fault::SlowDown),
        ("nobody answers", Fault::Dropped(Silence::Hang)),
    ] {
        let stage = Stage::new(1);
        let calls = AtomicUsize::new(0);
        let hangs = fault == Fault::Dropped(Silence::Hang);
        // Some parts get through; the others fail until the first delivery has given up.
        let rule = Rule::new(fault).on("s3", "UploadPartCopy");
        stage.aws.inject(rule.when(move |_| {
            let call = calls.fetch_add(1, Ordering::Relaxed);
            let failing = if hangs { 4..8 } else { 8..14 };
            failing.contains(&call)
        }));
        if hangs {
            let never = Fault::InternalError;
            let never = Rule::new(never).on("sqs", "ChangeMessageVisibility");
            stage.aws.inject(never.times(40));
        }
        stage.aws.inject(slow());
        let seed = TestObject::claimed("in/a.bin", 640 * MIB, 1);
        stage.aws.put("raw", seed);
        let daemon = stage.start(&stage.config("")).await;
        until("it is seen", || !copies(&daemon).is_empty()).await;
        let goes_on = |copy: &Value| copy["resumed_from"] != 0;
        until("it goes on", || copies(&daemon).iter().any(goes_on)).await;
        let copies_now = copies(&daemon);
        let [copy] = &copies_now[..] else {
            panic!("{why}: the first try is still seen: {copies_now:?}")
        };
        let resumed = copy["resumed_from"].as_u64().expect("a number");
        assert!(resumed >= 4 * 64 * MIB, "{why}: {resumed}");
        assert_eq!(copy["bytes"], resumed, "{why}");
        assert_eq!(copy["bytes_per_second"], 0, "{why}: that was another's");
        stage.drained().await;
        assert_eq!(copies(&daemon), Vec::<Value>::new(), "{why}");
        daemon.stop().await;
    }
}
