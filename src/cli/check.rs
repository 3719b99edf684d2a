//! `brigade check`: can it work, and if not, why and what to do.

use std::io::Write;

use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::account::Accounts;
use crate::catalog::{Asking, Obstacle, QueryState, rehearse};
use crate::config::Config;
use crate::edge::Edge;
use crate::metrics::Metrics;
use crate::queue::{Sqs, SqsError};
use crate::s3::{Doors, S3Error};
use crate::start;

/// Tell whether it can work, and if not, why and what to do
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  brigade check --offline   # the files and the environment only
  brigade check             # also queues, buckets, crawlers and what they assert; changes nothing

An assert_sql is put to Athena as EXPLAIN, which reads no data and costs nothing; what Athena says
of it is left where results are put.")]
pub(super) struct Check {
    /// Check the configuration only; call nobody
    #[arg(long)]
    offline: bool,
}

/// What was looked at, and what is wrong with it.
struct Finding {
    what: String,
    wrong: Option<Wrong>,
}

enum Wrong {
    /// It cannot work.
    Fails(String),
    /// It can, but.
    Warns(String),
}

impl Check {
    /// Checks, and says what it found.
    pub(super) async fn run(self, config: &Config, out: &mut impl Write) -> anyhow::Result<()> {
        config.can_run()?;
        let (queues, routes) = (config.queue.len(), config.route.len());
        writeln!(out, "ok    configuration: {queues} queues, {routes} routes")?;
        if self.offline {
            return Ok(());
        }
        let edge = Edge::real();
        let metrics = Metrics::new(&config.environment).0;
        let accounts = Accounts::open(config, &edge, &metrics).await?;
        let config = &accounts.settle(config);
        config.check_regions()?;
        let doors = accounts.doors(&config.retry, &edge, metrics.clone());

        let mut findings = account_findings(&accounts).await;
        findings.extend(queue_findings(config, &accounts, &metrics).await);
        findings.extend(bucket_findings(config, &doors).await);
        findings.extend(arrivals_finding(config, &accounts, &metrics).await);
        findings.extend(crawler_findings(config, &accounts, &metrics).await);
        findings.extend(assertion_findings(config, &accounts, &edge, &metrics).await);
        let mut failed = 0;
        for Finding { what, wrong } in &findings {
            match wrong {
                None => writeln!(out, "ok    {what}")?,
                Some(Wrong::Warns(why)) => writeln!(out, "warn  {what}: {why}")?,
                Some(Wrong::Fails(why)) => {
                    failed += 1;
                    writeln!(out, "FAIL  {what}: {why}")?;
                }
            }
        }
        anyhow::ensure!(failed == 0, "{failed} of {} checks failed", findings.len());
        Ok(())
    }
}

/// Whether each account has credentials at all; what they are good for, the others find.
async fn account_findings(accounts: &Accounts) -> Vec<Finding> {
    let mut findings = Vec::new();
    for account in accounts.iter() {
        let name = account.name();
        let (what, wrong) = match account.access_key().await {
            Ok(key) => (format!("account {name} signs with {key}"), None),
            Err(why) => (format!("account {name}"), Some(Wrong::Fails(why))),
        };
        findings.push(Finding { what, wrong });
    }
    findings
}

async fn queue_findings(config: &Config, accounts: &Accounts, metrics: &Metrics) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (name, queue) in &config.queue {
        let what = format!("queue.{name} {}", queue.url);
        let client = accounts.of(queue.account.as_deref()).sqs(queue);
        let sqs = Sqs::new(client, queue.url.clone(), metrics.clone());
        // An SQS that does not answer is waited for by the daemon; here it is a finding.
        let linked = match sqs.facts().await {
            Err(error @ SqsError::Unavailable { .. }) => Err(error.to_string()),
            Err(SqsError::NoQueue { .. } | SqsError::Refused { .. }) | Ok(_) => {
                start::link(name, queue, sqs, &crate::edge::Dice::default())
                    .await
                    .map_err(|e| e.to_string())
            }
        };
        let wrong = match &linked {
            Err(why) => Some(Wrong::Fails(why.clone())),
            Ok(linked) => start::advice(queue, &linked.facts).map(Wrong::Warns),
        };
        findings.push(Finding { what, wrong });
        if let Ok(linked) = linked {
            let what = format!("queue.{name} parks in {}", linked.dead.url());
            let wrong = linked
                .dead
                .facts()
                .await
                .err()
                .as_ref()
                .map(wrong_with_dead);
            findings.push(Finding { what, wrong });
        }
    }
    findings
}

/// The daemon itself only sends there.
fn wrong_with_dead(e: &SqsError) -> Wrong {
    match e {
        SqsError::NoQueue { .. } | SqsError::Unavailable { .. } => Wrong::Fails(e.to_string()),
        SqsError::Refused { .. } => Wrong::Warns(format!(
            "cannot be looked at ({e}); the daemon needs sqs:SendMessage there"
        )),
    }
}

async fn bucket_findings(config: &Config, doors: &Doors) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (name, route) in &config.route {
        let from = (&route.from.bucket, &route.from_region, &route.from_account);
        let to = (&route.to.bucket, &route.to_region, &route.to_account);
        for (side, (bucket, region, account)) in [("from", from), ("to", to)] {
            let s3 = doors.of(account.as_deref());
            let found = s3.region(bucket).await;
            let what = match &found {
                Ok(region) => format!("route.{name}.{side} bucket {bucket} in {region}"),
                Err(_) => format!("route.{name}.{side} bucket {bucket}"),
            };
            let listed = s3.may_list(bucket).await;
            let wrong = match found {
                Err(e) => Some(Wrong::Fails(e.to_string())),
                Ok(_) if matches!(listed, Err(S3Error::Denied { .. })) => Some(Wrong::Fails(
                    "needs s3:ListBucket, or a missing key cannot be told from a denied one".into(),
                )),
                Ok(found) => region
                    .as_ref()
                    .filter(|region| **region != found)
                    .map(|region| {
                        Wrong::Fails(format!(
                            "route.{name}.{side}_region = \"{region}\": correct it, or leave it out"
                        ))
                    }),
            };
            findings.push(Finding { what, wrong });
        }
    }
    findings
}

/// The queue of arrivals, if there is one. That we may send there, only a send would show.
async fn arrivals_finding(
    config: &Config,
    accounts: &Accounts,
    metrics: &Metrics,
) -> Option<Finding> {
    let queue = config.catalog.arrivals()?;
    let client = accounts.of(queue.account.as_deref()).sqs(&queue);
    let sqs = Sqs::new(client, queue.url.clone(), metrics.clone());
    let wrong = match sqs.facts().await {
        Ok(facts) => start::advice_on_arrivals(&facts).map(Wrong::Warns),
        Err(e) => Some(Wrong::Fails(e.to_string())),
    };
    let what = format!("catalog.queue {}", queue.url);
    Some(Finding { what, wrong })
}

async fn crawler_findings(config: &Config, accounts: &Accounts, metrics: &Metrics) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (name, crawler) in &config.crawler {
        let glue_name = crawler.name.as_deref().unwrap_or(name);
        let account = accounts.of(crawler.account.as_deref());
        let glue = account.glue(crawler.region.as_deref(), metrics.clone());
        let wrong = glue.look(glue_name).await.err();
        findings.push(Finding {
            what: format!("crawler.{name} {glue_name}"),
            wrong: wrong.map(|e| Wrong::Fails(e.to_string())),
        });
    }
    findings
}

async fn assertion_findings(
    config: &Config,
    accounts: &Accounts,
    edge: &Edge,
    metrics: &Metrics,
) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (name, crawler) in &config.crawler {
        if crawler.assert_sql.is_none() {
            continue;
        }
        let (account, region) = crawler.asserts_as();
        let asking = Asking {
            athena: accounts.of(account).athena(region, metrics.clone()),
            dice: fastrand::Rng::with_seed(edge.dice.seed()),
            stop: CancellationToken::new(),
            state: watch::Sender::new(QueryState::Queued),
        };
        let obstacle = rehearse(asking, name, crawler).await;
        findings.push(Finding {
            what: format!("crawler.{name}.assert_sql"),
            wrong: obstacle.map(|obstacle| match obstacle {
                Obstacle::Fails(why) => Wrong::Fails(why),
                Obstacle::Warns(why) => Wrong::Warns(why),
            }),
        });
    }
    findings
}
