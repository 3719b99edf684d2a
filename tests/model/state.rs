//! The world as one value: buckets, queue and workers, small enough to keep millions of them.
//!
//! Workers and messages have no names of their own: both lists are kept sorted, so that states
//! which differ only in who does what are one state.

use std::fmt;

use crate::wrong::Wrong;

/// A change of a source, counted from 1. It stands for the version id, and where there are no
/// versions for Last-Modified; 0 is before the first.
pub(crate) type Id = u8;

/// What an object is.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub(crate) struct Content {
    /// The bytes, which is to say the `ETag`: equal for equal bytes.
    pub(crate) etag: u8,
    /// Headers and user metadata: what an `ETag` does not show.
    pub(crate) attributes: u8,
}

/// What the owner of the source did.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub(crate) enum Change {
    Put(Content),
    Delete,
    /// Removed the newest version or delete marker, so that the one before is back.
    Undo,
}

/// One version at the source; without content it is a delete marker.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub(crate) struct Version {
    pub(crate) id: Id,
    pub(crate) content: Option<Content>,
}

/// One source key.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
pub(crate) struct Source {
    /// All that its owner did; an event tells the place in here.
    pub(crate) log: Vec<Change>,
    /// What there is, the newest last; without versioning only the newest.
    pub(crate) versions: Vec<Version>,
}

impl Source {
    /// What a HEAD shows.
    pub(crate) fn now(&self) -> Version {
        let nothing = Version {
            id: 0,
            content: None,
        };
        self.versions.last().copied().unwrap_or(nothing)
    }
}

/// One destination key.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub(crate) struct Target {
    pub(crate) content: Option<Content>,
    /// The source key and version it shows, also where that is "gone". Only the checks read it.
    pub(crate) shows: (u8, Id),
}

/// An event on its way; a hint.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub(crate) struct Message {
    pub(crate) key: u8,
    pub(crate) event: Id,
    /// The eTag the event tells; none in a removal.
    pub(crate) etag: Option<u8>,
    pub(crate) received_before: bool,
}

/// What must hold at the destination for a write to land.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub(crate) enum Condition {
    None,
    Absent,
    Match(u8),
}

/// What a request is to do.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub(crate) enum Effect {
    /// `CopyObject`: reads and writes when it lands. A marked copy brings its own headers and metadata.
    Copy { pin: u8, attributes: Option<u8> },
    /// `CopyObject` of one version, whether it is still the newest or not.
    CopyVersion { id: Id, pin: u8 },
    /// A slow `CopyObject` that has read this version.
    Copied { id: Id, content: Content },
    /// `PutObject` of what was read before.
    Put(Content),
    /// `DeleteObject` at the destination.
    Delete,
    /// `DeleteObject` at the source, of what was just proven to be at every destination.
    Move,
}

/// A request that changes something, from the decision until it has landed.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub(crate) struct Write {
    pub(crate) effect: Effect,
    pub(crate) condition: Condition,
    /// Source key and destination.
    pub(crate) key: u8,
    pub(crate) route: u8,
    /// The source version it was decided from; none where the source was not looked at.
    pub(crate) seen: Option<Id>,
    /// What the destination showed when it was decided. Only the checks read it.
    pub(crate) over: (u8, Id),
}

/// Where a worker is: its next call.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub(crate) enum At {
    /// Head(destination), then decide.
    Destination,
    /// Head(destination) after a refused blind write.
    Refused,
    /// Head(source) after the destination was seen, or taken for empty.
    Source(Target),
    /// The wrong order: head(destination) after the source was seen.
    DestinationLast(Version),
    /// The pinned GET of a streamed copy.
    Read { write: Write, pin: u8 },
    /// A request is under way, and the worker waits for its answer.
    Sent(Write),
    /// There was no answer, or the worker is dead; the request may still land.
    Unanswered(Write),
    /// Head(source) after a write: is it still what was written? A delete has written nothing.
    Verify { etag: Option<u8>, id: Id },
    /// A move's look at the destination of this route; what the ones before showed.
    MoveDestination { route: u8, seen: Option<Content> },
    /// A move's look at the source.
    MoveSource { seen: Option<Content> },
    /// Send to the dead-letter queue.
    DeadLetter,
    /// The message is to be deleted.
    Settle,
}

/// How a worker holds its message.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub(crate) enum Hold {
    Held,
    /// The lease has passed; others may hold it.
    Lost,
    /// Somebody else has deleted it meanwhile.
    Deleted,
}

/// A worker that is not idle.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub(crate) struct Worker {
    pub(crate) message: Message,
    pub(crate) hold: Hold,
    /// The route it is on.
    pub(crate) route: u8,
    /// The source `ETag` that the routes before and this one proved.
    pub(crate) proven: [Option<u8>; 2],
    pub(crate) at: At,
}

/// Everything there is.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(crate) struct State {
    pub(crate) sources: Vec<Source>,
    pub(crate) targets: Vec<Target>,
    /// Visible messages.
    pub(crate) queue: Vec<Message>,
    pub(crate) workers: Vec<Worker>,
    /// Requests that outlived the hold on their message. There are none while the rules hold.
    pub(crate) late: Vec<Write>,
    pub(crate) dead_lettered: bool,
    pub(crate) duplicates: u8,
    pub(crate) wrong: Option<Wrong>,
}

impl State {
    pub(crate) fn new(keys: usize, routes: usize) -> Self {
        Self {
            sources: vec![Source::default(); keys],
            targets: vec![Target::default(); routes],
            queue: Vec::new(),
            workers: Vec::new(),
            late: Vec::new(),
            dead_lettered: false,
            duplicates: 0,
            wrong: None,
        }
    }

    /// Gives equal states one form.
    pub(crate) fn sorted(mut self) -> Self {
        self.queue.sort_unstable();
        self.workers.sort_unstable();
        self.late.sort_unstable();
        self
    }

    /// No message, nobody at work, nothing under way.
    pub(crate) fn at_rest(&self) -> bool {
        self.queue.is_empty() && self.workers.is_empty() && self.late.is_empty()
    }
}

impl fmt::Display for Content {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let letter = char::from(b'A' + self.etag);
        write!(f, "{letter}{}", "'".repeat(usize::from(self.attributes)))
    }
}

/// `source 2:B  destination A  queue 2`: versions with their ids, the messages that are visible.
impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = |content: Option<Content>| content.map_or("-".into(), |c| c.to_string());
        for source in &self.sources {
            let now = source.now();
            write!(f, "source {}:{}  ", now.id, shown(now.content))?;
        }
        for target in &self.targets {
            write!(f, "destination {}  ", shown(target.content))?;
        }
        let queue: Vec<_> = self.queue.iter().map(|m| m.event.to_string()).collect();
        write!(f, "queue [{}]", queue.join(" "))?;
        if !self.late.is_empty() {
            write!(f, "  late {}", self.late.len())?;
        }
        Ok(())
    }
}
