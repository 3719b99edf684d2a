//! One object: content, entity tag, checksum, headers, metadata, tags.

use std::collections::BTreeMap;
use std::ops::Range;

use bytes::Bytes;
use fastrand::Rng;

use crate::aws::md5;
use crate::aws::reply::Reply;

use super::address::Ask;
use super::checksum::{Algorithm, Checksum};
use super::error::S3Error;

/// An object as one version holds it.
#[derive(Debug, Clone)]
pub(crate) struct Object {
    pub(crate) content: Content,
    /// Without quotes.
    pub(crate) etag: String,
    pub(crate) checksum: Checksum,
    pub(crate) meta: Meta,
    pub(crate) tags: BTreeMap<String, String>,
    pub(crate) storage_class: String,
    /// Encrypted with KMS, so that its `ETag` says nothing about the content.
    pub(crate) kms: bool,
}

/// The headers that are kept and given back, and the user's metadata.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Meta {
    pub(crate) headers: BTreeMap<String, String>,
    pub(crate) user: BTreeMap<String, String>,
}

/// Bytes, or a claim about bytes too many to hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Content {
    Bytes(Bytes),
    /// Generated on demand from a seed.
    Claimed {
        length: u64,
        seed: u64,
    },
}

/// Claims up to this length have honest digests; above it a stand-in made of length and seed.
const DIGESTED: u64 = 64 << 20;

impl Content {
    pub(crate) fn len(&self) -> u64 {
        match self {
            Self::Bytes(bytes) => bytes.len() as u64,
            Self::Claimed { length, .. } => *length,
        }
    }

    /// A part of it, made real.
    pub(crate) fn slice(&self, range: Range<u64>) -> Bytes {
        let at = |n: u64| usize::try_from(n).expect("64-bit");
        match self {
            Self::Bytes(bytes) => bytes.slice(at(range.start)..at(range.end)),
            Self::Claimed { seed, .. } => {
                let fits = range.end - range.start <= 1 << 30;
                assert!(
                    fits,
                    "a claimed object is read in ranges, never whole into memory"
                );
                let start = range.start / 8 * 8;
                let words = (start..range.end)
                    .step_by(8)
                    .flat_map(|n| word(*seed, n).to_le_bytes());
                let skip = at(range.start - start);
                words.skip(skip).take(at(range.end - range.start)).collect()
            }
        }
    }

    /// What stands for the content in every digest.
    fn digestible(&self) -> Bytes {
        match self {
            Self::Claimed { length, seed } if *length > DIGESTED => {
                format!("{length} bytes from {seed}").into()
            }
            Self::Bytes(_) | Self::Claimed { .. } => self.slice(0..self.len()),
        }
    }

    pub(crate) fn md5(&self) -> String {
        md5::hex(self.digestible())
    }

    pub(super) fn checksum(&self, algorithm: Algorithm) -> Checksum {
        algorithm.full(&self.digestible())
    }

    /// Cuts it into exactly so many parts, about equal.
    pub(super) fn parts(&self, count: usize) -> Vec<Bytes> {
        let all = self.digestible();
        let at = |n: usize| all.len() * n / count;
        (0..count).map(|n| all.slice(at(n)..at(n + 1))).collect()
    }
}

/// Steele's splitmix64 over the offset.
fn word(seed: u64, offset: u64) -> u64 {
    let mut z = seed ^ offset.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// The MD5 of the content, except with KMS (API reference, Object: `ETag`).
pub(super) fn etag(content: &Content, kms: bool, rng: &mut Rng) -> String {
    if kms {
        format!("{:032x}", rng.u128(..))
    } else {
        content.md5()
    }
}

/// System-defined metadata that the user controls (user guide, "Working with object metadata").
const KEPT: [&str; 6] = [
    "cache-control",
    "content-disposition",
    "content-encoding",
    "content-language",
    "content-type",
    "expires",
];

impl Meta {
    /// Reads it off a request; at most 2 KB of user metadata (user guide, as above).
    pub(super) fn of(ask: &Ask<'_>) -> Result<Self, S3Error> {
        let mut meta = Self::default();
        for (name, value) in &ask.request.headers {
            if let Some(name) = name.strip_prefix("x-amz-meta-") {
                meta.user.insert(name.to_owned(), value.clone());
            } else if name == "content-encoding" {
                // The transfer's own coding is taken off before the object is stored.
                let codings = value
                    .split(',')
                    .map(str::trim)
                    .filter(|c| *c != "aws-chunked" && !c.is_empty());
                let codings = codings.collect::<Vec<_>>().join(",");
                if !codings.is_empty() {
                    meta.headers.insert(name.clone(), codings);
                }
            } else if KEPT.contains(&name.as_str()) {
                meta.headers.insert(name.clone(), value.clone());
            }
        }
        meta.complete();
        if meta
            .user
            .iter()
            .map(|(name, value)| name.len() + value.len())
            .sum::<usize>()
            > 2048
        {
            let why = "Your metadata headers exceed the maximum allowed metadata size";
            return Err(S3Error::new(400, "MetadataTooLarge", why));
        }
        Ok(meta)
    }

    /// What has no content type is `binary/octet-stream`.
    pub(super) fn complete(&mut self) {
        self.headers
            .entry("content-type".into())
            .or_insert_with(|| "binary/octet-stream".into());
    }
}

impl Object {
    /// The headers that GET and HEAD share.
    pub(super) fn describe(&self, mut reply: Reply, with_checksum: bool) -> Reply {
        for (name, value) in &self.meta.headers {
            reply = reply.header(name, value);
        }
        for (name, value) in &self.meta.user {
            reply = reply.header(&format!("x-amz-meta-{name}"), value);
        }
        // Only for classes other than STANDARD (API reference, HeadObject).
        if self.storage_class != "STANDARD" {
            reply = reply.header("x-amz-storage-class", &self.storage_class);
        }
        if !self.tags.is_empty() {
            reply = reply.header("x-amz-tagging-count", self.tags.len().to_string());
        }
        if with_checksum {
            reply = self.sum_headers(reply);
        }
        let reply = reply.header("etag", format!("\"{}\"", self.etag));
        self.encryption(reply).header("accept-ranges", "bytes")
    }

    pub(super) fn sum_headers(&self, reply: Reply) -> Reply {
        let reply = reply.header(self.checksum.algorithm.header(), &self.checksum.value);
        reply.header("x-amz-checksum-type", self.checksum.kind())
    }

    pub(super) fn encryption(&self, reply: Reply) -> Reply {
        let name = if self.kms { "aws:kms" } else { "AES256" };
        reply.header("x-amz-server-side-encryption", name)
    }

    /// Whether its content can be read without a restore (user guide, "storage classes").
    pub(super) fn archived(&self) -> bool {
        ["GLACIER", "DEEP_ARCHIVE"].contains(&self.storage_class.as_str())
    }
}
