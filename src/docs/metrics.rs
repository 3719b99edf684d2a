//! docs/metrics.md, from the registry of metrics.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::time::Duration;

use super::is_up_to_date;
use crate::metrics::{
    BucketLabels, Ended, Metrics, OperationLabels, PoolLabel, QueueLabel, RouteLabel, print,
};

/// A metric as `/metrics` shows it.
#[derive(Default)]
struct Shown {
    kind: String,
    help: String,
    labels: Vec<String>,
}

#[test]
fn the_page_of_metrics_is_up_to_date() {
    let (metrics, registry) = Metrics::new("prod");
    touch(&metrics);
    let shown = read(&print(&registry));
    assert_eq!(
        shown.len(),
        registered(),
        "a metric is missing: add it to `touch`"
    );
    let mut page = "# Metrics\n\nServed on `/metrics` of `admin.listen` as OpenMetrics text. Times are seconds, and no key or \
                    message id is ever a label.\n\n| metric | type | labels | meaning |\n|---|---|---|---|\n"
        .to_owned();
    for (name, metric) in shown {
        let end = match metric.kind.as_str() {
            "counter" => "_total",
            "info" => "_info",
            _ => "",
        };
        let Shown { kind, help, labels } = metric;
        let _ = writeln!(
            page,
            "| `{name}{end}` | {kind} | {} | {help} |",
            labels.join(", ")
        );
    }
    page += "\nA paused route, dead-lettered messages and panics are worth an alert:\n\n```promql\n\
             brigade_route_paused == 1\nincrease(brigade_dead_lettered_total[15m]) > 0\n\
             increase(brigade_panics_total[15m]) > 0\n\
             histogram_quantile(0.99, rate(brigade_lag_seconds_bucket[5m])) > 300\n```\n";
    is_up_to_date("metrics.md", &page);
}

/// Gives each metric a sample: one without is not shown.
fn touch(metrics: &Metrics) {
    let queue = QueueLabel { queue: "q".into() };
    let route = RouteLabel { route: "r".into() };
    let pool = PoolLabel { pool: "small" };
    let bucket = BucketLabels {
        account: "default".into(),
        bucket: "b".into(),
    };
    let operation = OperationLabels {
        service: "s3",
        operation: "GetObject",
    };
    metrics.received.get_or_create(&queue).inc();
    metrics.settled("q", "done");
    metrics.record("r", "done", Ended::Done);
    metrics.dead_lettered("q", "denied");
    metrics.copied("r", "stream", 1);
    metrics.deletes.get_or_create(&route).inc();
    metrics.moves.get_or_create(&route).inc();
    metrics.call("s3", "GetObject", Some(200));
    metrics.retries.get_or_create(&operation).inc();
    metrics.in_flight.get_or_create(&queue).set(1);
    metrics.workers_busy.get_or_create(&pool).set(1);
    metrics.messages_waiting.get_or_create(&pool).set(1);
    metrics.s3_limit.get_or_create(&bucket).set(1);
    metrics.kms_limit.get_or_create(&bucket).set(1);
    metrics.route_paused.get_or_create(&route).set(0);
    metrics.work_duration.get_or_create(&queue).observe(0.1);
    metrics.lagged("r", Duration::from_secs(1));
    metrics.catalog.crawled("c", "succeeded");
    metrics.catalog.asserted("c", "passed", 1);
    metrics.catalog.queryable("c", Duration::from_secs(1));
}

/// Reads what `/metrics` shows.
fn read(page: &str) -> BTreeMap<String, Shown> {
    let mut all: BTreeMap<String, Shown> = BTreeMap::new();
    for line in page.lines() {
        if let Some((name, help)) = line.strip_prefix("# HELP ").and_then(|l| l.split_once(' ')) {
            help.trim_end_matches('.')
                .clone_into(&mut all.entry(name.into()).or_default().help);
        } else if let Some((name, kind)) =
            line.strip_prefix("# TYPE ").and_then(|l| l.split_once(' '))
        {
            kind.clone_into(&mut all.entry(name.into()).or_default().kind);
        } else if let Some((name, labels)) = line.split_once('{') {
            let owner = all
                .iter_mut()
                .filter(|(family, _)| name.starts_with(family.as_str()));
            let Some((_, metric)) = owner.max_by_key(|(family, _)| family.len()) else {
                continue;
            };
            let labels = labels.split('}').next().unwrap_or_default();
            let names = labels
                .split("\",")
                .filter_map(|label| label.split('=').next());
            metric.labels = names
                .filter(|name| *name != "le")
                .map(str::to_owned)
                .collect();
        }
    }
    all
}

/// How many are registered, as the source has it.
fn registered() -> usize {
    let sources = [
        include_str!("../metrics.rs"),
        include_str!("../metrics/catalog.rs"),
    ];
    sources
        .iter()
        .map(|text| text.matches("all.register").count())
        .sum()
}
