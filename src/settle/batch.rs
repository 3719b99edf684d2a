//! Messages whose end is known, until there are enough for one call.

use std::time::Duration;

use tokio::time::Instant;

use crate::queue::Receipt;
use crate::work::{Lag, Room};

/// A settled message is deleted no later than this after its verdict.
const FLUSH_AFTER: Duration = Duration::from_millis(100);

/// A message whose end is known and whose call is waiting for its batch.
#[derive(Debug)]
pub(super) struct Ending {
    pub(super) receipt: Receipt,
    pub(super) outcome: &'static str,
    pub(super) lags: Vec<Lag>,
    /// Show it again after this, instead of deleting it.
    pub(super) visible_after: Option<Duration>,
    /// Held until then, so that a slow SQS slows the intake down.
    pub(super) room: Room,
}

#[derive(Debug, Default)]
pub(super) struct Batch {
    pub(super) endings: Vec<Ending>,
    pub(super) flush_at: Option<Instant>,
}

impl Ending {
    pub(super) fn delete(receipt: Receipt, room: Room, outcome: &'static str) -> Self {
        Self {
            receipt,
            outcome,
            lags: Vec::new(),
            room,
            visible_after: None,
        }
    }

    pub(super) fn show(
        receipt: Receipt,
        room: Room,
        outcome: &'static str,
        after: Duration,
    ) -> Self {
        Self {
            receipt,
            outcome,
            lags: Vec::new(),
            room,
            visible_after: Some(after),
        }
    }
}

impl Batch {
    pub(super) fn add(&mut self, ending: Ending) {
        self.flush_at
            .get_or_insert_with(|| Instant::now() + FLUSH_AFTER);
        self.endings.push(ending);
    }
}
