//! Uploads in parts (user guide, "Uploading and copying objects using multipart upload").
//!
//! ```text
//! Create ──▶ UploadPart, UploadPartCopy … ──▶ Complete: an object
//!                                        └──▶ Abort: nothing
//! ```
//!
//! An upload is no object: no read, no listing and no condition sees it, only its own calls. It
//! holds what it was created with, whatever becomes of the bucket's settings meanwhile. Once it is
//! complete or aborted, every call on it is a `NoSuchUpload`; but see `again`.

mod again;
mod complete;
mod create;
mod list;
mod part;

use std::collections::BTreeMap;

use jiff::Timestamp;

use crate::aws::reply::Reply;
use crate::aws::{Aws, Scene};

use super::S3;
use super::address::Ask;
use super::bucket::Bucket;
use super::checksum::{Algorithm, Checksum};
use super::content::Content;
use super::encryption::Encryption;
use super::error::S3Error;
use super::history::{Source, What};
use super::object::Meta;

pub(super) use again::Answers;
pub(super) use complete::complete;
pub(super) use create::create;
pub(super) use list::{parts, uploads};
pub(super) use part::{part, part_copy};

/// An upload that is neither complete nor aborted.
#[derive(Debug, Clone)]
pub(crate) struct Upload {
    pub(crate) key: String,
    pub(crate) initiated: Timestamp,
    pub(crate) parts: BTreeMap<u32, Part>,
    /// What the caller said it wants, if anything.
    declared: Option<Declared>,
    meta: Meta,
    tags: BTreeMap<String, String>,
    storage_class: String,
    encryption: Encryption,
    acl: Option<String>,
    /// How often its key had changed when it began.
    changes_before: usize,
}

/// A part as it was uploaded last.
#[derive(Debug, Clone)]
pub(crate) struct Part {
    pub(crate) content: Content,
    /// Without quotes.
    pub(crate) etag: String,
    /// Kept where the upload declared an algorithm.
    checksum: Option<Checksum>,
    modified: Timestamp,
    /// The version it was copied from.
    source: Option<Source>,
}

/// The checksum that the object will have.
#[derive(Debug, Clone, Copy)]
struct Declared {
    algorithm: Algorithm,
    full: bool,
}

impl Aws {
    /// The uploads of a bucket that are neither complete nor aborted: by key, then by age.
    pub(crate) fn uploads(&self, bucket: &str) -> Vec<Upload> {
        self.with(|state, _| {
            let found = sorted(&state.s3.buckets[bucket]);
            found
                .into_iter()
                .map(|(_, upload)| upload.clone())
                .collect()
        })
    }
}

/// By key, then by age (API reference, `ListMultipartUploads`): ids grow with time.
fn sorted(bucket: &Bucket) -> Vec<(&String, &Upload)> {
    let mut found: Vec<_> = bucket.uploads.iter().collect();
    found.sort_by_key(|(_, upload)| upload.key.as_str());
    found
}

/// Also where the key is another than the upload's.
fn find<'a>(bucket: &'a Bucket, ask: &Ask<'_>) -> Result<&'a Upload, S3Error> {
    let found = bucket.uploads.get(ask.query("uploadId"));
    found.filter(|upload| upload.key == ask.key).ok_or_else(|| {
        let why = "The specified upload does not exist. The upload ID may be invalid, or the \
                       upload may have been aborted or completed.";
        S3Error::new(404, "NoSuchUpload", why)
    })
}

/// `AbortMultipartUpload`.
pub(super) fn abort(s3: &mut S3, scene: &Scene<'_>, ask: &Ask<'_>) -> Result<Reply, S3Error> {
    // User guide, "Multipart upload API and permissions".
    ask.allow(scene, "s3:AbortMultipartUpload")?;
    let bucket = s3.bucket_mut(&ask.bucket)?;
    find(bucket, ask)?;
    bucket.uploads.remove(ask.query("uploadId"));
    Ok(Reply::new(204))
}

impl Upload {
    /// Whether its key was written or deleted since it began; the same content counts too.
    fn overtaken(&self, bucket: &Bucket) -> bool {
        let changes = bucket.histories.get(&self.key).into_iter();
        changes
            .flat_map(|history| &history.0)
            .skip(self.changes_before)
            .any(|write| write.what != What::Removed { current: false })
    }
}
