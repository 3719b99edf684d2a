//! The safeguards, each of which can be taken away; and the settings they are tried in.

/// A safeguard of the protocol.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Rule {
    /// What to do follows from both sides as they are, not from the event.
    EventIsAHint,
    /// Removal events are worked, too, where deletes are not followed.
    RemovalsAreWorked,
    /// The message is deleted after the effect.
    SettleAfterEffect,
    /// The dead-letter queue confirms before the message is deleted.
    DeadLetterThenDelete,
    /// Nobody deletes a message after the lease has passed.
    SettleWhileHeld,
    /// A write is sent only while the lease has W left.
    LeaseCheck,
    /// A message with an unanswered write is not returned to the queue before W has passed.
    UnansweredWaits,
    /// The destination is looked at before the source.
    DestinationFirst,
    /// "Gone" is a delete marker or `NoSuchKey`, never a bare 404.
    GoneForCertain,
    /// Equal means headers and user metadata, too.
    EqualInAttributes,
    /// Reads are pinned to the `ETag` they were decided from.
    PinnedReads,
    /// What was received before is not taken for new: both sides are looked at.
    ReceivedBefore,
    /// The first try is pinned to the event's eTag, never to its version id.
    NoVersionPin,
    /// Writes carry If-Match or If-None-Match.
    ConditionalWrites,
    /// The source is looked at after an overwrite …
    VerifyOverwrite,
    /// … after a write without a condition …
    VerifyUnconditional,
    /// … after a first write, where deletes are followed …
    VerifyCreate,
    /// … and after a delete.
    VerifyDelete,
    /// The look after asks for the very version, not only the `ETag`.
    VerifyVersion,
    /// A followed delete carries If-Match.
    ConditionalDelete,
    /// A copy that is already there is no end: the move goes on.
    SkipsMoveOn,
    /// A move looks at the destination again.
    MoveChecksDestination,
    /// … at those of all routes.
    MoveChecksAll,
    /// A move looks at the source again.
    MoveChecksSource,
    /// A move's delete carries If-Match.
    ConditionalMove,
    /// A move never deletes by version id.
    MoveLeavesVersions,
}

/// The rules in force.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rules {
    gone: Option<Rule>,
}

impl Rules {
    pub(crate) const fn all() -> Self {
        Self { gone: None }
    }

    pub(crate) const fn without(rule: Rule) -> Self {
        Self { gone: Some(rule) }
    }

    pub(crate) fn has(self, rule: Rule) -> bool {
        self.gone != Some(rule)
    }
}

/// How bytes travel.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Transfer {
    /// `CopyObject`: reads the source and writes in one moment.
    ServerSide,
    /// `CopyObject` that reads the source, and later writes.
    Slow,
    /// `CopyObject` with provenance metadata, so with the headers that a look has shown.
    Marked,
    /// GET, later PUT.
    Streamed,
}

/// What a route does about sources that are gone or copied.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Route {
    /// Copies.
    Copy,
    /// `deletes = "follow"`.
    Follow,
    /// `after_copy = "delete"`.
    Move,
    /// Both, which the configuration refuses.
    MoveAndFollow,
}

impl Route {
    pub(crate) fn follows(self) -> bool {
        matches!(self, Self::Follow | Self::MoveAndFollow)
    }

    pub(crate) fn moves(self) -> bool {
        matches!(self, Self::Move | Self::MoveAndFollow)
    }
}

/// What may happen to a source, and what may go wrong.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum May {
    /// Put of bytes never seen before.
    New,
    /// Put of bytes that were there before.
    Again,
    /// Put of bytes that were there before, with other headers.
    Redress,
    Delete,
    /// Removing the newest version or delete marker.
    Undo,
    /// HEAD of a source answers a bare 404.
    Doubt,
    /// A write is denied for good.
    Deny,
}

/// One bounded world.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Setting {
    pub(crate) transfer: Transfer,
    pub(crate) route: Route,
    /// The source keeps versions.
    pub(crate) versions: bool,
    /// The destination honours conditions.
    pub(crate) conditions: bool,
    /// Nobody changes a source while a move is between its first look and its delete.
    pub(crate) calm: bool,
    pub(crate) may: &'static [May],
    pub(crate) keys: usize,
    pub(crate) routes: u8,
    pub(crate) workers: usize,
    pub(crate) changes: usize,
    pub(crate) duplicates: u8,
}

impl Setting {
    pub(crate) fn may(&self, what: May) -> bool {
        self.may.contains(&what)
    }
}
