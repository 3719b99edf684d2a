//! The account that everything belongs to which names no other: its clients, by service and
//! region.

use std::time::Duration;

use aws_config::stalled_stream_protection::StalledStreamProtectionConfig;
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_smithy_types::retry::RetryConfig;
use aws_smithy_types::timeout::TimeoutConfig;
use aws_types::service_config::ServiceConfigKey;

use crate::catalog::Glue;
use crate::config::{Aws, Queue, Retry};
use crate::edge::Edge;
use crate::metrics::Metrics;
use crate::s3::S3;

/// The SDK's own default; written down because the other timeouts are ours.
const CONNECT_TIMEOUT: Duration = Duration::from_millis(3_100);

/// Signs requests where nothing names a region: to a stand-in, which does not care.
const FALLBACK: &str = "us-east-1";

/// One call to Glue or Athena; both answer at once and work on afterwards.
const CALL_TIMEOUT: Duration = Duration::from_secs(30);

/// The home account.
#[derive(Debug, Clone)]
pub struct Home {
    sdk: SdkConfig,
    aws: Aws,
}

impl Home {
    /// Reads the SDK's chain; makes no call.
    ///
    /// SDK retries are off: ours are the only ones, so that attempts are counted once and an
    /// unanswered write is never sent again unseen.
    pub async fn open(edge: &Edge, aws: &Aws) -> Self {
        let mut loader = aws_config::defaults(BehaviorVersion::v2026_01_12())
            .http_client(edge.http.clone())
            .retry_config(RetryConfig::disabled())
            .timeout_config(
                TimeoutConfig::builder()
                    .connect_timeout(CONNECT_TIMEOUT)
                    .build(),
            );
        if let Some(region) = &aws.region {
            loader = loader.region(Region::new(region.clone()));
        }
        if let Some(url) = &aws.endpoint_url {
            loader = loader.endpoint_url(url);
        }
        if let Some(credentials) = &edge.credentials {
            loader = loader.credentials_provider(credentials.clone());
        }
        let sdk = loader.load().await;
        // The chain may name a stand-in too (AWS_ENDPOINT_URL, AWS_ENDPOINT_URL_S3, a profile):
        // what it says of S3 decides whether conditions can be trusted.
        let endpoint_url = s3_endpoint(&sdk).or_else(|| sdk.endpoint_url().map(Into::into));
        let aws = Aws {
            endpoint_url: aws.endpoint_url.clone().or(endpoint_url),
            region: sdk.region().map(ToString::to_string),
            ..aws.clone()
        };
        Self { sdk, aws }
    }

    /// Where AWS is, with what the SDK's chain has added.
    #[must_use]
    pub fn aws(&self) -> &Aws {
        &self.aws
    }

    /// The door to S3.
    #[must_use]
    pub fn s3(&self, retry: &Retry, edge: &Edge, metrics: Metrics) -> S3 {
        let custom = self.aws.is_custom_endpoint();
        S3::new(self.sdk.clone(), custom, retry, edge.dice.clone(), metrics)
    }

    /// A client for a queue; its region comes from its URL.
    #[must_use]
    pub fn sqs(&self, queue: &Queue) -> aws_sdk_sqs::Client {
        aws_sdk_sqs::Client::new(&self.in_region(queue.home(&self.aws).as_deref()))
    }

    /// A client for crawlers.
    #[must_use]
    pub fn glue(&self, region: Option<&str>, metrics: Metrics) -> Glue {
        Glue::new(aws_sdk_glue::Client::new(&self.patient(region)), metrics)
    }

    /// A client for queries.
    #[must_use]
    pub fn athena(&self, region: Option<&str>) -> aws_sdk_athena::Client {
        aws_sdk_athena::Client::new(&self.patient(region))
    }

    /// Glue and Athena have no stack of ours around their calls: the SDK's timeouts serve.
    fn patient(&self, region: Option<&str>) -> SdkConfig {
        let timeouts = TimeoutConfig::builder()
            .connect_timeout(CONNECT_TIMEOUT)
            .operation_attempt_timeout(CALL_TIMEOUT);
        let builder = self.in_region(region).into_builder();
        builder.timeout_config(timeouts.build()).build()
    }

    /// For services whose bodies are small: each call has a timeout of its own, so nobody need
    /// wake up every second of a long poll to see whether it stalls.
    fn in_region(&self, region: Option<&str>) -> SdkConfig {
        let builder = self.sdk.clone().into_builder();
        let builder = builder.stalled_stream_protection(StalledStreamProtectionConfig::disabled());
        let region = region.or(self.aws.region.as_deref()).unwrap_or(FALLBACK);
        builder.region(Region::new(region.to_owned())).build()
    }
}

fn s3_endpoint(sdk: &SdkConfig) -> Option<String> {
    let key = ServiceConfigKey::builder()
        .service_id("S3")
        .env("AWS_ENDPOINT_URL")
        .profile("endpoint_url")
        .build()
        .ok()?;
    sdk.service_config()?.load_config(key)
}
