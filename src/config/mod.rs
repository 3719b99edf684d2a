//! What the operator says: `config.toml`, the environment, and the rules both must keep.
//!
//! One file a section. A [`Config`] in hand is valid.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::Duration;

use bytesize::ByteSize;

/// Everything the operator can set.
#[derive(Debug, Clone, PartialEq)]
pub struct Config {
    /// Layout version of the file; only 1 exists.
    pub version: u32,
    /// Goes on every log line and into metrics.
    pub environment: String,
    /// `[aws]`.
    pub aws: Aws,
    /// `[queue.NAME]`.
    pub queue: BTreeMap<String, Queue>,
    /// `[work]`.
    pub work: Work,
    /// `[retry]`.
    pub retry: Retry,
    /// `[route.NAME]`.
    pub route: BTreeMap<String, Route>,
    /// `[crawler.NAME]`.
    pub crawler: BTreeMap<String, Crawler>,
    /// `[admin]`.
    pub admin: Admin,
}

/// `[aws]`: where AWS is.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Aws {
    /// Home region; unset: the SDK's chain.
    pub region: Option<String>,
    /// A stand-in's address; unset on AWS.
    pub endpoint_url: Option<String>,
    /// Whether writes carry conditions.
    pub conditional_writes: ConditionalWrites,
}

/// `auto` is on at AWS and off at a custom endpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ConditionalWrites {
    /// On at AWS, off at custom endpoints.
    #[default]
    Auto,
    /// Always.
    On,
    /// Never: every write is followed by a look at the source.
    Off,
}

/// `[queue.NAME]`.
#[derive(Debug, Clone, PartialEq)]
pub struct Queue {
    /// SQS queue URL (required).
    pub url: String,
    /// Default: read from the URL, else `aws.region`.
    pub region: Option<String>,
    /// Default: the target of the queue's redrive policy.
    pub dead_letter_queue_url: Option<String>,
    /// 30 s..=12 h, default 2 min.
    pub visibility_timeout: Duration,
    /// Default 10.
    pub max_receive_count: u32,
    /// Default 4.
    pub max_pollers: u32,
    /// Default: all.
    pub accept: Vec<Envelope>,
}

/// The envelopes in which an event may arrive.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Envelope {
    /// An S3 event notification.
    S3,
    /// The same, wrapped by SNS.
    Sns,
    /// An EventBridge event of source `aws.s3`.
    Eventbridge,
    /// Our own work message.
    Work,
}

/// `[work]`.
#[derive(Debug, Clone, PartialEq)]
pub struct Work {
    /// Objects at once, default 64.
    pub workers: u32,
    /// All bodies in flight, default 256 MiB.
    pub memory: ByteSize,
    /// Default 25 s.
    pub shutdown_timeout: Duration,
}

/// `[retry]`: one S3 call.
#[derive(Debug, Clone, PartialEq)]
pub struct Retry {
    /// 2..=10, default 3.
    pub max_attempts: u32,
    /// Default 100 ms.
    pub initial_backoff: Duration,
    /// Default 20 s.
    pub max_backoff: Duration,
}

/// `[route.NAME]`.
#[derive(Debug, Clone, PartialEq)]
pub struct Route {
    /// Default: all queues.
    pub queue: Option<String>,
    /// `s3://bucket/prefix` (required).
    pub from: String,
    /// Default: found out from the bucket.
    pub from_region: Option<String>,
    /// `s3://bucket/key-template` (required).
    pub to: String,
    /// Default: found out from the bucket.
    pub to_region: Option<String>,
    /// Any of these, default all.
    pub suffix: Vec<String>,
    /// Globs on the key after the prefix: any of these, default all.
    pub include: Vec<String>,
    /// Globs on the key after the prefix: none of these.
    pub exclude: Vec<String>,
    /// Inclusive.
    pub min_size: Option<ByteSize>,
    /// Inclusive.
    pub max_size: Option<ByteSize>,
    /// How bytes travel.
    pub way: Way,
    /// What a key that is gone means (`NoSuchKey` only).
    pub source_missing: SourceMissing,
    /// Whether two source keys may map to one destination key.
    pub collisions: Collisions,
    /// `[crawler.NAME]`s to run after arrivals.
    pub crawlers: Vec<String>,
}

/// How bytes travel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Way {
    /// The cheapest that can work.
    #[default]
    Auto,
    /// Only inside S3.
    Server,
    /// Only through this process.
    Stream,
}

/// What a source key that is gone means.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum SourceMissing {
    /// Nothing to do.
    #[default]
    Skip,
    /// Look again later.
    Retry,
    /// Park the message.
    Park,
}

/// Whether two source keys may map to one destination key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Collisions {
    /// Refused when the configuration is read.
    #[default]
    Refuse,
    /// The operator knows.
    Allow,
}

/// `[crawler.NAME]`.
#[derive(Debug, Clone, PartialEq)]
pub struct Crawler {
    /// The crawler's name in Glue; default: the section's name.
    pub name: Option<String>,
    /// Default: `aws.region`.
    pub region: Option<String>,
    /// Start when nothing has arrived for this long, default 30 s.
    pub quiet: Duration,
    /// Default 10 min.
    pub at_most_every: Duration,
}

/// `[admin]`.
#[derive(Debug, Clone, PartialEq)]
pub struct Admin {
    /// Default 127.0.0.1:9900.
    pub listen: SocketAddr,
}
