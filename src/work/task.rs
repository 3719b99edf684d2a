//! One key to make equal, and how that ended.

use std::time::Duration;

use jiff::Timestamp;

use super::arrival::Unannounced;
use super::lanes::Turn;
use crate::config::{Archived, Way};
use crate::copy::{CopyError, ForRoute, Nothing};
use crate::event::Event;
use crate::s3::{ETag, S3Error, Side};

/// Losing a race this often in a row means that the key is busy: let it rest.
pub(super) const ROUNDS: u32 = 4;

/// One key to make equal, on one route.
#[derive(Debug, Clone)]
pub struct Task<'a> {
    /// The route.
    pub route: ForRoute<'a>,
    /// Where the source is.
    pub from: Side<'a>,
    /// What was said about it.
    pub event: &'a Event,
    /// The event's `eTag`.
    pub etag: Option<ETag>,
    /// Where the copy goes.
    pub to: Side<'a>,
    /// Makes the destination key; dated routes need the source's time.
    pub target: Target<'a>,
    /// The route's `way`.
    pub way: Way,
    /// What becomes of an archived source.
    pub archived: Archived,
    /// Why S3 shall not copy between the two by itself.
    pub apart: Option<&'static str>,
    /// A copy whose source is gone is deleted.
    pub follows: bool,
    /// An earlier delivery of the same message may have written already.
    pub received_before: bool,
    /// A large copy has to wait for its lane.
    pub turn: Turn<'a>,
}

/// Where the copy goes.
#[derive(Clone, Copy)]
pub struct Target<'a> {
    /// The key, for a source last modified then.
    pub key: &'a (dyn Fn(Option<Timestamp>) -> Result<String, String> + Send + Sync),
    /// The key depends on the source's Last-Modified.
    pub dated: bool,
    /// The route takes only objects of certain sizes.
    pub bounded: bool,
    /// Whether the route takes an object of this size.
    pub takes: &'a (dyn Fn(u64) -> bool + Send + Sync),
}

impl std::fmt::Debug for Target<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Target")
            .field("dated", &self.dated)
            .finish_non_exhaustive()
    }
}

/// How a key ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reached {
    /// The destination was written, and is right.
    Written {
        /// How the bytes travelled.
        way: crate::copy::Way,
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
    Unkept(String),
    /// The destination key cannot be made.
    #[error("{0}")]
    Target(String),
    /// What arrived could not be announced.
    #[error(transparent)]
    Unannounced(#[from] Unannounced),
}

impl Failure {
    /// Whether bytes arrived that are not the source's.
    #[must_use]
    pub fn is_torn(&self) -> bool {
        matches!(self, Self::Copy(e) if e.is_torn())
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
    pub end: Result<Reached, Failure>,
    /// A write took effect.
    pub wrote: bool,
    /// Parts were made that a later try goes on with.
    pub gained: bool,
    /// Where the destination is, if it was proved equal to the source.
    pub equal: Option<Equal>,
    /// Where something was written, or may have been; the last stands last.
    pub targets: Vec<String>,
}
