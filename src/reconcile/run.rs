//! The state of one key while it is made equal.

use std::collections::BTreeSet;

use bytes::Bytes;
use jiff::Timestamp;

use super::end::{Ended, Equal, Failure};
use super::task::Task;
use crate::copy::{Copier, Leftovers};
use crate::plan::{Capabilities, ExpectedCopy, Identity};
use crate::queue::WriteLease;
use crate::s3::{Condition, ETag, Kind, Object, ObjectLocation, S3Error};

/// One key on its way to its end.
pub(super) struct Run<'a> {
    pub(super) copier: &'a Copier,
    pub(super) task: &'a Task<'a>,
    /// Where the source is.
    pub(super) from: &'a ObjectLocation,
    pub(super) write_lease: &'a WriteLease,
    /// The event's `eTag`.
    pub(super) etag: Option<ETag>,
    /// A write took effect.
    pub(super) wrote: bool,
    /// What stands at the destination was proved equal to the source.
    pub(super) equal: Option<Equal>,
    /// Where something was or may have been written: several keys if a source got another date.
    pub(super) targets: Vec<String>,
    /// The copy that was written last, if that is what stands there.
    pub(super) written: Option<Ended>,
    /// The destination keys of uploads that were begun.
    pub(super) began: BTreeSet<String>,
    /// What they left behind.
    pub(super) left: Leftovers,
    /// The source was seen to be larger than one request may copy.
    pub(super) large: bool,
    /// Tags were put onto a copy that may have been replaced meanwhile.
    pub(super) retag: bool,
}

/// What a round has to go by.
#[derive(Default)]
pub(super) struct Seen {
    pub(super) source: Option<Object>,
    pub(super) target: Option<Object>,
    /// Whether the destination was asked for one.
    pub(super) asked: bool,
    /// The source's bytes, where they came with its headers.
    pub(super) body: Option<Bytes>,
}

/// What came of a step.
pub(super) enum Step {
    End(Ended),
    /// S3 refused the write: something stands there, or the source has moved on.
    Refused,
    /// Written, but the world has moved on, or nothing shows yet that the copy is right.
    ObserveAgain,
}

impl<'a> Run<'a> {
    pub(super) fn new(
        copier: &'a Copier,
        task: &'a Task<'a>,
        from: &'a ObjectLocation,
        write_lease: &'a WriteLease,
    ) -> Self {
        Self {
            copier,
            task,
            from,
            write_lease,
            etag: task.event.etag.as_deref().map(ETag::new),
            wrote: false,
            equal: None,
            targets: Vec::new(),
            written: None,
            began: BTreeSet::new(),
            left: Leftovers::default(),
            large: false,
            retag: false,
        }
    }

    /// What the copy of this version has to be.
    pub(super) fn expected<'s>(&self, source: &'s Object) -> ExpectedCopy<'s>
    where
        'a: 's,
    {
        ExpectedCopy::of(self.from, source, Identity::of(self.task.route))
    }

    /// The destination's key, for a source that was last modified then.
    pub(super) fn key_at(&self, time: Option<Timestamp>) -> Result<String, Failure> {
        let key = self.task.route.destination(&self.task.event.key, time);
        key.map_err(|e| Failure::Target(e.to_string()))
    }

    pub(super) fn writes_to(&mut self, target: &str) {
        self.targets.retain(|known| known != target);
        self.targets.push(target.to_owned());
    }

    /// The destination's key, for a source that was seen.
    pub(super) fn key_for(&self, source: Option<&Object>) -> Result<String, Failure> {
        self.key_at(source.map(|source| source.last_modified))
    }

    pub(super) fn lost_a_race(&self, condition: &Condition, e: &S3Error) -> bool {
        // Or the bucket has just said that it knows no conditions.
        let unknown = matches!(
            e,
            S3Error {
                kind: Kind::NotImplemented,
                ..
            }
        ) && *condition != Condition::Unconditional
            && !self.capabilities().conditional;
        e.is_lost_race() || unknown
    }

    pub(super) fn capabilities(&self) -> Capabilities {
        let (route, to) = (self.task.route, self.task.to);
        let kms = match route.properties.sse {
            Some(sse) => sse.is_kms(),
            None => self.copier.is_kms(&to.bucket.name),
        };
        let conditional = to.s3.conditional(&to.bucket.name);
        Capabilities::of(route, self.write_lease.terms(), (conditional, kms))
    }
}
