//! Buckets and the versions in them.

use std::collections::BTreeMap;

use fastrand::Rng;
use jiff::Timestamp;

use super::history::{History, Source, What, Write};
use super::object::Object;
use super::upload::Upload;
use super::versioning::Versioning;
use crate::aws::HOME_ACCOUNT;

/// One bucket.
#[derive(Debug, Clone)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "a bucket has as many settings"
)]
pub(crate) struct Bucket {
    pub(super) name: String,
    pub(super) region: String,
    pub(super) owner: String,
    pub(super) versioning: Versioning,
    /// Encrypts with KMS what says nothing else.
    pub(super) kms: bool,
    /// Not `BucketOwnerEnforced`: knows ACLs.
    pub(super) acls: bool,
    /// Whoever reads from it pays, if that is not its owner.
    pub(super) requester_pays: bool,
    /// Neither compares nor keeps checksums, and does not say so: endpoints that are not S3 may not.
    pub(super) sumless: bool,
    /// Compares nothing that it is sent.
    pub(super) credulous: bool,
    /// Lets nobody in but through an access point.
    pub(super) closed: bool,
    /// Not there for any caller.
    pub(super) hidden: bool,
    /// Queues that are told of changes.
    pub(super) notify: Vec<String>,
    /// Each key's versions, oldest first; delete markers too.
    pub(super) keys: BTreeMap<String, Vec<Version>>,
    pub(super) histories: BTreeMap<String, History>,
    /// By id.
    pub(super) uploads: BTreeMap<String, Upload>,
}

/// One version of a key.
#[derive(Debug, Clone)]
pub(crate) struct Version {
    /// `None` in a bucket that never had versions, where the API says "null".
    pub(crate) id: Option<String>,
    /// Whole seconds, as S3 keeps it (RFC 9110 dates have no more).
    pub(crate) modified: Timestamp,
    /// Grows with every change of any bucket's current versions; an older version that becomes
    /// current again gets a new one.
    pub(crate) reign: u64,
    /// `None` is a delete marker.
    pub(crate) object: Option<Object>,
}

/// What a delete did.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Deleted {
    /// The version that was made (a marker) or removed.
    pub(super) version_id: Option<String>,
    /// Whether that is a delete marker.
    pub(super) marker: bool,
    /// What S3 announces, if anything changed.
    pub(super) event: Option<&'static str>,
}

impl Bucket {
    /// An empty bucket without versions, in the home account.
    pub(crate) fn new(name: &str, region: &str) -> Self {
        Self {
            name: name.to_owned(),
            region: region.to_owned(),
            owner: HOME_ACCOUNT.to_owned(),
            versioning: Versioning::Never,
            kms: false,
            acls: false,
            requester_pays: false,
            sumless: false,
            credulous: false,
            closed: false,
            hidden: false,
            notify: Vec::new(),
            keys: BTreeMap::new(),
            histories: BTreeMap::new(),
            uploads: BTreeMap::new(),
        }
    }

    pub(crate) fn versioned(self) -> Self {
        Self {
            versioning: Versioning::Enabled,
            ..self
        }
    }

    pub(crate) fn kms(self) -> Self {
        Self { kms: true, ..self }
    }

    pub(crate) fn acls(self) -> Self {
        Self { acls: true, ..self }
    }

    pub(crate) fn requester_pays(self) -> Self {
        Self {
            requester_pays: true,
            ..self
        }
    }

    pub(crate) fn sumless(self) -> Self {
        Self {
            sumless: true,
            ..self
        }
    }

    /// As an AWS emulator that does not even look at signatures.
    pub(crate) fn credulous(self) -> Self {
        Self {
            credulous: true,
            ..self
        }
    }

    pub(crate) fn owner(self, account: &str) -> Self {
        Self {
            owner: account.to_owned(),
            ..self
        }
    }

    /// The newest version of a key, be it a delete marker.
    pub(super) fn latest(&self, key: &str) -> Option<&Version> {
        self.keys.get(key).and_then(|versions| versions.last())
    }

    /// The object a key has now.
    pub(super) fn current(&self, key: &str) -> Option<&Object> {
        self.latest(key).and_then(|version| version.object.as_ref())
    }

    pub(super) fn version(&self, key: &str, id: &str) -> Option<&Version> {
        let versions = self.keys.get(key).into_iter().flatten();
        versions
            .into_iter()
            .find(|v| v.id.as_deref().unwrap_or("null") == id)
    }

    /// Makes a version current, and writes that down.
    pub(super) fn store(
        &mut self,
        key: &str,
        object: Option<Object>,
        source: Option<Source>,
        (now, reign): (Timestamp, u64),
        rng: &mut Rng,
    ) -> Version {
        let id = self.versioning.id(rng);
        let modified = Timestamp::from_second(now.as_second()).expect("whole seconds fit too");
        let version = Version {
            id,
            modified,
            reign,
            object,
        };
        self.note(key, (now, reign), &version, source);
        let versions = self.keys.entry(key.to_owned()).or_default();
        // An id of its own displaces nothing; no id, and the null one, displace their like.
        versions.retain(|other| other.id != version.id);
        versions.push(version.clone());
        version
    }

    /// Without a version id: a marker in a versioned bucket, else the object itself is removed.
    /// With one: that version goes for good, and the one below may become current (user guide,
    /// "Deleting object versions").
    pub(super) fn delete(
        &mut self,
        key: &str,
        id: Option<&str>,
        at: (Timestamp, u64),
        rng: &mut Rng,
    ) -> Deleted {
        match id {
            Some(id) => self.delete_version(key, id, at),
            None if self.versioning != Versioning::Never => {
                let marker = self.store(key, None, None, at, rng);
                let event = Some("ObjectRemoved:DeleteMarkerCreated");
                Deleted {
                    version_id: marker.id,
                    marker: true,
                    event,
                }
            }
            None => self.delete_version(key, "null", at),
        }
    }

    fn delete_version(&mut self, key: &str, id: &str, (now, reign): (Timestamp, u64)) -> Deleted {
        let Some(gone) = self.version(key, id).cloned() else {
            return Deleted {
                version_id: (self.versioning != Versioning::Never).then(|| id.to_owned()),
                ..Deleted::default()
            };
        };
        let versions = self
            .keys
            .get_mut(key)
            .expect("it has just been found there");
        let was_current = versions.last().is_some_and(|last| last.reign == gone.reign);
        versions.retain(|v| v.reign != gone.reign);
        match versions.last_mut() {
            Some(exposed) if was_current => exposed.reign = reign,
            Some(_) => {}
            None => drop(self.keys.remove(key)),
        }
        let what = What::Removed {
            current: was_current,
        };
        let current = self.latest(key).filter(|v| v.object.is_some()).cloned();
        let history = self.histories.entry(key.to_owned()).or_default();
        history.0.push(Write {
            at: now,
            moment: reign,
            etag: None,
            md5: None,
            what,
            current,
        });
        let event = Some("ObjectRemoved:Delete");
        Deleted {
            version_id: gone.id,
            marker: gone.object.is_none(),
            event,
        }
    }

    fn note(
        &mut self,
        key: &str,
        (at, moment): (Timestamp, u64),
        version: &Version,
        source: Option<Source>,
    ) {
        let what = match (&version.object, source) {
            (None, _) => What::Marker,
            (Some(_), None) => What::Put,
            (Some(_), Some(source)) => What::Copy(source),
        };
        let etag = version.object.as_ref().map(|o| o.etag.clone());
        let md5 = version.object.as_ref().map(|o| o.content.md5());
        let write = Write {
            at,
            moment,
            etag,
            md5,
            what,
            current: version.object.is_some().then(|| version.clone()),
        };
        self.histories
            .entry(key.to_owned())
            .or_default()
            .0
            .push(write);
    }
}
