//! Makes every stage, connects them by channels, and runs them. The only file that knows all of them.
//!
//! ```text
//! intake (one per queue) ──jobs──▶ pool ──verdicts──▶ settler (one per queue)
//!                                    │ arrivals
//!                                    ▼
//!                                 crawlers                        admin reads the state of all
//! ```

mod catalog;
mod follow;
mod summary;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::sync::{Semaphore, mpsc, watch};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

pub use self::catalog::Makings;
pub use self::follow::outlet;
use self::summary::Summary;
use crate::account::Accounts;
use crate::admin::{QueueView, View};
use crate::config::{Config, Queue};
use crate::copy::Copier;
use crate::edge::Edge;
use crate::intake::{Intake, Pulse};
use crate::metrics::Metrics;
use crate::queue::{Load, Terms};
use crate::reconcile::Reconciler;
use crate::route::Routes;
use crate::settle::{SENDING, Settler};
use crate::start::{Linked, StartError, link};
use crate::supervisor::Supervisor;
use crate::work::{
    Announce, CircuitBreakers, Job, Pool, QueueTerms, Replicator, Worker, WorkerPools,
};

/// Verdicts waiting to be settled; the settler is a thousand times faster than S3.
const VERDICTS: usize = 1_024;

/// Messages in flight beyond those being worked: as many again, so that no worker waits for a receive,
/// and as many that wait for their delete; at least two replies' worth.
const LEAST_PREFETCH: usize = 20;

/// One daemon, ready to run.
#[derive(Debug)]
pub struct App {
    supervisor: Supervisor,
    view: Arc<View>,
    summary: Summary,
    shutdown_timeout: Duration,
}

impl App {
    /// Looks at the queues, makes all stages and starts them.
    ///
    /// # Errors
    /// [`StartError`] when a queue is missing or has no dead-letter queue.
    pub async fn start(config: &Config, edge: &Edge) -> Result<Self, StartError> {
        let (metrics, registry) = Metrics::new(&config.environment);
        let accounts = Box::pin(Accounts::open(config, edge, &metrics)).await?;
        let config = &accounts.settle(config);
        config.check_regions()?;
        let linked = link_all(config, &accounts, edge, &metrics).await?;

        let mut supervisor = Supervisor::default();
        let all_worked = CancellationToken::new();
        let load = Load::default();
        let makings = Makings {
            config,
            load: &load,
            accounts: &accounts,
            edge,
            metrics: &metrics,
        };
        let begin = makings.begin(&all_worked, &mut supervisor);
        let (catalog, crawlers, assertions) = Box::pin(begin).await?;
        let tables = makings.tables(&mut supervisor);
        let notifications = makings.notifications(&mut supervisor);
        let (tables_seen, notifications_seen) = (tables.seen(), notifications.seen());
        let pools = WorkerPools::new(&config.work, metrics.clone(), supervisor.stop());
        let replicator = replicator(
            config,
            &accounts,
            edge,
            metrics.clone(),
            Arc::new(
                catalog
                    .with_tables(tables)
                    .with_notifications(notifications),
            ),
        );
        let (s3_clients, progress) = (
            replicator.s3_clients.clone(),
            replicator.reconciler.progress().clone(),
        );
        let (routes, breakers) = (replicator.routes.clone(), replicator.breakers.clone());
        let workers = config.work.workers as usize;
        let room = workers + (2 * workers).max(LEAST_PREFETCH);
        let (jobs, jobs_in) = mpsc::channel(room * linked.len());
        let pool = Pool {
            worker: Arc::new(Worker {
                replicator,
                pools: pools.clone(),
            }),
        };
        supervisor.spawn("workers", async move {
            // Then nothing more can arrive: what the crawlers owe by now is all there is.
            let _all_worked = all_worked.drop_guard();
            pool.run(jobs_in).await;
            Ok(())
        });

        let stages = Stages {
            edge,
            metrics: metrics.clone(),
            routes,
            breakers: breakers.clone(),
            room,
            jobs,
            pools: pools.clone(),
            load: load.clone(),
            sending: Load::of(SENDING),
        };
        let queues = linked
            .into_iter()
            .map(|(name, queue, linked)| stages.listen(name, queue, linked, &mut supervisor))
            .collect();
        let summary = Summary {
            metrics: metrics.clone(),
            breakers: breakers.clone(),
            queues: config.queue.keys().cloned().collect(),
        };
        let (summing, stop) = (summary.clone(), supervisor.stop());
        supervisor.spawn("summary", async move {
            summing.run(stop).await;
            Ok(())
        });
        let view = View {
            environment: config.environment.clone(),
            started: tokio::time::Instant::now(),
            s3_clients,
            queues,
            breakers,
            pools,
            progress,
            crawlers,
            assertions,
            tables: tables_seen,
            notifications: notifications_seen,
            metrics,
            registry,
        };
        let shutdown_timeout = config.work.shutdown_timeout;
        Ok(Self {
            supervisor,
            view: Arc::new(view),
            summary,
            shutdown_timeout,
        })
    }

    /// What can be seen from outside.
    #[must_use]
    pub fn view(&self) -> Arc<View> {
        self.view.clone()
    }

    /// Takes in a task that was there before the daemon; it ends with it.
    pub fn adopt(
        &mut self,
        name: &str,
        stop: CancellationToken,
        task: impl Future<Output = anyhow::Result<()>> + Send + 'static,
    ) {
        let asked = self.supervisor.stop();
        self.supervisor.spawn(name, async move {
            tokio::pin!(task);
            tokio::select! {
                biased;
                ended = &mut task => ended,
                () = asked.cancelled() => {
                    stop.cancel();
                    task.await
                }
            }
        });
    }

    /// Runs until `signal`, then drains.
    ///
    /// # Errors
    /// When a stage has died.
    pub async fn run(self, signal: impl Future<Output = ()>) -> anyhow::Result<()> {
        let ended = self.supervisor.run(signal, self.shutdown_timeout).await;
        // What the drain has done.
        self.summary.log();
        ended
    }
}

/// Asks each queue for what must be true of it.
async fn link_all<'a>(
    config: &'a Config,
    accounts: &Accounts,
    edge: &Edge,
    metrics: &Metrics,
) -> Result<Vec<(&'a String, &'a Queue, Linked)>, StartError> {
    let mut linked = Vec::new();
    for (name, queue) in &config.queue {
        let sqs = accounts.queue(queue, metrics);
        let linking = Box::pin(link(name, queue, sqs, &edge.rng));
        linked.push((name, queue, linking.await?));
    }
    Ok(linked)
}

/// What takes an event through its routes, of a message or of `brigade reconcile`. The configuration
/// is the one that the accounts have settled.
#[must_use]
pub fn replicator(
    config: &Config,
    accounts: &Accounts,
    edge: &Edge,
    metrics: Metrics,
    arrivals: Arc<dyn Announce>,
) -> Replicator {
    let routes = Routes::compile(config);
    let copier = Copier::new(config.work.buffer_memory.0);
    Replicator {
        breakers: CircuitBreakers::new(routes.iter().map(|route| route.name.as_str())),
        routes,
        reconciler: Reconciler::new(copier),
        s3_clients: accounts.s3_clients(&config.retry, edge, metrics.clone()),
        metrics,
        arrivals,
        unversioned: Mutex::default(),
    }
}

/// What the stages of all queues have in common.
struct Stages<'a> {
    edge: &'a Edge,
    metrics: Metrics,
    routes: Routes,
    breakers: CircuitBreakers,
    room: usize,
    jobs: mpsc::Sender<Job>,
    pools: WorkerPools,
    load: Load,
    /// Of all queues together.
    sending: Load,
}

impl Stages<'_> {
    /// Starts intake and settler of one queue.
    fn listen(
        &self,
        name: &str,
        queue: &Queue,
        linked: Linked,
        supervisor: &mut Supervisor,
    ) -> QueueView {
        let (verdicts, verdicts_in) = mpsc::channel(VERDICTS);
        let settler = Settler {
            name: name.to_owned(),
            sqs: linked.queue.clone(),
            dead: linked.dead,
            metrics: self.metrics.clone(),
            rng: self.edge.rng.clone(),
            clock: self.edge.clock.clone(),
            sending: self.sending.clone(),
        };
        supervisor.spawn(format!("settler of queue {name}"), async move {
            settler.run(verdicts_in).await;
            Ok(())
        });

        let (pulse, pulse_seen) = watch::channel(Pulse::begin());
        let feeds = |route: &&Arc<crate::route::Route>| {
            route.queue.as_deref().is_none_or(|queue| queue == name)
        };
        let intake = Intake {
            sqs: linked.queue,
            terms: Arc::new(QueueTerms {
                name: name.to_owned(),
                accept: queue.accept.clone(),
                max_attempts: queue.max_attempts,
            }),
            lease: Terms::new(queue.visibility_timeout),
            max_pollers: queue.max_pollers,
            room: Arc::new(Semaphore::new(self.room)),
            room_size: self.room,
            load: self.load.clone(),
            pool: self.jobs.clone(),
            pools: self.pools.clone(),
            settle: verdicts,
            keepers: TaskTracker::new(),
            breakers: self.breakers.clone(),
            routes: self
                .routes
                .iter()
                .filter(feeds)
                .map(|route| route.name.clone())
                .collect(),
            pulse,
            metrics: self.metrics.clone(),
            rng: self.edge.rng.clone(),
            stop: supervisor.stop(),
        };
        supervisor.spawn(format!("intake of queue {name}"), async move {
            intake.run().await;
            Ok(())
        });
        QueueView {
            name: name.to_owned(),
            url: queue.url.clone(),
            pulse: pulse_seen,
        }
    }
}
