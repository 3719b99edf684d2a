//! The doors of all accounts, each made once, and what is known of each account's side of S3.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use aws_config::SdkConfig;
use serde::Serialize;

use super::error::{Flaw, Kind, S3Error};
use super::limit::LimitStatus;
use super::{Algorithm, Bucket, Checksum, Condition, S3, Written};
use crate::config::{Aws, ConditionalWrites, Config, HOME, Partition};
use crate::credentials::{Secret, SecretStatus};

/// What a door is made of.
#[derive(Debug, Clone)]
pub struct Opening {
    /// The account's name in the configuration.
    pub account: String,
    /// Its credentials, its endpoint, its region.
    pub sdk: SdkConfig,
    /// The same, as the operator says it.
    pub aws: Aws,
    /// Where its credentials are kept, if that is a secret.
    pub secret: Option<Secret>,
}

/// The doors of all accounts. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Doors {
    home: S3,
    named: Arc<BTreeMap<String, S3>>,
}

/// A door as `/status.json` shows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DoorStatus {
    /// False: every write is followed by a look at its source.
    pub conditional_writes: bool,
    /// Buckets that have answered that they know no conditions.
    unconditional_buckets: BTreeSet<String>,
    /// How many calls at once each bucket bears.
    limits: BTreeMap<String, LimitStatus>,
    /// Where the credentials are kept, if that is a secret.
    #[serde(skip_serializing_if = "Option::is_none")]
    secret: Option<SecretStatus>,
}

/// What a door knows of its account.
#[derive(Debug)]
pub(super) struct Account {
    name: String,
    aws: Aws,
    secret: Option<Secret>,
    /// Buckets that know no conditions.
    unconditional: Mutex<BTreeSet<String>>,
    /// Buckets that have told the checksum of what they were sent, and in which algorithms.
    comparing: Mutex<BTreeMap<String, Vec<Algorithm>>>,
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

impl Account {
    pub(super) fn of(opening: Opening) -> Self {
        let Opening {
            account: name,
            sdk: _,
            aws,
            secret,
        } = opening;
        Self {
            name,
            aws,
            secret,
            unconditional: Mutex::default(),
            comparing: Mutex::default(),
        }
    }

    fn comparing(&self) -> MutexGuard<'_, BTreeMap<String, Vec<Algorithm>>> {
        let buckets = self.comparing.lock();
        buckets.unwrap_or_else(PoisonError::into_inner)
    }

    fn unconditional(&self) -> MutexGuard<'_, BTreeSet<String>> {
        let buckets = self.unconditional.lock();
        buckets.unwrap_or_else(PoisonError::into_inner)
    }

    fn status(&self, limits: BTreeMap<String, LimitStatus>) -> DoorStatus {
        DoorStatus {
            conditional_writes: self.aws.conditional(),
            unconditional_buckets: self.unconditional().clone(),
            limits,
            secret: self.secret.as_ref().map(Secret::status),
        }
    }

    /// How its section is called.
    fn section(&self) -> String {
        if self.name == HOME {
            "[aws]".into()
        } else {
            format!("[account.{}]", self.name)
        }
    }

    /// What to do about an access key that nobody has there.
    fn unknown_key(&self) -> String {
        let section = self.section();
        match self.aws.region.as_deref() {
            Some(region) if !self.aws.is_custom_endpoint() => {
                let partition = Partition::of(region);
                format!(
                    "no such key in partition {partition} ({region}): a key works only in the \
                     partition it was made in; give {section} a key of {partition}, or the region \
                     its key is for"
                )
            }
            Some(_) | None => format!("give {section} a key that is known there"),
        }
    }
}

impl S3 {
    /// Whether writes into a bucket carry conditions.
    #[must_use]
    pub fn conditional(&self, bucket: &str) -> bool {
        self.account.aws.conditional() && !self.account.unconditional().contains(bucket)
    }

    /// Whether every [`Algorithm`] is known there: AWS knows them, others may refuse a body for one.
    #[must_use]
    pub fn knows_checksums(&self) -> bool {
        !self.account.aws.is_custom_endpoint()
    }

    /// Whether a bucket was seen to compare bodies with checksums of an algorithm.
    #[must_use]
    pub fn compares(&self, bucket: &Bucket, algorithm: Algorithm) -> bool {
        let known = self.account.comparing();
        known
            .get(&bucket.name)
            .is_some_and(|known| known.contains(&algorithm))
    }

    /// Remembers a bucket that has answered with the checksum of what it was sent.
    pub(super) fn learn_checksums(&self, bucket: &Bucket, sent: &Checksum, written: &Written) {
        let told = written.checksum.as_ref() == Some(sent);
        if told && !self.compares(bucket, sent.algorithm) {
            let mut known = self.account.comparing();
            known
                .entry(bucket.name.clone())
                .or_default()
                .push(sent.algorithm);
        }
    }

    /// Whether a look tells how many tags an object has, to who may read them. Stand-ins may not.
    #[must_use]
    pub fn counts_tags(&self) -> bool {
        !self.account.aws.is_custom_endpoint()
    }

    /// Remembers a bucket that knows no conditions, unless the operator says that it does; and that one which does
    /// not take the same write without them, either, was suspected wrongly.
    pub(super) fn learn_conditions<T>(
        &self,
        bucket: &Bucket,
        condition: &Condition,
        answer: &Result<T, S3Error>,
    ) {
        let Err(S3Error {
            kind: Kind::NotImplemented,
            message,
            ..
        }) = answer
        else {
            return;
        };
        if self.account.aws.conditional_writes != ConditionalWrites::Auto {
            return;
        }
        let (bucket, account) = (&bucket.name, &self.account.name);
        if *condition == Condition::Unconditional {
            self.account.unconditional().remove(bucket);
        } else if self.account.unconditional().insert(bucket.clone()) {
            tracing::warn!(
                bucket,
                account,
                detail = message,
                "no conditional writes there: each write is followed by a look at its source"
            );
        }
    }

    /// Says whose credentials were refused, and what to do about a key nobody knows.
    pub(super) fn whose<T>(&self, answer: Result<T, S3Error>) -> Result<T, S3Error> {
        answer.map_err(|mut error| {
            let section = self.account.section();
            let message = &error.message;
            // An inner call may have said it already.
            if let Kind::Credentials(flaw) = error.kind
                && !message.starts_with(&section)
            {
                let mut said = format!("{section}: {message}");
                if flaw == Flaw::Unknown {
                    said = format!("{said}; {}", self.account.unknown_key());
                }
                error.message = said.into();
            }
            error
        })
    }
}
