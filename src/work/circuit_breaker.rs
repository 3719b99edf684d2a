//! A route's circuit breaker: what concerns all messages of a route is not worked out on each of them.
//!
//! A missing bucket, refused credentials or a KMS key with which nothing can be written concern the route, which is
//! paused at once. Other failures may concern it: a denial, a throttled call, a write without an answer. When
//! [`IN_A_ROW`] different keys have failed and nothing has succeeded in between, the route itself is
//! [checked](super::route_check) by requests that concern no object. Their answers decide, not the next message. So
//! objects that can never be copied do not pause their route, however many there are. A route with little traffic never
//! has so many failing keys, so it is also checked before a failure that may be its own dead-letters a message.
//!
//! SQS counts the receives of a pause all the same, so for a while after it a failure says nothing
//! about its message: it does not count towards dead-lettering.
//!
//! ```text
//! running ── an error of the route ─────────────────────────▶ paused
//!    │ ▲                                                        │ wait (2 s, doubling to 60 s)
//!    │ │  8 keys in a row ──▶ check ── broken, or cannot tell ──▶│
//!    │ │  a last failure ───▶ check ── broken ──────────────────▶│
//!    │ └──────────────────────── works                          │
//!    ◀── the check finds that it works, or a message succeeds ◀─┘ check again, then one message
//! ```

mod permit;

use std::collections::HashSet;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use serde::Serialize;
use tokio::sync::watch;
use tokio::time::Instant;

use super::finding::Finding;
use super::reason::Reason;
use crate::lock::locked;

pub(super) use permit::Permit;
pub(super) use permit::{Evidence, Next};

/// So many different keys failing in a row may be the route's fault.
pub(super) const IN_A_ROW: usize = 8;

/// A route that was found to work is not checked again before this has passed.
pub(super) const CHECKED_FOR: Duration = Duration::from_secs(10);

/// The same before a failure dead-letters its message. Shorter than the backoffs before a third receive, so that the
/// check came after the message had first failed.
const CHECKED_FOR_ONE: Duration = Duration::from_secs(1);

/// Twice the longest backoff: by then every message that saw the pause has been tried again.
const REMEMBERED: Duration = Duration::from_mins(30);

/// Policies and keys take about a minute to come into force everywhere: what is denied so soon after a pause
/// may still be the route's fault.
const SETTLING: Duration = Duration::from_mins(2);

pub(super) const FIRST_WAIT: Duration = Duration::from_secs(2);
/// What a check cannot show is not the route's fault if another message has succeeded within this time.
pub(super) const LIVELY: Duration = Duration::from_secs(30);

const LONGEST_WAIT: Duration = Duration::from_mins(1);

/// One route's circuit breaker. Cheap to clone.
#[derive(Debug, Clone)]
pub struct CircuitBreaker(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    route: String,
    state: Mutex<State>,
    /// The source key that was copied last: an object that the route can read.
    copied: Mutex<String>,
    changed: watch::Sender<()>,
}

#[derive(Debug)]
enum State {
    Running(Running),
    Paused(Paused),
}

#[derive(Debug, Default)]
struct Running {
    /// Keys that have failed since something succeeded or was checked, [`IN_A_ROW`] at most.
    failing: HashSet<String>,
    /// When a message last succeeded.
    succeeded: Option<Instant>,
    /// When a check last ended.
    last_check: Option<Instant>,
    /// That check's own requests were throttled or not answered.
    unanswered: bool,
    /// A check is under way.
    checking: bool,
    /// The last check of many failing keys that did not pause the route.
    checked: Option<Checked>,
    resumed: Option<Instant>,
    /// The last pause's wait, until a message succeeds: a route that only its check finds to work goes on doubling it.
    wait: Option<Duration>,
}

#[derive(Debug)]
struct Checked {
    at: Instant,
    /// It has shown that the route is not to blame; else only others that succeeded have.
    refuted: bool,
}

#[derive(Debug)]
struct Paused {
    why: Why,
    wait: Duration,
    probe_at: Instant,
    probing: bool,
}

/// Why a route is paused, and what ends that.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Why {
    pub(super) reason: Reason,
    /// What was tried and what came of it.
    pub(super) error: String,
    /// Whether a check that finds nothing wrong ends the pause.
    pub(super) covered: Covered,
    /// It is a suspicion: many keys failed, and the check cannot tell whose fault that is. Any message that
    /// succeeds ends the pause, also one that was under way when it began.
    pub(super) suspected: bool,
}

/// Whether the check of a route would show what a message has met.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Covered {
    /// It makes the same kind of request.
    Yes,
    /// Only if it could read an object, as KMS keys are not asked before that.
    ByReading,
    /// It makes no such request.
    No,
}

/// What the circuit breaker says to a message.
#[derive(Debug)]
pub enum Admission {
    /// Work it, and say how it went.
    Go(Permit),
    /// Not now; a probe is due after this.
    Paused(Duration),
}

/// A route's state as `/status.json` shows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum BreakerStatus {
    /// Messages go through.
    Running,
    /// The route is paused.
    Paused {
        /// Why, as docs/runbook.md names it.
        reason: Reason,
        /// What was tried and what came of it.
        error: String,
        /// Until the next probe.
        probe_in_seconds: u64,
    },
}

impl CircuitBreaker {
    pub(super) fn new(route: String, changed: watch::Sender<()>) -> Self {
        Self(Arc::new(Inner {
            route,
            state: Mutex::new(State::Running(Running::default())),
            copied: Mutex::default(),
            changed,
        }))
    }

    /// Asks to work one message on this route.
    #[must_use]
    pub fn enter(&self) -> Admission {
        let now = Instant::now();
        let permit = |probe| Permit::new(self.clone(), probe);
        match &mut *self.state() {
            State::Running(_) => Admission::Go(permit(false)),
            State::Paused(paused) if now >= paused.probe_at && !paused.probing => {
                paused.probing = true;
                Admission::Go(permit(true))
            }
            State::Paused(paused) => {
                let left = paused.probe_at.saturating_duration_since(now);
                Admission::Paused(left.max(FIRST_WAIT))
            }
        }
    }

    /// Whether the route is paused, or was so lately that receives may have been spent on it.
    #[must_use]
    pub fn paused_lately(&self) -> bool {
        self.resumed_within(REMEMBERED)
    }

    /// Whether the route is paused, or was so lately that what had paused it may not be mended everywhere.
    pub(super) fn is_settling(&self) -> bool {
        self.resumed_within(SETTLING)
    }

    pub(super) fn is_paused(&self) -> bool {
        matches!(&*self.state(), State::Paused(_))
    }

    /// Whether the route runs, and a message has succeeded within this time.
    pub(super) fn succeeded_within(&self, time: Duration) -> bool {
        match &*self.state() {
            State::Running(running) => running.succeeded.is_some_and(|at| at.elapsed() < time),
            State::Paused(_) => false,
        }
    }

    fn resumed_within(&self, time: Duration) -> bool {
        match &*self.state() {
            State::Running(running) => running.resumed.is_some_and(|at| at.elapsed() <= time),
            State::Paused(_) => true,
        }
    }

    /// The source key that was copied last, if any was.
    pub(super) fn copied_last(&self) -> Option<String> {
        let key = locked(&self.0.copied);
        (!key.is_empty()).then(|| key.clone())
    }

    /// What `/status.json` shows.
    #[must_use]
    pub fn status(&self) -> BreakerStatus {
        match &*self.state() {
            State::Running(_) => BreakerStatus::Running,
            State::Paused(paused) => BreakerStatus::Paused {
                reason: paused.why.reason,
                error: paused.why.error.clone(),
                probe_in_seconds: paused
                    .probe_at
                    .saturating_duration_since(Instant::now())
                    .as_secs(),
            },
        }
    }

    /// When a paused route wants its probe; `None` while it runs. Far away while one is under way.
    pub(super) fn probe_at(&self) -> Option<Instant> {
        match &*self.state() {
            State::Running(_) => None,
            State::Paused(paused) if paused.probing => Some(Instant::now() + LONGEST_WAIT),
            State::Paused(paused) => Some(paused.probe_at),
        }
    }

    /// Pauses the route, or pauses it on if it was the probe that failed. What was sent before the
    /// pause says nothing new: the probe is still out.
    fn pause(&self, probe: bool, why: Why) {
        let mut state = self.state();
        let doubled = |wait: Duration| (wait * 2).min(LONGEST_WAIT);
        let wait = match &*state {
            State::Paused(paused) if !(probe && paused.probing) => return,
            State::Paused(paused) => doubled(paused.wait),
            State::Running(running) => {
                let Why { reason, error, .. } = &why;
                let route = self.0.route.as_str();
                // Once: it stays so until a person acts.
                tracing::error!(route, reason = reason.name(), error, "route paused");
                running.wait.map_or(FIRST_WAIT, doubled)
            }
        };
        *state = State::Paused(Paused {
            why,
            wait,
            probe_at: Instant::now() + wait,
            probing: false,
        });
        drop(state);
        self.0.changed.send_replace(());
    }

    /// After `wait` where only the check has succeeded.
    fn resume(&self, mut state: MutexGuard<'_, State>, wait: Option<Duration>) {
        tracing::info!(route = self.0.route, "route resumed");
        let now = Some(Instant::now());
        *state = State::Running(Running {
            resumed: now,
            succeeded: now.filter(|_| wait.is_none()),
            wait,
            ..Running::default()
        });
        drop(state);
        self.0.changed.send_replace(());
    }

    fn state(&self) -> MutexGuard<'_, State> {
        locked(&self.0.state)
    }
}

impl Covered {
    /// Whether this finding rules out that the route is to blame.
    pub(super) fn is_refuted(self, finding: &Finding) -> bool {
        match (self, finding) {
            (Self::Yes, Finding::Works { .. })
            | (Self::ByReading, Finding::Works { read: true }) => true,
            (
                Self::Yes | Self::ByReading | Self::No,
                Finding::Works { .. }
                | Finding::Broken(..)
                | Finding::Unknown
                | Finding::Unavailable,
            ) => false,
        }
    }
}

#[cfg(test)]
pub(super) mod tests;
