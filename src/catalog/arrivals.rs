//! Arrivals as messages in a queue of our own, where they outlive us.
//!
//! Whoever announces waits until the queue has the message. What waits while a send is under way
//! goes out together in the next one, as one message a crawler: a burst of a thousand objects is
//! some tens of messages.

use std::collections::{BTreeMap, HashMap};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use tokio::sync::{mpsc, oneshot};

use crate::edge::Wall;
use crate::queue::{Sqs, SqsError};
use crate::work::Unannounced;

/// Of the message's layout.
const VERSION: u32 = 1;

/// Announcements that wait for the next send.
const WAITING: usize = 1_024;

/// A message: objects arrived that a crawler shall make known.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Arrived {
    /// What kind of message of ours it is, in which version.
    brigade: u32,
    /// The `[crawler.NAME]`.
    pub(super) crawler: String,
    /// How many, or may have.
    pub(super) objects: u64,
    /// When the first of them arrived.
    pub(super) since: Timestamp,
    /// One of them, for who reads the queue.
    example: String,
}

/// Why a message says nothing.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Unreadable {
    /// Of a newer release.
    #[error("an arrival of version {0}, from a newer release")]
    Newer(u32),
    /// Somebody else's.
    #[error("not an arrival: {0}")]
    Foreign(String),
}

impl Arrived {
    pub(super) fn read(body: &str) -> Result<Self, Unreadable> {
        #[derive(Deserialize)]
        struct Version {
            brigade: u32,
        }
        let foreign = |e: serde_json::Error| Unreadable::Foreign(e.to_string());
        let Version { brigade } = serde_json::from_str(body).map_err(foreign)?;
        match brigade {
            VERSION => serde_json::from_str(body).map_err(foreign),
            newer => Err(Unreadable::Newer(newer)),
        }
    }

    fn body(&self) -> String {
        serde_json::to_string(self).expect("text and numbers")
    }
}

/// Announces to the queue. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Announcer {
    asks: mpsc::Sender<Ask>,
    wall: Wall,
}

#[derive(Debug)]
struct Ask {
    crawler: String,
    at: Timestamp,
    object: String,
    told: oneshot::Sender<Result<(), Unannounced>>,
}

/// Sends what is announced. The supervisor runs it.
#[derive(Debug)]
pub struct Sender {
    arrivals: Sqs,
    asks: mpsc::Receiver<Ask>,
}

impl Announcer {
    /// Both ends of the announcements to a queue.
    #[must_use]
    pub fn new(arrivals: Sqs, wall: Wall) -> (Self, Sender) {
        let (sender, asks) = mpsc::channel(WAITING);
        let announcer = Self { asks: sender, wall };
        (announcer, Sender { arrivals, asks })
    }

    /// Returns once the queue has it.
    ///
    /// # Errors
    /// [`Unannounced`].
    pub async fn announce(&self, crawler: &str, object: String) -> Result<(), Unannounced> {
        let (told, tells) = oneshot::channel();
        let ask = Ask {
            crawler: crawler.to_owned(),
            at: self.wall.now(),
            object,
            told,
        };
        let ended = || Unannounced {
            why: "who sends arrivals has ended".into(),
            lasts: false,
            alone: false,
        };
        self.asks.send(ask).await.map_err(|_| ended())?;
        tells.await.map_err(|_| ended())?
    }
}

impl Sender {
    /// Sends until nobody is left who could announce.
    pub async fn run(mut self) {
        let mut asks = Vec::new();
        while self.asks.recv_many(&mut asks, WAITING).await > 0 {
            let mut folded = BTreeMap::<String, (Arrived, Vec<_>)>::new();
            for ask in asks.drain(..) {
                let (arrived, tells) = folded.entry(ask.crawler.clone()).or_insert_with(|| {
                    (Arrived::none(ask.crawler, ask.at, ask.object), Vec::new())
                });
                arrived.objects += 1;
                arrived.since = arrived.since.min(ask.at);
                tells.push(ask.told);
            }
            let this = &self;
            let sends = folded.into_values().map(|(arrived, tells)| async move {
                let sent = this.send(&arrived).await;
                for told in tells {
                    // Who asked may have lost its lease meanwhile.
                    let _ = told.send(sent.clone());
                }
            });
            futures_util::future::join_all(sends).await;
        }
    }

    async fn send(&self, arrived: &Arrived) -> Result<(), Unannounced> {
        let sent = self.arrivals.send(&arrived.body(), HashMap::new()).await;
        sent.map_err(|e| Unannounced {
            why: format!("catalog.queue: {e}"),
            lasts: !matches!(e, SqsError::Unavailable { .. }),
            alone: false,
        })
    }
}

impl Arrived {
    fn none(crawler: String, since: Timestamp, example: String) -> Self {
        Self {
            brigade: VERSION,
            crawler,
            objects: 0,
            since,
            example,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_is_read_as_written() {
        let since = Timestamp::from_second(1_760_000_000).expect("in range");
        let mut arrived = Arrived::none("orders".into(), since, "s3://lake/orders/a.csv".into());
        arrived.objects = 12;
        let body = arrived.body();
        insta::assert_snapshot!(body, @r#"{"brigade":1,"crawler":"orders","objects":12,"since":"2025-10-09T08:53:20Z","example":"s3://lake/orders/a.csv"}"#);
        assert_eq!(Arrived::read(&body), Ok(arrived));
        assert_eq!(
            Arrived::read(&body.replacen('1', "2", 1)),
            Err(Unreadable::Newer(2))
        );
        for foreign in ["", "{}", "[]", r#"{"brigade":1}"#, r#"{"Records":[]}"#] {
            let read = Arrived::read(foreign);
            assert!(
                matches!(read, Err(Unreadable::Foreign(_))),
                "{foreign}: {read:?}"
            );
        }
    }
}
