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
use crate::s3::{Doors, S3};

/// All accounts, opened.
#[derive(Debug)]
pub struct Accounts {
    home: Account,
    named: BTreeMap<String, Account>,
}

impl Accounts {
    /// Opens home and every `[account.NAME]`.
    ///
    /// # Errors
    /// When a `ca_bundle` cannot be read.
    pub async fn open(config: &Config, edge: &Edge, metrics: &Metrics) -> Result<Self, Refusal> {
        let home = Account::home(edge, &config.aws).await?;
        Self::around(home, config, edge, metrics).await
    }

    /// The same for a command that calls nobody, not even the instance it runs on: what only that
    /// could tell, such as a region, is left open.
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
        let home = Account::home_offline(edge, &config.aws).await?;
        Self::around(home, config, edge, metrics).await
    }

    async fn around(
        home: Account,
        config: &Config,
        edge: &Edge,
        metrics: &Metrics,
    ) -> Result<Self, Refusal> {
        let mut accounts = Self {
            home,
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
        Account::named(name, account, &self.home, secret, edge).await
    }

    /// An account; `None` is home.
    ///
    /// # Panics
    /// When the configuration has no such account.
    #[must_use]
    pub fn of(&self, name: Option<&str>) -> &Account {
        match name {
            None => &self.home,
            Some(name) => self
                .named
                .get(name)
                .expect("checked with the configuration"),
        }
    }

    /// All accounts, home first.
    pub fn iter(&self) -> impl Iterator<Item = &Account> {
        std::iter::once(&self.home).chain(self.named.values())
    }

    /// The configuration, with the regions and endpoints that the SDK's chain has added.
    #[must_use]
    pub fn settle(&self, config: &Config) -> Config {
        let mut config = config.clone();
        config.aws = self.home.aws.clone();
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

    /// Every account's door to S3.
    #[must_use]
    pub fn doors(&self, retry: &config::Retry, edge: &Edge, metrics: Metrics) -> Doors {
        let home = S3::new(self.home.opening(), retry, edge.dice.clone(), metrics);
        let door = |account: &Account| home.beside(account.opening());
        let named = self.named.iter();
        let named = named.map(|(name, account)| (name.clone(), door(account)));
        Doors::new(home.clone(), named.collect())
    }
}
