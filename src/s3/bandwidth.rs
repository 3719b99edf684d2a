//! Limits how many bytes per second travel.
//!
//! Bytes are let through a body at a time, a part or a whole small object: the first at once, each next one when those
//! before it have been carried. So over any time it carries its rate and at most one body more. Waiting bodies are
//! served in order; one that gives up leaves no gap.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Mutex;
use tokio::time::{Instant, sleep_until};

use crate::config::Rate;

/// A line. Clones are the same line.
#[derive(Debug, Clone)]
pub struct Bandwidth(Arc<Line>);

#[derive(Debug)]
struct Line {
    bytes_a_second: u64,
    /// When all that was let on has been carried. Held while waiting: this lock is the queue, and a
    /// fair one.
    free_at: Mutex<Instant>,
}

impl Bandwidth {
    /// A line that is free.
    #[must_use]
    pub fn new(rate: Rate) -> Self {
        Self(Arc::new(Line {
            bytes_a_second: rate.0.0,
            free_at: Mutex::new(Instant::now()),
        }))
    }

    /// Waits until so many bytes may go.
    pub async fn carry(&self, bytes: u64) {
        let mut free_at = self.0.free_at.lock().await;
        let start = Instant::now().max(*free_at);
        sleep_until(start).await;
        *free_at = start + self.takes(bytes);
    }

    fn takes(&self, bytes: u64) -> Duration {
        let nanos = u128::from(bytes) * 1_000_000_000 / u128::from(self.0.bytes_a_second);
        Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX))
    }
}

#[cfg(test)]
mod tests {
    use bytesize::ByteSize;
    use futures_util::FutureExt;
    use futures_util::future::join_all;

    use super::*;

    fn limit() -> Bandwidth {
        Bandwidth::new(Rate(ByteSize::mb(10)))
    }

    #[tokio::test(start_paused = true)]
    async fn bytes_go_in_order_at_the_rate() {
        let (limit, began) = (limit(), Instant::now());
        let went = join_all([5_000_000, 10_000_000, 1_000_000].map(|bytes| {
            let limit = limit.clone();
            async move {
                limit.carry(bytes).await;
                began.elapsed().as_millis()
            }
        }));
        assert_eq!(went.await, [0, 500, 1_500]);
        limit.carry(1).await;
        assert_eq!(began.elapsed().as_millis(), 1_600);
    }

    #[tokio::test(start_paused = true)]
    async fn an_idle_line_saves_nothing_up() {
        let limit = limit();
        tokio::time::advance(Duration::from_hours(1)).await;
        let began = Instant::now();
        for _ in 0..3 {
            limit.carry(10_000_000).await;
        }
        assert_eq!(began.elapsed().as_secs(), 2);
    }

    #[tokio::test(start_paused = true)]
    async fn who_goes_away_leaves_no_gap() {
        let (limit, began) = (limit(), Instant::now());
        limit.carry(10_000_000).await;
        let mut gone = Box::pin(limit.carry(1_000_000_000));
        assert_eq!((&mut gone).now_or_never(), None);
        drop(gone);
        limit.carry(1).await;
        assert_eq!(began.elapsed().as_secs(), 1);
    }
}
