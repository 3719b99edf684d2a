//! What is known of the rights to tags on each route.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use tokio::time::Instant;

use crate::lock::locked;
use crate::s3::S3Error;

/// What was learnt about rights to tags is believed for so long: policies change.
const BELIEVED: Duration = Duration::from_mins(1);

/// What is known of the rights to tags on each route.
#[derive(Debug, Clone, Default)]
pub(super) struct Rights(Arc<Mutex<HashMap<String, Known>>>);

#[derive(Debug, Default)]
struct Known {
    /// Tags could be read then, so HEAD counts them.
    read: Option<Instant>,
    /// A right to them was missing then.
    refused: Option<Instant>,
    warned: bool,
}

impl Rights {
    fn of(&self) -> MutexGuard<'_, HashMap<String, Known>> {
        locked(&self.0)
    }

    pub(super) fn are_read(&self, route: &str) -> bool {
        let known = self.of();
        lately(known.get(route).and_then(|known| known.read))
    }

    pub(super) fn are_refused(&self, route: &str) -> bool {
        let known = self.of();
        lately(known.get(route).and_then(|known| known.refused))
    }

    pub(super) fn read(&self, route: &str) {
        self.of().entry(route.to_owned()).or_default().read = Some(Instant::now());
    }

    pub(super) fn refused(&self, route: &str, error: &S3Error) {
        let mut known = self.of();
        let known = known.entry(route.to_owned()).or_default();
        known.refused = Some(Instant::now());
        if !std::mem::replace(&mut known.warned, true) {
            tracing::warn!(route, %error, "copies are made without tags: a permission is missing");
        }
    }
}

fn lately(then: Option<Instant>) -> bool {
    then.is_some_and(|then| then.elapsed() < BELIEVED)
}
