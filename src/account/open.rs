//! Makes an account from its section: the one `SdkConfig` that its clients are made of.

use std::time::SystemTime;

use aws_config::environment::EnvironmentVariableRegionProvider;
use aws_config::identity::IdentityCache;
use aws_config::meta::region::{ProvideRegion, RegionProviderChain};
use aws_config::profile::{ProfileFileCredentialsProvider, ProfileFileRegionProvider};
use aws_config::provider_config::ProviderConfig;
use aws_config::sts::AssumeRoleProvider;
use aws_config::{BehaviorVersion, ConfigLoader, Region, SdkConfig};
use aws_credential_types::provider::error::CredentialsError;
use aws_credential_types::provider::{ProvideCredentials, SharedCredentialsProvider, future};
use aws_smithy_async::time::TimeSource;
use aws_smithy_types::retry::RetryConfig;
use aws_smithy_types::timeout::TimeoutConfig;
use aws_types::service_config::ServiceConfigKey;

use super::capped::capped;
use super::{Account, CONNECT_TIMEOUT, DEFAULT_ACCOUNT, FALLBACK, bundle};
use crate::cause;
use crate::config::{self, Aws, Refusal};
use crate::credentials::{Printable, Secret};
use crate::edge::{Clock, Edge};

/// What the sessions of our roles are called in the role's own logs.
const SESSION: &str = "brigade";

impl Account {
    /// Reads the SDK's chain.
    pub(super) async fn default_account(edge: &Edge, aws: &Aws) -> Result<Self, Refusal> {
        let edge = &trusting(edge, aws, "aws.ca_bundle")?;
        Self::chained(loader(edge, aws), edge, aws).await
    }

    /// Reads as much of the SDK's chain as is in the environment and in files.
    pub(super) async fn default_offline(edge: &Edge, aws: &Aws) -> Result<Self, Refusal> {
        let edge = &trusting(edge, aws, "aws.ca_bundle")?;
        let mut loader = loader(edge, aws);
        if aws.region.is_none() {
            // The chain's own order, without the instance's metadata service at its end.
            let profile = ProfileFileRegionProvider::builder().configure(&files(edge));
            let variables = EnvironmentVariableRegionProvider::new();
            let chain = RegionProviderChain::first_try(variables).or_else(profile.build());
            loader = loader.region(chain);
        }
        Self::chained(loader, edge, aws).await
    }

    async fn chained(mut loader: ConfigLoader, edge: &Edge, aws: &Aws) -> Result<Self, Refusal> {
        if let Some(credentials) = &edge.credentials {
            loader = loader.credentials_provider(credentials.clone());
        }
        Ok(Self::loaded(DEFAULT_ACCOUNT, loader, aws, None).await)
    }

    pub(super) async fn named(
        name: &str,
        account: &config::Account,
        default_account: &Self,
        secret: Option<Secret>,
        edge: &Edge,
    ) -> Result<Self, Refusal> {
        let mut aws = account.aws(&default_account.aws);
        let edge = &trusting(edge, &aws, &format!("account.{name}.ca_bundle"))?;
        if let (None, Some(profile)) = (&account.region, &account.profile) {
            let region = profile_region(profile, edge).await;
            aws.region = region.or(aws.region);
        }
        // Set, because the chain would otherwise ask for the machine's region again.
        let region = aws.region.as_deref().unwrap_or(FALLBACK).to_owned();
        let mut loader = loader(edge, &aws).region(Region::new(region.clone()));
        loader = if let Some(secret) = &secret {
            // It holds them itself, and lets go of them when they are refused.
            loader
                .credentials_provider(secret.clone())
                .identity_cache(IdentityCache::no_cache())
        } else if let Some(role_arn) = &account.role_arn {
            let mut assumed = AssumeRoleProvider::builder(role_arn)
                .session_name(SESSION)
                .configure(&default_account.prompt(None))
                .region(Region::new(region));
            if let Some(id) = &account.external_id {
                assumed = assumed.external_id(id);
            }
            loader.credentials_provider(assumed.build().await)
        } else if let Some(profile) = &account.profile {
            let provider = ProfileFileCredentialsProvider::builder()
                .configure(&files(edge).with_region(Some(Region::new(region))))
                .profile_name(profile);
            loader.credentials_provider(Profile {
                name: profile.clone(),
                files: provider.build(),
            })
        } else if let Some(credentials) = &edge.credentials {
            loader.credentials_provider(credentials.clone())
        } else {
            loader
        };
        Ok(Self::loaded(name, loader, &aws, secret).await)
    }

    async fn loaded(name: &str, loader: ConfigLoader, aws: &Aws, secret: Option<Secret>) -> Self {
        let sdk = printable(loader.load().await);
        // The chain may name an AWS emulator too (AWS_ENDPOINT_URL, AWS_ENDPOINT_URL_S3, a profile):
        // what it says of S3 decides whether conditions can be trusted.
        let endpoint_url = s3_endpoint(&sdk).or_else(|| sdk.endpoint_url().map(Into::into));
        let aws = Aws {
            endpoint_url: aws.endpoint_url.clone().or(endpoint_url),
            region: sdk.region().map(ToString::to_string),
            ..aws.clone()
        };
        Self {
            name: name.to_owned(),
            sdk,
            aws,
            secret,
        }
    }
}

/// The same, with a provider that refuses credentials which cannot be sent.
fn printable(sdk: SdkConfig) -> SdkConfig {
    let Some(provider) = sdk.credentials_provider() else {
        return sdk;
    };
    let provider = SharedCredentialsProvider::new(Printable(provider));
    sdk.into_builder().credentials_provider(provider).build()
}

/// What all accounts have in common.
///
/// SDK retries are off: ours are the only ones, so that attempts are counted once and an
/// unanswered write is never sent again unseen.
fn loader(edge: &Edge, aws: &Aws) -> ConfigLoader {
    let mut loader = aws_config::defaults(BehaviorVersion::v2026_01_12())
        .http_client(capped(edge.http.clone()))
        .time_source(SdkTime(edge.clock.clone()))
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
    // Left alone where they are not set: the SDK's chain may say so too.
    if aws.use_fips_endpoint {
        loader = loader.use_fips(true);
    }
    if aws.use_dualstack_endpoint {
        loader = loader.use_dual_stack(true);
    }
    loader
}

/// The edge, with a client that trusts the account's own roots if it names any.
fn trusting(edge: &Edge, aws: &Aws, key: &str) -> Result<Edge, Refusal> {
    match &aws.ca_bundle {
        None => Ok(edge.clone()),
        Some(path) => Ok(edge.trusting(bundle::read(key, path)?)),
    }
}

fn files(edge: &Edge) -> ProviderConfig {
    ProviderConfig::without_region()
        .with_http_client(capped(edge.http.clone()))
        .with_time_source(SdkTime(edge.clock.clone()))
}

async fn profile_region(profile: &str, edge: &Edge) -> Option<String> {
    let provider = ProfileFileRegionProvider::builder()
        .configure(&files(edge))
        .profile_name(profile)
        .build();
    Some(provider.region().await?.to_string())
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

/// A profile whose errors name it.
#[derive(Debug)]
struct Profile {
    name: String,
    files: ProfileFileCredentialsProvider,
}

impl ProvideCredentials for Profile {
    fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        future::ProvideCredentials::new(async {
            self.files.provide_credentials().await.map_err(|error| {
                let (name, why) = (&self.name, cause::chain(&error));
                CredentialsError::provider_error(format!("profile {name:?} gives none: {why}"))
            })
        })
    }
}

/// Signs nothing. The SDK's own chain asks the instance for a region already when it is made.
#[derive(Debug)]
pub(super) struct Offline;

impl ProvideCredentials for Offline {
    fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        let why = "this command calls nobody";
        future::ProvideCredentials::ready(Err(CredentialsError::not_loaded(why)))
    }
}

/// Our wall clock, as the SDK asks it: for signatures, and for when credentials expire.
#[derive(Debug)]
struct SdkTime(Clock);

impl TimeSource for SdkTime {
    fn now(&self) -> SystemTime {
        self.0.now().into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::account::Accounts;
    use crate::config::{Config, Sources};
    use crate::metrics::Metrics;

    #[tokio::test]
    async fn an_account_calls_the_kind_of_endpoint_it_says() {
        let file = "aws = { region = \"us-east-1\", use_fips_endpoint = true }\n\
                    account.both = { use_fips_endpoint = true, use_dualstack_endpoint = true }\n\
                    account.plain = {}";
        let config = Config::load(&Sources::text("f", file)).unwrap().config;
        let metrics = Metrics::new("test").0;
        let accounts = Accounts::open(&config, &Edge::real(), &metrics).await;
        let accounts = accounts.unwrap();
        for (account, fips, dual_stack) in [
            (None, Some(true), None),
            (Some("both"), Some(true), Some(true)),
            (Some("plain"), None, None),
        ] {
            let sdk = &accounts.of(account).sdk;
            let got = (sdk.use_fips(), sdk.use_dual_stack());
            assert_eq!(got, (fips, dual_stack), "{account:?}");
        }
    }
}
