//! The only door to S3: guarded calls, typed errors, clients by region.
//!
//! Every call passes the same tower stack ([`stack`]), is counted once an attempt, and ends in an
//! [`S3Error`] that says what to do about it. Nothing outside this folder sees an SDK type.

mod aimd;
mod answer;
mod archive;
mod bandwidth;
mod clients;
mod copy_source;
mod doors;
mod endpoints;
mod error;
mod limit;
mod list;
mod object;
mod raw;
mod read;
mod sdk;
mod seen;
mod source_part;
mod stack;
mod tagging;
mod upload;
mod write;

use std::sync::Arc;

use aws_sdk_s3::Client;
use aws_sdk_s3::error::{ProvideErrorMetadata, SdkError};
use aws_smithy_runtime_api::http::Response;

use crate::cause;
use crate::config::{Retry as RetryConfig, Route};
use crate::edge::Dice;
use crate::metrics::Metrics;

pub use archive::Archive;
pub use bandwidth::Bandwidth;
pub use doors::{DoorStatus, Doors, Opening};
pub use error::{Flaw, Kind, Retry, S3Error, Throttle};
pub use limit::LimitStatus;
pub use list::Listed;
pub use object::{
    Algorithm, Aside, Checksum, Condition, Dress, ETag, Headers, Object, Spot, Written,
};
pub use read::{Found, SLOWEST};
pub use source_part::SourcePart;
pub use tagging::{Tags, tagging_header};
pub use upload::{Complete, Inlet, MOST_PARTS, Part, Sums, Upload};
pub use write::{CopyObject, PutObject};

use clients::Clients;
use doors::Account;
use stack::Limits;

/// S3, as one account sees it. Cheap to clone.
#[derive(Debug, Clone)]
pub struct S3 {
    clients: Clients,
    limits: Limits,
    account: Arc<Account>,
    reads: Option<Bandwidth>,
    writes: Option<Bandwidth>,
}

/// One side of a route: a bucket, and the door through which its account goes there.
#[derive(Debug, Clone, Copy)]
pub struct Side<'a> {
    /// The door.
    pub s3: &'a S3,
    /// The bucket.
    pub bucket: &'a Bucket,
}

/// A bucket, and what the operator says of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bucket {
    /// Bucket name.
    pub name: String,
    /// Found out from the bucket itself when absent.
    pub region: Option<String>,
    /// The account it must belong to, or every call fails.
    pub owner: Option<String>,
    /// Whoever asks for its objects pays for that.
    pub requester_pays: bool,
    /// The ARN of the access point that calls go through.
    pub access_point: Option<String>,
}

impl Bucket {
    /// A bucket of whoever it is, who pays for it himself.
    #[must_use]
    pub fn new(name: &str, region: Option<&str>) -> Self {
        Self {
            name: name.to_owned(),
            region: region.map(str::to_owned),
            owner: None,
            requester_pays: false,
            access_point: None,
        }
    }

    /// The bucket of a route's source.
    #[must_use]
    pub fn source(route: &Route) -> Self {
        Self {
            owner: route.from_bucket_owner.clone(),
            requester_pays: route.request_payer,
            access_point: route.from_access_point.as_ref().map(ToString::to_string),
            ..Self::new(&route.from.bucket, route.source_region())
        }
    }

    /// The bucket of a route's destination.
    #[must_use]
    pub fn destination(route: &Route) -> Self {
        Self {
            owner: route.to_bucket_owner.clone(),
            // What is moved aside stays in the source's bucket.
            requester_pays: route.request_payer && route.to.bucket == route.from.bucket,
            access_point: route.to_access_point.as_ref().map(ToString::to_string),
            ..Self::new(&route.to.bucket, route.destination_region())
        }
    }

    /// What calls name it by.
    fn address(&self) -> &str {
        self.access_point.as_deref().unwrap_or(&self.name)
    }
}

impl S3 {
    /// Opens the first door.
    #[must_use]
    pub fn new(opening: Opening, retry: &RetryConfig, dice: Dice, metrics: Metrics) -> Self {
        Self::with(opening, &Limits::new(retry, dice, metrics))
    }

    /// Opens another account's door; calls through both share what the process bears.
    #[must_use]
    pub fn beside(&self, opening: Opening) -> Self {
        Self::with(opening, &self.limits)
    }

    fn with(opening: Opening, limits: &Limits) -> Self {
        let limits = limits.of(&opening.account, opening.secret.clone());
        let custom = opening.aws.is_custom_endpoint();
        let line = || opening.aws.bandwidth.map(Bandwidth::new);
        let (reads, writes) = (line(), line());
        Self {
            clients: Clients::new(opening.sdk.clone(), custom, limits.clone()),
            limits,
            account: Arc::new(Account::of(opening)),
            reads,
            writes,
        }
    }

    /// Waits until the account may read so many bytes.
    pub async fn may_read(&self, bytes: u64) {
        if let Some(line) = &self.reads {
            line.carry(bytes).await;
        }
    }

    /// Waits until the account may write so many bytes.
    pub async fn may_write(&self, bytes: u64) {
        if let Some(line) = &self.writes {
            line.carry(bytes).await;
        }
    }

    /// The region of a bucket.
    ///
    /// # Errors
    /// [`S3Error`]; `Kind::NoBucket` when there is no such bucket.
    pub async fn region(&self, bucket: &Bucket) -> Result<String, S3Error> {
        self.whose(self.clients.region(bucket).await)
    }

    /// Whether the bucket may be listed. Without `s3:ListBucket` a missing key is answered like a
    /// denied one, so nothing that is gone can be told from what is forbidden.
    ///
    /// # Errors
    /// `Kind::Denied` when it may not; any other when nobody knows.
    pub async fn may_list(&self, bucket: &Bucket) -> Result<(), S3Error> {
        self.clients.head(bucket).await
    }

    async fn client(&self, bucket: &Bucket) -> Result<Client, S3Error> {
        self.whose(self.clients.of(bucket).await)
    }

    /// Lets go of what a failure has proved wrong.
    fn learn<T>(&self, bucket: &Bucket, answer: Result<T, S3Error>) -> Result<T, S3Error> {
        if let Err(S3Error {
            kind: Kind::Region(_) | Kind::NoBucket,
            ..
        }) = answer
        {
            self.clients.forget(&bucket.name);
        }
        self.whose(answer)
    }

    /// The same of a write, which also tells whether the bucket knows conditions.
    fn learn_of_write<T>(
        &self,
        bucket: &Bucket,
        condition: &Condition,
        answer: Result<T, S3Error>,
    ) -> Result<T, S3Error> {
        self.learn_conditions(bucket, condition, &answer);
        self.learn(bucket, answer)
    }
}

/// One attempt, counted when it ends, also when its future is dropped.
struct Attempt<'a> {
    metrics: &'a Metrics,
    op: &'static str,
    status: Option<u16>,
}

impl<'a> Attempt<'a> {
    fn start(metrics: &'a Metrics, op: &'static str) -> Self {
        Self {
            metrics,
            op,
            status: None,
        }
    }

    /// Notes the status and names the error.
    fn end<T, E>(mut self, answer: Result<T, SdkError<E, Response>>) -> Result<T, S3Error>
    where
        E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
    {
        self.status = cause::status(&answer);
        answer.map_err(|e| S3Error::of(self.op, &e))
    }
}

impl Drop for Attempt<'_> {
    fn drop(&mut self) {
        self.metrics.call("s3", self.op, self.status);
    }
}
