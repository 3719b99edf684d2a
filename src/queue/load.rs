//! The memory of messages in flight: their bodies, and the attributes that others gave them.
//!
//! A message of S3 has a kilobyte, but anybody who may send can send a mebibyte, and SQS returns ten at once. So there
//! is a budget. An answer is [read](super::admit) once its bytes are taken from it, and each message keeps its own
//! share until it is settled. A queue that has just brought large messages [reserves](Load::reserve) them at their
//! largest before it is polled again. Nothing else on a message's way waits for this budget, so it always becomes free
//! again.
//!
//! A sixth of it is kept for small shares, so that answers of ordinary events do not wait behind large ones.

use std::sync::Arc;
use std::time::Duration;

use bytesize::ByteSize;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

/// The budget is counted in these.
const KIB: usize = 1024;

/// For the messages of all queues: ten at their largest, and two thousand ordinary ones. Half of an answer of ten such is not
/// counted while it is read, and nothing else is read then.
const MESSAGES: usize = 12 << 20;

/// SQS's largest message.
pub(super) const LARGEST: usize = 1 << 20;

/// Shares up to this are small.
const SMALL: usize = 256 << 10;

/// A wait so long is logged.
const LOGGED_AFTER: Duration = Duration::from_mins(1);

/// A budget of bytes, of all queues together. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Load {
    room: Arc<Semaphore>,
    small: Arc<Semaphore>,
    most: usize,
}

/// A share of the budget, until it is dropped.
#[derive(Debug, Default)]
pub struct Weight(Option<OwnedSemaphorePermit>);

impl Default for Load {
    fn default() -> Self {
        Self::of(MESSAGES)
    }
}

impl Load {
    /// A budget of so many bytes.
    #[must_use]
    pub fn of(most: usize) -> Self {
        let small = most / 6;
        Self {
            room: Arc::new(Semaphore::new((most - small) / KIB)),
            small: Arc::new(Semaphore::new(small / KIB)),
            most,
        }
    }

    /// How many messages of SQS's largest size there is room for.
    #[must_use]
    pub fn fits(&self) -> usize {
        self.room.available_permits() * KIB / LARGEST
    }

    /// Whether a queue that has brought so many bytes at once reserves what its next answer may bring.
    #[must_use]
    pub fn is_heavy(bytes: usize) -> bool {
        bytes > SMALL
    }

    /// How many polls may be out at once, should each bring as much as one that has brought `bytes`.
    #[must_use]
    pub fn polls(&self, bytes: usize) -> usize {
        (self.most / (2 * bytes).max(KIB)).max(1)
    }

    /// Reserves room for as many messages of SQS's largest size as there is, up to `most`; waits for that of one.
    pub async fn reserve(&self, most: u8) -> Weight {
        let one = || self.room.clone().acquire_many_owned(blocks(LARGEST));
        let first = if let Ok(first) = timeout(LOGGED_AFTER, one()).await {
            first
        } else {
            let most = ByteSize(self.most as u64);
            tracing::warn!(%most, "the messages in flight are too large together: no other large ones are received until some have ended");
            one().await
        };
        let mut share = first.expect("the budget is never closed");
        let more = self.fits().min(usize::from(most).saturating_sub(1));
        if let Ok(more) = self
            .room
            .clone()
            .try_acquire_many_owned(blocks(more * LARGEST))
        {
            share.merge(more);
        }
        Weight(Some(share))
    }

    /// Takes so many bytes of the budget, or all that there may be, once they are free.
    pub async fn take(&self, bytes: usize) -> Weight {
        let bytes = bytes.min(self.most - self.most / 6);
        let small = async {
            if bytes > SMALL {
                std::future::pending::<()>().await;
            }
            self.small.clone().acquire_many_owned(blocks(bytes)).await
        };
        let share = tokio::select! {
            biased;
            share = small => share,
            share = self.room.clone().acquire_many_owned(blocks(bytes)) => share,
        };
        Weight(Some(share.expect("the budget is never closed")))
    }
}

impl Weight {
    /// How many messages of SQS's largest size it has room for.
    #[must_use]
    pub fn messages(&self) -> usize {
        let blocks = self.0.as_ref().map_or(0, OwnedSemaphorePermit::num_permits);
        blocks * KIB / LARGEST
    }

    /// Takes so many bytes out of the share, or what there is.
    #[must_use]
    pub fn split(&mut self, bytes: usize) -> Self {
        Self(self.0.as_mut().and_then(|share| {
            let blocks = bytes.div_ceil(KIB).min(share.num_permits());
            share.split(blocks)
        }))
    }
}

fn blocks(bytes: usize) -> u32 {
    u32::try_from(bytes.div_ceil(KIB)).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;

    use super::*;

    const MIB: usize = 1 << 20;

    #[test]
    fn an_answer_gives_back_what_its_messages_do_not_weigh() {
        let load = Load::of(12 * MIB);
        assert_eq!(load.fits(), 10, "a sixth is for small ones");
        let mut answer = load.take(8 * MIB).now_or_never().expect("it is free");
        assert_eq!(load.fits(), 2);
        let message = answer.split(3 * MIB);
        drop(answer);
        assert_eq!(load.fits(), 7);
        drop(message);
        assert_eq!(load.fits(), 10);
    }

    #[tokio::test]
    async fn polls_that_ask_at_once_are_promised_no_more_than_there_is() {
        let load = Load::of(12 * MIB);
        let held = load.take(7 * MIB / 2).now_or_never().expect("it is free");
        let first = load.reserve(10).now_or_never().expect("it is free");
        assert_eq!(first.messages(), 6);
        let second = load.reserve(10).now_or_never();
        assert!(second.is_none(), "half a mebibyte is left");
        drop(held);
        let second = load.reserve(1).now_or_never().expect("it is free");
        assert_eq!((second.messages(), load.fits()), (1, 3));
    }

    #[test]
    fn small_shares_do_not_wait_behind_large_ones() {
        let load = Load::of(12 * MIB);
        let all = load.take(usize::MAX).now_or_never().expect("it is free");
        let waits = load.take(MIB);
        tokio::pin!(waits);
        assert!(waits.as_mut().now_or_never().is_none());
        let small = || load.take(SMALL).now_or_never();
        let held: Vec<_> = (0..8).map_while(|_| small()).collect();
        assert_eq!(held.len(), 8, "a sixth of it");
        assert!(small().is_none(), "no more is bounded than there is");
        drop(all);
        assert!(waits.now_or_never().is_some());
        assert!(small().is_some(), "small ones go where there is room");
    }

    #[test]
    fn heavy_answers_keep_other_polls_from_being_sent() {
        let load = Load::default();
        for (why, bytes, want) in [
            ("ordinary events", 10 * KIB, 614),
            ("one large one", MIB, 6),
            ("ten of them", 10 * MIB, 1),
            ("more than there may be", 100 * MIB, 1),
            ("none", 0, MESSAGES / KIB),
        ] {
            assert_eq!(load.polls(bytes), want, "{why}");
        }
    }
}
