//! `brigade check`: can it work, and if not, why and what to do.

use std::io::Write;

use crate::config::Config;
use crate::edge::Edge;
use crate::home::Home;
use crate::metrics::Metrics;
use crate::queue::{Sqs, SqsError};
use crate::s3::{S3, S3Error};
use crate::start;

/// Tell whether it can work, and if not, why and what to do
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  brigade check --offline   # the files and the environment only
  brigade check             # also queues, buckets and crawlers; changes nothing")]
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
        let home = Home::open(&edge, &config.aws).await;
        let metrics = Metrics::new(&config.environment).0;
        let s3 = home.s3(&config.retry, &edge, metrics.clone());

        let mut findings = queue_findings(config, &home, &metrics).await;
        findings.extend(bucket_findings(config, &s3).await);
        findings.extend(crawler_findings(config, &home, &metrics).await);
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

async fn queue_findings(config: &Config, home: &Home, metrics: &Metrics) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (name, queue) in &config.queue {
        let what = format!("queue.{name} {}", queue.url);
        let sqs = Sqs::new(home.sqs(queue), queue.url.clone(), metrics.clone());
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

async fn bucket_findings(config: &Config, s3: &S3) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (name, route) in &config.route {
        for (side, bucket, region) in [
            ("from", &route.from.bucket, &route.from_region),
            ("to", &route.to.bucket, &route.to_region),
        ] {
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

async fn crawler_findings(config: &Config, home: &Home, metrics: &Metrics) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (name, crawler) in &config.crawler {
        let glue_name = crawler.name.as_deref().unwrap_or(name);
        let glue = home.glue(crawler.region.as_deref(), metrics.clone());
        let wrong = glue.look(glue_name).await.err();
        findings.push(Finding {
            what: format!("crawler.{name} {glue_name}"),
            wrong: wrong.map(|e| Wrong::Fails(e.to_string())),
        });
    }
    findings
}
