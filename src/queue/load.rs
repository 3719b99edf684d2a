//! What messages weigh that are read and held: their bodies, and the attributes that others gave them.
//!
//! A message of S3 has a kilobyte, and SQS takes a mebibyte from anybody who may send, and hands out ten at once: a few
//! such answers would be more memory than everything else. So there is a budget. A poll asks for no more
//! messages than would [fit](Load::fits) at their largest; its answer is [read](super::admit) once its bytes are taken
//! from the budget, and then each message keeps its own weight until it is settled. Nothing on a message's way waits
//! for this budget, so it always gets lighter.

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
const LARGEST: usize = 1 << 20;

/// A wait so long is logged.
const LOGGED_AFTER: Duration = Duration::from_mins(1);

/// A budget of bytes, of all queues together. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Load {
    room: Arc<Semaphore>,
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
        Self {
            room: Arc::new(Semaphore::new(most / KIB)),
            most,
        }
    }

    /// How many messages may be asked for, each of which may be of SQS's largest size.
    #[must_use]
    pub fn fits(&self) -> usize {
        self.room.available_permits() * KIB / LARGEST
    }

    /// How many polls may be out at once, should each bring as much as one that has brought `bytes`.
    #[must_use]
    pub fn polls(&self, bytes: usize) -> usize {
        (self.most / (2 * bytes).max(KIB)).max(1)
    }

    /// Returns when one more message may be asked for.
    pub async fn bearable(&self) {
        let one = blocks(LARGEST);
        if timeout(LOGGED_AFTER, self.room.acquire_many(one))
            .await
            .is_err()
        {
            let most = ByteSize(self.most as u64);
            tracing::warn!(%most, "the messages in flight are too large together: no others are received until some have ended");
            drop(self.room.acquire_many(one).await);
        }
    }

    /// Takes so many bytes of the budget, once they are free. A sixth is left out of the largest share: small ones
    /// may be held for hours, and nobody shall wait for the last of them.
    pub async fn take(&self, bytes: usize) -> Weight {
        let bytes = bytes.min(self.most - self.most / 6);
        let share = self.room.clone().acquire_many_owned(blocks(bytes)).await;
        Weight(Some(share.expect("the budget is never closed")))
    }
}

impl Weight {
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

    #[tokio::test(start_paused = true)]
    async fn an_answer_gives_back_what_its_messages_do_not_weigh() {
        let load = Load::of(12 * MIB);
        assert_eq!(load.fits(), 12);
        let mut answer = load.take(8 * MIB).now_or_never().expect("it is free");
        assert_eq!(load.fits(), 4);
        let message = answer.split(3 * MIB);
        drop(answer);
        assert_eq!(load.fits(), 9);
        assert!(load.bearable().now_or_never().is_some());
        let other = load.take(17 * MIB / 2).now_or_never().expect("it is free");
        assert!(
            load.bearable().now_or_never().is_none(),
            "half a mebibyte is left"
        );
        drop((message, other));
        assert_eq!(load.fits(), 12);
    }

    #[test]
    fn the_largest_share_does_not_wait_for_the_last_small_one() {
        let load = Load::of(12 * MIB);
        let _small = load.take(2 * MIB).now_or_never().expect("it is free");
        let mut large = load
            .take(usize::MAX)
            .now_or_never()
            .expect("no more than the rest");
        let all = large.split(usize::MAX);
        assert!(load.take(KIB).now_or_never().is_none());
        drop(all);
        assert_eq!(load.fits(), 10);
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
