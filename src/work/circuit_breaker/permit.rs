//! One message's way through its route's circuit breaker, and what its end says about the route.

use std::sync::atomic::{AtomicBool, Ordering};

use tokio::time::Instant;

use super::{
    CHECKED_FOR, CHECKED_FOR_ONE, Checked, CircuitBreaker, Covered, IN_A_ROW, LIVELY, Running,
    State, Why,
};
use crate::lock::locked;
use crate::work::finding::Finding;

/// One message's way through the circuit breaker. Dropped without a word, it leaves it as it was.
#[derive(Debug)]
pub struct Permit {
    breaker: CircuitBreaker,
    probe: AtomicBool,
    /// It is this message's worker that checks the route.
    checks: AtomicBool,
    /// The check before the probe has found the route broken.
    broken: AtomicBool,
}

/// What a failure says about its route.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::work) enum Evidence {
    /// It concludes something about this object. Only a check that fails makes it the route's fault.
    Object,
    /// It may be the route's fault.
    Suspect(Covered),
}

/// What follows from a key's failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::work) enum Next {
    /// It is the object's own failure.
    Own,
    /// It seems to be, but many have failed and nothing has succeeded since: an attempt that is to be repeated does not
    /// count.
    Doubtful,
    /// Whoever hears this checks the route.
    Check,
    /// The route is paused or is being checked, or nobody knows yet: the message comes again, which does not count as
    /// an attempt.
    Wait,
}

impl Permit {
    pub(super) fn new(breaker: CircuitBreaker, probe: bool) -> Self {
        Self {
            breaker,
            probe: AtomicBool::new(probe),
            checks: AtomicBool::new(false),
            broken: AtomicBool::new(false),
        }
    }

    /// The circuit breaker it leads through.
    #[must_use]
    pub fn breaker(&self) -> &CircuitBreaker {
        &self.breaker
    }

    /// Source and destination both answered as they should, for this key.
    pub(in crate::work) fn worked(self, key: &str) {
        let copied = &self.breaker.0.copied;
        key.clone_into(&mut locked(copied));
        let mut state = self.breaker.state();
        match &mut *state {
            State::Running(running) => {
                running.failing.clear();
                (running.succeeded, running.wait) = (Some(Instant::now()), None);
            }
            State::Paused(paused) if self.probes() || paused.why.suspected => {
                self.breaker.resume(state, None);
            }
            // Sent before the route was paused.
            State::Paused(_) => {}
        }
    }

    /// Something that concerns every message of the route.
    pub(in crate::work) fn route_failed(self, why: Why) {
        self.breaker.pause(self.probes(), why);
    }

    /// One key failed. `last` says that its message is dead-lettered if the failure is its own.
    #[must_use]
    pub(in crate::work) fn key_failed(
        &self,
        (key, last): (&str, bool),
        evidence: Evidence,
        why: Why,
    ) -> Next {
        let (probe, broken) = (self.probes(), self.broken.load(Ordering::Relaxed));
        match &mut *self.breaker.state() {
            State::Running(running) => return running.failed(self, (key, last), evidence),
            State::Paused(_) if !probe => return Next::Wait,
            State::Paused(_) => {}
        }
        match evidence {
            // It says nothing about the route, so the next message is the probe, without a longer wait.
            Evidence::Object if !broken => {
                self.waits();
                Next::Own
            }
            Evidence::Object | Evidence::Suspect(_) => {
                self.breaker.pause(true, why);
                Next::Wait
            }
        }
    }

    /// What the check has found that [`Next::Check`] asked for. Says what follows for the message.
    pub(in crate::work) fn checked(&self, evidence: Evidence, finding: Finding, why: Why) -> Next {
        self.checks.store(false, Ordering::Relaxed);
        let refuted = match evidence {
            Evidence::Object => !finding.is_broken(),
            Evidence::Suspect(covered) => covered.is_refuted(&finding),
        };
        let why = match finding {
            Finding::Broken(reason, error) => Why {
                reason,
                error,
                covered: Covered::Yes,
                suspected: false,
            },
            Finding::Works { .. } | Finding::Unknown | Finding::Unavailable => {
                if let State::Running(running) = &mut *self.breaker.state()
                    && let Some(next) = running.checked(evidence, refuted, &finding)
                {
                    return next;
                }
                why
            }
        };
        self.breaker.pause(false, why);
        Next::Wait
    }

    /// What the check before the probe has found. If it ends the pause, this is a message like any other.
    pub(in crate::work) fn found(&self, finding: &Finding) {
        self.broken.store(finding.is_broken(), Ordering::Relaxed);
        let state = self.breaker.state();
        if let State::Paused(paused) = &*state
            && paused.why.covered.is_refuted(finding)
        {
            let wait = paused.wait;
            self.probe.store(false, Ordering::Relaxed);
            self.breaker.resume(state, Some(wait));
        }
    }

    /// It has to wait, and for long: another message is the probe, if this was it.
    pub(in crate::work) fn waits(&self) {
        if !self.probe.swap(false, Ordering::Relaxed) {
            return;
        }
        if let State::Paused(paused) = &mut *self.breaker.state()
            && paused.probing
        {
            // The probe has shown nothing: the next message is the probe.
            paused.probing = false;
        }
        self.breaker.0.changed.send_replace(());
    }

    /// It has waited: should the route be paused and nobody probe it, this is the probe.
    pub(in crate::work) fn goes_on(&self) {
        if let State::Paused(paused) = &mut *self.breaker.state()
            && !paused.probing
        {
            paused.probing = true;
            self.probe.store(true, Ordering::Relaxed);
        }
    }

    pub(in crate::work) fn probes(&self) -> bool {
        self.probe.load(Ordering::Relaxed)
    }
}

impl Running {
    fn failed(&mut self, permit: &Permit, (key, last): (&str, bool), evidence: Evidence) -> Next {
        if self.failing.len() < IN_A_ROW {
            self.failing.insert(key.to_owned());
        }
        if self.checking {
            return Next::Wait;
        }
        let lately = |within| self.last_check.is_some_and(|at| at.elapsed() < within);
        let many = self.failing.len() == IN_A_ROW && !lately(CHECKED_FOR);
        let last = last && evidence.is_checked();
        if many || (last && !lately(CHECKED_FOR_ONE)) {
            self.checking = true;
            permit.checks.store(true, Ordering::Relaxed);
            return Next::Check;
        }
        if last && self.unanswered {
            return Next::Wait;
        }
        self.next(evidence)
    }

    /// What follows where the check has not found the route broken; `None` if it is to be paused all the same.
    fn checked(&mut self, evidence: Evidence, refuted: bool, finding: &Finding) -> Option<Next> {
        let now = Instant::now();
        (self.checking, self.last_check) = (false, Some(now));
        self.unanswered = *finding == Finding::Unavailable;
        let lively = self.succeeded.is_some_and(|at| at.elapsed() < LIVELY);
        if self.failing.len() < IN_A_ROW {
            // Few keys pause nothing that is not broken. If the check itself met no answer, nobody knows yet.
            return Some(if self.unanswered {
                Next::Wait
            } else {
                Next::Own
            });
        }
        if !(refuted || lively) {
            return None;
        }
        self.failing.clear();
        self.checked = Some(Checked { at: now, refuted });
        Some(self.next(evidence))
    }

    /// What follows where the route is not to be checked now.
    fn next(&self, evidence: Evidence) -> Next {
        let since = self.checked.as_ref();
        let since = since.filter(|checked| self.succeeded.is_none_or(|at| at <= checked.at));
        match (evidence, since) {
            (Evidence::Object, _) | (Evidence::Suspect(_), None) => Next::Own,
            (Evidence::Suspect(_), Some(Checked { refuted: true, .. })) => Next::Doubtful,
            (Evidence::Suspect(_), Some(Checked { refuted: false, .. })) => Next::Wait,
        }
    }
}

impl Evidence {
    /// Whether a check of the route makes the kind of request that failed.
    fn is_checked(self) -> bool {
        match self {
            Self::Suspect(Covered::Yes | Covered::ByReading) => true,
            Self::Suspect(Covered::No) | Self::Object => false,
        }
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        self.waits();
        // The check was cut off with its message: the next failure begins another.
        if self.checks.load(Ordering::Relaxed)
            && let State::Running(running) = &mut *self.breaker.state()
        {
            running.checking = false;
        }
    }
}
