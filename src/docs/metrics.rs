//! docs/metrics.md, from the registry of metrics.

use std::collections::BTreeMap;
use std::fmt::Write;

use super::is_up_to_date;
use crate::metrics::print;
use crate::metrics::tests::with_samples;

/// A metric as `/metrics` shows it.
#[derive(Default)]
struct Shown {
    kind: String,
    help: String,
    labels: Vec<String>,
}

#[test]
fn the_page_of_metrics_is_up_to_date() {
    let (_, registry) = with_samples();
    let shown = read(&print(&registry));
    assert_eq!(
        shown.len(),
        registered(),
        "a metric has no sample: add one to `with_samples`"
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
