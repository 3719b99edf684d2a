//! Uploads that were begun: gone on with where that may be, else aborted, whatever comes in between.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::aws::{Access, Aws, Call, Denial, Fault, HOME_KEY, Moment, Rule};
use crate::parts::{MIB, equal, large};
use crate::stage::{Stage, at, events, until};

/// A copy whose source may no longer be read when its fourth part is to be.
fn denied_half_way() -> Stage {
    let stage = Stage::new(1);
    stage.aws.put("raw", large(640 * MIB, 8));
    at(&stage, "UploadPartCopy", 3, Moment::Before, |aws| {
        aws.access(|access| {
            access.deny(Denial {
                access_key: HOME_KEY.to_owned(),
                action: "s3:GetObject".to_owned(),
                resource: "raw".to_owned(),
            });
        });
    });
    stage
}

#[tokio::test(start_paused = true)]
async fn credentials_that_are_mended_cost_no_parts() {
    let stage = Stage::new(1);
    stage.aws.put("raw", large(640 * MIB, 8));
    let parts = AtomicUsize::new(0);
    let watcher = move |aws: &Aws, call: &Call, when| match call.operation.as_str() {
        "UploadPartCopy"
            if when == Moment::Before && parts.fetch_add(1, Ordering::Relaxed) == 3 =>
        {
            aws.access(|access| access.forget(HOME_KEY));
        }
        // Who would take it back could.
        "AbortMultipartUpload" => aws.access(Access::know_home),
        _ => {}
    };
    stage.aws.watch(Some(Arc::new(watcher)));
    let daemon = stage.start(&stage.config("")).await;
    until("the route is held", || daemon.is_paused("orders")).await;
    stage.aws.access(Access::know_home);
    stage.drained().await;
    daemon.stop().await;
    equal(&stage);
    let calls = stage.aws.calls();
    let opened = calls.of("s3", "CreateMultipartUpload");
    // The route's check opens uploads of its own.
    let opened = opened.filter(|call| !call.checks_a_route());
    assert_eq!(opened.count(), 1, "it went on with what was there");
}

#[tokio::test(start_paused = true)]
async fn who_gets_further_each_time_is_not_parked() {
    let stage = Stage::new(1);
    stage.aws.put("raw", large(640 * MIB, 8));
    // Each try brings two parts, and no more.
    let left = Arc::new(AtomicUsize::new(0));
    let tries = Arc::clone(&left);
    stage
        .aws
        .watch(Some(Arc::new(move |_: &Aws, call: &Call, when| {
            if call.operation == "ListMultipartUploads" && when == Moment::Before {
                tries.store(2, Ordering::Relaxed);
            }
        })));
    let spent = move |_: &Call| {
        let one_less = |left: usize| left.checked_sub(1);
        left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, one_less)
            .is_err()
    };
    let most = Rule::new(Fault::SlowDown).on("s3", "UploadPartCopy");
    stage.aws.inject(most.when(spent));
    let mut config = stage.config("");
    events(&mut config).max_attempts = 2;
    let daemon = stage.start(&config).await;
    stage.drained().await;
    daemon.stop().await;
    equal(&stage);
    let settled = stage.aws.settled();
    let receives = settled.last().map(|settled| settled.receives);
    assert!(receives > Some(2), "{receives:?}");
}

#[tokio::test(start_paused = true)]
async fn an_upload_that_cannot_be_sealed_is_taken_back() {
    let stage = Stage::new(1);
    stage.aws.put("raw", large(640 * MIB, 8));
    let manifest = Denial {
        access_key: HOME_KEY.to_owned(),
        action: "s3:PutObject".to_owned(),
        resource: "lake/orders/a.bin".to_owned(),
    };
    at(&stage, "UploadPart", 0, Moment::Before, move |aws| {
        aws.access(|access| access.deny(manifest.clone()));
    });
    let daemon = stage.start(&stage.config("")).await;
    stage.drained().await;
    daemon.stop().await;
    assert_eq!(stage.dead_lettered().await[0].0, "denied");
    assert_eq!(stage.aws.uploads("lake").len(), 0);
}

#[tokio::test(start_paused = true)]
async fn an_upload_that_does_not_go_is_taken_back_again() {
    let stage = denied_half_way();
    let stays = Rule::new(Fault::Empty200 { happens: false });
    stage.aws.inject(
        stays
            .on("s3", "AbortMultipartUpload")
            .when(|call| !call.checks_a_route())
            .times(2),
    );
    let daemon = stage.start(&stage.config("")).await;
    stage.drained().await;
    daemon.stop().await;
    assert_eq!(stage.aws.uploads("lake").len(), 0);
    let calls = stage.aws.calls();
    let aborts = calls.of("s3", "AbortMultipartUpload");
    assert_eq!(aborts.filter(|call| !call.checks_a_route()).count(), 3);
}

#[tokio::test(start_paused = true)]
async fn a_copy_that_is_parked_leaves_no_upload() {
    let stage = denied_half_way();
    let daemon = stage.start(&stage.config("")).await;
    stage.drained().await;
    daemon.stop().await;
    assert_eq!(stage.dead_lettered().await[0].0, "denied");
    assert_eq!(stage.aws.uploads("lake").len(), 0);
}
