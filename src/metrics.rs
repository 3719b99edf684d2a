//! What can be counted, under which names.
//!
//! Names, units and labels stand in [`Metrics::new`] and nowhere else; a rename is a breaking
//! change and goes into the CHANGELOG. No object key or message id is ever a label, as their number
//! has no bound; buckets are only where what is said is about them, and are those of the routes.
//!
//! The registry belongs to one daemon, not to the process, so several daemons fit in one test.

mod catalog;
mod labels;
mod tally;

use std::time::Duration;

use prometheus_client::encoding::text;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::{Registry, Unit};

pub use catalog::{CatalogMetrics, CrawlLabels, CrawlerLabel};
pub use labels::{
    BucketLabels, CallLabels, CopyLabels, DeadLetteredLabels, OperationLabels, PoolLabel,
    QueueLabel, RecordLabels, RouteLabel, SettledLabels,
};

pub use tally::{Counts, Ended, RouteCounts, RouteSummary, Tally};

/// Seconds: from one fast copy to a lag that somebody is paged for.
const BUCKETS: [f64; 16] = [
    0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0, 900.0, 3_600.0,
    14_400.0,
];

/// SQS keeps no message longer, so a longer wait is a clock that is wrong, or forged: one such event would outweigh all
/// others in a sum.
const LONGEST_WAIT: Duration = Duration::from_hours(14 * 24);

/// A wait for a histogram; its beginning comes from others' clocks.
pub(crate) fn waited(wait: Duration) -> f64 {
    wait.min(LONGEST_WAIT).as_secs_f64()
}

/// Every metric of one daemon. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Metrics {
    /// SQS messages received.
    pub received: Family<QueueLabel, Counter>,
    /// SQS messages ended, by how.
    pub settled: Family<SettledLabels, Counter>,
    /// Event records worked, by route and how they ended.
    pub records: Family<RecordLabels, Counter>,
    /// Messages moved to a dead-letter queue.
    pub dead_lettered: Family<DeadLetteredLabels, Counter>,
    /// Objects written, by the way their bytes took.
    pub copies: Family<CopyLabels, Counter>,
    /// Copies deleted because their source is gone.
    pub deletes: Family<RouteLabel, Counter>,
    /// Source objects deleted because all destinations have them.
    pub moves: Family<RouteLabel, Counter>,
    /// Bytes of objects written.
    pub copied_bytes: Family<RouteLabel, Counter>,
    /// Requests sent to AWS, by operation and the answer's status.
    pub calls: Family<CallLabels, Counter>,
    /// Requests sent again by the guard around every S3 call.
    pub retries: Family<OperationLabels, Counter>,
    /// Panics that were caught.
    pub panics: Counter,
    /// Messages in flight: received and not yet settled.
    pub in_flight: Family<QueueLabel, Gauge>,
    /// Workers busy, by worker pool.
    pub workers_busy: Family<PoolLabel, Gauge>,
    /// Messages that wait for a worker, by worker pool.
    pub messages_waiting: Family<PoolLabel, Gauge>,
    /// Calls to S3 that a bucket bears at once.
    pub s3_limit: Family<BucketLabels, Gauge>,
    /// The same of calls that need its KMS key, once KMS has refused some.
    pub kms_limit: Family<BucketLabels, Gauge>,
    /// 1 while a route is paused.
    pub route_paused: Family<RouteLabel, Gauge>,
    /// From a worker taking a message to its verdict.
    pub work_duration: Family<QueueLabel, Histogram, fn() -> Histogram>,
    /// From the event's time to the message's end.
    pub lag: Family<RouteLabel, Histogram, fn() -> Histogram>,
    /// What is counted of the catalogue.
    pub catalog: CatalogMetrics,
    /// What happened since the last summary in the log.
    pub tally: Tally,
}

impl Metrics {
    /// Makes the metrics and the registry that prints them.
    #[must_use]
    pub fn new(environment: &str) -> (Self, Registry) {
        let mut all = Registry::with_prefix("brigade");
        let metrics = Self {
            received: Family::default(),
            settled: Family::default(),
            records: Family::default(),
            dead_lettered: Family::default(),
            copies: Family::default(),
            deletes: Family::default(),
            moves: Family::default(),
            copied_bytes: Family::default(),
            calls: Family::default(),
            retries: Family::default(),
            panics: Counter::default(),
            in_flight: Family::default(),
            workers_busy: Family::default(),
            messages_waiting: Family::default(),
            s3_limit: Family::default(),
            kms_limit: Family::default(),
            route_paused: Family::default(),
            work_duration: Family::new_with_constructor(seconds),
            lag: Family::new_with_constructor(seconds),
            catalog: CatalogMetrics::register(&mut all),
            tally: Tally::default(),
        };
        let build = [
            ("version", env!("CARGO_PKG_VERSION").to_owned()),
            ("environment", environment.to_owned()),
        ];
        all.register("build", "This process", Info::new(build));

        metrics.register_messages(&mut all);
        metrics.register_objects(&mut all);
        metrics.register_limits(&mut all);
        (metrics, all)
    }

    fn register_messages(&self, all: &mut Registry) {
        all.register(
            "messages_received",
            "SQS messages received",
            self.received.clone(),
        );
        all.register(
            "messages_settled",
            "SQS messages ended: done, skipped, retried, dead_lettered, released (returned unstarted), requeued (sent anew before 12 hours end), lost (the lease was)",
            self.settled.clone(),
        );
        all.register(
            "dead_lettered",
            "SQS messages moved to the dead-letter queue, by reason",
            self.dead_lettered.clone(),
        );
        all.register(
            "records",
            "Event records on a route: done, retry, or the reason of a skip or a dead-lettering; route none took none",
            self.records.clone(),
        );
        all.register(
            "panics",
            "Panics caught while a message was worked",
            self.panics.clone(),
        );
        all.register(
            "deliveries_in_flight",
            "SQS messages in flight",
            self.in_flight.clone(),
        );
        all.register_with_unit(
            "work_duration",
            "From receiving a message to its outcome",
            Unit::Seconds,
            self.work_duration.clone(),
        );
        all.register_with_unit(
            "lag",
            "From the event's time to its message's end",
            Unit::Seconds,
            self.lag.clone(),
        );
    }

    fn register_objects(&self, all: &mut Registry) {
        all.register(
            "copies",
            "Objects written: server_side, server_side_parts, stream, stream_parts; what is moved aside is of route NAME.aside",
            self.copies.clone(),
        );
        all.register(
            "deletes",
            "Copies deleted because their source is gone",
            self.deletes.clone(),
        );
        all.register(
            "moves",
            "Source objects deleted because every destination has them",
            self.moves.clone(),
        );
        all.register(
            "copied_bytes",
            "Bytes of objects written",
            self.copied_bytes.clone(),
        );
        all.register(
            "aws_calls",
            "Requests sent to AWS, by HTTP status; none is no answer",
            self.calls.clone(),
        );
        all.register("retries", "S3 requests sent again", self.retries.clone());
        all.register(
            "route_paused",
            "1 while the route is paused",
            self.route_paused.clone(),
        );
    }

    /// What bounds how much is done at once.
    fn register_limits(&self, all: &mut Registry) {
        all.register("workers_busy", "Workers busy", self.workers_busy.clone());
        all.register(
            "messages_waiting",
            "Messages that wait for a worker",
            self.messages_waiting.clone(),
        );
        all.register(
            "s3_limit",
            "Calls to S3 that the bucket bears at once",
            self.s3_limit.clone(),
        );
        all.register(
            "kms_limit",
            "Calls at once that need the bucket's KMS key, once KMS has refused some",
            self.kms_limit.clone(),
        );
    }

    /// Counts one answered or unanswered request.
    pub fn call(&self, service: &'static str, operation: &'static str, status: Option<u16>) {
        let status = status.map_or_else(|| "none".to_owned(), |code| code.to_string());
        self.calls
            .get_or_create(&CallLabels {
                service,
                operation,
                status,
            })
            .inc();
    }

    /// Counts one record's end on a route.
    pub fn record(&self, route: &str, outcome: &'static str, ended: Ended) {
        self.tally.ended(route, ended);
        self.records
            .get_or_create(&RecordLabels {
                route: route.to_owned(),
                outcome,
            })
            .inc();
    }

    /// Counts one object written.
    pub fn copied(&self, route: &str, transfer: &'static str, bytes: u64) {
        self.tally.route(route, |of| {
            of.copied += 1;
            of.bytes += bytes;
        });
        let route = route.to_owned();
        self.copies
            .get_or_create(&CopyLabels {
                route: route.clone(),
                transfer,
            })
            .inc();
        self.copied_bytes
            .get_or_create(&RouteLabel { route })
            .inc_by(bytes);
    }

    /// Counts one copy deleted.
    pub fn deleted(&self, route: &str) {
        self.tally.route(route, |of| of.deleted += 1);
        let route = route.to_owned();
        self.deletes.get_or_create(&RouteLabel { route }).inc();
    }

    /// Counts one source object deleted.
    pub fn moved(&self, route: &str) {
        self.tally.route(route, |of| of.moved += 1);
        let route = route.to_owned();
        self.moves.get_or_create(&RouteLabel { route }).inc();
    }

    /// Counts one message's end.
    pub fn settled(&self, queue: &str, outcome: &'static str) {
        self.tally.settled(outcome);
        self.settled
            .get_or_create(&SettledLabels {
                queue: queue.to_owned(),
                outcome,
            })
            .inc();
    }

    /// Counts a message that was moved to the dead-letter queue.
    pub fn dead_lettered(&self, queue: &str, reason: &'static str) {
        let queue = queue.to_owned();
        let labels = DeadLetteredLabels { queue, reason };
        self.dead_lettered.get_or_create(&labels).inc();
    }

    /// Notes how far behind its event a route was.
    pub fn lagged(&self, route: &str, lag: Duration) {
        self.tally.lagged(route, lag);
        let label = RouteLabel {
            route: route.to_owned(),
        };
        self.lag.get_or_create(&label).observe(waited(lag));
    }
}

/// Counts one in a gauge until it is dropped.
#[derive(Debug)]
pub struct Counted(Gauge);

impl Counted {
    /// Adds one to the gauge.
    #[must_use]
    pub fn one(gauge: &Gauge) -> Self {
        gauge.inc();
        Self(gauge.clone())
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.dec();
    }
}

fn seconds() -> Histogram {
    Histogram::new(BUCKETS)
}

/// The text a Prometheus scrape gets.
///
/// # Panics
/// Never: writing into a `String` cannot fail.
#[must_use]
pub fn print(registry: &Registry) -> String {
    let mut page = String::new();
    text::encode(&mut page, registry).expect("writing into a String cannot fail");
    page
}

#[cfg(test)]
pub(crate) mod tests;
