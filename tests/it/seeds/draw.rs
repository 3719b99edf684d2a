//! From a seed to a script: small simulations, and now and then everything at once.

use std::borrow::Cow;

use fastrand::Rng;

use super::endurance::outlast;
use super::operation::Operation;
use super::script::{
    AccessPoints, Act, AfterCopy, Denied, Envelope, Outside, Place, Script, Shape, Step, Target,
    Trouble, Unruly, When,
};
use super::storms::{copying, quiet, storm, telling};
use crate::aws::Moment;

/// Keys as people name them.
const KEYS: [&str; 6] = [
    "a.csv",
    "b c+d.csv",
    "ü/é 100%.json",
    "e//f",
    "g%2Fh",
    "~x'(!)*.csv",
];

/// In a simulation of many keys, there are at most so many.
const CROWD: usize = 30;

/// From the in-memory AWS's usual beginning to midnight.
const TO_MIDNIGHT: u64 = 15 * 3_600_000;

const LATENCIES: [u64; 4] = [0, 40, 600, 4_000];

/// How long the story takes to tell.
const SPANS: [u64; 4] = [300, 4_000, 30_000, 240_000];

impl Script {
    /// Draws the script of a seed.
    pub(super) fn draw(seed: u64) -> Self {
        let mut rng = Rng::with_seed(seed);
        let rng = &mut rng;
        let span = pick(rng, &SPANS);
        let visibility = pick(rng, &[30_000, 30_000, 60_000, 120_000]);
        // Enough for full batches, full answers, and holds by many keys failing.
        let crowded = rng.u8(..12) == 0;
        let keys = if crowded {
            rng.usize(9..=CROWD)
        } else {
            rng.usize(1..=3)
        };
        let daemons = pick(rng, &[1, 1, 2, 3]);
        let streamed = rng.bool();
        let routes = (0..pick(rng, &[1, 1, 1, 2]))
            .map(|n| Target {
                place: place(rng),
                streamed: (n == 0) == streamed,
                dated: rng.u8(..8) == 0,
                follows: false,
                sse: None,
                part_size: None,
                class: None,
            })
            .collect::<Vec<_>>();
        let dated = routes.iter().any(|route| route.dated);
        let mut script = Self {
            rng: rng.u64(..),
            begins: if dated && rng.bool() {
                TO_MIDNIGHT - rng.u64(..span)
            } else {
                0
            },
            source: place(rng),
            routes,
            after_copy: AfterCopy::Keep,
            conditional: rng.u8(..6) > 0,
            visibility,
            max_attempts: pick(rng, &[2, 10, 10, 10]),
            daemons: (0..daemons).map(|_| rng.u32(1..=6)).collect(),
            large: false,
            durable: false,
            reported: false,
            crawls_fail: 0,
            access_points: AccessPoints::Open,
            bandwidth: None,
            keys: names(rng, keys),
            latency: pick(rng, &LATENCIES),
            queue: unruly(rng, span),
            storms: Vec::new(),
            steps: Vec::new(),
        };
        removal(rng, &mut script);
        let follows = script.routes.iter().any(|route| route.follows);
        if !script.conditional || follows {
            // Nothing can hold back a late write there once a second consumer of the same message
            // has settled it: docs/guarantees.md, "What is not promised".
            script.queue.twice = 0.0;
        }
        for key in 0..keys {
            let changes = rng.usize(1..=if crowded { 2 } else { 5 });
            history(rng, &mut script, key, changes, span);
        }
        for _ in 0..pick(rng, &[0, 1, 2, 4]) {
            let storm = storm(rng, &script, span);
            script.storms.push(storm);
        }
        for _ in 0..pick(rng, &[0, 0, 1, 2, 5]) {
            let act = trouble(rng, &script);
            let when = when(rng, &act, &script, span);
            script.steps.push(Step { when, act });
        }
        details(rng, &mut script, span);
        script
    }
}

/// What else a simulation may have: drawn last, so that older seeds keep the rest of their story.
fn details(rng: &mut Rng, script: &mut Script, span: u64) {
    script.large = rng.u8(..6) == 0;
    for route in &mut script.routes {
        route.sse =
            pick(rng, &[None, None, None, Some("AES256"), Some("aws:kms")]).map(Cow::Borrowed);
        route.class = pick(
            rng,
            &[None, None, None, Some("STANDARD_IA"), Some("GLACIER")],
        )
        .map(Cow::Borrowed);
    }
    script.durable = rng.u8(..3) == 0;
    script.crawls_fail = pick(rng, &[0, 0, 0, 1, 2]);
    for route in &mut script.routes {
        // So large that parts of streams are streamed.
        let streamed = route.streamed && rng.u8(..12) == 0;
        route.part_size = streamed.then_some(Cow::Borrowed("17MiB"));
    }
    script.reported = rng.u8(..4) == 0;
    if script.reported && rng.bool() {
        script.storms.push(telling(rng, span));
    }
    if script.reported && rng.u8(..6) == 0 {
        let (what, time) = (Denied::Tell, pick(rng, &[2_000, 40_000, 400_000]));
        let act = Act::Trouble(Trouble::Deny { what, time });
        let when = When::At(rng.u64(..span));
        script.steps.push(Step { when, act });
    }
    if rng.u8(..6) == 0 {
        // Far, all is streamed.
        let far = script.streams() && rng.bool();
        script.access_points = if far {
            AccessPoints::Far
        } else {
            AccessPoints::Near
        };
    }
    if rng.u8(..100) == 0 {
        outlast(rng, script, span);
    }
    if rng.u8(..8) == 0 {
        let count = pick(rng, &[10, 20, 60]);
        let act = Act::Outside(Outside::Unreadable { count });
        let when = When::At(rng.u64(..span));
        script.steps.push(Step { when, act });
    }
}

pub(super) fn pick<T: Clone>(rng: &mut Rng, from: &[T]) -> T {
    from[rng.usize(..from.len())].clone()
}

fn names(rng: &mut Rng, count: usize) -> Vec<String> {
    let mut all: Vec<_> = KEYS.iter().map(ToString::to_string).collect();
    rng.shuffle(&mut all);
    all.extend((all.len()..count).map(|n| format!("{n}.csv")));
    all.truncate(count);
    all
}

fn place(rng: &mut Rng) -> Place {
    Place {
        versioned: rng.bool(),
        kms: rng.u8(..8) == 0,
    }
}

/// Lets some routes take away copies or source objects, where the configuration allows it.
fn removal(rng: &mut Rng, script: &mut Script) {
    match rng.u8(..6) {
        0..=1 => {
            for route in &mut script.routes {
                route.follows = !route.dated && rng.u8(..4) > 0;
            }
        }
        2 => {
            script.after_copy = pick(rng, &[AfterCopy::Delete, AfterCopy::Move]);
            // Else content that repeats can be lost, which the start warns about.
            script.conditional = true;
            script.source.versioned = true;
            for route in &mut script.routes {
                route.place.versioned = true;
            }
        }
        _ => {}
    }
}

fn unruly(rng: &mut Rng, span: u64) -> Unruly {
    if rng.u8(..3) == 0 {
        return Unruly::default();
    }
    let mut chance = |most: f64| if rng.bool() { rng.f64() * most } else { 0.0 };
    Unruly {
        duplicate: chance(0.5),
        twice: chance(0.3),
        undead: chance(0.2),
        late: pick(rng, &[0, 50, span, 60_000]),
        shuffle: rng.bool(),
    }
}

fn shape(rng: &mut Rng) -> Shape {
    pick(
        rng,
        &[
            Shape::Single,
            Shape::Single,
            Shape::Single,
            Shape::Single,
            Shape::Multipart,
            Shape::Composite,
            Shape::Kms,
            Shape::Empty,
        ],
    )
}

/// What happens to one source: it comes into being, and goes through changes.
fn history(rng: &mut Rng, script: &mut Script, key: usize, changes: usize, span: u64) {
    let follows = script.routes.iter().any(|route| route.follows);
    for n in 0..changes {
        let large = if script.streams() { 160 } else { 10 };
        let shape = if rng.u8(..large) == 0 {
            pick(rng, &[Shape::Large, Shape::LargeParts])
        } else {
            shape(rng)
        };
        // The contents are few, so that they repeat.
        let put = Outside::Put {
            key,
            content: rng.u8(..3),
            attributes: pick(rng, &[0, 0, 1, 2]),
            shape,
        };
        let act = match rng.u8(..13) {
            _ if n == 0 => put,
            0..=1 => Outside::Delete { key },
            9..=12 if follows => Outside::Delete { key },
            2 => Outside::DeleteVersion {
                key,
                back: rng.usize(..3),
            },
            3..=4 => Outside::Undelete { key },
            5 => Outside::Hint {
                key,
                envelope: pick(
                    rng,
                    &[
                        Envelope::S3,
                        Envelope::Sns,
                        Envelope::EventBridge,
                        Envelope::Work,
                        Envelope::Removal,
                        Envelope::Several,
                    ],
                ),
                true_etag: rng.bool(),
            },
            _ => put,
        };
        let act = Act::Outside(act);
        let when = if n == 0 {
            When::At(rng.u64(..span))
        } else {
            when(rng, &act, script, span)
        };
        script.steps.push(Step { when, act });
    }
}

/// Trouble that is not the source's.
fn trouble(rng: &mut Rng, script: &Script) -> Act {
    let daemon = rng.usize(..script.daemons.len());
    let key = rng.usize(..script.keys.len());
    let route = rng.usize(..script.routes.len());
    let outside = match rng.u8(..15) {
        0..=2 => Outside::Noise,
        3..=4 => Outside::Meddle {
            route,
            key,
            content: rng.u8(..3),
        },
        5 => Outside::MeddleDelete { route, key },
        _ => return Act::Trouble(daemon_trouble(rng, script, daemon, route)),
    };
    Act::Outside(outside)
}

fn daemon_trouble(rng: &mut Rng, script: &Script, daemon: usize, route: usize) -> Trouble {
    let soon = pick(rng, &[100, 2_000, 40_000, 400_000]);
    match rng.u8(..10) {
        0..=3 => Trouble::Crash {
            daemon: rng.bool().then_some(daemon),
            back: soon,
        },
        4 => Trouble::Stop { daemon, back: soon },
        5 => Trouble::Dark {
            daemon,
            time: soon,
            quiet: quiet(rng),
        },
        6 => Trouble::Jump { time: soon },
        7 => Trouble::Deny {
            what: pick(
                rng,
                &[
                    Denied::Read,
                    Denied::Look(route),
                    Denied::Write(route),
                    // Who streams believes for a minute that tags may be read: docs/guarantees.md,
                    // "What is not promised".
                    if script.streams() {
                        Denied::WriteTags(route)
                    } else {
                        Denied::ReadTags
                    },
                    Denied::Remove,
                    Denied::Receive,
                    Denied::Delete,
                    Denied::DeadLetter,
                ],
            ),
            time: soon,
        },
        8 => Trouble::Vanish {
            route: rng.bool().then_some(route),
            time: soon,
        },
        _ => Trouble::Disable { time: soon },
    }
}

/// Mostly at a time; sometimes exactly around a call of the daemons.
fn when(rng: &mut Rng, act: &Act, script: &Script, span: u64) -> When {
    let own_call = matches!(act, Act::Trouble(Trouble::Crash { daemon: None, .. }));
    let timed = matches!(
        act,
        Act::Trouble(Trouble::Jump { .. } | Trouble::Stop { .. })
    );
    if timed || !own_call && rng.u8(..3) > 0 {
        return When::At(rng.u64(..span));
    }
    let mut calls = copying(script);
    if own_call {
        calls.extend([
            Operation::ReceiveMessage,
            Operation::DeleteMessageBatch,
            Operation::SendMessage,
            Operation::ChangeMessageVisibility,
            Operation::ChangeMessageVisibilityBatch,
            Operation::StartCrawler,
            Operation::GetCrawler,
        ]);
    }
    When::Call {
        call: pick(rng, &calls),
        nth: rng.usize(..6),
        moment: if rng.bool() {
            Moment::Before
        } else {
            Moment::After
        },
    }
}
