//! An AWS made in memory, behind the real SDK clients.
//!
//! A [`Aws`] is one universe: buckets, queues, crawlers, tables, queries, topics, buses, secrets and roles in all regions,
//! the people who may use them, the faults that strike, and a log of every call. Clients reach it through an HTTP
//! connector without sockets, so that the paused clock of tokio is the only clock there is.
//!
//! The rules it keeps:
//! * It is stricter than AWS: what it does not know it refuses (501), and where reports from the
//!   field disagree it takes the reading that hurts the caller.
//! * It is deterministic: ordered maps, randomness from one seed, time from tokio.
//! * It shares no code with the daemon. A mistake in both would cancel out.
//! * Each rule that stands for AWS names its source where it is kept.

mod access;
mod athena;
mod calls;
mod crowd;
mod events;
mod fault;
mod glue;
mod json;
mod line;
mod md5;
mod raw;
mod reply;
mod request;
mod s3;
mod secrets;
mod sns;
mod sqs;
mod sts;
mod tables;
mod torn;
mod wire;

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_smithy_runtime_api::client::http::SharedHttpClient;
use aws_smithy_types::retry::RetryConfig;
use fastrand::Rng;
use jiff::Timestamp;
use tokio::sync::Notify;
use tokio::time::Instant;

pub(crate) use access::{Access, Denial, HOME_ACCOUNT, HOME_KEY, Standing};
pub(crate) use athena::{Run, WorkGroup};
pub(crate) use calls::{Call, Calls, Moment};
pub(crate) use fault::{Fault, Latency, Rule, Silence};
pub(crate) use glue::{Crawler, Ending};
pub(crate) use line::Line;
pub(crate) use raw::raw;
pub(crate) use s3::{Algorithm, Bucket, Object, Restore, TestObject, Version, What, Write};
pub(crate) use sqs::{Message, Mischief, Queue, Settled, Stale};
pub(crate) use tables::Table;
pub(crate) use torn::Tear;

/// Wall time when a simulation begins, nine in the morning: off the whole second, as real clocks are.
const BEGINNING: Timestamp = Timestamp::constant(1_793_610_000, 250_000_000);

/// A handle on one universe; clones share it.
#[derive(Clone)]
pub(crate) struct Aws(Arc<Inner>);

struct Inner {
    beginning: Timestamp,
    start: Instant,
    /// Rung whenever a queue may have something new to hand out.
    stirred: Notify,
    state: Mutex<State>,
    watcher: Mutex<Option<Watcher>>,
}

/// Told of every call; may do to the in-memory AWS what it likes.
type Watcher = Arc<dyn Fn(&Aws, &Call, Moment) + Send + Sync>;

struct State {
    rng: Rng,
    access: Access,
    faults: fault::Faults,
    latency: Latency,
    crowds: crowd::Crowds,
    calls: Calls,
    s3: s3::S3,
    sqs: sqs::Sqs,
    glue: glue::Glue,
    athena: athena::Athena,
    secrets: secrets::Secrets,
    sts: sts::Sts,
    tables: tables::Tables,
    sns: sns::Sns,
    buses: events::Buses,
}

/// What a service may look at while it handles one call.
pub(crate) struct Scene<'a> {
    pub(crate) now: Timestamp,
    pub(crate) rng: &'a mut Rng,
    pub(crate) access: &'a Access,
    /// Changes of buckets so far.
    pub(crate) moment: u64,
}

impl Aws {
    /// Begins a universe whose randomness are thrown from `seed`.
    pub(crate) fn new(seed: u64) -> Self {
        Self::later(seed, Duration::ZERO)
    }

    /// The same, beginning at another time of the day.
    pub(crate) fn later(seed: u64, by: Duration) -> Self {
        let state = State {
            rng: Rng::with_seed(seed),
            access: Access::default(),
            faults: fault::Faults::default(),
            latency: Latency::default(),
            crowds: crowd::Crowds::default(),
            calls: Calls::default(),
            s3: s3::S3::default(),
            sqs: sqs::Sqs::default(),
            glue: glue::Glue::default(),
            athena: athena::Athena::default(),
            secrets: secrets::Secrets::default(),
            sts: sts::Sts::default(),
            tables: tables::Tables::default(),
            sns: sns::Sns::default(),
            buses: events::Buses::default(),
        };
        let (start, stirred) = (Instant::now(), Notify::new());
        Self(Arc::new(Inner {
            beginning: BEGINNING + by,
            start,
            stirred,
            state: Mutex::new(state),
            watcher: Mutex::new(None),
        }))
    }

    /// The HTTP client to give to SDK clients.
    pub(crate) fn http(&self) -> SharedHttpClient {
        self.http_on(None, &Line::default())
    }

    /// The same, for a process with a line of its own; the number goes into the log of calls.
    pub(crate) fn http_on(&self, number: Option<usize>, line: &Line) -> SharedHttpClient {
        SharedHttpClient::new(wire::Wire {
            aws: self.clone(),
            number,
            line: line.clone(),
        })
    }

    /// An SDK configuration for one region, signed with the home key, without retries.
    pub(crate) fn sdk(&self, region: &str) -> SdkConfig {
        self.sdk_as(HOME_KEY, region)
    }

    /// The same, signed with another access key.
    pub(crate) fn sdk_as(&self, access_key: &str, region: &str) -> SdkConfig {
        let credentials = Credentials::new(access_key, "secret", None, None, "world");
        SdkConfig::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new(region.to_owned()))
            .credentials_provider(SharedCredentialsProvider::new(credentials))
            .http_client(self.http())
            .retry_config(RetryConfig::disabled())
            .build()
    }

    /// Wall time in this universe.
    pub(crate) fn now(&self) -> Timestamp {
        self.0.beginning + Instant::now().saturating_duration_since(self.0.start)
    }

    /// Every call so far.
    pub(crate) fn calls(&self) -> Calls {
        self.with(|state, _| state.calls.clone())
    }

    /// How many calls so far.
    pub(crate) fn calls_made(&self) -> usize {
        self.with(|state, _| state.calls.0.len())
    }

    /// Adds a fault rule.
    pub(crate) fn inject(&self, rule: Rule) {
        self.with(|state, _| state.faults.0.push(rule));
    }

    /// Ends all faults.
    pub(crate) fn calm(&self) {
        self.with(|state, _| state.faults.0.clear());
    }

    /// Lets ordinary calls take time.
    pub(crate) fn slow_down(&self, latency: Latency) {
        self.with(|state, _| state.latency = latency);
    }

    /// Lets somebody watch the calls, or nobody.
    pub(crate) fn watch(&self, watcher: Option<Watcher>) {
        let mut held = self
            .0
            .watcher
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        *held = watcher;
    }

    /// Changes who may do what.
    pub(crate) fn access(&self, change: impl FnOnce(&mut Access)) {
        self.with(|state, _| change(&mut state.access));
    }

    /// Does one thing at one moment; nothing else happens meanwhile. What S3 announced is in its
    /// queue afterwards.
    fn with<R>(&self, act: impl FnOnce(&mut State, Timestamp) -> R) -> R {
        let now = self.now();
        // A test that panicked while holding the lock has failed already.
        let mut state = self.0.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.access.tick(now);
        let result = act(&mut state, now);
        let State { s3, sqs, rng, .. } = &mut *state;
        for (queue, body) in s3.announced() {
            sqs.deliver(&queue, &body, now, rng);
        }
        if sqs.take_stirred() {
            self.0.stirred.notify_waiters();
        }
        result
    }
}

impl State {
    /// Splits off what a service sees of the rest.
    fn scene(
        &mut self,
        now: Timestamp,
    ) -> (&mut s3::S3, &mut sqs::Sqs, &mut glue::Glue, Scene<'_>) {
        let Self {
            rng,
            access,
            s3,
            sqs,
            glue,
            ..
        } = self;
        let moment = s3.moments();
        let scene = Scene {
            now,
            rng,
            access,
            moment,
        };
        (s3, sqs, glue, scene)
    }
}

impl fmt::Debug for Aws {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("World").finish_non_exhaustive()
    }
}
