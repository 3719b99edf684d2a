//! Checks whether a route works, by requests that concern no object of a message.
//!
//! ```text
//! source       GetObject of one byte of what was copied last; else HeadObject of a key that is not there
//! destination  CreateMultipartUpload as the route writes, and its abort: it makes no object and no event
//! ```
//!
//! Without `s3:ListBucket` a key that is not there is answered like a forbidden one, so a source that denies leaves the
//! question open, unless it names `s3:GetObject`: then what was copied last is there and can no longer be read. What only
//! other requests need (deletes, tags that are read) is not checked, and KMS keys of the source only by reading.

use super::finding::Finding;
use super::reason::Reason;
use super::replicator::Replicator;
use crate::config::{TagPolicy, Transfer};
use crate::route::Route;
use crate::s3::{Algorithm, Bucket, BucketClient, Headers, Kind, ObjectAttributes, S3, S3Error};

/// The key that is asked for, after each side's literal prefix. Policies have to allow it.
const KEY: &str = "brigade-route-check";

/// As a header says it.
const TAG: &str = "brigade-route-check=1";

impl Replicator {
    /// Checks both sides of a route.
    pub(super) async fn check_route(&self, route: &Route) -> Finding {
        let mut found = Finding::Works { read: true };
        for s3 in self.readers(route) {
            match self.check_source(route, s3).await {
                Finding::Works { read: true } => {}
                Finding::Works { read: false } if found == Finding::Unknown => {}
                end @ (Finding::Broken(..) | Finding::Unavailable) => return end,
                less @ (Finding::Works { read: false } | Finding::Unknown) => found = less,
            }
        }
        let to = self.client(route.to_account.as_deref(), &route.destination_bucket);
        match check_destination(route, to).await {
            Finding::Works { .. } => {}
            worse @ (Finding::Broken(..) | Finding::Unknown | Finding::Unavailable) => {
                found = worse;
            }
        }
        let route = route.name.as_str();
        match &found {
            Finding::Broken(reason, error) => {
                tracing::debug!(
                    route,
                    reason = reason.name(),
                    error,
                    "route checked: broken"
                );
            }
            Finding::Works { read } => tracing::debug!(route, read, "route checked: works"),
            Finding::Unknown => tracing::debug!(route, "route checked: cannot tell"),
            Finding::Unavailable => tracing::debug!(route, "route checked: no answer"),
        }
        found
    }

    /// Those who read the source: its own account, and where S3 copies by itself the destination's.
    fn readers(&self, route: &Route) -> Vec<&S3> {
        let mut accounts = vec![route.from_account.as_deref()];
        let inside = route.transfer == Transfer::ServerSide
            || (route.transfer == Transfer::Auto && route.needs_streaming.is_none());
        if inside && route.to_account != route.from_account {
            accounts.push(route.to_account.as_deref());
        }
        accounts
            .into_iter()
            .map(|name| self.s3_clients.of(name))
            .collect()
    }

    async fn check_source(&self, route: &Route, s3: &S3) -> Finding {
        let bucket = &route.source_bucket;
        if let Some(copied) = self.breakers.of(&route.name).copied_last() {
            match s3.probe(bucket, &copied).await {
                Ok(()) => return Finding::Works { read: true },
                Err(e) if matches!(e.kind, Kind::Gone | Kind::NotFound) => {}
                // What could be read before no longer can.
                Err(e) if e.kind == Kind::Key => {
                    return Finding::Broken(Reason::KmsKey, at(bucket, &e));
                }
                Err(e) if e.denied_action() == Some("s3:GetObject") => {
                    return Finding::Broken(Reason::Denied, at(bucket, &e));
                }
                Err(e) => return blame(&e, bucket),
            }
        }
        let absent = format!("{}{KEY}", route.from.prefix);
        match s3.head_for_certain(bucket, &absent).await {
            Ok(_) => Finding::Works { read: false },
            Err(e) => blame(&e, bucket),
        }
    }
}

/// Opens an upload as the route's copies are made, and aborts it.
async fn check_destination(route: &Route, to: BucketClient<'_>) -> Finding {
    let tagging = (route.properties.tags == TagPolicy::Require).then_some(TAG);
    match open_and_abort(route, to, tagging).await {
        Ok(()) => Finding::Works { read: true },
        // Perhaps only the tag was denied, which not every copy has.
        Err(e) if e.kind == Kind::Denied && tagging.is_some() => {
            match open_and_abort(route, to, None).await {
                Ok(()) => Finding::Unknown,
                Err(_) => Finding::Broken(Reason::Denied, at(to.bucket, &e)),
            }
        }
        Err(e) if e.kind == Kind::Denied => Finding::Broken(Reason::Denied, at(to.bucket, &e)),
        Err(e) => match (&e.kind, blame(&e, to.bucket)) {
            (Kind::Refused { .. }, _) => Finding::Broken(Reason::Refused, at(to.bucket, &e)),
            (Kind::Key, _) => Finding::Broken(Reason::KmsKey, at(to.bucket, &e)),
            (_, finding) => finding,
        },
    }
}

async fn open_and_abort(
    route: &Route,
    to: BucketClient<'_>,
    tagging: Option<&str>,
) -> Result<(), S3Error> {
    let key = format!("{}{KEY}", route.to.key.literal_prefix());
    let (headers, metadata) = (Headers::default(), std::collections::BTreeMap::new());
    let attributes = ObjectAttributes {
        headers: &headers,
        metadata: &metadata,
        tagging,
    };
    let made = (attributes, &route.properties);
    let upload = to
        .s3
        .create_upload((to.bucket, &key), made, Algorithm::Crc64Nvme)
        .await?;
    if let Err(error) = to.s3.abort(&upload).await {
        let (route, bucket) = (route.name.as_str(), &to.bucket.name);
        tracing::warn!(route, bucket, key, %error, "empty upload of the route's check not aborted");
    }
    Ok(())
}

/// What an error of a request means that concerns no object.
fn blame(e: &S3Error, bucket: &Bucket) -> Finding {
    match (Reason::of_route(&e.kind), &e.kind) {
        (Some(reason), _) => Finding::Broken(reason, at(bucket, e)),
        (None, Kind::Throttled(_) | Kind::NotSent | Kind::Unanswered) => Finding::Unavailable,
        (None, _) => Finding::Unknown,
    }
}

fn at(bucket: &Bucket, e: &S3Error) -> String {
    format!("s3://{}: {e}", bucket.name)
}
