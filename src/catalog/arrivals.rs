//! Arrivals as messages in an SQS queue, where they outlive the process.
//!
//! An announcement waits until the queue has confirmed its message. What is announced while a send is under way goes
//! out together in the next one, as one message per crawler: a burst of a thousand objects is some tens of messages.
//!
//! Anybody who may send can write into that queue, so text from it is cut before it is logged.

use std::collections::{BTreeMap, HashMap};

use futures_util::future::join_all;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::batch::{Asker, Batches, batches};
use crate::edge::Clock;
use crate::event::clipped;
use crate::queue::sendable;
use crate::queue::{Sqs, SqsError};
use crate::work::Unannounced;

/// Of the message's layout.
const VERSION: u32 = 1;

/// Arrivals in one message.
const MOST: usize = 1_024;

type Answer = Result<(), Unannounced>;

/// A message: objects arrived that a crawler shall make known.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Arrived {
    /// What kind of message of ours it is, in which version.
    brigade: u32,
    /// The `[crawler.NAME]`.
    pub(super) crawler: String,
    /// How many, or may have.
    pub(super) objects: u64,
    /// When the first of them arrived.
    pub(super) since: Timestamp,
    /// One of them, for people who read the queue: its key is percent-encoded.
    example: String,
}

/// Why a message says nothing.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unreadable {
    /// Of a newer release.
    #[error("an arrival of version {0}, from a newer release")]
    Newer(u32),
    /// Somebody else's.
    #[error("not an arrival: {0}")]
    Foreign(String),
}

impl Arrived {
    /// Reads a message's body, whoever wrote it.
    ///
    /// # Errors
    /// What it is instead, in one short line.
    pub fn read(body: &str) -> Result<Self, Unreadable> {
        #[derive(Deserialize)]
        struct Version {
            brigade: u32,
        }
        // serde_json repeats what it has read.
        let foreign = |e: serde_json::Error| Unreadable::Foreign(clipped(&e.to_string()));
        let Version { brigade } = serde_json::from_str(body).map_err(foreign)?;
        match brigade {
            VERSION => serde_json::from_str(body).map_err(foreign),
            newer => Err(Unreadable::Newer(newer)),
        }
    }

    /// The message, as SQS takes it.
    #[must_use]
    pub fn body(&self) -> String {
        sendable(&serde_json::to_string(self).expect("text and numbers"))
    }
}

/// Announces to the queue.
#[derive(Debug)]
pub struct Announcer {
    asker: Asker<One, Answer>,
    clock: Clock,
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
    pub fn new(arrivals: Sqs, clock: Clock) -> (Self, Sender) {
        let (asker, batches) = batches(MOST, 1);
        (Self { asker, clock }, Sender { arrivals, batches })
    }

    /// Returns once the queue has it.
    ///
    /// # Errors
    /// [`Unannounced`].
    pub async fn announce(&self, crawler: &str, object: String) -> Answer {
        let one = One {
            crawler: crawler.to_owned(),
            at: self.clock.now(),
            object,
        };
        self.asker.announce(one).await
    }
}

impl Sender {
    /// Sends until all senders are gone.
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
        let sent = put(arrivals, arrived).await;
        (crawler, sent.map_err(|e| unsent(&e)))
    });
    let sent: BTreeMap<String, Answer> = join_all(sends).await.into_iter().collect();
    let answers = crawlers.iter().map(|crawler| sent[crawler].clone());
    answers.collect()
}

/// Sends one message. Its example is for people only: what SQS refuses for its contents goes without.
async fn put(arrivals: &Sqs, mut arrived: Arrived) -> Result<(), SqsError> {
    let sent = arrivals.send(&arrived.body(), HashMap::new()).await;
    if let Err(SqsError::Contents { .. }) = sent
        && !arrived.example.is_empty()
    {
        arrived.example.clear();
        return arrivals.send(&arrived.body(), HashMap::new()).await;
    }
    sent
}

fn unsent(e: &SqsError) -> Unannounced {
    let why = format!("catalog.queue: {e}");
    match e {
        SqsError::Unavailable { .. } | SqsError::NoMemory { .. } => Unannounced::for_now(why),
        SqsError::NoQueue { .. } | SqsError::Refused { .. } => Unannounced::lasting(why),
        SqsError::Contents { .. } => Unannounced::of_this_object(why),
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
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;
    use crate::catalog::scripted::{Answer, Scripted};
    use crate::metrics::Metrics;

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

    #[tokio::test(start_paused = true)]
    async fn a_refusal_of_contents_costs_the_example_and_concerns_no_other_crawler() {
        for (refused, want) in [("s3://lake/bad", "Ok(())"), ("odd", "alone: true")] {
            let scripted = Scripted::new(move |_, body| {
                if body["MessageBody"].as_str().unwrap().contains(refused) {
                    Answer::Error("InvalidMessageContents")
                } else {
                    Answer::Is(json!({ "MessageId": "m" }))
                }
            });
            let arrivals = Sqs::new(scripted.queue(), "https://q".into(), Metrics::new("t").0);
            let one = |crawler: &str, object: &str| One {
                crawler: crawler.into(),
                at: Timestamp::UNIX_EPOCH,
                object: object.into(),
            };
            let all = vec![one("odd", "s3://lake/bad"), one("even", "s3://lake/good")];
            let answers = send(&arrivals, all).await;
            let reported = format!("{:?}", answers[0]);
            assert!(reported.contains(want), "{reported}");
            assert_eq!(answers[1], Ok(()));
        }
    }

    proptest! {
        #[test]
        fn sqs_takes_every_key(key in any::<String>()) {
            let example = format!("s3://lake/{key}\u{fffe}\u{ffff}\u{0}");
            let arrived = Arrived::none("orders".into(), Timestamp::UNIX_EPOCH, example);
            let body = arrived.body();
            let taken =
                |c: char| matches!(c, ' '..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..);
            prop_assert!(body.chars().all(taken), "{}", body);
            prop_assert_eq!(Arrived::read(&body), Ok(arrived));
        }

        #[test]
        fn any_body_is_an_arrival_or_one_short_line(
            body in prop_oneof![
                any::<String>(),
                any::<String>().prop_map(|text| json!({ "brigade": 1, "crawler": 7, "objects": text }).to_string()),
                any::<String>().prop_map(|text| json!({ "brigade": text.repeat(50) }).to_string()),
                any::<i64>().prop_map(|n| json!({ "brigade": n, "crawler": "c" }).to_string()),
            ],
        ) {
            if let Err(error) = Arrived::read(&body) {
                let reported = error.to_string();
                prop_assert!(reported.chars().count() < 250 && !reported.contains(char::is_control), "{}", reported);
            }
        }
    }
}
