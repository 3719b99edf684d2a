//! How one key on one route ended.

use std::time::Duration;

use jiff::Timestamp;

use crate::copy::CopyError;
use crate::plan::{Nothing, TransferMethod};
use crate::s3::{ETag, S3Error};

/// Losing a race this often in a row means that the key is busy: let it rest.
pub const ROUNDS: u32 = 4;

/// How a key ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ended {
    /// The destination was written, and is right.
    Written {
        /// How the bytes travelled.
        transfer: TransferMethod,
        /// How many.
        bytes: u64,
    },
    /// The source is gone, and so is its copy by now.
    Deleted,
    /// There was nothing to do.
    Nothing(Nothing),
    /// The object as it is now is outside the route's size limits.
    Size,
    /// The object is archived, and the route leaves such.
    Archived,
}

/// Why a key did not end.
#[derive(Debug, Clone, thiserror::Error)]
pub enum Failure {
    /// The copy failed.
    #[error(transparent)]
    Copy(#[from] CopyError),
    /// The key is busy.
    #[error("lost {ROUNDS} races in a row against other writers")]
    Contended,
    /// The source is being restored; it is worth another look then.
    #[error("the object is archived, and is being restored")]
    Restoring(Duration),
    /// The route is strict.
    #[error("strict: the copy would not keep {0}")]
    Dropped(String),
    /// The destination key cannot be made.
    #[error("{0}")]
    Target(String),
}

impl Failure {
    /// Whether bytes arrived that are not the source's.
    #[must_use]
    pub fn is_corrupt(&self) -> bool {
        matches!(self, Self::Copy(e) if e.is_corrupt())
    }
}

impl From<S3Error> for Failure {
    fn from(e: S3Error) -> Self {
        Self::Copy(e.into())
    }
}

/// A destination that was proved equal to its source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Equal {
    /// The source's.
    pub etag: ETag,
    /// The destination's key.
    pub target: String,
    /// When the source was last modified, where it was looked at.
    pub modified: Option<Timestamp>,
    /// When the copy came into being, where it was found.
    pub since: Option<Timestamp>,
}

/// How a key ended, and whether anything was written on the way: whatever the end, something may
/// have arrived.
#[derive(Debug)]
pub struct Reconciled {
    /// How it ended.
    pub end: Result<Ended, Failure>,
    /// A write took effect.
    pub wrote: bool,
    /// Parts were made that a later try goes on with.
    pub gained: bool,
    /// Where the destination is, if it was proved equal to the source.
    pub equal: Option<Equal>,
    /// Where something was written, or may have been; the last stands last.
    pub targets: Vec<String>,
}
