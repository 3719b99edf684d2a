//! What the copy of an object has to be. Pure.
//!
//! The plan, the proof that a copy is there, the checks of a write, its provenance metadata and the manifest of an
//! open upload all ask this. A route whose copies do not have the source's bytes differs here and in the stage that
//! makes the bytes, and nowhere else.

use std::collections::BTreeMap;

use crate::route::Route;
use crate::s3::{Checksum, Object, ObjectAttributes, ObjectLocation};

/// How the bytes of a copy follow from the bytes of its source.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Identity {
    /// They are the same.
    #[default]
    SameBytes,
    /// They were derived by the rules with this hash. Only provenance metadata proves such a copy.
    DerivedBy(RulesHash),
}

impl Identity {
    /// Of the copies of a route.
    #[must_use]
    pub fn of(_: &Route) -> Self {
        Self::SameBytes
    }
}

/// SHA-256 of everything that decides what is derived from a source.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RulesHash(pub [u8; 32]);

/// What the copy of one version of an object has to be.
#[derive(Debug, Clone, Copy)]
pub struct ExpectedCopy<'a> {
    from: &'a ObjectLocation,
    source: &'a Object,
    identity: Identity,
}

impl<'a> ExpectedCopy<'a> {
    /// The copy of `source`, which was seen at `from`.
    #[must_use]
    pub fn of(from: &'a ObjectLocation, source: &'a Object, identity: Identity) -> Self {
        Self {
            from,
            source,
            identity,
        }
    }

    /// Where its source is.
    #[must_use]
    pub fn from(&self) -> &'a ObjectLocation {
        self.from
    }

    /// The version it is made of.
    #[must_use]
    pub fn source(&self) -> &'a Object {
        self.source
    }

    /// How its bytes follow from the source's.
    #[must_use]
    pub fn identity(&self) -> Identity {
        self.identity
    }

    /// The checksum over all of its bytes, where it is known before they are read.
    #[must_use]
    pub fn checksum(&self) -> Option<&'a Checksum> {
        self.source
            .checksum
            .as_ref()
            .filter(|_| self.has_same_bytes())
    }

    /// In how many parts it should be uploaded to get the source's `ETag`.
    #[must_use]
    pub fn parts(&self) -> Option<u64> {
        self.source.etag.parts().filter(|_| self.has_same_bytes())
    }

    /// Its content headers, with this user metadata and these tags.
    #[must_use]
    pub fn attributes<'m>(
        &self,
        metadata: &'m BTreeMap<String, String>,
        tagging: Option<&'m str>,
    ) -> ObjectAttributes<'m>
    where
        'a: 'm,
    {
        ObjectAttributes {
            headers: &self.source.headers,
            metadata,
            tagging,
        }
    }

    pub(super) fn has_same_bytes(&self) -> bool {
        self.identity == Identity::SameBytes
    }
}
