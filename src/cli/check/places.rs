//! Credentials, queues and buckets, each asked once.

use std::collections::BTreeMap;

use super::finding::Finding;
use crate::account::Accounts;
use crate::config::{Config, DEFAULT_ACCOUNT};
use crate::edge::Rng;
use crate::metrics::Metrics;
use crate::queue::SqsError;
use crate::s3::{Bucket, Kind, S3Clients, S3Error};
use crate::start;

/// The accounts without usable credentials, each with the account that is to blame.
#[derive(Debug, Default)]
pub(super) struct Unsigned(BTreeMap<String, String>);

impl Unsigned {
    /// The account to blame, if this one cannot sign.
    pub(super) fn of(&self, account: Option<&str>) -> Option<&str> {
        self.0
            .get(account.unwrap_or(DEFAULT_ACCOUNT))
            .map(String::as_str)
    }
}

/// Whether each account has credentials at all; what they are good for, the others find.
pub(super) async fn accounts(config: &Config, accounts: &Accounts) -> (Vec<Finding>, Unsigned) {
    let (mut findings, mut unsigned) = (Vec::new(), Unsigned::default());
    // A secret may be read with any other account's credentials: those come last.
    let secret = |name: &str| config.account.get(name).is_some_and(|a| a.secret.is_some());
    let (last, first): (Vec<_>, Vec<_>) = accounts.iter().partition(|a| secret(a.name()));
    for account in first.into_iter().chain(last) {
        let name = account.name();
        let what = Finding::ok(format!("account {name}"));
        let lender = lender(config, name).and_then(|lender| unsigned.0.get(&lender).cloned());
        if let Some(blamed) = lender {
            findings.push(what.skipped(&blamed));
            unsigned.0.insert(name.to_owned(), blamed);
            continue;
        }
        findings.push(match account.access_key().await {
            Ok(key) => Finding::ok(format!("account {name} signs with {key}")),
            Err(none) => {
                unsigned.0.insert(name.to_owned(), name.to_owned());
                let failed = what.fail(none.why);
                match none.fix {
                    None => failed,
                    Some(fix) => failed.fix(fix),
                }
            }
        });
    }
    (findings, unsigned)
}

/// Whose credentials an account needs to get its own.
fn lender(config: &Config, name: &str) -> Option<String> {
    let account = config.account.get(name)?;
    if account.secret.is_some() {
        return Some(
            account
                .secret_account
                .clone()
                .unwrap_or(DEFAULT_ACCOUNT.into()),
        );
    }
    account.profile.is_none().then(|| DEFAULT_ACCOUNT.into())
}

pub(super) async fn queues(
    config: &Config,
    accounts: &Accounts,
    unsigned: &Unsigned,
    metrics: &Metrics,
) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (name, queue) in &config.queue {
        let what = Finding::ok(format!("queue.{name} {}", queue.url));
        if let Some(account) = unsigned.of(queue.account.as_deref()) {
            findings.push(what.skipped(account));
            continue;
        }
        let sqs = accounts.queue(queue, metrics);
        // The daemon waits for an SQS that does not answer; here it is a finding.
        if let Err(error @ SqsError::Unavailable { .. }) = sqs.facts().await {
            findings.push(what.fail(error.to_string()));
            continue;
        }
        match start::link(name, queue, sqs, &Rng::default()).await {
            Err(error) => findings.push(match error.fix() {
                None => what.fail(error.why()),
                Some(fix) => what.fail(error.why()).fix(fix),
            }),
            Ok(linked) => {
                findings.push(match start::advice(queue, &linked.facts) {
                    None => what,
                    Some(advice) => what.warn(advice),
                });
                let url = linked.dead.url();
                let what = Finding::ok(format!("queue.{name} dead-letter queue {url}"));
                findings.push(match linked.dead.facts().await {
                    Ok(_) => what,
                    Err(error) => wrong_with_dead(what, &error),
                });
            }
        }
    }
    findings
}

/// The daemon itself only sends there.
fn wrong_with_dead(what: Finding, error: &SqsError) -> Finding {
    match error {
        SqsError::NoQueue { .. }
        | SqsError::Unavailable { .. }
        | SqsError::NoMemory { .. }
        | SqsError::Contents { .. } => what.fail(error.to_string()),
        SqsError::Refused { .. } => what.warn(format!(
            "cannot be read ({error}); the daemon needs sqs:SendMessage there"
        )),
    }
}

pub(super) async fn buckets(
    config: &Config,
    s3_clients: &S3Clients,
    unsigned: &Unsigned,
) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (name, route) in &config.route {
        let from = (Bucket::source(route), &route.from_account);
        let to = (Bucket::destination(route), &route.to_account);
        for (side, (bucket, account)) in [("from", from), ("to", to)] {
            let mut what = format!("route.{name}.{side} bucket {}", bucket.name);
            if let Some(arn) = &bucket.access_point {
                what = format!("{what} through {arn}");
            }
            if let Some(account) = unsigned.of(account.as_deref()) {
                findings.push(Finding::ok(what).skipped(account));
                continue;
            }
            let s3 = s3_clients.of(account.as_deref());
            let found = s3.region(&bucket).await;
            if let Ok(region) = &found {
                what = format!("{what} in {region}");
            }
            let listed = s3.may_list(&bucket).await;
            let key = format!("route.{name}.{side}_region");
            findings.push(bucket_finding(
                Finding::ok(what),
                (&bucket, &key),
                found,
                listed,
            ));
        }
    }
    findings
}

/// `key` is the setting that names the bucket's region.
fn bucket_finding(
    what: Finding,
    (bucket, key): (&Bucket, &str),
    found: Result<String, S3Error>,
    listed: Result<(), S3Error>,
) -> Finding {
    match (found, listed) {
        (Err(e), _) => what.fail(e.to_string()),
        (Ok(_), Err(e)) if e.kind == Kind::NoBucket => what.fail(e.to_string()),
        (Ok(_), Err(e)) if e.kind == Kind::Denied => what
            .fail("a missing key looks the same as a denied one")
            .fix("allow s3:ListBucket"),
        (Ok(found), _) => match bucket.region.as_ref().filter(|named| **named != found) {
            None => what,
            Some(named) => what
                .fail(format!("{key} = \"{named}\" is another region"))
                .fix("correct it, or leave it out"),
        },
    }
}

/// The queue of arrivals, if there is one. That we may send there, only a send would show.
pub(super) async fn arrivals(
    config: &Config,
    accounts: &Accounts,
    unsigned: &Unsigned,
    metrics: &Metrics,
) -> Option<Finding> {
    let queue = config.catalog.arrivals()?;
    let what = Finding::ok(format!("catalog.queue {}", queue.url));
    if let Some(account) = unsigned.of(queue.account.as_deref()) {
        return Some(what.skipped(account));
    }
    let sqs = accounts.queue(&queue, metrics);
    Some(match sqs.facts().await {
        Ok(facts) => match start::advice_on_arrivals(&facts) {
            None => what,
            Some(advice) => what.warn(advice),
        },
        Err(e) => what.fail(e.to_string()),
    })
}
