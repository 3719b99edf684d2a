//! What S3 says about an object, in types that know neither the SDK nor the wire.

use std::collections::BTreeMap;
use std::fmt;

use jiff::Timestamp;
use md5::{Digest, Md5};

use super::archive::Archive;
use crate::hex::hex;

/// What has no version of its own is called so in a bucket that once had versions.
const NULL_VERSION: &str = "null";

/// An object's place: bucket and key.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ObjectLocation {
    /// Bucket name.
    pub bucket: String,
    /// Key, as UTF-8, not encoded.
    pub key: String,
}

impl fmt::Display for ObjectLocation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "s3://{}/{}", self.bucket, self.key)
    }
}

/// An `ETag`, without quotes: events send it without, the API with.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ETag(String);

impl ETag {
    /// Takes an `ETag` with or without quotes.
    #[must_use]
    pub fn new(raw: &str) -> Self {
        Self(raw.trim_matches('"').to_owned())
    }

    /// What a plain object of these bytes has.
    #[must_use]
    pub fn md5(body: &[u8]) -> Self {
        Self::of_md5(Md5::new_with_prefix(body))
    }

    /// What a plain object has of the bytes that went in here.
    #[must_use]
    pub fn of_md5(digest: Md5) -> Self {
        Self(hex(&digest.finalize()))
    }

    /// The bare text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// As conditions and pins want it.
    #[must_use]
    pub fn quoted(&self) -> String {
        format!("\"{}\"", self.0)
    }

    /// In how many parts the object was uploaded, if the `ETag` shows it.
    #[must_use]
    pub fn parts(&self) -> Option<u64> {
        let (digest, parts) = self.0.split_once('-')?;
        let parts = parts.parse().ok()?;
        (digest.len() == 32 && parts > 0).then_some(parts)
    }

    /// Whether the object was written in one part: 32 hex digits, without the `-N` that S3 adds
    /// to the `ETag` of a multipart object.
    #[must_use]
    pub fn is_single_part(&self) -> bool {
        self.0.len() == 32 && self.0.bytes().all(|b| b.is_ascii_hexdigit())
    }
}

impl fmt::Display for ETag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The current version of an object, as HEAD shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Object {
    /// Pins a read, conditions a write.
    pub etag: ETag,
    /// Bytes.
    pub size: u64,
    /// Absent in a bucket that never was versioned.
    pub version_id: Option<String>,
    /// Whole seconds.
    pub last_modified: Timestamp,
    /// Content headers.
    pub headers: Headers,
    /// User metadata, names without `x-amz-meta-`.
    pub metadata: BTreeMap<String, String>,
    /// The checksum over all bytes, where S3 has one.
    pub checksum: Option<Checksum>,
    /// Else the algorithm of the checksums of its parts (`COMPOSITE`).
    pub composite: Option<Algorithm>,
    /// Encrypted with a KMS key: its `ETag` is not the content's MD5.
    pub kms: bool,
    /// How many tags it has. Absent: none, or nobody says so: who may not read the tags is not told
    /// that there are any, and AWS emulators may not count.
    pub tag_count: Option<u32>,
    /// Whether it can be read.
    pub archive: Archive,
    /// What else it has.
    pub aside: Aside,
}

/// What an object has and no copy of it keeps.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own")]
pub struct Aside {
    /// User metadata that no header can hold.
    pub missing_metadata: bool,
    /// Object Lock retention or a legal hold, if the caller may see it.
    pub locked: bool,
    /// A website redirects from it.
    pub redirects: bool,
    /// A checksum of an [`Algorithm`] that we do not know.
    pub other_checksum: bool,
}

impl Object {
    /// Whether its `ETag` is its content's MD5: only where it is in one part and without a KMS key.
    #[must_use]
    pub fn is_md5(&self) -> bool {
        self.etag.is_single_part() && !self.kms
    }

    /// What its bytes, or those of its parts, are summed up in.
    #[must_use]
    pub fn algorithm(&self) -> Option<Algorithm> {
        let whole = self.checksum.as_ref().map(|sum| sum.algorithm);
        whole.or(self.composite)
    }

    /// The version's id, if it is one of its own: every object of a bucket whose versioning is
    /// suspended is called `null`.
    #[must_use]
    pub fn own_version(&self) -> Option<&str> {
        self.version_id.as_deref().filter(|id| *id != NULL_VERSION)
    }

    /// Whether two HEADs saw one version, as far as S3 shows.
    #[must_use]
    pub fn is_same(&self, other: &Self) -> bool {
        (&self.etag, &self.version_id, self.last_modified)
            == (&other.etag, &other.version_id, other.last_modified)
            && self.headers == other.headers
            && self.metadata == other.metadata
    }
}

/// The headers that belong to the content and travel with it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Headers {
    /// `Content-Type`.
    pub content_type: Option<String>,
    /// `Content-Encoding`.
    pub content_encoding: Option<String>,
    /// `Content-Language`.
    pub content_language: Option<String>,
    /// `Content-Disposition`.
    pub content_disposition: Option<String>,
    /// `Cache-Control`.
    pub cache_control: Option<String>,
    /// `Expires`, as sent.
    pub expires: Option<String>,
}

/// Content headers, user metadata and tags of an object.
#[derive(Debug, Clone, Copy)]
pub struct ObjectAttributes<'a> {
    /// Content headers.
    pub headers: &'a Headers,
    /// User metadata, names without `x-amz-meta-`.
    pub metadata: &'a BTreeMap<String, String>,
    /// Tags as a header says them, where S3 does not copy them by itself.
    pub tagging: Option<&'a str>,
}

/// A checksum over all bytes of an object, or of one part of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checksum {
    /// Which algorithm.
    pub algorithm: Algorithm,
    /// Base64.
    pub value: String,
}

/// The algorithms whose full-object checksum S3 keeps and the SDK can send.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Algorithm {
    /// What S3 adds by itself where none was sent.
    Crc64Nvme,
    /// CRC-32.
    Crc32,
    /// CRC-32C.
    Crc32C,
    /// SHA-1, of single-part objects.
    Sha1,
    /// SHA-256, of single-part objects.
    Sha256,
}

impl Algorithm {
    /// Whether the checksum of a whole object can be computed from those of its parts.
    #[must_use]
    pub fn is_joinable(self) -> bool {
        match self {
            Self::Crc64Nvme | Self::Crc32 | Self::Crc32C => true,
            Self::Sha1 | Self::Sha256 => false,
        }
    }
}

/// What must hold at the destination for a write to happen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Condition {
    /// `If-None-Match: *`: there is no object.
    Absent,
    /// `If-Match`: the object is still this one.
    Unchanged(ETag),
    /// None: the endpoint does not honour conditions, so the source is read again afterwards.
    Unconditional,
}

/// What S3 said about a write that took effect.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Written {
    /// The new object's.
    pub etag: ETag,
    /// The version that was read, if the answer names it.
    pub source_version: Option<String>,
    /// Full-object checksum of the new object, if the answer has it.
    pub checksum: Option<Checksum>,
    /// The new object is encrypted with a KMS key.
    pub kms: bool,
    /// The new version, in a bucket that keeps them.
    pub version: Option<String>,
}

impl Written {
    /// Whether its `ETag` is its content's MD5, as [`Object::is_md5`].
    #[must_use]
    pub fn is_md5(&self) -> bool {
        self.etag.is_single_part() && !self.kms
    }

    /// The new version's id, if it is one of its own.
    #[must_use]
    pub fn own_version(self) -> Option<String> {
        self.version.filter(|id| id != NULL_VERSION)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_etag_tells_single_part_from_multipart() {
        for (raw, single) in [
            ("d41d8cd98f00b204e9800998ecf8427e", true),
            ("\"d41d8cd98f00b204e9800998ecf8427e\"", true),
            ("d41d8cd98f00b204e9800998ecf8427e-2", false),
            ("d41d8cd98f00b204e9800998ecf8427", false),
            ("", false),
        ] {
            assert_eq!(ETag::new(raw).is_single_part(), single, "{raw}");
        }
    }
}
