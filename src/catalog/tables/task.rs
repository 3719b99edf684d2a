//! The task that adds partitions to one table, as many at a time as Glue takes.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use fastrand::Rng;
use tokio::time::{Instant, sleep};
use tracing::{debug, warn};

use super::super::backoff::Backoff;
use super::super::batch::Batches;
use super::super::glue::{Glue, Layout, Made, TableError};
use super::super::hive::Partition;
use super::super::locked;
use super::{Answer, BELIEVED, BELIEVED_BAD, Place, Shared};
use crate::cause;
use crate::work::Unannounced;

/// What is throttled, or in another writer's way, is tried again for so long; then its message is
/// shown again.
const TRIED_FOR: Duration = Duration::from_secs(10);
const BACKOFF: (Duration, Duration) = (Duration::from_millis(200), Duration::from_secs(3));

/// Adds partitions to one table. The supervisor runs it; it ends when nobody can ask any more.
#[derive(Debug)]
pub struct TableTask {
    pub(super) batches: Batches<Place, Answer>,
    pub(super) shared: Arc<Shared>,
    pub(super) glue: Glue,
    pub(super) dice: Mutex<Rng>,
}

impl TableTask {
    /// Answers until nobody can ask any more.
    pub async fn run(self) {
        let Self {
            batches,
            shared,
            glue,
            dice,
        } = self;
        let work = Work {
            shared: &shared,
            glue: &glue,
            dice: &dice,
        };
        batches.run(|places| work.answer(places)).await;
    }
}

#[derive(Clone, Copy)]
struct Work<'a> {
    shared: &'a Shared,
    glue: &'a Glue,
    dice: &'a Mutex<Rng>,
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
                    self.told(&why);
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
        mut wanted: BTreeMap<Vec<String>, (&str, Partition)>,
    ) -> BTreeMap<Vec<String>, Answer> {
        let (started, mut backoff) = (Instant::now(), Backoff::new(BACKOFF.0, BACKOFF.1));
        let mut made = BTreeMap::new();
        while !wanted.is_empty() {
            let asked: Vec<_> = wanted.values().map(|(bucket, p)| (*bucket, p)).collect();
            let answers = self.add(layout, &asked).await;
            let tired = started.elapsed() >= TRIED_FOR;
            let asked: Vec<_> = wanted.keys().cloned().collect();
            for (values, answer) in asked.into_iter().zip(answers) {
                let answer = match answer {
                    Ok(new) => {
                        self.shared.learn(values.clone(), new);
                        Ok(())
                    }
                    Err(TableError::Unavailable { .. }) if !tired => continue,
                    Err(e) => Err(self.failed(&e)),
                };
                wanted.remove(&values);
                made.insert(values, answer);
            }
            if !wanted.is_empty() {
                let wait = backoff.next(&mut locked(self.dice));
                sleep(wait).await;
            }
        }
        made
    }

    /// One call; and where it is refused as a whole, one for each: the others are not to blame.
    async fn add(
        &self,
        layout: &Layout,
        partitions: &[(&str, &Partition)],
    ) -> Vec<Result<Made, TableError>> {
        let table = (&*self.shared.database, &*self.shared.table);
        match self.glue.add(table, layout, partitions).await {
            Ok(answers) => answers,
            Err(TableError::Invalid { .. }) if partitions.len() > 1 => {
                let mut answers = Vec::with_capacity(partitions.len());
                for partition in partitions {
                    let answer = self.glue.add(table, layout, &[*partition]).await;
                    answers.push(answer.and_then(|mut one| one.remove(0)));
                }
                answers
            }
            Err(e) => vec![Err(e); partitions.len()],
        }
    }

    /// The table, as Glue told it not longer ago than this.
    async fn layout(&self, age: Duration) -> Result<Arc<Layout>, Unannounced> {
        if let Some(layout) = self.shared.layout(age) {
            return Ok(layout);
        }
        let told = self.glue.table(&self.shared.database, &self.shared.table);
        match told.await {
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
        self.told(&why);
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
    fn told(&self, why: &str) {
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
