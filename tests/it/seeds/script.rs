//! A script: everything that will happen in one simulation, as plain data.
//!
//! A seed draws one; a failing one is cut down and printed as JSON, and what was worth keeping is
//! kept as JSON, so that it stays the same script when the drawing changes. Times are milliseconds
//! of the simulation's clock.

use std::borrow::Cow;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::operation::Operation;
use super::storms::{Quiet, Storm};
use crate::aws::{Latency, Mischief, Moment};

/// One world's story.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "a story says yes or no to as many things"
)]
pub(super) struct Script {
    /// What the in-memory AWS and the daemons throw their randomness from.
    pub(super) rng: u64,
    /// How long after nine in the morning it begins.
    #[serde(default)]
    pub(super) begins: u64,
    pub(super) source: Place,
    pub(super) routes: Vec<Target>,
    /// What becomes of source objects.
    #[serde(default)]
    pub(super) after_copy: AfterCopy,
    /// Whether the daemons trust conditions on writes.
    pub(super) conditional: bool,
    pub(super) visibility: u64,
    pub(super) max_attempts: u32,
    /// The workers of each daemon.
    pub(super) daemons: Vec<u32>,
    /// Every object is large, and each daemon copies one large object at a time.
    #[serde(default)]
    pub(super) large: bool,
    /// Arrivals are kept in a queue.
    #[serde(default)]
    pub(super) durable: bool,
    /// A topic is told of arrivals.
    #[serde(default)]
    pub(super) reported: bool,
    /// So many crawls fail before one succeeds.
    #[serde(default)]
    pub(super) crawls_fail: usize,
    /// How the buckets are come by.
    #[serde(default)]
    pub(super) access_points: AccessPoints,
    /// The routes' `bandwidth`, in bytes a second: so little that a large object outlasts what SQS
    /// lets anybody hold its message.
    #[serde(default)]
    pub(super) bandwidth: Option<u64>,
    /// The sources' keys, after the route's prefix.
    pub(super) keys: Vec<String>,
    pub(super) latency: u64,
    pub(super) queue: Unruly,
    pub(super) storms: Vec<Storm>,
    pub(super) steps: Vec<Step>,
}

/// A bucket's ways.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Place {
    pub(super) versioned: bool,
    pub(super) kms: bool,
}

/// Where one route goes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Target {
    pub(super) place: Place,
    /// `transfer = "stream"`.
    pub(super) streamed: bool,
    /// The destination's key begins with the date of the source.
    pub(super) dated: bool,
    /// `deletes = "follow"`.
    #[serde(default)]
    pub(super) follows: bool,
    /// `sse`, if it is said.
    #[serde(default)]
    pub(super) sse: Option<Cow<'static, str>>,
    /// `part_size`, if it is said.
    #[serde(default)]
    pub(super) part_size: Option<Cow<'static, str>>,
    /// `storage_class`, if it is said.
    #[serde(default)]
    pub(super) class: Option<Cow<'static, str>>,
}

/// How buckets are come by.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum AccessPoints {
    /// By their names.
    #[default]
    Open,
    /// Through access points alone, all in one region.
    Near,
    /// The same, in two regions: nothing is copied inside S3.
    Far,
}

/// What becomes of source objects.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum AfterCopy {
    #[default]
    Keep,
    Delete,
    /// To `done/`.
    Move,
}

/// What the queue does to its consumers.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Unruly {
    pub(super) duplicate: f64,
    pub(super) late: u64,
    pub(super) shuffle: bool,
    pub(super) twice: f64,
    pub(super) undead: f64,
}

/// Something that happens once.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Step {
    pub(super) when: When,
    pub(super) act: Act,
}

/// When it happens.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum When {
    At(u64),
    /// At the `nth` call of this kind, by whichever daemon.
    Call {
        call: Operation,
        nth: usize,
        moment: Moment,
    },
}

/// What happens.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Act {
    Outside(Outside),
    Trouble(Trouble),
}

/// What other people do to buckets and the queue.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Outside {
    /// The source gets this content, in this headers and metadata.
    Put {
        key: usize,
        content: u8,
        attributes: u8,
        shape: Shape,
    },
    /// The source is deleted, without a version id.
    Delete { key: usize },
    /// The source's version so far back is deleted for good; 0 is the newest.
    DeleteVersion { key: usize, back: usize },
    /// The newest delete marker of the source is taken away.
    Undelete { key: usize },
    /// An event, true or not, as anyone could send it.
    Hint {
        key: usize,
        envelope: Envelope,
        true_etag: bool,
    },
    /// A message that is none.
    Noise,
    /// So many other objects come that nobody can read: encrypted with a key of their owner's.
    Unreadable { count: u8 },
    /// Somebody else writes to the destination.
    Meddle {
        route: usize,
        key: usize,
        content: u8,
    },
    /// Somebody else deletes at the destination.
    MeddleDelete { route: usize, key: usize },
}

/// What happens to the daemons.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Trouble {
    /// `None` is the daemon that made the call.
    Crash { daemon: Option<usize>, back: u64 },
    /// SIGTERM.
    Stop { daemon: usize, back: u64 },
    /// The daemon's network is gone for a while.
    Dark {
        daemon: usize,
        time: u64,
        quiet: Quiet,
    },
    /// Nothing runs while time passes, as in a laptop that sleeps.
    Jump { time: u64 },
    /// A permission is gone for a while: on the source, or on a route's destination.
    Deny { what: Denied, time: u64 },
    /// The access key is disabled for a while.
    Disable { time: u64 },
    /// A bucket is not there for a while: the source, or a route's destination.
    Vanish { route: Option<usize>, time: u64 },
}

/// How an object was uploaded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Shape {
    Single,
    Multipart,
    Composite,
    Kms,
    Empty,
    /// More than one request may copy.
    Large,
    /// The same, uploaded in parts.
    LargeParts,
}

/// Which envelope a hint comes in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Envelope {
    S3,
    Sns,
    EventBridge,
    Work,
    Removal,
    /// S3's, with a record for the key and one for each other.
    Several,
}

/// What is denied.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Denied {
    Read,
    /// Looking at, and writing to, a route's destination.
    Look(usize),
    Write(usize),
    ReadTags,
    WriteTags(usize),
    /// Deleting objects anywhere.
    Remove,
    Receive,
    Delete,
    /// Sending to any queue.
    Send,
    DeadLetter,
    Tell,
}

impl From<&Unruly> for Mischief {
    fn from(queue: &Unruly) -> Self {
        Self {
            surplus: 0,
            duplicate: queue.duplicate,
            late: Duration::from_millis(queue.late),
            shuffle: queue.shuffle,
            twice: queue.twice,
            undead: queue.undead,
        }
    }
}

impl Script {
    pub(super) fn latency(&self) -> Latency {
        Latency(Duration::from_millis(self.latency))
    }

    /// Whether anything goes through the daemons themselves.
    pub(super) fn streams(&self) -> bool {
        self.access_points == AccessPoints::Far || self.routes.iter().any(|route| route.streamed)
    }

    /// Whether copies or source objects are deleted.
    pub(super) fn removes(&self) -> bool {
        self.moves() || self.routes.iter().any(|route| route.follows)
    }

    pub(super) fn moves(&self) -> bool {
        self.after_copy != AfterCopy::Keep
    }

    /// Whether calls are quick enough for its leases: a write may take an eighth of the visibility.
    pub(super) fn is_patient(&self) -> bool {
        2 * self.latency < self.visibility / 8
    }

    /// When the last timed thing has happened.
    pub(super) fn end(&self) -> u64 {
        let steps = self.steps.iter().map(|step| match (&step.when, &step.act) {
            (When::Call { .. }, _) => 0,
            (When::At(at), Act::Outside(_)) => *at,
            (When::At(at), Act::Trouble(trouble)) => at + trouble.lasts(),
        });
        let storms = self.storms.iter().map(|storm| storm.until);
        steps.chain(storms).max().unwrap_or_default()
    }
}

impl Trouble {
    /// As it is counted.
    pub(super) fn name(&self) -> &'static str {
        match self {
            Self::Crash { .. } => "processes killed",
            Self::Stop { .. } => "processes stopped",
            Self::Dark { .. } => "networks gone",
            Self::Jump { .. } => "clock jumps",
            Self::Deny { .. } => "permissions gone",
            Self::Disable { .. } => "keys disabled",
            Self::Vanish { .. } => "buckets gone",
        }
    }

    /// Until it is over.
    fn lasts(&self) -> u64 {
        match *self {
            Self::Crash { back: time, .. }
            | Self::Stop { back: time, .. }
            | Self::Dark { time, .. }
            | Self::Jump { time }
            | Self::Deny { time, .. }
            | Self::Disable { time }
            | Self::Vanish { time, .. } => time,
        }
    }
}
