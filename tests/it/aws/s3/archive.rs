//! Archived objects, and `RestoreObject` (user guide, "Working with archived objects").

use std::time::Duration;

use jiff::Timestamp;

use crate::aws::reply::Reply;
use crate::aws::{Aws, Scene};

use super::address::Ask;
use super::bucket::Version;
use super::error::S3Error;
use super::object::Object;
use super::{S3, body, read};

const DAY: Duration = Duration::from_hours(24);

/// What keeps an object from being read, and what was done about it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Archive {
    /// Of an object in `INTELLIGENT_TIERING`: `ARCHIVE_ACCESS` or `DEEP_ARCHIVE_ACCESS`.
    pub(crate) tier: Option<&'static str>,
    pub(crate) restore: Restore,
    /// As it was asked for.
    pub(super) days: u32,
}

/// How far a restore is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) enum Restore {
    #[default]
    Never,
    Ongoing,
    Until(Timestamp),
}

impl Object {
    /// Whether its content can only be read after a restore (user guide, "storage classes").
    pub(super) fn archived(&self, now: Timestamp) -> bool {
        match self.archive.restore {
            Restore::Until(until) if until > now => false,
            Restore::Never | Restore::Ongoing | Restore::Until(_) => {
                self.is_glacier() || self.archive.tier.is_some()
            }
        }
    }

    fn is_glacier(&self) -> bool {
        ["GLACIER", "DEEP_ARCHIVE"].contains(&self.storage_class.as_str())
    }

    /// API reference, `HeadObject`: `x-amz-restore` and `x-amz-archive-status`.
    pub(super) fn tell_archive(&self, reply: Reply, now: Timestamp) -> Reply {
        let restore = match self.archive.restore {
            Restore::Ongoing => Some("ongoing-request=\"true\"".to_owned()),
            Restore::Until(until) if until > now => Some(format!(
                "ongoing-request=\"false\", expiry-date=\"{}\"",
                read::http_date(until)
            )),
            Restore::Never | Restore::Until(_) => None,
        };
        let reply = reply.maybe("x-amz-restore", restore);
        reply.maybe("x-amz-archive-status", self.archive.tier)
    }
}

/// `RestoreObject` (API reference: 202 where it begins, 200 where it is done and lasts longer now).
pub(super) fn restore(s3: &mut S3, scene: &Scene<'_>, ask: &Ask<'_>) -> Result<Reply, S3Error> {
    ask.allow(scene, "s3:RestoreObject")?;
    let asked = Asked::of(ask)?;
    let may_list = ask.allow_on(scene, "s3:ListBucket", &ask.bucket);
    let bucket = s3.bucket(&ask.bucket)?;
    let (_, object) = read::find(bucket, &ask.key, ask.version_id(), may_list)?;
    let glacier = object.is_glacier();
    if !glacier && object.archive.tier.is_none() {
        // getmoto/moto#4670, s3tools/s3cmd#1375.
        let why = "Restore is not allowed for the object's current storage class";
        return Err(S3Error::new(403, "InvalidObjectState", why));
    }
    match (asked.days, glacier) {
        (Some(_), false) => {
            // s3tools/s3cmd#1377.
            let why = "INTELLIGENT_TIERING objects are not subject to restore expiry. Do not specify \
                       Days when restoring this object";
            return Err(S3Error::invalid_argument(why));
        }
        (None | Some(0), true) => return Err(S3Error::invalid_argument("Days must be given")),
        (None, false) | (Some(_), true) => {}
    }
    if asked.tier == "Expedited" && object.storage_class == "DEEP_ARCHIVE" {
        let why = "Retrieval option is not supported by this storage class";
        return Err(S3Error::invalid_argument(why));
    }
    let now = scene.now;
    let bucket = s3.bucket_mut(&ask.bucket)?;
    let archive = bucket.archive_mut(&ask.key);
    archive.days = asked.days.unwrap_or(0);
    let status = match archive.restore {
        Restore::Ongoing => {
            let why = "Object restore is already in progress";
            return Err(S3Error::new(409, "RestoreAlreadyInProgress", why));
        }
        Restore::Until(until) if until > now => {
            archive.restore = Restore::Until(now + DAY * archive.days);
            200
        }
        Restore::Never | Restore::Until(_) => {
            archive.restore = Restore::Ongoing;
            202
        }
    };
    Ok(Reply::new(status))
}

/// What a restore is to be.
struct Asked {
    days: Option<u32>,
    tier: String,
}

impl Asked {
    fn of(ask: &Ask<'_>) -> Result<Self, S3Error> {
        let data = body::receive(ask.request)?.data;
        let text = String::from_utf8_lossy(&data).into_owned();
        let inner = |name: &str| {
            let (_, rest) = text.split_once(&format!("<{name}>"))?;
            Some(rest.split_once('<')?.0.to_owned())
        };
        let tier = inner("Tier").unwrap_or_else(|| "Standard".into());
        if !["Standard", "Bulk", "Expedited"].contains(&tier.as_str()) {
            return Err(S3Error::invalid_argument("Unknown tier"));
        }
        Ok(Self {
            days: inner("Days").and_then(|days| days.parse().ok()),
            tier,
        })
    }
}

impl super::Bucket {
    fn archive_mut(&mut self, key: &str) -> &mut Archive {
        let newest = self
            .keys
            .get_mut(key)
            .and_then(|versions| versions.last_mut());
        let object = newest.and_then(|version: &mut Version| version.object.as_mut());
        &mut object.expect("it has been found").archive
    }
}

impl Aws {
    /// Brings the restore of an object to its end; S3 announces that where it is asked to.
    pub(crate) fn restored(&self, bucket: &str, key: &str, announced: bool) {
        self.with(|state, now| {
            let (s3, _, _, scene) = state.scene(now);
            let found = s3
                .buckets
                .get_mut(bucket)
                .expect("a test makes the bucket first");
            let archive = found.archive_mut(key);
            assert_eq!(archive.restore, Restore::Ongoing, "nobody has asked for it");
            // What is tiered comes back for good.
            archive.restore = match archive.tier.take() {
                Some(_) => Restore::Never,
                None => Restore::Until(now + DAY * archive.days),
            };
            let version = found.latest(key).cloned().expect("it is there");
            if announced {
                let at = (scene.now, version.reign);
                let named = (key, version.id.as_deref());
                s3.announce(bucket, "ObjectRestore:Completed", named, Some(&version), at);
            }
        });
    }

    /// How far the restore of an object is, and for how many days it was asked for.
    pub(crate) fn restore_of(&self, bucket: &str, key: &str) -> (Restore, u32) {
        let object = self.object(bucket, key).and_then(|version| version.object);
        let archive = object.expect("it is there").archive;
        (archive.restore, archive.days)
    }
}
