//! `brigade check`: can it work, and if not, why and what to do.

mod catalog;
mod finding;
mod places;
#[cfg(test)]
mod tests;

use std::io::Write;

use self::finding::{Finding, Level, Report, counted};
use crate::account::Accounts;
use crate::config::Config;
use crate::edge::Edge;
use crate::metrics::Metrics;

/// Tell whether it can work, and if not, why and what to do
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  brigade check --offline   # the files and the environment only
  brigade check             # also queues, buckets, crawlers with what they assert, tables, notification targets; changes nothing
  brigade check --json | jq '.findings[] | select(.level == \"fail\")'

Exit code: 0 if nothing failed, 1 otherwise, 64 for a refused configuration.
An assert_sql is put to Athena as EXPLAIN, which reads no data and costs nothing; what Athena says
of it is left where results are put.")]
pub(super) struct Check {
    /// Check the configuration only; call nobody
    #[arg(long)]
    offline: bool,
    /// Print {\"findings\": [{\"what\", \"level\", \"why\", \"fix\"}, …], \"ok\": …, \"warn\": …, \"fail\": …, \"skipped\": …}
    #[arg(long)]
    json: bool,
}

impl Check {
    /// Checks, and prints what it found.
    pub(super) async fn run(
        self,
        config: &Config,
        edge: &Edge,
        out: &mut impl Write,
    ) -> anyhow::Result<()> {
        config.can_run()?;
        let queues = counted(config.queue.len(), "queue");
        let routes = counted(config.route.len(), "route");
        let mut report = Report::default();
        let what = format!("configuration: {queues}, {routes}");
        report.0.push(Finding::ok(what));
        let advice = config.advice().into_iter();
        report
            .0
            .extend(advice.map(|one| Finding::ok(one.key).warn(one.why)));
        if !self.offline {
            report.0.extend(Box::pin(online(config, edge)).await?);
        }
        if self.json {
            report.json(out)?;
        } else {
            report.text(out)?;
        }
        let (failed, all) = (report.count(Level::Fail), report.0.len());
        anyhow::ensure!(failed == 0, "{failed} of {all} checks failed");
        Ok(())
    }
}

/// Asks everybody whom the configuration names.
async fn online(config: &Config, edge: &Edge) -> anyhow::Result<Vec<Finding>> {
    let metrics = &Metrics::new(&config.environment).0;
    let accounts = &Accounts::open(config, edge, metrics).await?;
    let config = &accounts.settle(config);
    config.check_regions()?;
    let s3_clients = accounts.s3_clients(&config.retry, edge, metrics.clone());

    let (mut findings, unsigned) = places::accounts(config, accounts).await;
    let unsigned = &unsigned;
    findings.extend(places::queues(config, accounts, unsigned, metrics).await);
    findings.extend(places::buckets(config, &s3_clients, unsigned).await);
    findings.extend(places::arrivals(config, accounts, unsigned, metrics).await);
    findings.extend(catalog::crawlers(config, accounts, unsigned, metrics).await);
    let athena = catalog::assertions(config, (accounts, unsigned), edge, metrics);
    findings.extend(athena.await);
    findings.extend(catalog::tables(config, accounts, unsigned, metrics).await);
    findings.extend(catalog::notified(config, accounts, unsigned, metrics).await);
    Ok(findings)
}
