//! What is counted of the catalogue.

use std::time::Duration;

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Registry, Unit};

/// Seconds: from partitions that are made at once to crawls that fail for a day.
const BUCKETS: [f64; 12] = [
    0.1, 0.5, 1.0, 5.0, 15.0, 60.0, 180.0, 600.0, 1_800.0, 3_600.0, 14_400.0, 86_400.0,
];

/// The metrics of the catalogue. Cheap to clone.
#[derive(Debug, Clone)]
pub struct CatalogMetrics {
    /// Crawls, by how they ended.
    pub crawls: Family<CrawlLabels, Counter>,
    /// Assertions made after crawls, by how they ended.
    pub assertions: Family<AssertionLabels, Counter>,
    /// From an arrival to the end of the crawl that covers it.
    pub queryable: Family<CrawlerLabel, Histogram, fn() -> Histogram>,
}

/// How a crawl ended.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct CrawlLabels {
    /// The `[crawler.NAME]`.
    pub crawler: String,
    /// `succeeded`, `failed`, `cancelled`, `unknown`, or `stuck`: not yet, for too long.
    pub result: &'static str,
}

/// How an assertion ended.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct AssertionLabels {
    /// The `[crawler.NAME]`.
    pub crawler: String,
    /// `passed`, `failed` or `error`.
    pub result: &'static str,
}

/// `crawler`: the section's name.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct CrawlerLabel {
    /// The `[crawler.NAME]`.
    pub crawler: String,
}

impl CatalogMetrics {
    pub(super) fn register(all: &mut Registry) -> Self {
        let metrics = Self {
            crawls: Family::default(),
            assertions: Family::default(),
            queryable: Family::new_with_constructor(|| Histogram::new(BUCKETS)),
        };
        all.register("crawls", "Crawls, by result", metrics.crawls.clone());
        all.register(
            "assertions",
            "Assertions made after crawls, by result",
            metrics.assertions.clone(),
        );
        all.register_with_unit(
            "queryable",
            "From an arrival to the end of the crawl that covers it",
            Unit::Seconds,
            metrics.queryable.clone(),
        );
        metrics
    }

    /// Counts a crawl.
    pub fn crawled(&self, crawler: &str, result: &'static str) {
        let crawler = crawler.to_owned();
        let labels = CrawlLabels { crawler, result };
        self.crawls.get_or_create(&labels).inc();
    }

    /// Counts assertions; none makes the series known.
    pub fn asserted(&self, crawler: &str, result: &'static str, times: u64) {
        let crawler = crawler.to_owned();
        let labels = AssertionLabels { crawler, result };
        self.assertions.get_or_create(&labels).inc_by(times);
    }

    /// Something that arrived so long ago can be queried.
    pub fn queryable(&self, crawler: &str, after: Duration) {
        let crawler = crawler.to_owned();
        let labels = CrawlerLabel { crawler };
        let queryable = self.queryable.get_or_create(&labels);
        queryable.observe(super::waited(after));
    }
}
