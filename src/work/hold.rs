//! Holding a route: what concerns all of its messages is not worked out on each of them.
//!
//! A missing bucket, refused credentials, a KMS key with which nothing can be written, or many keys failing
//! in a row concern the route: a bad policy edit, or an outage. It is held, said once, probed with one message at a
//! time, and resumes by itself when a probe succeeds.
//!
//! SQS counts the receives of a hold all the same, so for a while after it a failure says nothing
//! about its message: it does not count towards parking.
//!
//! ```text
//! running ──route error, or IN_A_ROW keys failing───────────▶ held
//!    ▲                                                       │ wait (2 s, doubling to 60 s)
//!    └────────────── the probe succeeded ◀── one message ◀───┘
//! ```

use std::collections::HashSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use serde::Serialize;
use tokio::sync::watch;
use tokio::time::Instant;

/// So many different keys failing in a row are not about the keys.
const IN_A_ROW: usize = 8;

/// Twice the longest backoff: by then every message that saw the hold has been tried again.
const REMEMBERED: Duration = Duration::from_mins(30);

pub(super) const FIRST_WAIT: Duration = Duration::from_secs(2);
const LONGEST_WAIT: Duration = Duration::from_mins(1);

/// One route's circuit. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Gate(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    route: String,
    state: Mutex<State>,
    changed: watch::Sender<()>,
}

#[derive(Debug)]
enum State {
    Running {
        failing: HashSet<String>,
        resumed: Option<Instant>,
    },
    Held(Held),
}

#[derive(Debug)]
struct Held {
    reason: String,
    wait: Duration,
    probe_at: Instant,
    probing: bool,
}

/// What the gate says to a message.
#[derive(Debug)]
pub enum Entry {
    /// Work it, and say how it went.
    Go(Pass),
    /// Not now; a probe is due after this.
    Held(Duration),
}

/// One message's way through the gate. Dropped without a word, it leaves the gate as it was.
#[derive(Debug)]
pub struct Pass {
    gate: Gate,
    probe: AtomicBool,
}

/// A gate as `/status.json` shows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum GateStatus {
    /// Messages go through.
    Running,
    /// The route is held.
    Held {
        /// Why.
        reason: String,
        /// Until the next probe.
        probe_in_seconds: u64,
    },
}

impl Gate {
    pub(super) fn new(route: String, changed: watch::Sender<()>) -> Self {
        let state = Mutex::new(State::Running {
            failing: HashSet::new(),
            resumed: None,
        });
        Self(Arc::new(Inner {
            route,
            state,
            changed,
        }))
    }

    /// Asks to work one message on this route.
    #[must_use]
    pub fn enter(&self) -> Entry {
        let now = Instant::now();
        let mut state = self.state();
        match &mut *state {
            State::Running { .. } => Entry::Go(Pass {
                gate: self.clone(),
                probe: AtomicBool::new(false),
            }),
            State::Held(held) if now >= held.probe_at && !held.probing => {
                held.probing = true;
                Entry::Go(Pass {
                    gate: self.clone(),
                    probe: AtomicBool::new(true),
                })
            }
            State::Held(held) => {
                Entry::Held(held.probe_at.saturating_duration_since(now).max(FIRST_WAIT))
            }
        }
    }

    /// Whether the route is held, or was so lately that receives may have been spent on it.
    #[must_use]
    pub fn held_lately(&self) -> bool {
        match &*self.state() {
            State::Running { resumed, .. } => resumed.is_some_and(|at| at.elapsed() <= REMEMBERED),
            State::Held(_) => true,
        }
    }

    /// What `/status.json` shows.
    #[must_use]
    pub fn status(&self) -> GateStatus {
        match &*self.state() {
            State::Running { .. } => GateStatus::Running,
            State::Held(held) => GateStatus::Held {
                reason: held.reason.clone(),
                probe_in_seconds: held
                    .probe_at
                    .saturating_duration_since(Instant::now())
                    .as_secs(),
            },
        }
    }

    /// When a held route wants its probe; `None` while it runs. Far away while one is under way.
    pub(super) fn probe_at(&self) -> Option<Instant> {
        match &*self.state() {
            State::Running { .. } => None,
            State::Held(held) if held.probing => Some(Instant::now() + LONGEST_WAIT),
            State::Held(held) => Some(held.probe_at),
        }
    }

    /// Holds the route, or holds it on if it was the probe that failed. What was sent before the
    /// route was held says nothing new: the probe is still out.
    fn hold(&self, probe: bool, reason: String) {
        let mut state = self.state();
        let wait = match &*state {
            State::Held(held) if !(probe && held.probing) => return,
            State::Held(held) => (held.wait * 2).min(LONGEST_WAIT),
            State::Running { .. } => {
                // Said once: it stays so until a person acts.
                tracing::error!(route = self.0.route, reason, "route held");
                FIRST_WAIT
            }
        };
        let probe_at = Instant::now() + wait;
        *state = State::Held(Held {
            reason,
            wait,
            probe_at,
            probing: false,
        });
        drop(state);
        self.0.changed.send_replace(());
    }

    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Pass {
    /// The gate it leads through.
    #[must_use]
    pub fn gate(&self) -> &Gate {
        &self.gate
    }

    /// Source and destination both answered as they should.
    pub fn worked(self) {
        let mut state = self.gate.state();
        match &mut *state {
            State::Running { failing, .. } => failing.clear(),
            State::Held(_) if self.probes() => {
                tracing::info!(route = self.gate.0.route, "route resumed");
                *state = State::Running {
                    failing: HashSet::new(),
                    resumed: Some(Instant::now()),
                };
                drop(state);
                self.gate.0.changed.send_replace(());
            }
            // Sent before the route was held.
            State::Held(_) => {}
        }
    }

    /// Something that concerns every message of the route.
    pub fn route_failed(self, reason: String) {
        self.gate.hold(self.probes(), reason);
    }

    /// It has to wait, and for long: another message is the probe, if this was it.
    pub(super) fn waits(&self) {
        if !self.probe.swap(false, Ordering::Relaxed) {
            return;
        }
        if let State::Held(held) = &mut *self.gate.state()
            && held.probing
        {
            // The probe told nothing: the next message is the probe.
            held.probing = false;
        }
        self.gate.0.changed.send_replace(());
    }

    /// It has waited: should the route be held and nobody probe it, this is the probe.
    pub(super) fn goes_on(&self) {
        if let State::Held(held) = &mut *self.gate.state()
            && !held.probing
        {
            held.probing = true;
            self.probe.store(true, Ordering::Relaxed);
        }
    }

    fn probes(&self) -> bool {
        self.probe.load(Ordering::Relaxed)
    }

    /// One key failed; many in a row hold the route. Says whether it is held.
    #[must_use]
    pub fn key_failed(&self, key: &str, reason: &str) -> bool {
        let (is_held, now) = match &mut *self.gate.state() {
            State::Running { failing, .. } => {
                failing.insert(key.to_owned());
                let many = failing.len() >= IN_A_ROW;
                (many, many)
            }
            State::Held(_) => (true, self.probes()),
        };
        if now {
            let reason = format!("many keys failing in a row: {reason}");
            self.gate.hold(self.probes(), reason);
        }
        is_held
    }
}

impl Drop for Pass {
    fn drop(&mut self) {
        self.waits();
    }
}

#[cfg(test)]
pub(super) mod tests;
