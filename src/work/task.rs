//! One key to make equal, on one route: what a reconciler is given.

use jiff::Timestamp;

use crate::config::{Archived, Way};
use crate::copy::Behalf;
use crate::event::Event;
use crate::s3::{ETag, Side};

/// One key to make equal, on one route.
#[derive(Debug, Clone)]
pub struct Task<'a> {
    /// Whose copy it is.
    pub behalf: Behalf<'a>,
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
    /// An earlier delivery of the same message may have written already.
    pub received_before: bool,
}

/// Where the copy goes.
#[derive(Clone, Copy)]
pub struct Target<'a> {
    /// The key, for a source last modified then.
    pub key: &'a (dyn Fn(Option<Timestamp>) -> Result<String, String> + Send + Sync),
    /// The key depends on the source's Last-Modified.
    pub dated: bool,
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
