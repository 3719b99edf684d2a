//! The accounts of the configuration, and their clients, by service and region.
//!
//! All of one account's clients come from one `SdkConfig`, so they share its credentials; all of
//! all accounts share one HTTP client, but those that trust roots of their own. Opening an account
//! makes no call to AWS; on EC2, where nothing names a region, the instance is asked for its own.

mod accounts;
mod bundle;
mod capped;
mod open;

use std::time::Duration;

use aws_config::stalled_stream_protection::StalledStreamProtectionConfig;
use aws_config::{Region, SdkConfig};
use aws_credential_types::provider::ProvideCredentials;
use aws_smithy_types::timeout::TimeoutConfig;

pub use self::accounts::Accounts;
use crate::catalog::{Athena, Glue};
use crate::cause;
use crate::config::{Aws, DEFAULT_ACCOUNT, Queue};
use crate::credentials::{Refusals, Secret};
use crate::metrics::Metrics;
use crate::queue::admitting;
use crate::s3::ClientSettings;

/// The SDK's own default; written down because the other timeouts are ours.
const CONNECT_TIMEOUT: Duration = Duration::from_millis(3_100);

/// Signs requests where nothing names a region: to an AWS emulator, which does not care.
const FALLBACK: &str = "us-east-1";

/// One call to Glue or Athena; both answer at once and work on afterwards.
const CALL_TIMEOUT: Duration = Duration::from_secs(30);

/// One call for credentials: whole worker pools wait for it.
const CREDENTIALS_TIMEOUT: Duration = Duration::from_secs(5);

/// A client that reports refused credentials to the account's secret.
macro_rules! client {
    ($account:ident, $service:ident, $sdk:ident) => {{
        let mut config = $service::config::Builder::from(&$sdk);
        if let Some(secret) = &$account.secret {
            config = config.interceptor(Refusals(secret.clone()));
        }
        $service::Client::from_conf(config.build())
    }};
}

/// An account whose calls cannot be signed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("account {account}: {why}{}{}", if fix.is_some() { ": " } else { "" }, fix.unwrap_or_default())]
pub struct NoCredentials {
    /// Its name in the configuration.
    pub account: String,
    /// Why there are none.
    pub why: String,
    /// What to do, where that is known.
    pub fix: Option<&'static str>,
}

impl NoCredentials {
    fn none(account: &str) -> Self {
        Self {
            account: account.to_owned(),
            why: cause::NO_CREDENTIALS.into(),
            fix: Some(cause::GIVE_CREDENTIALS),
        }
    }
}

/// One account.
#[derive(Debug)]
pub struct Account {
    name: String,
    sdk: SdkConfig,
    aws: Aws,
    secret: Option<Secret>,
}

impl Account {
    /// Its name in the configuration.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Where AWS is for it, with what the SDK's chain has added.
    #[must_use]
    pub fn aws(&self) -> &Aws {
        &self.aws
    }

    /// The access key that its calls are signed with, which is no secret.
    ///
    /// # Errors
    /// Why there is none.
    pub async fn access_key(&self) -> Result<String, NoCredentials> {
        let Some(provider) = self.sdk.credentials_provider() else {
            return Err(NoCredentials::none(&self.name));
        };
        match provider.provide_credentials().await {
            Ok(credentials) => Ok(credentials.access_key_id().to_owned()),
            Err(e) if cause::has_none(&e) => Err(NoCredentials::none(&self.name)),
            Err(e) => Err(NoCredentials {
                account: self.name.clone(),
                why: cause::chain(&e),
                fix: None,
            }),
        }
    }

    fn settings(&self) -> ClientSettings {
        ClientSettings {
            account: self.name.clone(),
            sdk: self.sdk.clone(),
            aws: self.aws.clone(),
            secret: self.secret.clone(),
        }
    }

    /// A client for a queue; its region comes from its URL.
    #[must_use]
    pub fn sqs(&self, queue: &Queue) -> aws_sdk_sqs::Client {
        let sdk = self.in_region(queue.default_account(&self.aws).as_deref());
        let http = sdk.http_client().map(admitting);
        let mut builder = sdk.into_builder();
        builder.set_http_client(http);
        let sdk = builder.build();
        client!(self, aws_sdk_sqs, sdk)
    }

    /// A client for crawlers.
    #[must_use]
    pub fn glue(&self, region: Option<&str>, metrics: Metrics) -> Glue {
        let sdk = self.patient(region, CALL_TIMEOUT);
        Glue::new(client!(self, aws_sdk_glue, sdk), metrics)
    }

    /// A client for topics.
    #[must_use]
    pub fn sns(&self, region: Option<&str>) -> aws_sdk_sns::Client {
        let sdk = self.patient(region, CALL_TIMEOUT);
        client!(self, aws_sdk_sns, sdk)
    }

    /// A client for buses.
    #[must_use]
    pub fn events(&self, region: Option<&str>) -> aws_sdk_eventbridge::Client {
        let sdk = self.patient(region, CALL_TIMEOUT);
        client!(self, aws_sdk_eventbridge, sdk)
    }

    /// A client for queries.
    #[must_use]
    pub fn athena(&self, region: Option<&str>, metrics: Metrics) -> Athena {
        let sdk = self.patient(region, CALL_TIMEOUT);
        Athena::new(client!(self, aws_sdk_athena, sdk), metrics)
    }

    /// For what gives credentials.
    fn prompt(&self, region: Option<&str>) -> SdkConfig {
        self.patient(region, CREDENTIALS_TIMEOUT)
    }

    /// Where no stack of ours is around the calls: the SDK's timeouts serve.
    fn patient(&self, region: Option<&str>, timeout: Duration) -> SdkConfig {
        let timeouts = TimeoutConfig::builder()
            .connect_timeout(CONNECT_TIMEOUT)
            .operation_attempt_timeout(timeout);
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
