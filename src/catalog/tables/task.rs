//! The task that adds partitions to one table, as many at a time as Glue takes.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use fastrand::Rng;
use tokio::time::Instant;
use tracing::{debug, warn};

use super::super::glue::{Glue, Layout, Made, TableError};
use super::super::hive::Partition;
use super::{Answer, BELIEVED, BELIEVED_BAD, Place, Shared};
use crate::batch::{Answers, Batches, Call, Patience, until_settled};
use crate::cause;
use crate::work::Unannounced;

/// What is throttled, or in another writer's way, is tried again for so long; then its message is
/// returned to the queue.
const PATIENCE: Patience = Patience {
    tried_for: Duration::from_secs(10),
    backoff: (Duration::from_millis(200), Duration::from_secs(3)),
};

/// Adds partitions to one table. The supervisor runs it; it ends when nobody can ask any more.
#[derive(Debug)]
pub struct TableTask {
    pub(super) batches: Batches<Place, Answer>,
    pub(super) shared: Arc<Shared>,
    pub(super) glue: Glue,
    pub(super) rng: Mutex<Rng>,
}

impl TableTask {
    /// Answers until nobody can ask any more.
    pub async fn run(self) {
        let Self {
            batches,
            shared,
            glue,
            rng,
        } = self;
        let work = Work {
            shared: &shared,
            glue: &glue,
            rng: &rng,
        };
        batches.run(|places| work.answer(places)).await;
    }
}

#[derive(Clone, Copy)]
struct Work<'a> {
    shared: &'a Shared,
    glue: &'a Glue,
    rng: &'a Mutex<Rng>,
}

impl Work<'_> {
    async fn answer(self, places: Vec<Place>) -> Vec<Answer> {
        let asked = places.iter().any(|place| place.asked);
        let age = if asked { BELIEVED_BAD } else { BELIEVED };
        let answers = self.judge(&places, age).await;
        let bad = |answer: &Answer| answer.as_ref().is_err_and(|why| why.alone);
        if answers.iter().any(bad) {
            // The table may have changed since it was seen.
            return self.judge(&places, BELIEVED_BAD).await;
        }
        answers
    }

    /// Goes by the table as it was not longer ago than `age`.
    async fn judge(&self, places: &[Place], age: Duration) -> Vec<Answer> {
        let layout = match self.layout(age).await {
            Ok(layout) => layout,
            Err(why) => return vec![Err(why); places.len()],
        };
        if layout.keys.is_empty() {
            let why = layout.idle.unwrap_or("has no partition keys");
            return vec![Err(Unannounced::lasting(self.shared.says(why))); places.len()];
        }
        // Many may ask for one partition.
        let mut wanted: BTreeMap<Vec<String>, (&str, Partition)> = BTreeMap::new();
        let mut answers = Vec::with_capacity(places.len());
        for place in places {
            answers.push(match place.partition(&layout) {
                Ok(None) => Ok(Ok(())),
                Ok(Some(found)) if !place.asked && self.shared.knows(&found.values) => Ok(Ok(())),
                Ok(Some(found)) => {
                    let values = found.values.clone();
                    wanted.insert(values.clone(), (&place.bucket, found));
                    Err(values)
                }
                Err(none) => {
                    let (bucket, key) = (&place.bucket, &place.key);
                    let why = self.shared.says(&format!(
                        "s3://{bucket}/{key} is in none of its partitions: it {none}; copied all \
                         the same. Leave such keys out with exclude, or mend the key or the table"
                    ));
                    self.reported(&why);
                    Ok(Err(Unannounced::of_this_object(why)))
                }
            });
        }
        let made = self.make(&layout, wanted).await;
        let answers = answers.into_iter().map(|answer| match answer {
            Ok(answer) => answer,
            Err(values) => made[&values].clone(),
        });
        answers.collect()
    }

    /// Adds partitions until each is there, is refused, or has been tried long enough.
    async fn make(
        &self,
        layout: &Layout,
        wanted: BTreeMap<Vec<String>, (&str, Partition)>,
    ) -> BTreeMap<Vec<String>, Answer> {
        let (values, wanted): (Vec<_>, Vec<_>) = wanted.into_iter().unzip();
        let adding = Adding {
            work: *self,
            layout,
        };
        let made = until_settled(&adding, &wanted, PATIENCE, self.rng).await;
        values.into_iter().zip(made).collect()
    }

    /// The table, as Glue described it within this time.
    async fn layout(&self, age: Duration) -> Result<Arc<Layout>, Unannounced> {
        if let Some(layout) = self.shared.layout(age) {
            return Ok(layout);
        }
        let reported = self.glue.table(&self.shared.database, &self.shared.table);
        match reported.await {
            Ok(layout) => {
                let layout = Arc::new(layout);
                let mut state = self.shared.state();
                state.layout = Some((Instant::now(), layout.clone()));
                state.error = None;
                Ok(layout)
            }
            Err(e) => Err(self.failed(&e)),
        }
    }

    /// What a failure means.
    fn failed(&self, e: &TableError) -> Unannounced {
        let why = self.shared.says(&e.to_string());
        self.reported(&why);
        let mut state = self.shared.state();
        match e {
            TableError::Lasts { .. } => {
                // It may be another table when it is back.
                (state.layout, state.known) = (None, HashMap::new());
                Unannounced::lasting(why)
            }
            TableError::Invalid { .. } => {
                state.layout = None;
                Unannounced::of_this_object(why)
            }
            TableError::Unavailable { .. } => Unannounced::for_now(why),
        }
    }

    /// Once at full voice, and then quietly until it changes.
    fn reported(&self, why: &str) {
        let mut state = self.shared.state();
        let known = state.error.as_deref();
        if known.is_some_and(|known| cause::is_same(known, why)) {
            debug!(error = why, "partition still not made");
        } else {
            warn!(error = why, "partition not made");
            state.error = Some(why.to_owned());
        }
    }
}

/// Adding partitions to a table as it was seen.
struct Adding<'a> {
    work: Work<'a>,
    layout: &'a Layout,
}

impl<'a> Call for Adding<'a> {
    type Question = (&'a str, Partition);
    type Answer = Made;
    type Error = TableError;
    type Settled = Answer;

    async fn call(&self, partitions: &[&Self::Question]) -> Answers<Made, TableError> {
        let shared = self.work.shared;
        let table = (&*shared.database, &*shared.table);
        let partitions: Vec<_> = partitions.iter().map(|(bucket, p)| (*bucket, p)).collect();
        self.work.glue.add(table, self.layout, &partitions).await
    }

    fn is_of_one(e: &TableError) -> bool {
        matches!(e, TableError::Invalid { .. })
    }

    fn settle(
        &self,
        (_, partition): &Self::Question,
        answer: Result<&Made, &TableError>,
        last: bool,
    ) -> Option<Answer> {
        match answer {
            Ok(made) => {
                let values = partition.values.clone();
                self.work.shared.learn(values, *made);
                Some(Ok(()))
            }
            Err(TableError::Unavailable { .. }) if !last => None,
            Err(e) => Some(Err(self.work.failed(e))),
        }
    }
}
