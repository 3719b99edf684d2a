//! Arrivals as messages in a queue of our own, where they outlive us.
//!
//! Whoever announces waits until the queue has the message. What waits while a send is under way
//! goes out together in the next one, as one message a crawler: a burst of a thousand objects is
//! some tens of messages.

use std::collections::{BTreeMap, HashMap};

use futures_util::future::join_all;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::batch::{Asker, Batches, batches};
use crate::edge::Wall;
use crate::queue::{Sqs, SqsError};
use crate::work::Unannounced;

/// Of the message's layout.
const VERSION: u32 = 1;

/// Arrivals in one message.
const MOST: usize = 1_024;

type Answer = Result<(), Unannounced>;

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

/// Announces to the queue.
#[derive(Debug)]
pub struct Announcer {
    asker: Asker<One, Answer>,
    wall: Wall,
}

/// One arrival.
#[derive(Debug)]
struct One {
    crawler: String,
    at: Timestamp,
    object: String,
}

/// Sends what is announced. The supervisor runs it.
#[derive(Debug)]
pub struct Sender {
    arrivals: Sqs,
    batches: Batches<One, Answer>,
}

impl Announcer {
    /// Both ends of the announcements to a queue.
    #[must_use]
    pub fn new(arrivals: Sqs, wall: Wall) -> (Self, Sender) {
        let (asker, batches) = batches(MOST, 1);
        (Self { asker, wall }, Sender { arrivals, batches })
    }

    /// Returns once the queue has it.
    ///
    /// # Errors
    /// [`Unannounced`].
    pub async fn announce(&self, crawler: &str, object: String) -> Answer {
        let one = One {
            crawler: crawler.to_owned(),
            at: self.wall.now(),
            object,
        };
        self.asker.announce(one).await
    }
}

impl Sender {
    /// Sends until nobody is left who could announce.
    pub async fn run(self) {
        let arrivals = &self.arrivals;
        self.batches.run(|all| send(arrivals, all)).await;
    }
}

/// Sends one message a crawler.
async fn send(arrivals: &Sqs, all: Vec<One>) -> Vec<Answer> {
    let crawlers: Vec<String> = all.iter().map(|one| one.crawler.clone()).collect();
    let mut folded = BTreeMap::<String, Arrived>::new();
    for one in all {
        let arrived = folded
            .entry(one.crawler.clone())
            .or_insert_with(|| Arrived::none(one.crawler, one.at, one.object));
        arrived.objects += 1;
        arrived.since = arrived.since.min(one.at);
    }
    let sends = folded.into_iter().map(|(crawler, arrived)| async move {
        let sent = arrivals.send(&arrived.body(), HashMap::new()).await;
        (crawler, sent.map_err(|e| unsent(&e)))
    });
    let sent: BTreeMap<String, Answer> = join_all(sends).await.into_iter().collect();
    let answers = crawlers.iter().map(|crawler| sent[crawler].clone());
    answers.collect()
}

fn unsent(e: &SqsError) -> Unannounced {
    let why = format!("catalog.queue: {e}");
    match e {
        SqsError::Unavailable { .. } => Unannounced::for_now(why),
        SqsError::NoQueue { .. } | SqsError::Refused { .. } => Unannounced::lasting(why),
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
