//! What arrives, and who is told of it before the message that brought it may end.
//!
//! An arrival is announced if this delivery wrote, had a write without an answer, or was received
//! before: whatever its ending says, what has to follow is never lost. Who announces says when
//! that is safe; until then the message stays in its queue.

use std::sync::Arc;

use futures_util::future::BoxFuture;
use jiff::Timestamp;

use super::task::{Equal, Reached};
use crate::event::Event;
use crate::route::Route;

/// Something arrived at a destination, or may have.
#[derive(Debug, Clone)]
pub struct Arrival {
    /// By which route.
    pub route: Arc<Route>,
    /// Of which object.
    pub source: String,
    /// Under which key. None where a dated one cannot be told, as its source is gone.
    pub target: Option<String>,
    /// Its bytes, where they are known.
    pub bytes: Option<u64>,
    /// When the object came into being, if the event says so.
    pub time: Option<Timestamp>,
    /// Its copy was deleted.
    pub removed: bool,
    /// Which version of the source it is; only where somebody is told.
    pub version: Option<SourceVersion>,
}

/// What a version of a source goes by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceVersion {
    /// Its `ETag`, without quotes.
    pub etag: Option<String>,
    /// Its id, as far as the event said.
    pub id: Option<String>,
}

/// Told of arrivals.
pub trait Announce: Send + Sync {
    /// Returns once the arrival can no longer be lost.
    fn arrived<'a>(&'a self, arrival: &'a Arrival) -> BoxFuture<'a, Result<(), Unannounced>>;
}

/// An arrival that could still be lost: its message has to come again.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{why}")]
pub struct Unannounced {
    /// What was said.
    pub why: String,
    /// Until a person changes something, no other try will fare better.
    pub lasts: bool,
    /// It concerns this object only: others may fare better.
    pub alone: bool,
}

impl Unannounced {
    /// Another try may fare better.
    #[must_use]
    pub fn for_now(why: impl Into<String>) -> Self {
        Self {
            why: why.into(),
            lasts: false,
            alone: false,
        }
    }

    /// No other try will, before somebody has mended what all of the route wait for.
    #[must_use]
    pub fn lasting(why: impl Into<String>) -> Self {
        Self {
            lasts: true,
            ..Self::for_now(why)
        }
    }

    /// No other try will, but others of the route may.
    #[must_use]
    pub fn of_this_object(why: impl Into<String>) -> Self {
        Self {
            alone: true,
            ..Self::lasting(why)
        }
    }
}

impl Arrival {
    /// The destination, as far as it is known.
    #[must_use]
    pub fn place(&self) -> String {
        let key = self.target.as_deref().unwrap_or_default();
        format!("s3://{}/{key}", self.route.to.bucket)
    }

    pub(super) fn of(
        route: &Arc<Route>,
        event: &Event,
        target: Option<String>,
        reached: Option<&Reached>,
        equal: Option<&Equal>,
    ) -> Self {
        // What an earlier delivery wrote stands where this one has proved it.
        // A key without a date is always known; else the event's own time is the best guess.
        let target = target.or_else(|| equal.map(|equal| equal.target.clone()));
        let target = target.or_else(|| route.destination(&event.key, event.time).ok());
        Self {
            route: route.clone(),
            source: event.key.clone(),
            target,
            bytes: match reached {
                Some(Reached::Written { bytes, .. }) => Some(*bytes),
                Some(_) | None => event.size,
            },
            time: event.time,
            removed: reached == Some(&Reached::Deleted),
            version: route.notify.is_some().then(|| SourceVersion {
                etag: match equal {
                    Some(equal) => Some(equal.etag.as_str().to_owned()),
                    None => event.etag.clone(),
                },
                id: event.version_id.clone(),
            }),
        }
    }
}
