//! What can go wrong with a call, and when it shall.
//!
//! A rule names calls by service, operation, key or predicate, how often it strikes and with what
//! chance; randomness comes from the simulation's seed, so a run repeats. The first rule that strikes wins.

use std::fmt;
use std::time::Duration;

use fastrand::Rng;

use super::calls::Call;
use super::torn::Tear;

/// One thing that goes wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Fault {
    /// It happened, but the answer is lost.
    Lost(Silence),
    /// It did not happen, and there is no answer.
    Dropped(Silence),
    /// There is no answer, and it happens after this long.
    Late(Duration, Silence),
    /// Too many requests: 503 `SlowDown`, or what the service says instead. It did not happen.
    SlowDown,
    /// Too many requests for KMS, as S3 passes it on: 503 `SlowDown`. It did not happen.
    KeySlowDown,
    /// The object's KMS key cannot be used, as S3 passes it on. It did not happen.
    KeyDisabled,
    /// 400 `InvalidRequest`. It did not happen.
    Invalid,
    /// 500 `InternalError`. It did not happen.
    InternalError,
    /// 200 with an error as its body (S3's slow writes answer before they are done).
    ErrorIn200 { code: &'static str, happens: bool },
    /// 200 with nothing in it (field reports on `CopyObject`).
    Empty200 { happens: bool },
    /// An answer with this status and body. It did not happen.
    Answer { status: u16, body: &'static str },
    /// An answer with this status whose body does not end. It did not happen.
    Endless { status: u16 },
    /// 501 `NotImplemented`. It did not happen.
    NotImplemented,
    /// 409 `ConditionalRequestConflict`. It did not happen.
    Conflict,
    /// It takes this long before it happens, and this long again until the answer.
    Slow { before: Duration, after: Duration },
    /// A copy that reads its source at once and writes after so long.
    LongCopy(Duration),
    /// The body of the answer does not arrive as it was sent.
    Torn(Tear),
    /// The body of the request does not arrive as it was sent. S3's only.
    Sent(Tear),
    /// These entries of a batch fail, by position; the others happen.
    Entries(Vec<usize>),
}

/// How a missing answer looks from outside.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Silence {
    /// Nothing ever comes: the client's own timeout must fire.
    Hang,
    /// The connection is reset.
    Reset,
}

impl Fault {
    pub(super) fn name(&self) -> &'static str {
        match self {
            Self::Lost(_) => "lost",
            Self::Dropped(_) => "dropped",
            Self::Late(..) => "late",
            Self::SlowDown => "slow-down",
            Self::KeySlowDown => "key-slow-down",
            Self::KeyDisabled => "key-disabled",
            Self::Invalid => "invalid",
            Self::InternalError => "internal-error",
            Self::ErrorIn200 { .. } => "error-in-200",
            Self::Empty200 { .. } => "empty-200",
            Self::Answer { .. } => "answer",
            Self::Endless { .. } => "endless",
            Self::NotImplemented => "not-implemented",
            Self::Conflict => "conflict",
            Self::Slow { .. } => "slow",
            Self::LongCopy(_) => "long-copy",
            Self::Torn(_) => "torn",
            Self::Sent(_) => "sent-torn",
            Self::Entries(_) => "entries",
        }
    }
}

/// How long an ordinary call takes each way, at most.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Latency(pub(crate) Duration);

impl Latency {
    /// No latency throws no randomness. Most calls take a tenth of the longest.
    pub(super) fn draw(self, rng: &mut Rng) -> Option<Fault> {
        if self.0.is_zero() {
            return None;
        }
        let mut transfer = || self.0.mul_f64(rng.f64().powi(3));
        Some(Fault::Slow {
            before: transfer(),
            after: transfer(),
        })
    }
}

type When = Box<dyn Fn(&Call) -> bool + Send>;

/// Which calls a fault strikes.
pub(crate) struct Rule {
    fault: Fault,
    when: Vec<When>,
    left: Option<usize>,
    chance: f64,
}

impl Rule {
    /// Strikes every call, always, until narrowed.
    pub(crate) fn new(fault: Fault) -> Self {
        Self {
            fault,
            when: Vec::new(),
            left: None,
            chance: 1.0,
        }
    }

    pub(crate) fn on(self, service: &'static str, operation: &'static str) -> Self {
        self.when(move |call| call.service == service && call.operation == operation)
    }

    pub(crate) fn key(self, key: &str) -> Self {
        let key = key.to_owned();
        self.when(move |call| call.key == key)
    }

    /// The predicate is asked while the in-memory AWS stands still, so it must not ask the in-memory AWS itself.
    pub(crate) fn when(mut self, when: impl Fn(&Call) -> bool + Send + 'static) -> Self {
        self.when.push(Box::new(when));
        self
    }

    pub(crate) fn times(mut self, times: usize) -> Self {
        self.left = Some(times);
        self
    }

    pub(crate) fn chance(mut self, chance: f64) -> Self {
        self.chance = chance;
        self
    }

    fn tear(&self) -> Option<Tear> {
        if let Fault::Sent(tear) = self.fault {
            return Some(tear);
        }
        None
    }

    fn strikes(&mut self, call: &Call, rng: &mut Rng) -> bool {
        if self.left == Some(0) || !self.when.iter().all(|when| when(call)) {
            return false;
        }
        // Certain rules throw no randomness, so that adding one does not shift a seed's other randomness.
        if self.chance < 1.0 && rng.f64() >= self.chance {
            return false;
        }
        self.left = self.left.map(|left| left - 1);
        true
    }
}

impl fmt::Debug for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut out = f.debug_struct("Rule");
        out.field("fault", &self.fault)
            .field("left", &self.left)
            .finish_non_exhaustive()
    }
}

/// The rules in force.
#[derive(Debug, Default)]
pub(super) struct Faults(pub(super) Vec<Rule>);

impl Faults {
    pub(super) fn strike(&mut self, call: &Call, rng: &mut Rng) -> Option<Fault> {
        let mut after = self.0.iter_mut().filter(|rule| rule.tear().is_none());
        after.find_map(|rule| rule.strikes(call, rng).then(|| rule.fault.clone()))
    }

    /// What strikes before the call has arrived.
    pub(super) fn tear(&mut self, call: &Call, rng: &mut Rng) -> Option<Tear> {
        let mut before = self.0.iter_mut().filter(|rule| rule.tear().is_some());
        before.find_map(|rule| rule.strikes(call, rng).then(|| rule.tear())?)
    }
}
