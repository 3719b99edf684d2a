//! Every account's way to S3.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::account::DoorStatus;
use super::client::S3;
use super::limit::LimitStatus;
use crate::config::{Config, HOME};

/// The doors of all accounts. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Doors {
    home: S3,
    named: Arc<BTreeMap<String, S3>>,
}

impl Doors {
    /// Home's door, and those of the accounts by their names.
    #[must_use]
    pub fn new(home: S3, named: BTreeMap<String, S3>) -> Self {
        let named = Arc::new(named);
        Self { home, named }
    }

    /// An account's door; `None` is home.
    ///
    /// # Panics
    /// When the account is not one of those it was made for.
    #[must_use]
    pub fn of(&self, account: Option<&str>) -> &S3 {
        match account {
            None => &self.home,
            Some(name) => self.named.get(name).expect("a door for every account"),
        }
    }

    /// How many calls at once each bucket bears, as far as is known: account, bucket, limit.
    #[must_use]
    pub fn limits(&self) -> Vec<(String, String, LimitStatus)> {
        let named = self.named.values();
        let all = named.chain([&self.home]).flat_map(|door| {
            let limits = door.limits.buckets().status().into_iter();
            let account = &door.account.name;
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
                    "conditional_writes are off: each write is followed by a look at its source, and an older object may \
                     stand until then"
                );
            }
        }
    }

    /// What `/status.json` shows of each.
    #[must_use]
    pub fn status(&self) -> BTreeMap<String, DoorStatus> {
        let named = self.named.iter().map(|(name, door)| (name.as_str(), door));
        let all = named.chain([(HOME, &self.home)]);
        all.map(|(name, door)| {
            let limits = door.limits.buckets().status();
            (name.to_owned(), door.account.status(limits))
        })
        .collect()
    }
}
