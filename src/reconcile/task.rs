//! One key on one route.

use std::fmt;

use futures_util::future::BoxFuture;

use crate::event::Event;
use crate::route::Route;
use crate::s3::{Bucket, BucketClient};

/// One key to make equal, on one route. It knows no message: whoever has none is served as well.
#[derive(Clone, Copy)]
pub struct Task<'a> {
    /// The route.
    pub route: &'a Route,
    /// The key, and what was said about it.
    pub event: &'a Event,
    /// Where the source is.
    pub from: BucketClient<'a>,
    /// Where the copy goes.
    pub to: BucketClient<'a>,
    /// An earlier attempt may have written already.
    pub again: bool,
    /// Where a transfer of many bytes waits for its turn, if it has to.
    pub slots: Option<&'a dyn TransferSlots>,
}

/// Limits how many large transfers run at once.
pub trait TransferSlots: Sync {
    /// Returns when a transfer of so many bytes may begin.
    fn acquire(&self, bytes: u64) -> BoxFuture<'_, ()>;
}

impl Task<'_> {
    /// Waits until a transfer of so many bytes may begin.
    pub(super) async fn may_transfer(&self, bytes: u64) {
        if let Some(slots) = self.slots {
            slots.acquire(bytes).await;
        }
    }

    /// Whether the route takes an object of this size.
    pub(super) fn takes(&self, size: u64) -> bool {
        let (route, event) = (self.route, self.event);
        route.matches(&event.bucket, &event.key, Some(size)).is_ok()
    }
}

impl fmt::Debug for Task<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Bucket { name, .. } = self.to.bucket;
        f.debug_struct("Task")
            .field("route", &self.route.name)
            .field("event", self.event)
            .field("to", name)
            .finish_non_exhaustive()
    }
}
