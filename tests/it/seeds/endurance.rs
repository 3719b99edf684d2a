//! A copy that outlasts what SQS lets anybody hold its message: half a day of one object, and trouble
//! around the moment at which its message is re-queued.

use std::borrow::Cow;

use fastrand::Rng;

use super::draw::pick;
use super::operation::Operation;
use super::script::{Act, AfterCopy, Denied, Outside, Script, Shape, Step, Trouble, When};
use super::storms::{Ill, Storm, quiet};
use crate::aws::Moment;

const HOUR: u64 = 3_600_000;

/// SQS ends every hold after this.
const HOLD: u64 = 12 * HOUR;

/// Makes the last object of a small world that long to copy.
pub(super) fn outlast(rng: &mut Rng, script: &mut Script, span: u64) {
    let small = script.keys.len() <= 3 && script.routes.len() == 1;
    if !small || !script.routes[0].streamed || script.after_copy == AfterCopy::Move {
        return;
    }
    // Half a day is long enough without a heartbeat every ten seconds.
    script.visibility = 120_000;
    // 40 MiB in 12 to 19 hours, a part in 1.5 to 2.5.
    script.bandwidth = Some(rng.u64(600..960));
    script.routes[0].part_size = Some(Cow::Borrowed("5MiB"));
    let key = rng.usize(..script.keys.len());
    let put = |rng: &mut Rng, shape| {
        Act::Outside(Outside::Put {
            key,
            content: rng.u8(..3),
            attributes: pick(rng, &[0, 1, 2]),
            shape,
        })
    };
    let at = |when, act| Step {
        when: When::At(when),
        act,
    };
    let shape = pick(rng, &[Shape::Large, Shape::LargeParts]);
    let large = at(span + 1_000, put(rng, shape));
    script.steps.push(large);
    if rng.u8(..4) == 0 {
        let shape = pick(rng, &[Shape::Single, Shape::Large]);
        let again = at(span + rng.u64(HOUR..14 * HOUR), put(rng, shape));
        script.steps.push(again);
    }
    let requeued = span + HOLD - script.visibility / 2;
    if rng.u8(..3) == 0 {
        script.steps.push(Step {
            when: When::Call {
                call: Operation::SendMessage,
                nth: rng.usize(..2),
                moment: pick(rng, &[Moment::Before, Moment::After]),
            },
            act: Act::Trouble(Trouble::Crash {
                daemon: None,
                back: pick(rng, &[100, 40_000]),
            }),
        });
    }
    if rng.u8(..3) == 0 {
        let daemon = rng.usize(..script.daemons.len());
        let trouble = pick(
            rng,
            &[
                Trouble::Crash {
                    daemon: Some(daemon),
                    back: 2_000,
                },
                Trouble::Stop {
                    daemon,
                    back: 2_000,
                },
                Trouble::Deny {
                    what: Denied::Send,
                    time: HOUR,
                },
            ],
        );
        let when = requeued - rng.u64(..HOUR);
        script.steps.push(at(when, Act::Trouble(trouble)));
    }
    if rng.bool() {
        script.storms.push(around(rng, requeued));
    }
}

/// What strikes while it is re-queued.
fn around(rng: &mut Rng, requeued: u64) -> Storm {
    let from = requeued - rng.u64(..120_000);
    let happens = rng.bool();
    let ills = [
        Ill::Lost(quiet(rng)),
        Ill::Dropped(quiet(rng)),
        Ill::Internal,
        Ill::SlowDown,
        Ill::Empty200 { happens },
    ];
    Storm {
        from,
        until: from + rng.u64(60_000..600_000),
        call: pick(
            rng,
            &[
                Operation::SendMessage,
                Operation::SendMessage,
                Operation::DeleteMessageBatch,
                Operation::ReceiveMessage,
            ],
        ),
        ill: pick(rng, &ills),
        chance: pick(rng, &[0.5, 1.0]),
    }
}
