//! Seeds: each draws a simulation, its daemons and everything that happens to them, and the promises
//! must hold.
//!
//! `make test` plays the first few hundred, `make soak SEEDS=100000` as many as asked, on all cores.
//! A seed that fails is cut down and printed; `make seed SEED=…` plays it again. What once failed is
//! kept in `kept/`, one script a file.
//!
//! * [`script`]: what can happen, as data.  [`draw`], [`storms`], [`endurance`]: from a seed to a script.
//! * [`stage`], [`daemons`], [`ambush`], [`play`]: it happens.  [`judge`]: were the promises kept?
//! * [`run`]: one script in a runtime of its own; cutting down.  [`tally`]: what was reached.

mod ambush;
mod config;
mod daemons;
mod draw;
mod endurance;
mod judge;
mod operation;
mod pair;
mod play;
mod run;
mod script;
mod stage;
mod storms;
mod tale;
mod tally;

use std::collections::BTreeSet;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use self::run::{PLAYER, played, run, shrink};
use self::script::Script;
use self::tale::tale;
use self::tally::Tally;

/// Seeds that `make test` plays.
const FEW: u64 = 300;

#[test]
fn every_seed_keeps_the_promises() {
    let first = setting("SEED");
    let seeds = match first {
        Some(_) => 1,
        None => setting("SEEDS").unwrap_or(FEW),
    };
    let first = first.or(setting("FIRST")).unwrap_or(0);
    match soak(first, first + seeds) {
        Ok(tally) => {
            eprintln!("{tally}");
            let missing = tally.missing(seeds);
            assert!(
                seeds < FEW || missing.is_empty(),
                "no seed has: {missing:?}"
            );
        }
        Err(seed) => failed(seed),
    }
}

/// Scripts that failed once, cut down; the name of the file says what it was.
#[test]
fn what_failed_once_holds() {
    let kept = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/seeds/kept");
    let files = std::fs::read_dir(kept).expect("the folder is in the repository");
    let mut played = 0;
    for file in files {
        let path = file.expect("a folder can be read").path();
        let script = std::fs::read_to_string(&path).expect("a file can be read");
        let script: Script = serde_json::from_str(&script).expect("it was printed as JSON");
        let judged = script.clone();
        let (_, broken) = on_player(move || run(&judged));
        assert!(broken.is_empty(), "{}: {broken:#?}", path.display());
        played += 1;
    }
    assert!(played > 0, "{kept} is empty");
}

#[test]
fn a_seed_plays_the_same_twice() {
    for seed in 0..10 {
        let script = Script::draw(seed);
        let calls = || played(&script).stage.aws.calls().0;
        let (first, second) = (calls(), calls());
        let differs = first.iter().zip(&second).find(|(a, b)| a != b);
        assert_eq!(differs, None, "seed {seed}");
        assert_eq!(first.len(), second.len(), "seed {seed}");
    }
}

/// Cuts a failing script down and tells what is left of it.
#[expect(clippy::print_stderr, reason = "cutting down takes minutes")]
fn failed(seed: u64) -> ! {
    let (least, broken, why, tale) = on_player(move || {
        let script = Script::draw(seed);
        let broken = run(&script).1;
        eprintln!("seed {seed} fails, and is cut down: {}", broken.join("; "));
        let least = shrink(&script);
        let why = run(&least).1;
        let tale = setting("SEED").map(|_| tale(&played(&least)));
        (least, broken, why, tale.unwrap_or_default())
    });
    let script = serde_json::to_string_pretty(&least).expect("plain data");
    panic!(
        "seed {seed} fails:\n  {}\ncut down, it fails with:\n  {}\n{script}\n{tale}\
         play it again, and hear all:  make seed SEED={seed}\n\
         keep it:                      save the script as tests/it/seeds/kept/NAME.json",
        broken.join("\n  "),
        why.join("\n  ")
    );
}

/// Plays the seeds on all cores.
///
/// # Errors
/// A seed that fails.
#[expect(clippy::print_stderr, reason = "a long soak says how far it is")]
fn soak(from: u64, to: u64) -> Result<Tally, u64> {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let (next, tally) = (AtomicU64::new(from), Mutex::new(Ok(Tally::default())));
    let playing = Mutex::new(BTreeSet::new());
    let play = || {
        loop {
            let seed = next.fetch_add(1, Ordering::Relaxed);
            if seed >= to || tally.lock().expect("no panic").is_err() {
                return;
            }
            playing.lock().expect("no panic").insert(seed);
            let (reached, broken) = run(&Script::draw(seed));
            let mut playing = playing.lock().expect("no panic");
            playing.remove(&seed);
            let mut tally = tally.lock().expect("no panic");
            match &mut *tally {
                Ok(_) if !broken.is_empty() => *tally = Err(seed),
                Ok(tally) => tally.join(&reached),
                Err(_) => {}
            }
            if (seed + 1).is_multiple_of(1_000) {
                eprintln!("seed {seed}");
                if let Some(old) = playing.first().filter(|old| *old + 500 < seed) {
                    eprintln!("seed {old} is still played: does it end?");
                }
            }
        }
    };
    std::thread::scope(|scope| {
        for _ in 0..cores {
            let thread = std::thread::Builder::new().name(PLAYER.to_owned());
            thread.spawn_scoped(scope, play).expect("a thread");
        }
    });
    tally.into_inner().expect("no panic")
}

fn on_player<T: Send + 'static>(act: impl FnOnce() -> T + Send + 'static) -> T {
    let thread = std::thread::Builder::new().name(PLAYER.to_owned());
    let thread = thread.spawn(act).expect("a thread");
    thread.join().expect("what it plays cannot panic")
}

#[expect(
    clippy::disallowed_methods,
    reason = "how many seeds, and which, is for the person at the keyboard"
)]
pub(crate) fn setting(name: &str) -> Option<u64> {
    let text = std::env::var(name).ok()?;
    Some(
        text.parse()
            .unwrap_or_else(|_| panic!("{name} is {text:?}, expected a number")),
    )
}
