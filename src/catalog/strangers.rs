//! Messages in the queue of arrivals that this process cannot use.
//!
//! They are not ours to delete: they return to the queue after growing pauses, for another process, the queue's redrive
//! policy, or the end of their retention. Anybody who may send can write them, so log lines about them are short, and
//! at most one a minute of each kind.

use std::time::Duration;

use tokio::time::Instant;
use tracing::{error, warn};

use super::arrivals::Unreadable;
use crate::event::clipped;
use crate::queue::Message;

/// The first wait of a message that we cannot read, and the longest: SQS hides nothing for longer than twelve
/// hours in all.
const FOREIGN_WAIT: (Duration, Duration) = (Duration::from_mins(15), Duration::from_hours(11));

/// The same of one for a crawler that only others have, or of a newer release. Others receive it as seldom as we
/// do, so the first waits are short.
const OTHERS_WAIT: (Duration, Duration) = (Duration::from_secs(20), Duration::from_mins(15));

/// Lines of one kind are so far apart.
const REPORTED_EVERY: Duration = Duration::from_mins(1);

/// Why a message is not for us.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Stranger {
    /// It is no arrival.
    Foreign(String),
    /// It is for others: a newer release, or a crawler that is not configured here.
    Others(String),
}

impl Stranger {
    /// An arrival for a crawler that is not configured here.
    pub(super) fn of_crawler(name: &str) -> Self {
        let name = clipped(name);
        Self::Others(format!(
            "an arrival for {name}, a crawler that is not configured here"
        ))
    }

    /// How long a message waits that was received so often.
    pub(super) fn wait(&self, received: u32) -> Duration {
        let before = received.saturating_sub(1);
        let ((first, longest), doublings) = match self {
            Self::Foreign(_) => (FOREIGN_WAIT, before),
            Self::Others(_) => (OTHERS_WAIT, before / 2),
        };
        first
            .saturating_mul(2_u32.saturating_pow(doublings))
            .min(longest)
    }
}

impl From<Unreadable> for Stranger {
    fn from(why: Unreadable) -> Self {
        match why {
            Unreadable::Newer(_) => Self::Others(why.to_string()),
            Unreadable::Foreign(_) => Self::Foreign(why.to_string()),
        }
    }
}

/// Logs strangers, few at a time.
#[derive(Debug, Default)]
pub(super) struct Strangers {
    foreign: Quiet,
    others: Quiet,
}

/// When a kind was logged last, and how many were not since.
#[derive(Debug, Default)]
struct Quiet {
    logged: Option<Instant>,
    unlogged: u64,
}

impl Quiet {
    /// How many were left out before this one, if this one may be logged.
    fn next(&mut self) -> Option<u64> {
        if self.logged.is_some_and(|at| at.elapsed() < REPORTED_EVERY) {
            self.unlogged += 1;
            return None;
        }
        self.logged = Some(Instant::now());
        Some(std::mem::take(&mut self.unlogged))
    }
}

impl Strangers {
    /// Logs a message that was left where it is.
    pub(super) fn log(&mut self, message: &Message, stranger: &Stranger) {
        let (message_id, received) = (clipped(&message.id), message.receive_count);
        match stranger {
            Stranger::Foreign(why) => {
                if let Some(unlogged) = self.foreign.next() {
                    error!(
                        message_id,
                        received,
                        unlogged,
                        error = why,
                        "catalog.queue holds a message that is no arrival"
                    );
                }
            }
            Stranger::Others(why) => {
                if let Some(unlogged) = self.others.next() {
                    warn!(
                        message_id,
                        received,
                        unlogged,
                        error = why,
                        "arrival left for other processes"
                    );
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stranger_waits_ever_longer_and_never_too_long_for_sqs() {
        let foreign = Stranger::Foreign(String::new());
        let minutes = |received| foreign.wait(received).as_secs() / 60;
        assert_eq!([0, 1, 2, 3, 4].map(minutes), [15, 15, 30, 60, 120]);
        for received in [7, 100, u32::MAX] {
            assert_eq!(foreign.wait(received), Duration::from_hours(11));
        }
        let others = Stranger::of_crawler("x");
        let seconds = |received| others.wait(received).as_secs();
        assert_eq!([1, 2, 3, 4, 5, 100].map(seconds), [20, 20, 40, 40, 80, 900]);
    }

    #[tokio::test(start_paused = true)]
    async fn one_of_a_kind_is_logged_a_minute_and_the_others_are_counted() {
        let mut debounce = Quiet::default();
        let all: Vec<_> = (0..100).filter_map(|_| debounce.next()).collect();
        assert_eq!(all, [0]);
        tokio::time::advance(REPORTED_EVERY).await;
        assert_eq!((debounce.next(), debounce.next()), (Some(99), None));
    }

    #[test]
    fn what_a_stranger_calls_a_crawler_is_clipped() {
        let Stranger::Others(why) = Stranger::of_crawler(&"\u{1b}x".repeat(1 << 19)) else {
            panic!("it is for others");
        };
        assert!(
            why.chars().count() < 300 && !why.contains(char::is_control),
            "{why}"
        );
    }
}
