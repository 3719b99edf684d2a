//! Chooses the client for a bucket, by its region.
//!
//! A bucket's region is asked for once, from the `x-amz-bucket-region` header that even a refusal carries;
//! `GetBucketLocation` is allowed to the bucket's owner only. Clients are made once per region: making one costs a
//! millisecond, cloning one costs nothing.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use aws_config::{Region, SdkConfig};
use aws_sdk_s3::Client;
use aws_sdk_s3::config::{Builder, RequestChecksumCalculation, ResponseChecksumValidation};
use tokio::sync::OnceCell;

use super::attempt::Attempt;
use super::bucket::Bucket;
use super::endpoints::Endpoints;
use super::error::{Kind, S3Error};
use super::raw::RawHeaders;
use super::sdk::about;
use super::stack::{Call, Effect, Limits, guard};
use crate::lock::locked;

/// Used where nothing names a region: an AWS emulator without one.
const FALLBACK: &str = "us-east-1";

const TIMEOUT: Duration = Duration::from_secs(10);

const HEAD_BUCKET: Call = Call {
    op: "HeadBucket",
    effect: Effect::Repeatable,
};

/// The clients of one account.
#[derive(Debug, Clone)]
pub(super) struct Clients(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    sdk: SdkConfig,
    custom_endpoint: bool,
    limits: Limits,
    by_region: Mutex<HashMap<String, Client>>,
    /// Bucket → region, asked once however many workers want to know.
    regions: Mutex<HashMap<String, Arc<OnceCell<String>>>>,
}

impl Clients {
    pub(super) fn new(sdk: SdkConfig, custom_endpoint: bool, limits: Limits) -> Self {
        Self(Arc::new(Shared {
            sdk,
            custom_endpoint,
            limits,
            by_region: Mutex::default(),
            regions: Mutex::default(),
        }))
    }

    /// The client for a bucket, in the region that the operator has named.
    pub(super) async fn of(&self, bucket: &Bucket) -> Result<Client, S3Error> {
        match bucket.region.as_deref() {
            Some(region) => Ok(self.in_region(region)),
            None => Ok(self.in_region(&self.region(bucket).await?)),
        }
    }

    /// The bucket's region, asked for once. An access point's ARN has it.
    pub(super) async fn region(&self, bucket: &Bucket) -> Result<String, S3Error> {
        if let (Some(_), Some(region)) = (&bucket.access_point, &bucket.region) {
            return Ok(region.clone());
        }
        let cell = {
            let mut regions = locked(&self.0.regions);
            regions.entry(bucket.name.clone()).or_default().clone()
        };
        cell.get_or_try_init(|| self.ask_region(bucket))
            .await
            .cloned()
    }

    /// Looks at a bucket where it is.
    pub(super) async fn head(&self, bucket: &Bucket) -> Result<(), S3Error> {
        let client = self.of(bucket).await?;
        let call = HEAD_BUCKET;
        guard(&self.0.limits, &bucket.name, call, TIMEOUT, || {
            let attempt = Attempt::start(self.0.limits.metrics(), call.op);
            let request = about!(client.head_bucket(), bucket);
            async move { attempt.end(request.send().await).map(drop) }
        })
        .await
    }

    /// Forgets a bucket's region: S3 says it is elsewhere.
    pub(super) fn forget(&self, bucket: &str) {
        locked(&self.0.regions).remove(bucket);
    }

    async fn ask_region(&self, bucket: &Bucket) -> Result<String, S3Error> {
        let client = self.in_region(self.default_account());
        let call = HEAD_BUCKET;
        let reported = guard(&self.0.limits, &bucket.name, call, TIMEOUT, || {
            let metrics = self.0.limits.metrics().clone();
            let request = about!(client.head_bucket(), bucket);
            async move {
                let answer = request.send().await;
                let raw = answer.as_ref().err().and_then(|e| e.raw_response());
                let status = raw.map(|raw| raw.status().as_u16());
                metrics.call("s3", call.op, answer.as_ref().map_or(status, |_| Some(200)));
                let header = raw.and_then(|raw| raw.headers().get("x-amz-bucket-region"));
                match (&answer, header.map(str::to_owned)) {
                    (Ok(found), _) => Ok(found.bucket_region().map(str::to_owned)),
                    // A 301, 400 or 403 that names the region has answered the question.
                    (Err(_), Some(region)) if status != Some(404) => Ok(Some(region)),
                    (Err(e), _) => Err(S3Error::of(call.op, e)),
                }
            }
        });
        match reported.await {
            Ok(region) => Ok(region.unwrap_or_else(|| self.default_account().to_owned())),
            // Refused without a region: the calls to its objects will show it.
            Err(silent) if silent.is_silent() => Ok(self.default_account().to_owned()),
            Err(e) if e.kind == Kind::NotFound => Err(S3Error {
                kind: Kind::NoBucket,
                message: bucket.name.as_str().into(),
                ..e
            }),
            Err(other) => Err(other),
        }
    }

    fn default_account(&self) -> &str {
        self.0.sdk.region().map_or(FALLBACK, AsRef::as_ref)
    }

    fn in_region(&self, region: &str) -> Client {
        let mut clients = locked(&self.0.by_region);
        clients
            .entry(region.to_owned())
            .or_insert_with(|| self.make(region))
            .clone()
    }

    fn make(&self, region: &str) -> Client {
        let mut builder = Builder::from(&self.0.sdk)
            .region(Region::new(region.to_owned()))
            .endpoint_resolver(Endpoints::default())
            .interceptor(RawHeaders);
        if self.0.custom_endpoint {
            // AWS emulators know neither virtual hosts nor the newer checksum trailers.
            builder = builder
                .force_path_style(true)
                .request_checksum_calculation(RequestChecksumCalculation::WhenRequired)
                .response_checksum_validation(ResponseChecksumValidation::WhenRequired);
        }
        Client::from_conf(builder.build())
    }
}
