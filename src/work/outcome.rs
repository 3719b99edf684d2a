//! How a record ends, and how the records of one message fold into one ending. Pure.

use std::time::Duration;

use super::reason::Reason;
use crate::metrics::Ended;

/// The verdict on one record.
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use = "an unsettled outcome leaves the message to time out"]
pub enum Outcome {
    /// Correctly nothing to do. The message is deleted; the reason is counted.
    Skip(Skip),
    /// The effect is durable at the destination. The message is deleted.
    Done,
    /// Can never succeed as written. The message is copied to the dead-letter queue and, only
    /// once that is confirmed, deleted.
    Poison(Cause),
    /// May succeed later. The message becomes visible again, no sooner than this.
    RetryAfter(Duration, Cause),
}

/// Why there was nothing to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Skip {
    /// S3's `s3:TestEvent`.
    TestEvent,
    /// A message without records.
    Empty,
    /// An event type that means nothing here.
    Ignored,
    /// No route takes the key.
    NoRoute,
    /// A folder's marker that has no place at the destination, such as the prefix of the route itself.
    Folder,
    /// The object as it is now is outside the route's size limits.
    Size,
    /// The source is archived, and the route leaves such.
    Archived,
    /// The source is gone.
    SourceGone,
    /// The destination provably equals the source.
    AlreadyThere,
}

impl Skip {
    /// The name in metrics.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::TestEvent => "test_event",
            Self::Empty => "empty",
            Self::Ignored => "ignored",
            Self::NoRoute => "no_route",
            Self::Folder => "folder",
            Self::Size => "size",
            Self::Archived => "archived_left",
            Self::SourceGone => "source_gone",
            Self::AlreadyThere => "already_there",
        }
    }
}

/// What went wrong, for the log, the alert and the dead-letter queue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cause {
    /// What a person filters by.
    pub reason: Reason,
    /// What was tried and what came of it.
    pub error: String,
    /// On which route.
    pub route: Option<String>,
    /// For which key.
    pub key: Option<String>,
    /// Whether this try counts towards `max_attempts`. One bad policy must not send a whole
    /// backlog to the dead-letter queue, nor must a rolling deploy.
    pub counts: bool,
}

impl Cause {
    /// A cause without a place.
    #[must_use]
    pub fn new(reason: Reason, error: impl Into<String>) -> Self {
        Self {
            reason,
            error: error.into(),
            route: None,
            key: None,
            counts: true,
        }
    }

    /// The same cause, not counted as a try.
    #[must_use]
    pub fn uncounted(self) -> Self {
        Self {
            counts: false,
            ..self
        }
    }

    /// The same cause, at its place.
    #[must_use]
    pub fn at(self, route: &str, key: &str) -> Self {
        Self {
            route: Some(route.to_owned()),
            key: Some(key.to_owned()),
            ..self
        }
    }
}

impl Outcome {
    /// The name in metrics.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Skip(skip) => skip.name(),
            Self::Done => "done",
            Self::Poison(cause) => cause.reason.name(),
            Self::RetryAfter(..) => "retry",
        }
    }

    /// Why it did not succeed.
    #[must_use]
    pub fn reason(&self) -> Option<Reason> {
        match self {
            Self::Skip(_) | Self::Done => None,
            Self::Poison(cause) | Self::RetryAfter(_, cause) => Some(cause.reason),
        }
    }

    /// What a summary counts it as.
    #[must_use]
    pub fn ended(&self) -> Ended {
        match self {
            Self::Skip(Skip::AlreadyThere) => Ended::AlreadyThere,
            Self::Skip(
                Skip::TestEvent
                | Skip::Empty
                | Skip::Ignored
                | Skip::NoRoute
                | Skip::Size
                | Skip::Archived
                | Skip::SourceGone
                | Skip::Folder,
            ) => Ended::Skipped,
            Self::Done => Ended::Done,
            Self::Poison(_) => Ended::Failed,
            Self::RetryAfter(..) => Ended::Retried,
        }
    }

    /// The same outcome, not counted as a try if it has an excuse.
    pub fn excused(self, excuse: bool) -> Self {
        match self {
            Self::RetryAfter(wait, cause) if excuse => Self::RetryAfter(wait, cause.uncounted()),
            outcome @ (Self::Skip(_) | Self::Done | Self::Poison(_) | Self::RetryAfter(..)) => {
                outcome
            }
        }
    }

    /// The same outcome, its cause at its place.
    pub fn at_route(self, route: &str, key: &str) -> Self {
        match self {
            Self::Poison(cause) => Self::Poison(cause.at(route, key)),
            Self::RetryAfter(wait, cause) => Self::RetryAfter(wait, cause.at(route, key)),
            settled @ (Self::Skip(_) | Self::Done) => settled,
        }
    }

    /// Folds the records of one message. While any may still succeed, the message lives; records
    /// already done prove it and are skipped the next time. A message without any record is empty.
    pub fn of_message(records: impl IntoIterator<Item = Self>) -> Self {
        let worse = |a: Self, b: Self| match (a, b) {
            // The longer wait; and no try is counted while a record has not had its own.
            (Self::RetryAfter(x, a), Self::RetryAfter(y, b)) => {
                let counts = a.counts && b.counts;
                let cause = if x >= y { a } else { b };
                Self::RetryAfter(x.max(y), Cause { counts, ..cause })
            }
            (a, b) if b.owed() > a.owed() => b,
            (a, _) => a,
        };
        records
            .into_iter()
            .reduce(worse)
            .unwrap_or(Self::Skip(Skip::Empty))
    }

    /// How much is still owed.
    fn owed(&self) -> u8 {
        match self {
            Self::Skip(_) => 0,
            Self::Done => 1,
            Self::Poison(_) => 2,
            Self::RetryAfter(..) => 3,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn later(seconds: u64) -> Outcome {
        Outcome::RetryAfter(
            Duration::from_secs(seconds),
            Cause::new(Reason::Throttled, ""),
        )
    }

    #[test]
    fn a_message_lives_while_any_record_may_succeed() {
        let none = Outcome::Skip(Skip::NoRoute);
        let bad = Outcome::Poison(Cause::new(Reason::Malformed, ""));
        for (why, records, want) in [
            ("no record at all", vec![], Outcome::Skip(Skip::Empty)),
            ("nothing to do", vec![none.clone()], none.clone()),
            (
                "some work was done",
                vec![none.clone(), Outcome::Done],
                Outcome::Done,
            ),
            (
                "park what cannot work",
                vec![Outcome::Done, bad.clone(), none],
                bad.clone(),
            ),
            (
                "but not its sibling",
                vec![bad, later(5), Outcome::Done],
                later(5),
            ),
            (
                "the longest wait",
                vec![later(5), later(30), later(7)],
                later(30),
            ),
            (
                "a held sibling has not had its try",
                vec![later(30), later(5).excused(true)],
                later(30).excused(true),
            ),
        ] {
            assert_eq!(Outcome::of_message(records), want, "{why}");
        }
    }

    fn any_outcome() -> impl Strategy<Value = Outcome> {
        prop_oneof![
            Just(Outcome::Skip(Skip::NoRoute)),
            Just(Outcome::Done),
            Just(Outcome::Poison(Cause::new(Reason::Denied, ""))),
            (0..900u64).prop_map(later),
        ]
    }

    proptest! {
        #[test]
        fn order_does_not_change_what_is_owed(
            records in proptest::collection::vec(any_outcome(), 0..8)
        ) {
            let forth = Outcome::of_message(records.clone());
            let back = Outcome::of_message(records.into_iter().rev());
            prop_assert_eq!(forth.owed(), back.owed());
            if let (Outcome::RetryAfter(a, _), Outcome::RetryAfter(b, _)) = (forth, back) {
                prop_assert_eq!(a, b);
            }
        }
    }
}
