//! What to do about one key, and why. Pure: what was seen goes in, a plan comes out.

use super::expected::{ExpectedCopy, Identity};
use super::layout::ONE_PART;
use super::proof::Proof;
use super::provenance::lacks_tags;
use super::transfer::TransferMethod;
use crate::config;
use crate::queue::Terms;
use crate::route::Route;
use crate::s3::{Condition, ETag, Object};

/// What a route and its endpoint can do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own")]
pub struct Capabilities {
    /// The route's `transfer`.
    pub transfer: config::Transfer,
    /// How the bytes of copies follow from those of their sources.
    pub identity: Identity,
    /// Why S3 shall not copy between the two sides by itself, unless the operator insists.
    pub needs_streaming: Option<&'static str>,
    /// The destination honours conditions on writes.
    pub conditional: bool,
    /// The destination is known to encrypt with a KMS key.
    pub kms_target: bool,
    /// A copy whose source is gone is deleted.
    pub follows: bool,
    /// The largest object one `CopyObject` may take.
    pub copy_max: u64,
    /// The bytes of a part, where the route says it.
    pub part_size: Option<u64>,
    /// What cannot be kept must be seen before anything is written.
    pub strict: bool,
}

/// What to do about one key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Plan {
    /// Nothing, for a reason that is proof.
    Nothing(Nothing),
    /// The destination equals the source but for its tags, which were to follow the write.
    Tags(Proof),
    /// Write the destination.
    Copy(Copy),
    /// The source is gone: delete the copy, if this holds of it.
    Delete(Condition),
}

/// Why there is nothing to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Nothing {
    /// The source is gone.
    SourceGone,
    /// The destination provably equals the source.
    AlreadyThere(Proof),
}

/// One write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Copy {
    /// How the bytes travel.
    pub transfer: TransferMethod,
    /// The source version to read.
    pub pin: ETag,
    /// What must hold at the destination.
    pub condition: Condition,
    /// Leave provenance metadata on the copy.
    pub with_provenance: bool,
    /// Why this way.
    pub why: &'static str,
}

/// How an object is copied in parts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cut {
    /// How many there are.
    pub parts: u32,
    /// The bytes of each but the last.
    pub part: u64,
    /// What reading and writing all of them costs.
    pub calls: u64,
}

/// The largest object of a route's that one `CopyObject` copies, well within *W*.
#[must_use]
pub fn copy_max(terms: Terms, parts: config::Parts) -> u64 {
    parts.one_copy(terms.write_timeout())
}

impl Capabilities {
    /// What a route can do whose destination honours conditions, or is known to use a KMS key.
    #[must_use]
    pub fn of(route: &Route, terms: Terms, (conditional, kms_target): (bool, bool)) -> Self {
        Self {
            transfer: route.transfer,
            identity: Identity::of(route),
            needs_streaming: route.needs_streaming,
            conditional,
            kms_target,
            follows: route.follows,
            copy_max: copy_max(terms, route.parts),
            part_size: route.parts.size,
            strict: route.properties.strict,
        }
    }

    /// Whether bytes go through this process.
    #[must_use]
    pub fn streams(&self) -> bool {
        self.why_streamed().is_some()
    }

    pub(super) fn why_streamed(&self) -> Option<&'static str> {
        match (self.identity, self.transfer) {
            (Identity::DerivedBy(_), _) => Some("the route changes the bytes"),
            (Identity::SameBytes, config::Transfer::Auto) => self.needs_streaming,
            (Identity::SameBytes, config::Transfer::ServerSide) => None,
            (Identity::SameBytes, config::Transfer::Stream) => Some("transfer = \"stream\""),
        }
    }

    /// Whether the source must be looked at again after a write: anything but "there was nothing"
    /// may have replaced something newer; and where deletes are followed, one may have found
    /// nothing to delete before the write landed.
    #[must_use]
    pub fn verifies(&self, copy: &Copy) -> bool {
        self.follows || copy.condition != Condition::Absent
    }

    /// Plans from the current state of both sides. A destination that was not read is `None`.
    #[must_use]
    pub fn plan(&self, expected: Option<&ExpectedCopy<'_>>, target: Option<&Object>) -> Plan {
        let Some(expected) = expected else {
            return match target {
                Some(_) if self.follows => Plan::Delete(self.condition(target)),
                Some(_) | None => Plan::Nothing(Nothing::SourceGone),
            };
        };
        let source = expected.source();
        if let Some(target) = target
            && let Some(proof) = expected.proof(target)
        {
            return if lacks_tags(source, target) {
                Plan::Tags(proof)
            } else {
                Plan::Nothing(Nothing::AlreadyThere(proof))
            };
        }
        let streamed = self.why_streamed();
        let transfer = match (streamed, source.size > self.one_request()) {
            (Some(_), false) => TransferMethod::Stream,
            (Some(_), true) => TransferMethod::StreamParts,
            (None, false) => TransferMethod::ServerSide,
            (None, true) => TransferMethod::ServerSideParts,
        };
        let why = streamed.unwrap_or(match self.transfer {
            config::Transfer::ServerSide => "transfer = \"server-side\"",
            config::Transfer::Auto | config::Transfer::Stream => {
                "S3 can copy between the two itself"
            }
        });
        let kms = source.kms || self.kms_target || target.is_some_and(|target| target.kms);
        Plan::Copy(Copy {
            transfer,
            pin: source.etag.clone(),
            condition: self.condition(target),
            with_provenance: transfer.is_by_hand() || kms || !source.etag.is_single_part(),
            why,
        })
    }

    /// The largest object that is not copied in parts.
    #[must_use]
    pub fn one_request(&self) -> u64 {
        if self.streams() {
            ONE_PART
        } else {
            self.copy_max
        }
    }

    /// How an object of this size is cut, if that is more than one request's work; as its source
    /// is, where that is cut evenly and the route says nothing.
    #[must_use]
    pub fn cut(&self, size: u64) -> Option<Cut> {
        let transfer = if self.streams() {
            TransferMethod::StreamParts
        } else {
            TransferMethod::ServerSideParts
        };
        let layout = transfer.layout(size, self.part_size, None)?;
        let parts = layout.count();
        let cut = Cut {
            parts,
            part: layout.part,
            calls: u64::from(parts) + if self.streams() { layout.reads() } else { 0 },
        };
        (size > self.one_request()).then_some(cut)
    }

    pub(super) fn condition(&self, target: Option<&Object>) -> Condition {
        match target {
            _ if !self.conditional => Condition::Unconditional,
            Some(target) => Condition::Unchanged(target.etag.clone()),
            None => Condition::Absent,
        }
    }
}

#[cfg(test)]
pub(in crate::plan) mod tests;
