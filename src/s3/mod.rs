//! The only door to S3: guarded calls, typed errors, clients by region.
//!
//! Every call passes the same tower stack ([`stack`]), is counted once an attempt, and ends in an
//! [`S3Error`] that says what to do about it. Nothing outside this folder sees an SDK type.

mod answer;
mod clients;
mod copy_source;
mod error;
mod object;
mod read;
mod sdk;
mod stack;
mod upload;
mod write;

use aws_config::SdkConfig;
use aws_sdk_s3::Client;
use aws_sdk_s3::error::{ProvideErrorMetadata, SdkError};
use aws_smithy_runtime_api::http::Response;

use crate::cause;
use crate::config::Retry as RetryConfig;
use crate::edge::Dice;
use crate::metrics::Metrics;

pub use error::{Retry, S3Error};
pub use object::{Algorithm, Checksum, Condition, Dress, ETag, Headers, Object, Spot, Written};
pub use read::Found;
pub use upload::{Complete, Part, Upload};
pub use write::{CopyObject, PutObject};

use clients::Clients;
use stack::Limits;

/// S3, as one account sees it. Cheap to clone.
#[derive(Debug, Clone)]
pub struct S3 {
    clients: Clients,
    limits: Limits,
}

/// A bucket and the region to ask for it, where the operator has named one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bucket {
    /// Bucket name.
    pub name: String,
    /// Found out from the bucket itself when absent.
    pub region: Option<String>,
}

impl S3 {
    /// Opens the door.
    #[must_use]
    pub fn new(
        sdk: SdkConfig,
        custom_endpoint: bool,
        retry: &RetryConfig,
        dice: Dice,
        metrics: Metrics,
    ) -> Self {
        let limits = Limits::new(retry, dice, metrics);
        Self {
            clients: Clients::new(sdk, custom_endpoint, limits.clone()),
            limits,
        }
    }

    /// The region of a bucket.
    ///
    /// # Errors
    /// [`S3Error`]; [`S3Error::NoBucket`] when there is no such bucket.
    pub async fn region(&self, bucket: &str) -> Result<String, S3Error> {
        self.clients.region(bucket).await
    }

    /// Whether the bucket may be listed. Without `s3:ListBucket` a missing key is answered like a
    /// denied one, so nothing that is gone can be told from what is forbidden.
    ///
    /// # Errors
    /// [`S3Error::Denied`] when it may not; any other when nobody knows.
    pub async fn may_list(&self, bucket: &str) -> Result<(), S3Error> {
        self.clients.head(bucket).await
    }

    async fn client(&self, bucket: &Bucket) -> Result<Client, S3Error> {
        self.clients
            .of(&bucket.name, bucket.region.as_deref())
            .await
    }

    /// Lets go of what a failure has proved wrong.
    fn learn<T>(&self, bucket: &Bucket, answer: Result<T, S3Error>) -> Result<T, S3Error> {
        if matches!(
            answer,
            Err(S3Error::Region { .. } | S3Error::NoBucket { .. })
        ) {
            self.clients.forget(&bucket.name);
        }
        answer
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
