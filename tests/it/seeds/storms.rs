//! Which calls a storm strikes, and how.

use std::time::Duration;

use fastrand::Rng;
use serde::{Deserialize, Serialize};

use super::draw::pick;
use super::operation::Operation;
use super::script::{Act, Outside, Script, Shape, Step};
use crate::aws::{Fault, Silence, Tear};

/// A fault that strikes calls for a while.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Storm {
    pub(super) from: u64,
    pub(super) until: u64,
    pub(super) call: Operation,
    pub(super) ill: Ill,
    pub(super) chance: f64,
}

/// What goes wrong with a call.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Ill {
    Lost(Quiet),
    Dropped(Quiet),
    /// It happens after so long, and nobody hears of it.
    Late(u64, Quiet),
    SlowDown,
    Internal,
    ErrorIn200 {
        happens: bool,
    },
    Empty200 {
        happens: bool,
    },
    Conflict,
    Slow {
        before: u64,
        after: u64,
    },
    /// The copy reads its source at once and writes after so long.
    LongCopy(u64),
    TornReset,
    TornEnd,
    TornStall(u64),
    /// The same of what is sent.
    SentReset,
    SentStall(u64),
    Entries(Vec<usize>),
}

/// How no answer looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Quiet {
    Hang,
    Reset,
}

impl From<Quiet> for Silence {
    fn from(quiet: Quiet) -> Self {
        match quiet {
            Quiet::Hang => Self::Hang,
            Quiet::Reset => Self::Reset,
        }
    }
}

impl From<&Ill> for Fault {
    fn from(ill: &Ill) -> Self {
        let ms = Duration::from_millis;
        match *ill {
            Ill::Lost(quiet) => Self::Lost(quiet.into()),
            Ill::Dropped(quiet) => Self::Dropped(quiet.into()),
            Ill::Late(after, quiet) => Self::Late(ms(after), quiet.into()),
            Ill::SlowDown => Self::SlowDown,
            Ill::Internal => Self::InternalError,
            Ill::ErrorIn200 { happens } => Self::ErrorIn200 {
                code: "InternalError",
                happens,
            },
            Ill::Empty200 { happens } => Self::Empty200 { happens },
            Ill::Conflict => Self::Conflict,
            Ill::Slow { before, after } => Self::Slow {
                before: ms(before),
                after: ms(after),
            },
            Ill::LongCopy(time) => Self::LongCopy(ms(time)),
            Ill::TornReset => Self::Torn(Tear::Reset),
            Ill::TornEnd => Self::Torn(Tear::End),
            Ill::TornStall(time) => Self::Torn(Tear::Stall(ms(time))),
            Ill::SentReset => Self::Sent(Tear::Reset),
            Ill::SentStall(time) => Self::Sent(Tear::Stall(ms(time))),
            Ill::Entries(ref positions) => Self::Entries(positions.clone()),
        }
    }
}

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

/// A storm on what tells others of arrivals.
pub(super) fn telling(rng: &mut Rng, span: u64) -> Storm {
    let from = rng.u64(..span);
    let happens = rng.bool();
    let ills = [
        Ill::Lost(quiet(rng)),
        Ill::Dropped(quiet(rng)),
        Ill::Late(rng.u64(1..30_000), quiet(rng)),
        Ill::SlowDown,
        Ill::Internal,
        Ill::Empty200 { happens },
        Ill::Entries((0..10).filter(|_| rng.bool()).collect()),
    ];
    Storm {
        from,
        until: from + 1 + rng.u64(..300_000),
        call: Operation::PublishBatch,
        ill: pick(rng, &ills),
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
