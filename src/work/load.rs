//! What all messages weigh that are held: their bodies, and the attributes that others gave them.
//!
//! A message of S3 has a kilobyte, and SQS takes a megabyte from anybody who may send: some hundred of those would be
//! more memory than everything else. So the pollers rest while what is held weighs [too much](BEARABLE); a poll that
//! was out by then may still bring its ten. Nothing of a message's way waits here, so it always gets lighter.

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use bytesize::ByteSize;
use tokio::sync::watch;
use tokio::time::timeout;

/// As much as is held before the next poll, in bytes. Of events of the usual size it would be ten thousand.
const BEARABLE: usize = 16 << 20;

/// A wait so long is told of.
const SAID_AFTER: Duration = Duration::from_mins(1);

/// What is held, of all queues together. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Load(Arc<watch::Sender<usize>>);

/// One message's part, until it is dropped.
#[derive(Debug)]
pub struct Weight {
    of: Load,
    bytes: usize,
}

impl Default for Load {
    fn default() -> Self {
        Self(Arc::new(watch::Sender::new(0)))
    }
}

impl Load {
    /// One more, of so many bytes.
    #[must_use]
    pub fn weigh(&self, bytes: usize) -> Weight {
        self.0.send_modify(|held| *held += bytes);
        Weight {
            of: self.clone(),
            bytes,
        }
    }

    /// Whether more may be received.
    #[must_use]
    pub fn is_bearable(&self) -> bool {
        *self.0.borrow() < BEARABLE
    }

    /// Returns when more may be received.
    pub async fn bearable(&self) {
        let mut held = self.0.subscribe();
        let mut light = pin!(held.wait_for(|&held| held < BEARABLE));
        if timeout(SAID_AFTER, &mut light).await.is_err() {
            let most = ByteSize(BEARABLE as u64);
            tracing::warn!(%most, "the messages that are held weigh too much: no others are received until some have ended");
            light.await.expect("we are its sender");
        }
    }
}

impl Drop for Weight {
    fn drop(&mut self) {
        self.of.0.send_modify(|held| *held -= self.bytes);
    }
}
