//! The S3 client of one account.

use std::sync::Arc;

use aws_sdk_s3::Client;

use super::account::{Account, ClientSettings};
use super::bandwidth::Bandwidth;
use super::bucket::Bucket;
use super::clients::Clients;
use super::error::{Kind, S3Error};
use super::object::Condition;
use super::stack::Limits;
use crate::config::Retry as RetryConfig;
use crate::edge::Rng;
use crate::metrics::Metrics;

/// S3, as one account sees it. Cheap to clone.
#[derive(Debug, Clone)]
pub struct S3 {
    pub(super) clients: Clients,
    pub(super) limits: Limits,
    pub(super) account: Arc<Account>,
    pub(super) reads: Option<Bandwidth>,
    pub(super) writes: Option<Bandwidth>,
}

/// One side of a route: a bucket, and the client that reaches it.
#[derive(Debug, Clone, Copy)]
pub struct BucketClient<'a> {
    /// The client.
    pub s3: &'a S3,
    /// The bucket.
    pub bucket: &'a Bucket,
}

impl S3 {
    /// Makes the first client.
    #[must_use]
    pub fn new(settings: ClientSettings, retry: &RetryConfig, rng: Rng, metrics: Metrics) -> Self {
        Self::with(settings, &Limits::new(retry, rng, metrics))
    }

    /// Makes another account's client; both share the limits of the process.
    #[must_use]
    pub fn beside(&self, settings: ClientSettings) -> Self {
        Self::with(settings, &self.limits)
    }

    fn with(settings: ClientSettings, limits: &Limits) -> Self {
        let limits = limits.of(&settings.account, settings.secret.clone());
        let custom = settings.aws.is_custom_endpoint();
        let bandwidth = || settings.aws.bandwidth.map(Bandwidth::new);
        let (reads, writes) = (bandwidth(), bandwidth());
        Self {
            clients: Clients::new(settings.sdk.clone(), custom, limits.clone()),
            limits,
            account: Arc::new(Account::of(settings)),
            reads,
            writes,
        }
    }

    /// Waits until the account may read so many bytes.
    pub async fn may_read(&self, bytes: u64) {
        if let Some(bandwidth) = &self.reads {
            bandwidth.carry(bytes).await;
        }
    }

    /// Waits until the account may write so many bytes.
    pub async fn may_write(&self, bytes: u64) {
        if let Some(bandwidth) = &self.writes {
            bandwidth.carry(bytes).await;
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
    /// denied one, so a missing object cannot be distinguished from a forbidden one.
    ///
    /// # Errors
    /// `Kind::Denied` when it may not; any other when nobody knows.
    pub async fn may_list(&self, bucket: &Bucket) -> Result<(), S3Error> {
        self.clients.head(bucket).await
    }

    pub(super) async fn client(&self, bucket: &Bucket) -> Result<Client, S3Error> {
        self.whose(self.clients.of(bucket).await)
    }

    /// Lets go of what a failure has proved wrong.
    pub(super) fn learn<T>(
        &self,
        bucket: &Bucket,
        answer: Result<T, S3Error>,
    ) -> Result<T, S3Error> {
        if let Err(S3Error {
            kind: Kind::Region(_) | Kind::NoBucket,
            ..
        }) = answer
        {
            self.clients.forget(&bucket.name);
        }
        self.whose(answer)
    }

    /// The same for a write, which also shows whether the bucket supports conditions.
    pub(super) fn learn_of_write<T>(
        &self,
        bucket: &Bucket,
        condition: &Condition,
        answer: Result<T, S3Error>,
    ) -> Result<T, S3Error> {
        self.learn_conditions(bucket, condition, &answer);
        self.learn(bucket, answer)
    }
}
