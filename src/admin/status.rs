//! What can be said about a running daemon.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use prometheus_client::registry::Registry;
use serde::Serialize;
use tokio::sync::watch;
use tokio::time::Instant;

use crate::catalog::{Assertion, Assertions, Crawlers, Snapshot, TableStatus, TablesSeen};
use crate::config::DEFAULT_ACCOUNT;
use crate::copy::{CopyStatus, Progress};
use crate::intake::Pulse;
use crate::metrics::{self, BucketLabels, Metrics, RouteLabel};
use crate::notify::{NotificationStatus, NotificationsSeen};
use crate::s3::{S3AccountStatus, S3Clients};
use crate::work::{BreakerStatus, CircuitBreakers, PoolStatus, WorkerPools};

/// A loop turns at least once a long poll and its patience, or once a backoff: 30 s each. Four of
/// them without a turn, and it hangs.
const TURNS_WITHIN: Duration = Duration::from_mins(2);

/// An idle queue answers once in 20 s.
const ANSWERS_WITHIN: Duration = Duration::from_mins(1);

/// What can be seen of one daemon.
pub struct View {
    /// The configuration's `environment`.
    pub environment: String,
    /// When it started.
    pub started: Instant,
    /// Its accounts' S3 clients.
    pub s3_clients: S3Clients,
    /// Its queues.
    pub queues: Vec<QueueView>,
    /// Its routes' circuit breakers.
    pub breakers: CircuitBreakers,
    /// The worker pools.
    pub pools: WorkerPools,
    /// Its copies in parts.
    pub progress: Progress,
    /// Its crawlers.
    pub crawlers: Crawlers,
    /// What is asked after crawls.
    pub assertions: Assertions,
    /// Its tables.
    pub tables: TablesSeen,
    /// Where arrivals are notified.
    pub notifications: NotificationsSeen,
    /// Its metrics.
    pub metrics: Metrics,
    /// What prints them.
    pub registry: Registry,
}

/// What can be seen of one queue.
#[derive(Debug, Clone)]
pub struct QueueView {
    /// The `[queue.NAME]`.
    pub name: String,
    /// Its URL.
    pub url: String,
    /// How its polling is going.
    pub pulse: watch::Receiver<Pulse>,
}

/// `/status.json`. New fields may come; a field that changes its meaning raises `brigade`.
#[derive(Debug, Serialize)]
pub struct Status {
    brigade: u32,
    kind: &'static str,
    version: &'static str,
    environment: String,
    uptime_seconds: u64,
    live: bool,
    ready: bool,
    /// The default account's.
    conditional_writes: bool,
    /// Each account; home is `[aws]`.
    accounts: BTreeMap<String, S3AccountStatus>,
    queues: BTreeMap<String, QueueStatus>,
    routes: BTreeMap<String, BreakerStatus>,
    pools: BTreeMap<&'static str, PoolStatus>,
    /// Copies in parts under way.
    copies: Vec<CopyStatus>,
    crawlers: BTreeMap<String, Snapshot>,
    /// By crawler.
    assertions: BTreeMap<String, Assertion>,
    tables: BTreeMap<String, TableStatus>,
    /// Where arrivals are notified, by ARN or URL.
    notifications: BTreeMap<String, NotificationStatus>,
}

#[derive(Debug, Serialize)]
struct QueueStatus {
    url: String,
    pollers: usize,
    /// All its routes are paused.
    resting: bool,
    answered_seconds_ago: Option<u64>,
    error: Option<String>,
}

impl View {
    /// The text a Prometheus scrape gets.
    #[must_use]
    pub fn scrape(&self) -> String {
        for (route, breaker) in self.breakers.iter() {
            let paused = matches!(breaker.status(), BreakerStatus::Paused { .. });
            let label = RouteLabel {
                route: route.clone(),
            };
            self.metrics
                .route_paused
                .get_or_create(&label)
                .set(paused.into());
        }
        for (account, bucket, limit) in self.s3_clients.limits() {
            let bucket = BucketLabels { account, bucket };
            let (calls, kms) = (&self.metrics.s3_limit, &self.metrics.kms_limit);
            calls.get_or_create(&bucket).set(limit.calls.into());
            match limit.kms {
                Some(limit) => drop(kms.get_or_create(&bucket).set(limit.into())),
                None => drop(kms.remove(&bucket)),
            }
        }
        self.pools.gauge();
        metrics::print(&self.registry)
    }

    /// Everything, for `/status.json`.
    #[must_use]
    pub fn status(&self) -> Status {
        let queues = self.queues.iter().map(|queue| {
            let pulse = queue.pulse.borrow();
            let status = QueueStatus {
                url: queue.url.clone(),
                pollers: pulse.pollers,
                resting: pulse.resting,
                answered_seconds_ago: pulse.answered.map(|at| at.elapsed().as_secs()),
                error: pulse.error.clone(),
            };
            (queue.name.clone(), status)
        });
        let accounts = self.s3_clients.status();
        Status {
            brigade: 1,
            kind: "status",
            version: env!("CARGO_PKG_VERSION"),
            environment: self.environment.clone(),
            uptime_seconds: self.started.elapsed().as_secs(),
            live: self.not_live().is_empty(),
            ready: self.not_ready().is_empty(),
            conditional_writes: accounts[DEFAULT_ACCOUNT].conditional_writes,
            accounts,
            queues: queues.collect(),
            routes: self
                .breakers
                .iter()
                .map(|(name, breaker)| (name.clone(), breaker.status()))
                .collect(),
            pools: self.pools.status().into(),
            copies: self.progress.status(),
            crawlers: self.crawlers.snapshot(),
            assertions: self.assertions.snapshot(),
            tables: self.tables.status(),
            notifications: self.notifications.status(),
        }
    }

    /// Why the process should be restarted; empty when it should not.
    #[must_use]
    pub fn not_live(&self) -> Vec<String> {
        let hang = |queue: &&QueueView| queue.pulse.borrow().turned.elapsed() > TURNS_WITHIN;
        let reported = |queue: &QueueView| format!("queue {}: its loop does not turn", queue.name);
        self.queues.iter().filter(hang).map(reported).collect()
    }

    /// Why no work can be done right now; empty when it can.
    #[must_use]
    pub fn not_ready(&self) -> Vec<String> {
        self.queues
            .iter()
            .filter_map(QueueView::not_ready)
            .collect()
    }
}

impl QueueView {
    fn not_ready(&self) -> Option<String> {
        let pulse = self.pulse.borrow();
        let name = &self.name;
        if let Some(error) = &pulse.error {
            return Some(format!("queue {name}: {error}"));
        }
        let last = pulse.answered.max(pulse.unasked);
        let fresh = last.is_some_and(|at| at.elapsed() <= ANSWERS_WITHIN);
        (!fresh).then(|| format!("queue {name}: SQS has not answered yet"))
    }
}

impl fmt::Debug for View {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("View")
            .field("queues", &self.queues)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use aws_config::{BehaviorVersion, SdkConfig};
    use tokio_util::sync::CancellationToken;

    use super::*;
    use crate::config::{Aws, Retry, Work};
    use crate::edge::Rng;
    use crate::s3::{ClientSettings, S3};

    fn s3_clients() -> S3Clients {
        let latest = BehaviorVersion::latest();
        let settings = ClientSettings {
            account: DEFAULT_ACCOUNT.into(),
            sdk: SdkConfig::builder().behavior_version(latest).build(),
            aws: Aws::default(),
            secret: None,
        };
        let metrics = Metrics::new("test").0;
        let default_account = S3::new(settings, &Retry::default(), Rng::default(), metrics);
        S3Clients::new(default_account, BTreeMap::new())
    }

    #[tokio::test(start_paused = true)]
    async fn an_outage_is_unready_but_alive_and_a_hang_is_neither() {
        let minute = Duration::from_mins(1);
        let now = Instant::now();
        tokio::time::advance(minute * 10).await;
        let later = Instant::now();
        let begun = Pulse {
            turned: later,
            ..Pulse::begin()
        };
        let out = Some("ReceiveMessage: unavailable".to_owned());
        for (why, pulse, live, ready) in [
            ("just begun", begun.clone(), true, true),
            (
                "never answered",
                Pulse {
                    answered: None,
                    ..begun.clone()
                },
                true,
                false,
            ),
            (
                "answered",
                Pulse {
                    answered: Some(later),
                    ..begun.clone()
                },
                true,
                true,
            ),
            (
                "an outage",
                Pulse {
                    answered: Some(later),
                    error: out,
                    ..begun.clone()
                },
                true,
                false,
            ),
            (
                "busy or resting",
                Pulse {
                    answered: Some(now),
                    unasked: Some(later),
                    ..begun.clone()
                },
                true,
                true,
            ),
            (
                "a hang",
                Pulse {
                    turned: now,
                    answered: Some(now),
                    ..begun
                },
                false,
                false,
            ),
        ] {
            let stop = CancellationToken::new();
            let (_sender, pulse) = watch::channel(pulse);
            let view = View {
                environment: "test".into(),
                started: now,
                s3_clients: s3_clients(),
                queues: vec![QueueView {
                    name: "events".into(),
                    url: "u".into(),
                    pulse,
                }],
                breakers: CircuitBreakers::new([]),
                pools: WorkerPools::new(&Work::default(), Metrics::new("test").0, stop.clone()),
                progress: Progress::default(),
                crawlers: Crawlers::default(),
                assertions: Assertions::default(),
                tables: TablesSeen::default(),
                notifications: NotificationsSeen::default(),
                metrics: Metrics::new("test").0,
                registry: Registry::default(),
            };
            assert_eq!(view.not_live().is_empty(), live, "{why}");
            assert_eq!(view.not_ready().is_empty(), ready, "{why}");
        }
    }
}
