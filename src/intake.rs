//! Receives messages: reserves room, polls SQS, starts a lease for each message, and sends it to the pool.
//!
//! Room is reserved before SQS is polled, so that nothing is received that cannot be worked: a poll asks for ten
//! messages and waits until there is room for ten. Its answer is read once there is [memory](Load) for it. A queue that
//! has brought large messages reserves that memory before the poll, and is asked for no more messages than fit.
//!
//! One poll is out while the queue is quiet. Each full answer adds one, up to `max_pollers`; an empty one takes all but
//! one away. A queue whose routes are all paused is not polled until a probe is due, and then asked for one message.
//!
//! ```text
//! room ──reserve 10──▶ receive ──▶ lease ──▶ pool        full answer: one poll more
//!   ▲                     │                              empty answer: back to one
//!   └── what did not come ┘                              error: backoff, shown in /ready
//! ```

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;
use futures_util::stream::FuturesUnordered;
use futures_util::{FutureExt, StreamExt};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc, watch};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::cause;
use crate::edge::Rng;
use crate::metrics::{Counted, Metrics, QueueLabel};
use crate::queue::{
    BATCH, EMPTY_INTERVAL, Lease, Load, Message, Sqs, SqsError, Terms, WAIT, Weight,
};
use crate::work::{CircuitBreakers, Delivery, Job, QueueTerms, Room, Verdict, WorkerPools};

/// What a poll that is out when we stop may still take to bring its messages.
const LAST_REPLY: Duration = Duration::from_secs(1);

/// What a probe may take before the next is sent after it.
const PROBE_TAKES: Duration = Duration::from_secs(30);

/// Between probes, doubling from the first to the last.
const PROBE_FIRST: Duration = Duration::from_secs(2);
const PROBE_LAST: Duration = Duration::from_mins(1);

/// How often the end of a probe is polled for.
const PROBE_POLL: Duration = Duration::from_millis(250);

const FIRST_BACKOFF: Duration = Duration::from_millis(500);
const LONGEST_BACKOFF: Duration = Duration::from_secs(30);

/// Receives the messages of one queue.
#[derive(Debug)]
pub struct Intake {
    /// The queue.
    pub sqs: Sqs,
    /// What holds for its messages.
    pub terms: Arc<QueueTerms>,
    /// Lease lengths.
    pub lease: Terms,
    /// Polls at once, at most.
    pub max_pollers: u32,
    /// Messages of this queue in flight at once.
    pub room: Arc<Semaphore>,
    /// How many that are.
    pub room_size: usize,
    /// What the messages of all queues weigh.
    pub load: Load,
    /// The workers.
    pub pool: mpsc::Sender<Job>,
    /// Where the workers' slots are counted.
    pub pools: WorkerPools,
    /// Where the verdicts go.
    pub settle: mpsc::Sender<Verdict>,
    /// Owns the keepers of the leases.
    pub keepers: TaskTracker,
    /// Which routes are paused.
    pub breakers: CircuitBreakers,
    /// The routes this queue feeds.
    pub routes: Vec<String>,
    /// For `/live` and `/ready`.
    pub pulse: watch::Sender<Pulse>,
    /// What is counted.
    pub metrics: Metrics,
    /// Jitter.
    pub rng: Rng,
    /// Cancelled when nothing more is to be received.
    pub stop: CancellationToken,
}

/// How a queue's polling is going.
#[derive(Debug, Clone)]
pub struct Pulse {
    /// When the loop last turned; attempts count.
    pub turned: Instant,
    /// When SQS last answered, if it ever did.
    pub answered: Option<Instant>,
    /// What SQS last said instead of messages.
    pub error: Option<String>,
    /// Polls out at once.
    pub pollers: usize,
    /// When SQS last had no reason to answer: the queue rested, or there was no room to receive
    /// into.
    pub unasked: Option<Instant>,
    /// All routes are paused; nothing is asked for.
    pub resting: bool,
}

/// One reply, and the room that was reserved for it.
struct Reply {
    /// How many were asked for.
    most: u8,
    /// Whether it was to bring the probe of a paused route.
    probe: bool,
    asked: Instant,
    room: OwnedSemaphorePermit,
    received: Result<Vec<(Message, Weight)>, SqsError>,
}

/// The polls that are out.
type Polls<'a> = FuturesUnordered<BoxFuture<'a, Reply>>;

/// How fast to go on.
struct Pace {
    /// Polls at once.
    want: usize,
    /// Failures in a row.
    failures: u32,
    /// After a failure, or an answer without a message: no poll before this.
    not_before: Instant,
    /// Probes that have brought a message since the rest began.
    probes: u32,
    /// No probe before this: the route whose probe is due may have no message in the queue, and
    /// the others' are not to be received in vain.
    probe_after: Instant,
    /// What came last was large, or there was no memory for it.
    heavy: bool,
    /// A probe is being worked; no other before this, unless it ends.
    probing: Option<Instant>,
}

impl Pace {
    fn begin() -> Self {
        Self {
            want: 1,
            failures: 0,
            not_before: Instant::now(),
            probes: 0,
            probe_after: Instant::now(),
            heavy: false,
            probing: None,
        }
    }
}

impl Pulse {
    /// The pulse of a loop that has just begun, on a queue that has just answered.
    #[must_use]
    pub fn begin() -> Self {
        let now = Instant::now();
        Self {
            turned: now,
            answered: Some(now),
            error: None,
            pollers: 0,
            unasked: None,
            resting: false,
        }
    }
}

impl Intake {
    /// Receives until told to stop. No poll is begun after that, but those that are out may hold
    /// messages already: what they bring within [`LAST_REPLY`] is re-queued, to be given back.
    pub async fn run(self) {
        let mut polls = Polls::new();
        self.stop
            .clone()
            .run_until_cancelled(self.poll(&mut polls))
            .await;
        let last = async {
            while let Some(Reply {
                asked,
                room,
                received,
                ..
            }) = polls.next().await
            {
                self.requeue(received.unwrap_or_default(), asked, room);
            }
        };
        // An idle long poll would keep us for nothing.
        let _ = tokio::time::timeout(LAST_REPLY, last).await;
    }

    async fn poll<'a>(&'a self, polls: &mut Polls<'a>) {
        let mut breakers = self.breakers.clone();
        let mut pace = Pace::begin();
        loop {
            breakers.seen();
            let wake = self.ask(polls, &mut pace);
            self.turned(polls, &pace);
            tokio::select! {
                biased;
                Some(reply) = polls.next(), if !polls.is_empty() => self.took(reply, &mut pace),
                () = breakers.changed() => {}
                () = tokio::time::sleep_until(wake) => {}
            }
        }
    }

    /// Sends the polls that are due, and returns when to check again at the latest.
    fn ask<'a>(&'a self, polls: &mut Polls<'a>, pace: &mut Pace) -> Instant {
        let now = Instant::now();
        let later = now + WAIT;
        let Some(probe_at) = self.rests() else {
            pace.probing = None;
            pace.probes = 0;
            if now < pace.not_before {
                return pace.not_before;
            }
            while polls.len() < pace.want {
                polls.push(self.receive(BATCH, false, pace.heavy).boxed());
            }
            return later;
        };
        // One probe at a time: no other before it has ended.
        if pace.probing.is_some_and(|until| now < until) && !self.is_idle() {
            return now + PROBE_POLL;
        }
        pace.want = 1;
        let due = probe_at.max(pace.not_before).max(pace.probe_after);
        if polls.is_empty() && due <= now {
            polls.push(self.receive(1, true, pace.heavy).boxed());
            return later;
        }
        // Asked before the hold, and maybe bringing more than one message; or not due yet.
        if due <= now { later } else { due.min(later) }
    }

    /// Hands over what a poll has brought, and learns from it.
    fn took(&self, reply: Reply, pace: &mut Pace) {
        match reply.received {
            Ok(messages) => {
                pace.failures = 0;
                let bytes = messages.iter().map(|(message, _)| message.weight()).sum();
                pace.heavy = Load::is_heavy(bytes);
                pace.want = match messages.len() {
                    0 => 1,
                    full if full >= reply.most.into() => {
                        let most = self.load.polls(bytes).min(self.max_pollers as usize);
                        (pace.want + 1).min(most)
                    }
                    _ => pace.want,
                };
                if reply.probe && !messages.is_empty() {
                    let wait = PROBE_FIRST * 2_u32.pow(pace.probes.min(8));
                    pace.probes += 1;
                    pace.probing = Some(Instant::now() + PROBE_TAKES);
                    pace.probe_after = Instant::now() + wait.min(PROBE_LAST);
                }
                if messages.is_empty() {
                    pace.not_before = reply.asked + EMPTY_INTERVAL;
                }
                self.answered();
                self.requeue(messages, reply.asked, reply.room);
            }
            Err(error) => {
                drop(reply.room);
                pace.want = 1;
                pace.heavy |= matches!(error, SqsError::NoMemory { .. });
                self.failed(&error);
                pace.not_before = Instant::now() + self.backoff(pace.failures);
                pace.failures += 1;
            }
        }
    }

    /// Says that the loop turns. Waiting for room is a reason for SQS not to have answered.
    fn turned(&self, polls: &Polls<'_>, pace: &Pace) {
        let full = self.room.available_permits() < BATCH.into() || self.load.fits() == 0;
        let waits = !polls.is_empty() && full;
        let resting = polls.is_empty() && self.rests().is_some();
        self.pulse.send_modify(|pulse| {
            pulse.turned = Instant::now();
            pulse.pollers = pace.want;
            pulse.resting = resting;
            if resting || waits {
                pulse.unasked = Some(pulse.turned);
            }
        });
    }

    /// Whether nothing is in flight.
    fn is_idle(&self) -> bool {
        self.room.available_permits() == self.room_size
    }

    fn rests(&self) -> Option<Instant> {
        self.breakers
            .all_paused(self.routes.iter().map(String::as_str))
    }

    /// Reserves room, and memory where the queue is heavy, then asks; unless we were told to stop meanwhile.
    async fn receive(&self, mut most: u8, probe: bool, heavy: bool) -> Reply {
        let room = self.room.clone().acquire_many_owned(most.into());
        let mut room = room.await.expect("the room is never closed");
        let mut reserved = None;
        if heavy {
            let share = self.load.reserve(most).await;
            most = u8::try_from(share.messages()).unwrap_or(most).min(most);
            drop(room.split(room.num_permits() - usize::from(most)));
            reserved = Some(share);
        }
        let asked = Instant::now();
        let received = if self.stop.is_cancelled() {
            Ok(Vec::new())
        } else {
            let hidden = self.lease.visibility();
            self.sqs
                .receive_within(&self.load, reserved, most, WAIT, hidden)
                .await
        };
        Reply {
            most,
            probe,
            asked,
            room,
            received,
        }
    }

    /// Hands over a whole reply. Not async: a stop in the middle would hide messages that
    /// nobody works.
    fn requeue(
        &self,
        messages: Vec<(Message, Weight)>,
        asked: Instant,
        mut room: OwnedSemaphorePermit,
    ) {
        let queue = QueueLabel {
            queue: self.terms.name.clone(),
        };
        let count = messages.len();
        self.metrics
            .received
            .get_or_create(&queue)
            .inc_by(count as u64);
        let held = self.metrics.in_flight.get_or_create(&queue).clone();
        let mut surplus = Vec::new();
        for (message, weight) in messages {
            let (sqs, handle) = (self.sqs.clone(), message.handle.clone());
            let Some(room) = room.split(1) else {
                surplus.push((handle, Duration::ZERO));
                continue;
            };
            let lease = Lease::keep(sqs, handle, asked, self.lease, &self.keepers);
            let delivery = Delivery {
                message,
                lease,
                room: Room::new(room, weight, Counted::one(&held)),
                terms: self.terms.clone(),
            };
            let job = Job {
                delivery,
                settle: self.settle.clone(),
                waiting: self.pools.comes(),
            };
            // It takes as many as there is room for, so only a pool that has died refuses; the
            // supervisor says so, and the lease runs out.
            let _ = self.pool.try_send(job);
        }
        if !surplus.is_empty() {
            self.keepers.spawn(release(self.sqs.clone(), surplus));
        }
    }

    fn answered(&self) {
        self.pulse.send_modify(|pulse| {
            pulse.answered = Some(Instant::now());
            if pulse.error.take().is_some() {
                tracing::info!(queue = self.terms.name, "receive works again");
            }
        });
    }

    /// Says so once.
    fn failed(&self, error: &SqsError) {
        let reported = error.to_string();
        let known = self.pulse.borrow().error.clone();
        let new = !known.is_some_and(|known| cause::is_same(&known, &reported));
        if new {
            tracing::error!(queue = self.terms.name, url = self.sqs.url(), %error, "receive failed");
        }
        self.pulse.send_modify(|pulse| pulse.error = Some(reported));
    }

    fn backoff(&self, failures: u32) -> Duration {
        let wait = (FIRST_BACKOFF * 2_u32.pow(failures.min(8))).min(LONGEST_BACKOFF);
        self.rng.spread(wait)
    }
}

/// Shows again what the endpoint has sent beyond what it was asked for.
async fn release(sqs: Sqs, surplus: Vec<(String, Duration)>) {
    tracing::warn!(
        url = sqs.url(),
        messages = surplus.len(),
        "more messages than requested; these are released"
    );
    for batch in surplus.chunks(BATCH.into()) {
        if let Err(error) = sqs.show(batch).await {
            tracing::warn!(%error, "message not returned to the queue; it returns when its visibility timeout ends");
        }
    }
}
