//! `brigade check`: can it work, and if not, why and what to do.

use std::collections::BTreeMap;
use std::io::Write;

use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::account::Accounts;
use crate::app::outlet;
use crate::catalog::{Asking, Layout, Obstacle, QueryState, rehearse};
use crate::config::Config;
use crate::edge::Edge;
use crate::metrics::Metrics;
use crate::queue::SqsError;
use crate::s3::{Bucket, Doors, S3Error};
use crate::start;

/// Tell whether it can work, and if not, why and what to do
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  brigade check --offline   # the files and the environment only
  brigade check             # also queues, buckets, crawlers with what they assert, tables, who is told; changes nothing

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

impl From<Obstacle> for Wrong {
    fn from(obstacle: Obstacle) -> Self {
        match obstacle {
            Obstacle::Fails(why) => Self::Fails(why),
            Obstacle::Warns(why) => Self::Warns(why),
        }
    }
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
        findings.extend(table_findings(config, &accounts, &metrics).await);
        findings.extend(notify_findings(config, &accounts, &metrics).await);
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
        let sqs = accounts.queue(queue, metrics);
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
        let from = (Bucket::source(route), &route.from_account);
        let to = (Bucket::destination(route), &route.to_account);
        for (side, (bucket, account)) in [("from", from), ("to", to)] {
            let s3 = doors.of(account.as_deref());
            let found = s3.region(&bucket).await;
            let mut what = format!("route.{name}.{side} bucket {}", bucket.name);
            if let Some(arn) = &bucket.access_point {
                what = format!("{what} through {arn}");
            }
            if let Ok(region) = &found {
                what = format!("{what} in {region}");
            }
            let listed = s3.may_list(&bucket).await;
            let wrong = match (found, listed) {
                (Err(e), _) | (Ok(_), Err(e @ S3Error::NoBucket { .. })) => {
                    Some(Wrong::Fails(e.to_string()))
                }
                (Ok(_), Err(S3Error::Denied { .. })) => Some(Wrong::Fails(
                    "needs s3:ListBucket, or a missing key cannot be told from a denied one".into(),
                )),
                (Ok(found), _) => bucket
                    .region
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
    let sqs = accounts.queue(&queue, metrics);
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
            wrong: obstacle.map(Wrong::from),
        });
    }
    findings
}

async fn table_findings(config: &Config, accounts: &Accounts, metrics: &Metrics) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (section, table) in &config.table {
        let name = table.name.as_deref().unwrap_or(section);
        let what = format!("table.{section} {}.{name}", table.database);
        let account = accounts.of(table.account.as_deref());
        let glue = account.glue(table.region.as_deref(), metrics.clone());
        match glue.table(&table.database, name).await {
            Err(e) => findings.push(Finding {
                what,
                wrong: Some(Wrong::Fails(e.to_string())),
            }),
            Ok(layout) => {
                let what = format!("{what} partitioned by {}", layout.keys.join(", "));
                let wrong = wrong_with_table(config, section, &layout);
                findings.push(Finding { what, wrong });
            }
        }
    }
    findings
}

/// Each target once, under the first route that tells it.
async fn notify_findings(config: &Config, accounts: &Accounts, metrics: &Metrics) -> Vec<Finding> {
    let mut targets = BTreeMap::new();
    for (name, route) in &config.route {
        if let Some(notify) = &route.notify {
            let target = (&notify.target, route.notify_account.as_deref());
            targets.entry(target).or_insert((name, notify));
        }
    }
    let mut findings = Vec::new();
    for ((_, account), (name, notify)) in targets {
        let outlet = outlet(accounts.of(account), notify, metrics);
        findings.push(Finding {
            what: format!("route.{name}.notify {notify}"),
            wrong: outlet.obstacle().await.map(Wrong::from),
        });
    }
    findings
}

fn wrong_with_table(config: &Config, section: &str, layout: &Layout) -> Option<Wrong> {
    if layout.keys.is_empty() {
        let why = layout.idle.unwrap_or("has no partition keys");
        let todo = "take it out of `tables`";
        return Some(Wrong::Fails(format!("{why}: {todo}")));
    }
    let mut routes = config.route.iter();
    let lacking = routes.find_map(|(name, route)| {
        let takes = route.tables.iter().any(|table| table == section);
        let mut keys = layout.keys.iter().filter(|_| takes);
        let lacks = keys.find(|key| !route.to.key.can_have_partition(Some(key)))?;
        Some(Wrong::Fails(format!(
            "route.{name}.to = \"{}\" never makes a folder {lacks}=…",
            route.to
        )))
    });
    let idle = || {
        let why = layout.idle?;
        Some(Wrong::Warns(format!("{why}: queries do not ask for these")))
    };
    lacking.or_else(idle)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::scripted::{Answer, Scripted};
    use crate::config::Sources;
    use serde_json::{Value, json};

    #[tokio::test]
    async fn a_table_is_held_against_the_routes_that_fill_it() {
        let file = "[table.t]\ndatabase = \"d\"\n[route.r]\nfrom = \"s3://raw/\"\n\
                    to = \"s3://lake/dt={yyyy}/{name}\"\ncollisions = \"allow\"\ntables = \"t\"";
        let config = Config::load(&Sources::text("f", file)).unwrap().config;
        let never =
            "FAIL route.r.to = \"s3://lake/dt={yyyy}/{name}\" never makes a folder region=…";
        #[rustfmt::skip]
        let table = [
            (vec!["dt"],           json!({}),                               "ok"),
            (vec!["dt", "region"], json!({}),                               never),
            (vec![],               json!({}),                               "FAIL has no partition keys: take it out of `tables`"),
            (vec![],               json!({ "table_type": "iceberg" }),      "FAIL keeps its partitions itself (Iceberg): take it out of `tables`"),
            (vec!["dt"],           json!({ "projection.enabled": "TRUE" }), "warn projects its partitions (projection.enabled): queries do not ask for these"),
        ];
        for (keys, parameters, want) in table {
            let columns: Vec<Value> = keys.iter().map(|key| json!({ "Name": key })).collect();
            let table = json!({ "Name": "t", "PartitionKeys": columns, "Parameters": parameters });
            let answer = Answer::Is(json!({ "Table": table }));
            let glue = Scripted::new(move |_, _| answer.clone()).glue();
            let layout = glue.table("d", "t").await.unwrap();
            let told = match wrong_with_table(&config, "t", &layout) {
                None => "ok".to_owned(),
                Some(Wrong::Fails(why)) => format!("FAIL {why}"),
                Some(Wrong::Warns(why)) => format!("warn {why}"),
            };
            assert_eq!(told, want);
        }
    }
}
