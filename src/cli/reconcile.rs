//! `brigade reconcile`: objects through their routes, now.
//!
//! One object, all under a prefix, or a list on standard input. Objects come in pages and are worked some at
//! a time, so that a bucket of any size takes the same memory.

mod foreseen;
mod report;
#[cfg(test)]
mod tests;
mod what;

use std::collections::BTreeSet;
use std::io::{BufReader, Read, Write};
use std::sync::Arc;
use std::time::Duration;

use futures_util::stream::{StreamExt, iter};

use self::report::{Report, Row};
use self::what::{Objects, What};
use super::Usage;
use crate::account::Accounts;
use crate::app::{Makings, replicator};
use crate::catalog::Catalog;
use crate::config::{Config, SourceMissing};
use crate::edge::Edge;
use crate::event::{Event, Kind};
use crate::metrics::Metrics;
use crate::queue::{Load, Terms, WriteLease};
use crate::s3::ObjectLocation;
use crate::supervisor::Supervisor;
use crate::work::{Caller, End, Outcome, Received, Replicator, Skip};

/// Nobody else holds this work, so it may take its time: *W* is five minutes.
const TERMS: Duration = Duration::from_mins(20);

/// Objects that are worked at once; what S3 bears is found out below that.
const AT_ONCE: usize = 16;

/// Take objects through their routes, now
#[derive(Debug, Clone, clap::Args)]
#[command(after_help = "Examples:
  brigade reconcile s3://raw/incoming/orders.csv
  brigade reconcile --dry-run s3://raw/incoming/
  brigade reconcile --recursive s3://raw/incoming/2026-1
  cut -f1 missing.tsv | brigade reconcile -

Keys are given as they are, not percent-encoded; a list cannot name one that holds a line break.
Safe to repeat, also beside a running daemon: what is already there is proved and left alone, but
tables get their partition and `notify` is told again. No crawler is started.

Exit code: 0 if every route that takes the objects has worked, 1 otherwise. An object that is
missing fails, but on routes that skip missing sources (source_missing = \"skip\").")]
pub struct Reconcile {
    /// `s3://BUCKET/KEY`; `s3://BUCKET/PREFIX/` for all objects below; `-` for a list on standard
    /// input, one `s3://BUCKET/KEY` a line
    #[arg(value_name = "S3_URL")]
    pub objects: String,
    /// All objects whose keys begin so, with or without a slash at the end
    #[arg(long)]
    pub recursive: bool,
    /// Only print what would be done: reads both sides, writes nothing
    #[arg(long)]
    pub dry_run: bool,
    /// Print JSON: [{"object", "route", "outcome", "why", "error"}, …]
    #[arg(long)]
    pub json: bool,
}

impl Reconcile {
    /// Reconciles, and says how each route ended.
    ///
    /// # Errors
    /// When a route failed, or there is nothing that a route takes.
    pub async fn run(
        self,
        config: &Config,
        edge: &Edge,
        input: &mut BufReader<impl Read>,
        out: &mut impl Write,
    ) -> anyhow::Result<()> {
        let what = What::of(&self.objects, self.recursive).map_err(Usage)?;
        let metrics = Metrics::new(&config.environment).0;
        let accounts = Accounts::open(config, edge, &metrics).await?;
        let config = &accounts.settle(config);
        config.check_regions()?;
        // Its tasks end with it.
        let mut supervisor = Supervisor::default();
        let makings = Makings {
            config,
            accounts: &accounts,
            edge,
            metrics: &metrics,
            load: &Load::default(),
        };
        let catalog = Catalog::default()
            .with_tables(makings.tables(&mut supervisor))
            .with_notifications(makings.notifications(&mut supervisor));
        let replicator = replicator(config, &accounts, edge, metrics, Arc::new(catalog));
        can_sign(&replicator, &accounts, what.bucket()).await?;

        let mut report = Report::new(&what, self.json, out);
        report.begin()?;
        let listed = self.all(
            &replicator,
            Objects::of(&what, &replicator, input)?,
            &mut report,
        );
        let listed = Box::pin(listed).await;
        report.end()?;
        listed?;
        if let What::Object(location) = &what
            && report.is_unrouted()
        {
            if !self.json {
                misses(&replicator, location, report.out)?;
            }
            anyhow::bail!("no route takes {location}");
        }
        if !self.json && !self.dry_run && report.brought && !config.crawler.is_empty() {
            writeln!(
                report.out,
                "no crawler was started: brigade crawl does that"
            )?;
        }
        report.verdict()
    }

    /// Takes page after page through its routes.
    async fn all<R: Read, W: Write>(
        &self,
        replicator: &Replicator,
        mut objects: Objects<'_, R>,
        report: &mut Report<'_, W>,
    ) -> anyhow::Result<()> {
        while let Some(page) = objects.next().await? {
            let work = page.into_iter().map(|object| {
                Box::pin(async move {
                    match object {
                        Err(unclear) => vec![Row::unclear(unclear)],
                        Ok(location) if self.dry_run => foreseen::rows(replicator, &location).await,
                        Ok(location) => rows(replicator, location).await,
                    }
                })
            });
            let mut ended = iter(work).buffer_unordered(AT_ONCE);
            while let Some(rows) = ended.next().await {
                report.rows(rows)?;
            }
        }
        Ok(())
    }
}

/// One object through all routes that take it.
async fn rows(replicator: &Replicator, location: ObjectLocation) -> Vec<Row> {
    let object = location.to_string();
    let event = Event {
        bucket: location.bucket,
        key: location.key,
        kind: Kind::Asked,
        size: None,
        etag: None,
        version_id: None,
        time: None,
        region: None,
        name: "brigade reconcile".into(),
    };
    let write_lease = WriteLease::unleased(Terms::new(TERMS));
    let caller = Caller {
        queue: None,
        received: Received::FIRST,
        write_lease: &write_lease,
        slot: None,
    };
    let ends = replicator.event(&event, caller);
    let ends = ends.await.into_iter();
    ends.map(|end| row(&object, end)).collect()
}

fn row(object: &str, End { route, outcome, .. }: End) -> Row {
    let missing = route.as_ref().map(|route| route.source_missing);
    let row = Row::new(
        object,
        route.map_or_else(|| "none".into(), |route| route.name.clone()),
        outcome.name(),
    );
    match outcome {
        Outcome::Skip(Skip::SourceGone) => row.because(gone(missing)),
        Outcome::Done | Outcome::Skip(_) => row,
        Outcome::Poison(cause) | Outcome::RetryAfter(_, cause) => row.failed(cause.error),
    }
}

/// Why an object that is not there is no failure.
fn gone(missing: Option<SourceMissing>) -> String {
    let skips = match missing {
        Some(SourceMissing::Skip) => {
            "; the route skips missing sources (source_missing = \"skip\")"
        }
        Some(SourceMissing::Retry | SourceMissing::DeadLetter) | None => "",
    };
    format!("there is no such object{skips}")
}

/// At once, and with what to do about it: each call would fail by itself.
async fn can_sign(
    replicator: &Replicator,
    accounts: &Accounts,
    bucket: Option<&str>,
) -> anyhow::Result<()> {
    let mut used = BTreeSet::new();
    for route in replicator.routes.iter() {
        if bucket.is_none_or(|bucket| bucket == route.from.bucket) {
            used.extend([route.from_account.as_deref(), route.to_account.as_deref()]);
        }
    }
    for name in used {
        accounts.of(name).access_key().await?;
    }
    Ok(())
}

fn misses(
    replicator: &Replicator,
    location: &ObjectLocation,
    out: &mut impl Write,
) -> std::io::Result<()> {
    for route in replicator.routes.iter() {
        if let Err(miss) = route.matches(&location.bucket, &location.key, None) {
            let miss = crate::catalog::printable(&miss.to_string());
            writeln!(out, "  route {} does not take it: {miss}", route.name)?;
        }
    }
    Ok(())
}
