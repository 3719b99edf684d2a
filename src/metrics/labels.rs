//! The labels of metrics. Each has a bounded number of values.

use prometheus_client::encoding::EncodeLabelSet;

/// `queue`: the section's name.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct QueueLabel {
    /// The `[queue.NAME]`.
    pub queue: String,
}

/// `route`: the section's name.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct RouteLabel {
    /// The `[route.NAME]`.
    pub route: String,
}

/// `pool`: `small` or `large`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct PoolLabel {
    /// `small` or `large`.
    pub pool: &'static str,
}

/// An account's bucket.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct BucketLabels {
    /// The `[account.NAME]`, or `home`.
    pub account: String,
    /// A bucket of a route.
    pub bucket: String,
}

/// How a message ended.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct SettledLabels {
    /// The `[queue.NAME]`.
    pub queue: String,
    /// `done`, `skipped`, `retried`, `dead_lettered`, `released` or `lost`.
    pub outcome: &'static str,
}

/// Why a message was dead-lettered.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct DeadLetteredLabels {
    /// The `[queue.NAME]`.
    pub queue: String,
    /// The reason, as in `brigade.reason`.
    pub reason: &'static str,
}

/// How a record ended on a route; `none` is the route of a record that matches none.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct RecordLabels {
    /// The `[route.NAME]`, or `none`.
    pub route: String,
    /// `done`, `retry`, or the reason of a skip or a dead-lettering.
    pub outcome: &'static str,
}

/// Which way bytes took.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct CopyLabels {
    /// The `[route.NAME]`.
    pub route: String,
    /// `server` or `stream`.
    pub transfer: &'static str,
}

/// One request.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct CallLabels {
    /// `s3`, `sqs`, `glue` or `athena`.
    pub service: &'static str,
    /// The operation as AWS names it.
    pub operation: &'static str,
    /// HTTP status, or `none` when no answer came.
    pub status: String,
}

/// One operation.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct OperationLabels {
    /// `s3`.
    pub service: &'static str,
    /// The operation as AWS names it.
    pub operation: &'static str,
}
