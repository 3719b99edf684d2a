//! One script in a runtime of its own: played, judged, and cut down where it fails.

use std::cell::RefCell;
use std::panic::{AssertUnwindSafe, PanicHookInfo, catch_unwind};
use std::sync::Once;
use std::time::Duration;

use super::judge::judge;
use super::play::{Played, play};
use super::script::{AccessPoints, Script, Unruly};
use super::tally::Tally;

/// Scripts that are tried while a failing one is cut down, and for how long.
const TRIES: usize = 400;
const PATIENCE: Duration = Duration::from_mins(2);

thread_local! {
    static PANICS: RefCell<Vec<String>> = const { RefCell::new(Vec::new()) };
}

/// Plays a script: what happened, and what was not as promised, in words.
pub(super) fn run(script: &Script) -> (Tally, Vec<String>) {
    keep_panics();
    let judged = catch_unwind(AssertUnwindSafe(|| {
        let played = played(script);
        (Tally::of(&played), judge(&played))
    }));
    // A judge that panics has no verdict, and that is none.
    let undecided = |_| {
        (
            Tally::default(),
            vec!["the play or its judge panicked".to_owned()],
        )
    };
    let (tally, mut broken) = judged.unwrap_or_else(undecided);
    // Workers survive their panics; a seed does not.
    broken.extend(PANICS.take().into_iter().map(|why| format!("panic: {why}")));
    (tally, broken)
}

/// Plays a script in a runtime of its own.
pub(super) fn played(script: &Script) -> Played {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .expect("a runtime without sockets");
    runtime.block_on(play(script))
}

/// Cuts a failing script down to what still fails.
#[expect(
    clippy::disallowed_types,
    reason = "it is a person who waits, not a script"
)]
pub(super) fn shrink(script: &Script) -> Script {
    let mut least = script.clone();
    let (mut at, mut tries) = (0, 0);
    let started = std::time::Instant::now();
    while at < transfers(&least) && tries < TRIES && started.elapsed() < PATIENCE {
        let cut = cut(&least, at);
        tries += 1;
        if cut != least && !run(&cut).1.is_empty() {
            least = cut;
        } else {
            at += 1;
        }
    }
    least
}

type Cut = fn(&mut Script);

/// What else can be made simpler.
const SIMPLER: [Cut; 13] = [
    |script| script.queue = Unruly::default(),
    |script| script.queue.duplicate = 0.0,
    |script| script.queue.twice = 0.0,
    |script| script.queue.undead = 0.0,
    |script| script.queue.late = 0,
    |script| script.queue.shuffle = false,
    |script| script.latency = 0,
    |script| script.large = false,
    |script| script.access_points = AccessPoints::Open,
    |script| script.source.kms = false,
    |script| script.source.versioned = false,
    |script| script.max_attempts = 10,
    |script| {
        for route in &mut script.routes {
            (route.dated, route.place.kms) = (false, false);
            (route.sse, route.class) = (None, None);
            route.part_size = None;
        }
    },
];

/// How many ways there are to make a script smaller.
fn transfers(script: &Script) -> usize {
    script.steps.len() + script.storms.len() + SIMPLER.len()
}

/// One of them.
fn cut(script: &Script, at: usize) -> Script {
    let mut cut = script.clone();
    let (steps, storms) = (script.steps.len(), script.storms.len());
    if at < steps {
        cut.steps.remove(at);
    } else if at < steps + storms {
        cut.storms.remove(at - steps);
    } else {
        SIMPLER[at - steps - storms](&mut cut);
    }
    cut
}

/// Panics of any task of this thread are kept, not printed.
fn keep_panics() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let printed = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info: &PanicHookInfo<'_>| {
            if std::thread::current().name() == Some(PLAYER) {
                PANICS.with_borrow_mut(|panics| panics.push(info.to_string()));
            } else {
                printed(info);
            }
        }));
    });
}

/// The name of threads that play scripts.
pub(super) const PLAYER: &str = "player";
