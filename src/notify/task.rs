//! The task that notifies one target.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use fastrand::Rng;
use serde::Serialize;
use tracing::{debug, warn};

use super::notification::Notification;
use super::outlet::{Answer, Outlet};
use crate::batch::{Asker, Batches, Call, Patience, batches, until_settled};
use crate::lock::locked;
use crate::work::{Arrival, Unannounced};

/// All three services take ten at a time.
const MOST: usize = 10;
/// Calls to one target at once.
const AT_ONCE: usize = 8;
/// What is throttled or unanswered is tried again for so long; then its message is returned to the queue.
const PATIENCE: Patience = Patience {
    tried_for: Duration::from_secs(5),
    backoff: (Duration::from_millis(100), Duration::from_secs(2)),
};

/// The targets, by the names of routes.
#[derive(Debug, Default)]
pub struct Notifications(BTreeMap<String, Arc<NotificationHandle>>);

/// The state of every target, for `/status.json`.
#[derive(Debug, Clone, Default)]
pub struct NotificationsSeen(Vec<Arc<Shared>>);

/// The workers' end of one [`NotificationTask`].
#[derive(Debug)]
pub struct NotificationHandle {
    pub(super) asker: Asker<Notification, Answer>,
    environment: String,
    pub(super) shared: Arc<Shared>,
}

/// Notifies one target. The supervisor runs it; it ends when all senders are gone.
#[derive(Debug)]
pub struct NotificationTask {
    batches: Batches<Notification, Answer>,
    outlet: Outlet,
    shared: Arc<Shared>,
    rng: Mutex<Rng>,
}

#[derive(Debug)]
pub(super) struct Shared {
    target: String,
    state: Mutex<NotificationStatus>,
}

/// One target, as `/status.json` shows it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct NotificationStatus {
    /// Notifications that this process has sent.
    pub sent: u64,
    /// The last failure, until something works again.
    pub error: Option<String>,
}

/// The two ends of one target.
#[must_use]
pub fn notifications(
    target: &str,
    environment: &str,
    outlet: Outlet,
    rng: Rng,
) -> (NotificationHandle, NotificationTask) {
    let shared = Arc::new(Shared {
        target: target.to_owned(),
        state: Mutex::default(),
    });
    let (asker, batches) = batches(MOST, AT_ONCE);
    let task = NotificationTask {
        batches,
        outlet,
        shared: shared.clone(),
        rng: Mutex::new(rng),
    };
    let environment = environment.to_owned();
    let handle = NotificationHandle {
        asker,
        environment,
        shared,
    };
    (handle, task)
}

impl FromIterator<(String, Arc<NotificationHandle>)> for Notifications {
    fn from_iter<T: IntoIterator<Item = (String, Arc<NotificationHandle>)>>(routes: T) -> Self {
        Self(routes.into_iter().collect())
    }
}

impl Notifications {
    /// Notifies the route's target, if it has one.
    ///
    /// # Errors
    /// [`Unannounced`] when it could not be sent.
    pub async fn arrived(&self, arrival: &Arrival) -> Answer {
        let Some(handle) = self.0.get(&arrival.route.name) else {
            return Ok(());
        };
        let Some(notification) = Notification::of(arrival, &handle.environment) else {
            return Ok(());
        };
        handle.asker.announce(notification).await
    }

    /// For readers of the state: it keeps no task alive.
    #[must_use]
    pub fn seen(&self) -> NotificationsSeen {
        NotificationsSeen(
            self.0
                .values()
                .map(|handle| handle.shared.clone())
                .collect(),
        )
    }
}

impl NotificationsSeen {
    /// Every target, for `/status.json`.
    #[must_use]
    pub fn status(&self) -> BTreeMap<String, NotificationStatus> {
        let status = |shared: &Arc<Shared>| (shared.target.clone(), shared.state().clone());
        self.0.iter().map(status).collect()
    }
}

impl NotificationTask {
    /// Sends until all senders are gone.
    pub async fn run(self) {
        let Self {
            batches,
            outlet,
            shared,
            rng,
        } = self;
        let sending = Sending {
            outlet: &outlet,
            shared: &shared,
        };
        let (sending, rng) = (&sending, &rng);
        batches
            .run(async |notifications: Vec<_>| {
                until_settled(sending, &notifications, PATIENCE, rng).await
            })
            .await;
    }
}

/// Sending to one target.
struct Sending<'a> {
    outlet: &'a Outlet,
    shared: &'a Shared,
}

impl Call for Sending<'_> {
    type Question = Notification;
    type Answer = ();
    type Error = Unannounced;
    type Settled = Answer;

    async fn call(&self, notifications: &[&Notification]) -> Result<Vec<Answer>, Unannounced> {
        self.outlet.send(notifications).await
    }

    fn is_of_one(why: &Unannounced) -> bool {
        why.alone
    }

    fn settle(
        &self,
        _: &Notification,
        answer: Result<&(), &Unannounced>,
        last: bool,
    ) -> Option<Answer> {
        let again = answer.is_err_and(|why| !why.lasts && !last);
        (!again).then(|| self.shared.note(answer.copied().map_err(Clone::clone)))
    }
}

impl Shared {
    /// Failures are logged once at their level, and then at a lower one until they change.
    fn note(&self, answer: Answer) -> Answer {
        let mut state = self.state();
        let answer = answer.map_err(|why| Unannounced {
            why: format!("{}: {}", self.target, why.why),
            ..why
        });
        match &answer {
            Ok(()) => (state.sent, state.error) = (state.sent + 1, None),
            Err(e) if state.error.as_ref() == Some(&e.why) => {
                debug!(error = e.why, "still not notified");
            }
            Err(e) => {
                warn!(error = e.why, "not notified");
                state.error = Some(e.why.clone());
            }
        }
        answer
    }

    pub(super) fn state(&self) -> MutexGuard<'_, NotificationStatus> {
        locked(&self.state)
    }
}
