//! All accounts of the configuration.

use std::collections::BTreeMap;

use aws_credential_types::provider::SharedCredentialsProvider;

use super::Account;
use super::open::Offline;
use crate::config::{self, Config, Queue, Refusal};
use crate::credentials::Secret;
use crate::edge::Edge;
use crate::metrics::Metrics;
use crate::queue::Sqs;
use crate::s3::{S3, S3Clients};

/// All accounts, opened.
#[derive(Debug)]
pub struct Accounts {
    default_account: Account,
    named: BTreeMap<String, Account>,
}

impl Accounts {
    /// Opens home and every `[account.NAME]`.
    ///
    /// # Errors
    /// When a `ca_bundle` cannot be read.
    pub async fn open(config: &Config, edge: &Edge, metrics: &Metrics) -> Result<Self, Refusal> {
        let default_account = Account::default_account(edge, &config.aws).await?;
        Self::around(default_account, config, edge, metrics).await
    }

    /// The same for a command that calls nobody, not even the instance it runs on: what only that
    /// could know, such as a region, is left open.
    ///
    /// # Errors
    /// When a `ca_bundle` cannot be read.
    pub async fn open_offline(
        config: &Config,
        edge: &Edge,
        metrics: &Metrics,
    ) -> Result<Self, Refusal> {
        let edge = &Edge {
            credentials: Some(SharedCredentialsProvider::new(Offline)),
            ..edge.clone()
        };
        let default_account = Account::default_offline(edge, &config.aws).await?;
        Self::around(default_account, config, edge, metrics).await
    }

    async fn around(
        default_account: Account,
        config: &Config,
        edge: &Edge,
        metrics: &Metrics,
    ) -> Result<Self, Refusal> {
        let mut accounts = Self {
            default_account,
            named: BTreeMap::new(),
        };
        // Those that read a secret come last: their reader is one of the others.
        let (last, first): (Vec<_>, Vec<_>) = config
            .account
            .iter()
            .partition(|(_, account)| account.secret.is_some());
        for (name, account) in first.into_iter().chain(last) {
            let opened = accounts.open_one(name, account, edge, metrics).await?;
            accounts.named.insert(name.clone(), opened);
        }
        Ok(accounts)
    }

    async fn open_one(
        &self,
        name: &str,
        account: &config::Account,
        edge: &Edge,
        metrics: &Metrics,
    ) -> Result<Account, Refusal> {
        let reader = self.of(account.secret_account.as_deref());
        let secret = account.secret.as_deref().map(|id| {
            let region = account.secret_region();
            let client = aws_sdk_secretsmanager::Client::new(&reader.prompt(region));
            Secret::new(client, id, metrics.clone())
        });
        Account::named(name, account, &self.default_account, secret, edge).await
    }

    /// An account; `None` is the default account.
    ///
    /// # Panics
    /// When the configuration has no such account.
    #[must_use]
    pub fn of(&self, name: Option<&str>) -> &Account {
        match name {
            None => &self.default_account,
            Some(name) => self
                .named
                .get(name)
                .expect("checked with the configuration"),
        }
    }

    /// All accounts, home first.
    pub fn iter(&self) -> impl Iterator<Item = &Account> {
        std::iter::once(&self.default_account).chain(self.named.values())
    }

    /// The configuration, with the regions and endpoints that the SDK's chain has added.
    #[must_use]
    pub fn settle(&self, config: &Config) -> Config {
        let mut config = config.clone();
        config.aws = self.default_account.aws.clone();
        for (name, account) in &mut config.account {
            let settled = self.of(Some(name)).aws.clone();
            (account.region, account.endpoint_url) = (settled.region, settled.endpoint_url);
        }
        config
    }

    /// A queue, through its account.
    #[must_use]
    pub fn queue(&self, queue: &Queue, metrics: &Metrics) -> Sqs {
        let client = self.of(queue.account.as_deref()).sqs(queue);
        Sqs::new(client, queue.url.clone(), metrics.clone())
    }

    /// Every account's S3 client.
    #[must_use]
    pub fn s3_clients(&self, retry: &config::Retry, edge: &Edge, metrics: Metrics) -> S3Clients {
        let default_account = S3::new(
            self.default_account.settings(),
            retry,
            edge.rng.clone(),
            metrics,
        );
        let client = |account: &Account| default_account.beside(account.settings());
        let named = self.named.iter();
        let named = named.map(|(name, account)| (name.clone(), client(account)));
        S3Clients::new(default_account.clone(), named.collect())
    }
}
