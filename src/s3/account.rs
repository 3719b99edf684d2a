//! What is known of one account.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, MutexGuard};

use aws_config::SdkConfig;
use serde::Serialize;

use super::limit::LimitStatus;
use super::object::Algorithm;
use crate::config::{Aws, DEFAULT_ACCOUNT, Partition};
use crate::credentials::{Secret, SecretStatus};
use crate::lock::locked;

/// What an S3 client is made of.
#[derive(Debug, Clone)]
pub struct ClientSettings {
    /// The account's name in the configuration.
    pub account: String,
    /// Its credentials, its endpoint, its region.
    pub sdk: SdkConfig,
    /// The same, as the operator says it.
    pub aws: Aws,
    /// Where its credentials are kept, if that is a secret.
    pub secret: Option<Secret>,
}

/// An account's S3 client as `/status.json` shows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct S3AccountStatus {
    /// False: every write is followed by a HEAD of its source.
    pub conditional_writes: bool,
    /// Buckets that have answered that they know no conditions.
    unconditional_buckets: BTreeSet<String>,
    /// How many calls at once each bucket bears.
    limits: BTreeMap<String, LimitStatus>,
    /// Where the credentials are kept, if that is a secret.
    #[serde(skip_serializing_if = "Option::is_none")]
    secret: Option<SecretStatus>,
}

/// What an S3 client knows of its account.
#[derive(Debug)]
pub(super) struct Account {
    pub(super) name: String,
    pub(super) aws: Aws,
    secret: Option<Secret>,
    /// Buckets that know no conditions.
    unconditional: Mutex<BTreeSet<String>>,
    /// Buckets that have returned the checksum of what they were sent, and in which algorithms.
    comparing: Mutex<BTreeMap<String, Vec<Algorithm>>>,
}

impl Account {
    pub(super) fn of(settings: ClientSettings) -> Self {
        let ClientSettings {
            account: name,
            sdk: _,
            aws,
            secret,
        } = settings;
        Self {
            name,
            aws,
            secret,
            unconditional: Mutex::default(),
            comparing: Mutex::default(),
        }
    }

    pub(super) fn comparing(&self) -> MutexGuard<'_, BTreeMap<String, Vec<Algorithm>>> {
        locked(&self.comparing)
    }

    pub(super) fn unconditional(&self) -> MutexGuard<'_, BTreeSet<String>> {
        locked(&self.unconditional)
    }

    pub(super) fn status(&self, limits: BTreeMap<String, LimitStatus>) -> S3AccountStatus {
        S3AccountStatus {
            conditional_writes: self.aws.conditional(),
            unconditional_buckets: self.unconditional().clone(),
            limits,
            secret: self.secret.as_ref().map(Secret::status),
        }
    }

    /// How its section is called.
    pub(super) fn section(&self) -> String {
        if self.name == DEFAULT_ACCOUNT {
            "[aws]".into()
        } else {
            format!("[account.{}]", self.name)
        }
    }

    /// What to do about an access key that nobody has there.
    pub(super) fn unknown_key(&self) -> String {
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
