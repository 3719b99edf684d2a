//! Crawlers with their assertions, tables, and who is notified.

use std::collections::BTreeMap;

use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::finding::Finding;
use super::places::Unsigned;
use crate::account::Accounts;
use crate::app::outlet;
use crate::catalog::{Asking, Layout, QueryState, rehearse};
use crate::config::Config;
use crate::edge::Edge;
use crate::metrics::Metrics;
use crate::obstacle::Obstacle;

pub(super) async fn crawlers(
    config: &Config,
    accounts: &Accounts,
    unsigned: &Unsigned,
    metrics: &Metrics,
) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (name, crawler) in &config.crawler {
        let glue_name = crawler.name.as_deref().unwrap_or(name);
        let what = Finding::ok(format!("crawler.{name} {glue_name}"));
        if let Some(account) = unsigned.of(crawler.account.as_deref()) {
            findings.push(what.skipped(account));
            continue;
        }
        let account = accounts.of(crawler.account.as_deref());
        let glue = account.glue(crawler.region.as_deref(), metrics.clone());
        findings.push(match glue.state(glue_name).await {
            Ok(_) => what,
            Err(e) => what.fail(e.to_string()),
        });
    }
    findings
}

pub(super) async fn assertions(
    config: &Config,
    (accounts, unsigned): (&Accounts, &Unsigned),
    edge: &Edge,
    metrics: &Metrics,
) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (name, crawler) in &config.crawler {
        if crawler.assert_sql.is_none() {
            continue;
        }
        let what = Finding::ok(format!("crawler.{name}.assert_sql"));
        let (account, region) = crawler.asserts_as();
        if let Some(account) = unsigned.of(account) {
            findings.push(what.skipped(account));
            continue;
        }
        let asking = Asking {
            athena: accounts.of(account).athena(region, metrics.clone()),
            rng: fastrand::Rng::with_seed(edge.rng.seed()),
            stop: CancellationToken::new(),
            state: watch::Sender::new(QueryState::Queued),
        };
        findings.push(what.unless(rehearse(asking, name, crawler).await));
    }
    findings
}

pub(super) async fn tables(
    config: &Config,
    accounts: &Accounts,
    unsigned: &Unsigned,
    metrics: &Metrics,
) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (section, table) in &config.table {
        let name = table.name.as_deref().unwrap_or(section);
        let what = format!("table.{section} {}.{name}", table.database);
        if let Some(account) = unsigned.of(table.account.as_deref()) {
            findings.push(Finding::ok(what).skipped(account));
            continue;
        }
        let account = accounts.of(table.account.as_deref());
        let glue = account.glue(table.region.as_deref(), metrics.clone());
        findings.push(match glue.table(&table.database, name).await {
            Err(e) => Finding::ok(what).fail(e.to_string()),
            Ok(layout) => {
                let keys = layout.keys.join(", ");
                let what = Finding::ok(format!("{what} partitioned by {keys}"));
                what.unless(wrong_with_table(config, section, &layout))
            }
        });
    }
    findings
}

/// Each target once, under the first route that notifies it.
pub(super) async fn notified(
    config: &Config,
    accounts: &Accounts,
    unsigned: &Unsigned,
    metrics: &Metrics,
) -> Vec<Finding> {
    let mut targets = BTreeMap::new();
    for (name, route) in &config.route {
        if let Some(notify) = &route.notify {
            let target = (&notify.target, route.notify_account.as_deref());
            targets.entry(target).or_insert((name, notify));
        }
    }
    let mut findings = Vec::new();
    for ((_, account), (name, notify)) in targets {
        let what = Finding::ok(format!("route.{name}.notify {notify}"));
        if let Some(account) = unsigned.of(account) {
            findings.push(what.skipped(account));
            continue;
        }
        let outlet = outlet(accounts.of(account), notify, metrics);
        findings.push(what.unless(outlet.obstacle().await));
    }
    findings
}

fn wrong_with_table(config: &Config, section: &str, layout: &Layout) -> Option<Obstacle> {
    if layout.keys.is_empty() {
        let why = layout.idle.unwrap_or("has no partition keys");
        let todo = "take it out of `tables`";
        return Some(Obstacle::Fails(format!("{why}: {todo}")));
    }
    let mut routes = config.route.iter();
    let lacking = routes.find_map(|(name, route)| {
        let takes = route.tables.iter().any(|table| table == section);
        let mut keys = layout.keys.iter().filter(|_| takes);
        let lacks = keys.find(|key| !route.to.key.can_have_partition(Some(key)))?;
        Some(Obstacle::Fails(format!(
            "route.{name}.to = \"{}\" never makes a folder {lacks}=…",
            route.to
        )))
    });
    let idle = || {
        let why = layout.idle?;
        Some(Obstacle::Warns(format!(
            "{why}: queries do not ask for these"
        )))
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
            let reported = match wrong_with_table(&config, "t", &layout) {
                None => "ok".to_owned(),
                Some(Obstacle::Fails(why)) => format!("FAIL {why}"),
                Some(Obstacle::Warns(why)) => format!("warn {why}"),
            };
            assert_eq!(reported, want);
        }
    }
}
