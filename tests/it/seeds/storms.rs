//! Which calls a storm strikes, and how.

use fastrand::Rng;

use super::draw::pick;
use super::operation::Operation;
use super::script::{Act, Ill, Outside, Quiet, Script, Shape, Step, Storm};

/// The calls that copies are made with.
pub(super) fn copying(script: &Script) -> Vec<Operation> {
    let writes = script.routes.iter().map(|route| {
        if route.streamed {
            vec![
                Operation::GetObject,
                Operation::GetObject,
                Operation::PutObject,
                Operation::PutObject,
                Operation::GetObjectTagging,
                Operation::PutObjectTagging,
            ]
        } else {
            vec![Operation::CopyObject; 2]
        }
    });
    let mut calls: Vec<_> = writes.flatten().chain([Operation::HeadObject]).collect();
    if script.removes() {
        calls.extend([Operation::DeleteObject; 2]);
    }
    let large = |step: &Step| {
        let Act::Outside(Outside::Put { shape, .. }) = &step.act else {
            return false;
        };
        matches!(shape, Shape::Large | Shape::LargeParts)
    };
    if script.steps.iter().any(large) {
        calls.extend([
            Operation::CreateMultipartUpload,
            Operation::UploadPart,
            Operation::UploadPartCopy,
            Operation::CompleteMultipartUpload,
            Operation::CompleteMultipartUpload,
            Operation::AbortMultipartUpload,
            Operation::ListMultipartUploads,
            Operation::ListParts,
        ]);
    }
    calls
}

pub(super) fn quiet(rng: &mut Rng) -> Quiet {
    if rng.bool() {
        Quiet::Hang
    } else {
        Quiet::Reset
    }
}

pub(super) fn storm(rng: &mut Rng, script: &Script, span: u64) -> Storm {
    let others = [
        Operation::GetQueueAttributes,
        Operation::ReceiveMessage,
        Operation::ChangeMessageVisibility,
        Operation::ChangeMessageVisibility,
        Operation::ChangeMessageVisibilityBatch,
        Operation::DeleteMessageBatch,
        Operation::SendMessage,
        Operation::StartCrawler,
        Operation::GetCrawler,
    ];
    let call = if rng.u8(..3) > 0 {
        pick(rng, &copying(script))
    } else {
        pick(rng, &others)
    };
    let from = rng.u64(..span);
    let most = pick(rng, &[span, 30_000, 300_000, 1_500_000]);
    Storm {
        from,
        until: from + 1 + rng.u64(..most),
        call,
        ill: ill(rng, call, script.visibility),
        chance: pick(rng, &[0.2, 0.5, 1.0]),
    }
}

fn ill(rng: &mut Rng, call: Operation, visibility: u64) -> Ill {
    // A request lands within W of being sent, or never.
    let w = visibility / 4;
    let any = match rng.u8(..9) {
        0 => Ill::Lost(quiet(rng)),
        1 => Ill::Dropped(quiet(rng)),
        2..=3 => Ill::Late(rng.u64(1..w), quiet(rng)),
        4 => Ill::SlowDown,
        5 => Ill::Internal,
        _ => Ill::Slow {
            before: rng.u64(..w),
            after: rng.u64(..w),
        },
    };
    let happens = rng.bool();
    match (call, rng.u8(..3)) {
        (Operation::CopyObject, 0) => Ill::LongCopy(rng.u64(1..w)),
        (
            Operation::CopyObject | Operation::UploadPartCopy | Operation::CompleteMultipartUpload,
            1,
        ) => pick(
            rng,
            &[
                Ill::ErrorIn200 { happens },
                Ill::Empty200 { happens },
                Ill::Conflict,
            ],
        ),
        (Operation::PutObject, 0) => pick(rng, &[Ill::Conflict, Ill::Empty200 { happens }]),
        (Operation::GetObject, 0..=1) => {
            let time = rng.u64(..40_000);
            pick(rng, &[Ill::TornReset, Ill::TornEnd, Ill::TornStall(time)])
        }
        (Operation::UploadPart, 0) => {
            let time = rng.u64(..40_000);
            pick(rng, &[Ill::SentReset, Ill::SentStall(time)])
        }
        (Operation::SendMessage, 0) => Ill::Empty200 { happens },
        (Operation::DeleteMessageBatch | Operation::ChangeMessageVisibilityBatch, 0) => {
            Ill::Empty200 { happens }
        }
        (Operation::DeleteMessageBatch | Operation::ChangeMessageVisibilityBatch, 1) => {
            Ill::Entries((0..10).filter(|_| rng.bool()).collect())
        }
        _ => any,
    }
}
