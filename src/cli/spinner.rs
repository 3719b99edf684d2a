//! Something that moves while one waits: on stderr, and only if that is a terminal.

use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};
use tokio::time::{MissedTickBehavior, interval};

/// Often enough to show that it is alive.
const TICK: Duration = Duration::from_millis(100);

/// Waits for `work`, and shows what `reported` says of it and the seconds so far.
pub(super) async fn spin<T>(reported: impl Fn() -> String, work: impl Future<Output = T>) -> T {
    let bar = ProgressBar::new_spinner();
    if bar.is_hidden() {
        return work.await;
    }
    let style = ProgressStyle::with_template("{spinner} {msg} {elapsed}");
    bar.set_style(style.expect("a template of known names"));
    let mut ticks = interval(TICK);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    tokio::pin!(work);
    loop {
        tokio::select! {
            biased;
            done = &mut work => {
                bar.finish_and_clear();
                return done;
            }
            _ = ticks.tick() => {
                bar.set_message(reported());
                bar.tick();
            }
        }
    }
}
