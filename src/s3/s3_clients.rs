//! The S3 clients of all accounts.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::account::S3AccountStatus;
use super::client::S3;
use super::limit::LimitStatus;
use crate::config::{Config, DEFAULT_ACCOUNT};

/// The S3 clients of all accounts. Cheap to clone.
#[derive(Debug, Clone)]
pub struct S3Clients {
    default_account: S3,
    named: Arc<BTreeMap<String, S3>>,
}

impl S3Clients {
    /// The default account's client, and those of the accounts by their names.
    #[must_use]
    pub fn new(default_account: S3, named: BTreeMap<String, S3>) -> Self {
        let named = Arc::new(named);
        Self {
            default_account,
            named,
        }
    }

    /// An account's client; `None` is the default account.
    ///
    /// # Panics
    /// When the account is not one of those it was made for.
    #[must_use]
    pub fn of(&self, account: Option<&str>) -> &S3 {
        match account {
            None => &self.default_account,
            Some(name) => self.named.get(name).expect("a client for every account"),
        }
    }

    /// How many calls at once each bucket bears, as far as is known: account, bucket, limit.
    #[must_use]
    pub fn limits(&self) -> Vec<(String, String, LimitStatus)> {
        let named = self.named.values();
        let all = named.chain([&self.default_account]).flat_map(|client| {
            let limits = client.limits.buckets().status().into_iter();
            let account = &client.account.name;
            limits.map(|(bucket, limit)| (account.clone(), bucket, limit))
        });
        all.collect()
    }

    /// Says once for each account that is written to without conditions.
    pub fn warn_of_blind_writes(&self, config: &Config) {
        let written: BTreeSet<_> = config
            .route
            .values()
            .map(|route| route.to_account.as_deref())
            .collect();
        for account in written.into_iter().map(|name| &self.of(name).account) {
            if !account.aws.conditional() {
                tracing::warn!(
                    account = account.name,
                    "conditional_writes are off: each write is followed by a HEAD of its source, and an older object may \
                     stand until then"
                );
            }
        }
    }

    /// What `/status.json` shows of each.
    #[must_use]
    pub fn status(&self) -> BTreeMap<String, S3AccountStatus> {
        let named = self
            .named
            .iter()
            .map(|(name, client)| (name.as_str(), client));
        let all = named.chain([(DEFAULT_ACCOUNT, &self.default_account)]);
        all.map(|(name, client)| {
            let limits = client.limits.buckets().status();
            (name.to_owned(), client.account.status(limits))
        })
        .collect()
    }
}
