//! Asks Athena after each crawl whether what arrived is as it should be (`assert_sql`).
//!
//! ```text
//! crawl succeeded ──Crawled──▶ task ──SELECT──▶ Athena ──▶ log, metric, /status.json
//! ```
//!
//! The rules:
//! * it never delays a crawl: it runs in a task of its own, and its result changes no schedule;
//! * an answer covers the crawls that had ended before the query was started; others are covered by one more query
//!   afterwards;
//! * one row with one boolean that is true passes; any other answer is a failed assertion;
//! * without an answer the query is repeated as long as that may help, and then reported as an error.

mod answer;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use fastrand::Rng;
use futures_util::FutureExt;
use serde::Serialize;
use tokio::sync::{Notify, watch};
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;
use tracing::{error, info, warn};

use self::answer::{Answer, read};
use super::athena::{Asking, Athena, AthenaError, Query, QueryState, run_query};
use crate::backoff::Backoff;
use crate::config;
use crate::metrics::Metrics;

/// Athena ends what runs for half an hour; what waits in its queue may wait for longer.
const ENDS_WITHIN: Duration = Duration::from_hours(1);

/// Some ten minutes: longer than a deploy that changes a policy, and than most outages.
const TRIES: usize = 8;
const BACKOFF: (Duration, Duration) = (Duration::from_secs(5), Duration::from_mins(3));

/// Where Athena is asked unless the configuration names another workgroup; every region has it.
const WORKGROUP: &str = "primary";

/// How an assertion ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Judgement {
    /// The answer is true.
    Passed,
    /// There is an answer, and it is not.
    Failed,
    /// There is no answer.
    Error,
}

impl Judgement {
    /// All results, as `brigade_assertions_total` counts them.
    const ALL: [Self; 3] = [Self::Passed, Self::Failed, Self::Error];

    fn name(self) -> &'static str {
        match self {
            Self::Passed => "passed",
            Self::Failed => "failed",
            Self::Error => "error",
        }
    }
}

/// One assertion, as `/status.json` shows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Assertion {
    /// What is asked.
    pub sql: String,
    /// Whether it is being asked right now, waits between tries included.
    pub running: bool,
    /// How the last one ended.
    pub last_result: Option<Judgement>,
    /// The last answer: a value, or why there is no single one.
    pub last_value: Option<String>,
    /// How long ago the last one ended.
    pub last_ended_seconds_ago: Option<u64>,
    /// Why there is no answer.
    pub error: Option<String>,
}

/// What the task has seen, with the time since then.
#[derive(Debug, Clone)]
struct Seen {
    assertion: Assertion,
    ended: Option<Instant>,
}

/// Tells an assertion that a crawl has succeeded. Never blocks; crawls coalesce. Without an
/// assertion nobody listens.
#[derive(Debug, Clone, Default)]
pub struct Crawled(Arc<Notify>);

impl Crawled {
    /// A run of ours has succeeded.
    pub fn succeeded(&self) {
        self.0.notify_one();
    }
}

/// All assertions, by the crawler they belong to.
#[derive(Debug, Clone, Default)]
pub struct Assertions(Arc<BTreeMap<String, watch::Receiver<Seen>>>);

impl Assertions {
    /// Collects what can be seen of each task.
    #[must_use]
    pub fn of<'t>(tasks: impl IntoIterator<Item = &'t AssertionTask>) -> Self {
        let seen = tasks.into_iter();
        let seen = seen.map(|task| (task.crawler.clone(), task.seen.subscribe()));
        Self(Arc::new(seen.collect()))
    }

    /// What became of each, for `/status.json`.
    #[must_use]
    pub fn snapshot(&self) -> BTreeMap<String, Assertion> {
        let reported = self.0.iter().map(|(crawler, seen)| {
            let Seen {
                mut assertion,
                ended,
            } = seen.borrow().clone();
            assertion.last_ended_seconds_ago = ended.map(|at| at.elapsed().as_secs());
            (crawler.clone(), assertion)
        });
        reported.collect()
    }
}

/// Makes the assertion of one crawler. The supervisor runs it.
#[derive(Debug)]
pub struct AssertionTask {
    crawler: String,
    query: Query,
    athena: Athena,
    metrics: Metrics,
    stop: CancellationToken,
    rng: Rng,
    crawled: Crawled,
    seen: watch::Sender<Seen>,
}

impl AssertionTask {
    /// Prepares the assertion of `[crawler.NAME]`, if it has one.
    #[must_use]
    pub fn new(
        name: &str,
        config: &config::Crawler,
        athena: Athena,
        metrics: &Metrics,
        stop: CancellationToken,
        rng: Rng,
    ) -> Option<Self> {
        let query = question(config)?;
        for result in Judgement::ALL {
            metrics.catalog.asserted(name, result.name(), 0);
        }
        let assertion = Assertion {
            sql: query.sql.clone(),
            running: false,
            last_result: None,
            last_value: None,
            last_ended_seconds_ago: None,
            error: None,
        };
        Some(Self {
            crawler: name.to_owned(),
            query,
            athena,
            metrics: metrics.clone(),
            stop,
            rng,
            crawled: Crawled::default(),
            seen: watch::Sender::new(Seen {
                assertion,
                ended: None,
            }),
        })
    }

    /// The `[crawler.NAME]` it belongs to.
    #[must_use]
    pub fn crawler(&self) -> &str {
        &self.crawler
    }

    /// The end to hand to the crawler's task.
    #[must_use]
    pub fn crawled(&self) -> Crawled {
        self.crawled.clone()
    }

    /// Runs until stopped. What is still owed is logged then: the next crawl makes up for it.
    pub async fn run(mut self) {
        let (stop, succeeded) = (self.stop.clone(), self.crawled.0.clone());
        let mut reported = true;
        while reported && let Some(()) = stop.run_until_cancelled(succeeded.notified()).await {
            reported = self.assert().await;
        }
        if !reported || succeeded.notified().now_or_never().is_some() {
            let crawler = self.crawler;
            warn!(
                crawler,
                "stopped with an assertion owed; the next crawl makes it"
            );
        }
    }

    /// Makes one assertion, unless stopped meanwhile.
    async fn assert(&mut self) -> bool {
        let mut backoff = Backoff::new(BACKOFF.0, BACKOFF.1);
        self.seen.send_modify(|seen| seen.assertion.running = true);
        for left in (0..TRIES).rev() {
            // Asked after them, this answer covers them.
            let _ = self.crawled.0.notified().now_or_never();
            let error = match self.answer().await {
                Ok(answer) => {
                    self.judged(answer);
                    return true;
                }
                Err(AthenaError::Interrupted(_)) if self.stop.is_cancelled() => return false,
                Err(error) if left == 0 || !may_pass(&error) => {
                    self.unanswered(&error.to_string());
                    return true;
                }
                Err(error) => error.to_string(),
            };
            let (crawler, wait) = (&self.crawler, backoff.next(&mut self.rng));
            warn!(
                crawler,
                error,
                wait_seconds = wait.as_secs_f64(),
                "assertion not answered; it is asked again"
            );
            self.seen
                .send_modify(|seen| seen.assertion.error = Some(error));
            if self.stop.run_until_cancelled(sleep(wait)).await.is_none() {
                return false;
            }
        }
        true
    }

    /// Asks once. A query that does not end is stopped.
    async fn answer(&mut self) -> Result<Answer, AthenaError> {
        let stop = self.stop.child_token();
        let asking = Asking {
            athena: self.athena.clone(),
            rng: self.rng.fork(),
            stop: stop.clone(),
            state: watch::Sender::new(QueryState::Queued),
        };
        let run = async { read(run_query(asking, &self.query).await?).await };
        tokio::pin!(run);
        tokio::select! {
            answer = &mut run => answer,
            () = sleep(ENDS_WITHIN) => {
                stop.cancel();
                run.await.map_err(|error| match error {
                    AthenaError::Interrupted(reported) => {
                        AthenaError::Interrupted(format!("no end within {ENDS_WITHIN:?}: {reported}"))
                    }
                    error @ (AthenaError::Failed { .. }
                    | AthenaError::Cancelled { .. }
                    | AthenaError::Denied { .. }
                    | AthenaError::Refused { .. }
                    | AthenaError::Unavailable { .. }) => error,
                })
            }
        }
    }

    fn judged(&self, Answer { is_true, value }: Answer) {
        let (crawler, sql) = (&self.crawler, &self.query.sql);
        if is_true {
            info!(crawler, sql, value, "assertion passed");
            self.ended(Judgement::Passed, Some(value), None);
        } else {
            error!(crawler, sql, value, "assertion failed");
            self.ended(Judgement::Failed, Some(value), None);
        }
    }

    fn unanswered(&self, error: &str) {
        let (crawler, sql) = (&self.crawler, &self.query.sql);
        error!(crawler, sql, error, "assertion could not be made");
        self.ended(Judgement::Error, None, Some(error.to_owned()));
    }

    fn ended(&self, result: Judgement, value: Option<String>, error: Option<String>) {
        self.metrics
            .catalog
            .asserted(&self.crawler, result.name(), 1);
        self.seen.send_modify(|seen| {
            seen.ended = Some(Instant::now());
            let reported = &mut seen.assertion;
            (reported.running, reported.last_result) = (false, Some(result));
            (reported.last_value, reported.error) = (value, error);
        });
    }
}

/// What `assert_sql` and its companions say.
pub(super) fn question(config: &config::Crawler) -> Option<Query> {
    Some(Query {
        sql: config.assert_sql.clone()?,
        database: config.assert_database.clone(),
        workgroup: config
            .assert_workgroup
            .clone()
            .unwrap_or_else(|| WORKGROUP.into()),
        output: config.assert_output.as_ref().map(ToString::to_string),
    })
}

/// Whether asking again may find an answer. A policy may be on its way.
fn may_pass(error: &AthenaError) -> bool {
    match error {
        AthenaError::Denied { .. } | AthenaError::Unavailable { .. } => true,
        AthenaError::Failed { retryable, .. } => *retryable,
        // The last by us, because it did not end.
        AthenaError::Refused { .. }
        | AthenaError::Cancelled { .. }
        | AthenaError::Interrupted(_) => false,
    }
}
