//! Who is told of arrivals before their messages may end: topics, queues, buses.
//!
//! At least once, in batches of ten: an entry that fails fails alone, and one that an answer does
//! not name has not been told. What cannot be told now is told when its message comes again.

mod look;
mod outlet;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use fastrand::Rng;
use serde::Serialize;
use tokio::time::{Instant, sleep};
use tracing::{debug, warn};

pub use self::outlet::{Clients, Outlet};
use super::backoff::Backoff;
use super::batch::{Asker, Batches, batches};
use super::locked;
use super::notice::Notice;
use crate::work::{Arrival, Unannounced};

/// All three services take ten at a time.
const MOST: usize = 10;
/// Calls to one target at once.
const AT_ONCE: usize = 8;
/// What is throttled or unanswered is tried again for so long; then its message is shown again.
const TRIED_FOR: Duration = Duration::from_secs(5);
const BACKOFF: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(2));

type Answer = Result<(), Unannounced>;

/// Who is told, by the names of routes.
#[derive(Debug, Default)]
pub struct Notices(BTreeMap<String, Arc<NoticeHandle>>);

/// Every target, for whoever looks on.
#[derive(Debug, Clone, Default)]
pub struct NoticesSeen(Vec<Arc<Shared>>);

/// The workers' end of one [`NoticeTask`].
#[derive(Debug)]
pub struct NoticeHandle {
    asker: Asker<Notice, Answer>,
    environment: String,
    shared: Arc<Shared>,
}

/// Tells one target. The supervisor runs it; it ends when nobody can ask any more.
#[derive(Debug)]
pub struct NoticeTask {
    batches: Batches<Notice, Answer>,
    outlet: Outlet,
    shared: Arc<Shared>,
    dice: Mutex<Rng>,
}

#[derive(Debug)]
struct Shared {
    target: String,
    state: Mutex<NoticeStatus>,
}

/// One target, as `/status.json` shows it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct NoticeStatus {
    /// Arrivals that this process has told of.
    pub told: u64,
    /// The last failure, until something works again.
    pub error: Option<String>,
}

/// The two ends of one target.
#[must_use]
pub fn notices(
    target: &str,
    environment: &str,
    outlet: Outlet,
    dice: Rng,
) -> (NoticeHandle, NoticeTask) {
    let shared = Arc::new(Shared {
        target: target.to_owned(),
        state: Mutex::default(),
    });
    let (asker, batches) = batches(MOST, AT_ONCE);
    let task = NoticeTask {
        batches,
        outlet,
        shared: shared.clone(),
        dice: Mutex::new(dice),
    };
    let environment = environment.to_owned();
    let handle = NoticeHandle {
        asker,
        environment,
        shared,
    };
    (handle, task)
}

impl FromIterator<(String, Arc<NoticeHandle>)> for Notices {
    fn from_iter<T: IntoIterator<Item = (String, Arc<NoticeHandle>)>>(routes: T) -> Self {
        Self(routes.into_iter().collect())
    }
}

impl Notices {
    /// Tells the route's target, if it has one.
    pub(super) async fn arrived(&self, arrival: &Arrival) -> Answer {
        let Some(handle) = self.0.get(&arrival.route.name) else {
            return Ok(());
        };
        let Some(notice) = Notice::of(arrival, &handle.environment) else {
            return Ok(());
        };
        handle.asker.announce(notice).await
    }

    /// For whoever looks on: it keeps no task alive.
    #[must_use]
    pub fn seen(&self) -> NoticesSeen {
        NoticesSeen(
            self.0
                .values()
                .map(|handle| handle.shared.clone())
                .collect(),
        )
    }
}

impl NoticesSeen {
    /// Every target, for `/status.json`.
    #[must_use]
    pub fn status(&self) -> BTreeMap<String, NoticeStatus> {
        let status = |shared: &Arc<Shared>| (shared.target.clone(), shared.state().clone());
        self.0.iter().map(status).collect()
    }
}

impl NoticeTask {
    /// Tells until nobody can ask any more.
    pub async fn run(self) {
        let Self {
            batches,
            outlet,
            shared,
            dice,
        } = self;
        let (outlet, shared, dice) = (&outlet, &shared, &dice);
        batches
            .run(|notices| tell(outlet, shared, dice, notices))
            .await;
    }
}

/// Tells of each until it was told, was refused, or has been tried long enough.
async fn tell(
    outlet: &Outlet,
    shared: &Shared,
    dice: &Mutex<Rng>,
    notices: Vec<Notice>,
) -> Vec<Answer> {
    let (started, mut backoff) = (Instant::now(), Backoff::new(BACKOFF.0, BACKOFF.1));
    let mut answers: Vec<Option<Answer>> = vec![None; notices.len()];
    loop {
        let open = (0..notices.len()).filter(|at| answers[*at].is_none());
        let open: Vec<usize> = open.collect();
        if open.is_empty() {
            break;
        }
        let tired = started.elapsed() >= TRIED_FOR;
        let asked: Vec<&Notice> = open.iter().map(|at| &notices[*at]).collect();
        for (at, answer) in open.into_iter().zip(send(outlet, &asked).await) {
            match answer {
                Err(why) if !why.lasts && !tired => {}
                answer => answers[at] = Some(shared.note(answer)),
            }
        }
        if answers.contains(&None) {
            let wait = backoff.next(&mut locked(dice));
            sleep(wait).await;
        }
    }
    answers.into_iter().flatten().collect()
}

/// One call; and where it is refused as a whole for what it says, one for each: the others are not
/// to blame.
async fn send(outlet: &Outlet, notices: &[&Notice]) -> Vec<Answer> {
    match outlet.send(notices).await {
        Ok(answers) => answers,
        Err(why) if why.alone && notices.len() > 1 => {
            let mut answers = Vec::with_capacity(notices.len());
            for notice in notices {
                let answer = outlet.send(&[*notice]).await;
                answers.push(answer.and_then(|mut one| one.remove(0)));
            }
            answers
        }
        Err(why) => vec![Err(why); notices.len()],
    }
}

impl Shared {
    /// Failures are told once at full voice, and then quietly until they change.
    fn note(&self, answer: Answer) -> Answer {
        let mut state = self.state();
        let answer = answer.map_err(|why| Unannounced {
            why: format!("{}: {}", self.target, why.why),
            ..why
        });
        match &answer {
            Ok(()) => (state.told, state.error) = (state.told + 1, None),
            Err(e) if state.error.as_ref() == Some(&e.why) => {
                debug!(error = e.why, "still not told");
            }
            Err(e) => {
                warn!(error = e.why, "not told");
                state.error = Some(e.why.clone());
            }
        }
        answer
    }

    fn state(&self) -> MutexGuard<'_, NoticeStatus> {
        locked(&self.state)
    }
}
