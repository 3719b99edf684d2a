//! The names and labels of all metrics, which are published.

use super::*;

/// Metrics that each have a sample; those without one are not printed.
pub(crate) fn with_samples() -> (Metrics, Registry) {
    let (metrics, registry) = Metrics::new("test");
    let queue = QueueLabel {
        queue: "events".into(),
    };
    metrics.received.get_or_create(&queue).inc();
    metrics.settled("events", "done");
    metrics.record("orders", "done", Ended::Done);
    metrics.copied("orders", "server_side", 12);
    metrics.call("s3", "CopyObject", Some(200));
    metrics.call("sqs", "ReceiveMessage", None);
    let retried = OperationLabels {
        service: "s3",
        operation: "HeadObject",
    };
    metrics.retries.get_or_create(&retried).inc();
    metrics.panics.inc();
    metrics.in_flight.get_or_create(&queue).set(3);
    metrics
        .route_paused
        .get_or_create(&RouteLabel {
            route: "orders".into(),
        })
        .set(1);
    let of = |pool| PoolLabel { pool };
    metrics.workers_busy.get_or_create(&of("small")).set(2);
    metrics.messages_waiting.get_or_create(&of("large")).set(1);
    let lake = BucketLabels {
        account: "default".into(),
        bucket: "lake".into(),
    };
    metrics.s3_limit.get_or_create(&lake).set(256);
    metrics.kms_limit.get_or_create(&lake).set(11);
    metrics.work_duration.get_or_create(&queue).observe(0.02);
    metrics.lagged("orders", Duration::from_secs(2));
    metrics.dead_lettered("events", "denied");
    let route = RouteLabel {
        route: "orders".into(),
    };
    metrics.deletes.get_or_create(&route).inc();
    metrics.moves.get_or_create(&route).inc();
    metrics.catalog.crawled("orders", "succeeded");
    metrics.catalog.asserted("orders", "passed", 1);
    metrics.catalog.queryable("orders", Duration::from_secs(1));
    (metrics, registry)
}

#[test]
fn names_and_labels_are_the_published_ones() {
    let (_, registry) = with_samples();
    let page = print(&registry);
    for line in [
        "brigade_messages_received_total{queue=\"events\"} 1",
        "brigade_messages_settled_total{queue=\"events\",outcome=\"done\"} 1",
        "brigade_dead_lettered_total{queue=\"events\",reason=\"denied\"} 1",
        "brigade_records_total{route=\"orders\",outcome=\"done\"} 1",
        "brigade_copies_total{route=\"orders\",transfer=\"server_side\"} 1",
        "brigade_copied_bytes_total{route=\"orders\"} 12",
        "brigade_aws_calls_total{service=\"s3\",operation=\"CopyObject\",status=\"200\"} 1",
        "brigade_aws_calls_total{service=\"sqs\",operation=\"ReceiveMessage\",status=\"none\"} 1",
        "brigade_retries_total{service=\"s3\",operation=\"HeadObject\"} 1",
        "brigade_panics_total 1",
        "brigade_deliveries_in_flight{queue=\"events\"} 3",
        "brigade_workers_busy{pool=\"small\"} 2",
        "brigade_messages_waiting{pool=\"large\"} 1",
        "brigade_s3_limit{account=\"default\",bucket=\"lake\"} 256",
        "brigade_kms_limit{account=\"default\",bucket=\"lake\"} 11",
        "brigade_route_paused{route=\"orders\"} 1",
        "brigade_work_duration_seconds_count{queue=\"events\"} 1",
        "brigade_lag_seconds_count{route=\"orders\"} 1",
    ] {
        assert!(page.lines().any(|have| have == line), "{line}\n{page}");
    }
}
