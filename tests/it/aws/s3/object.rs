//! One object: content, entity tag, checksum, parts, headers, metadata, tags.

use std::collections::BTreeMap;

use fastrand::Rng;

use crate::aws::md5;
use crate::aws::reply::Reply;

use super::address::Ask;
use super::archive::Archive;
use super::checksum::Checksum;
use super::content::Content;
use super::encryption::Encryption;
use super::error::S3Error;

/// An object as one version holds it.
#[derive(Debug, Clone)]
pub(crate) struct Object {
    pub(crate) content: Content,
    /// Without quotes.
    pub(crate) etag: String,
    pub(crate) checksum: Checksum,
    /// What it was uploaded in; empty if that was one piece.
    pub(crate) parts: Vec<Piece>,
    pub(crate) meta: Meta,
    pub(crate) tags: BTreeMap<String, String>,
    pub(crate) storage_class: String,
    pub(crate) encryption: Encryption,
    /// A canned one, where one was given.
    pub(crate) acl: Option<String>,
    pub(crate) archive: Archive,
    /// Encrypted with a key that only its owner has (SSE-C): nobody reads it without.
    pub(crate) customer_key: bool,
    /// Headers that HEAD tells and no copy has.
    pub(crate) aside: BTreeMap<&'static str, String>,
}

/// What is left of one part when its upload is complete.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Piece {
    pub(crate) number: u32,
    pub(crate) length: u64,
    /// Kept only beside a composite checksum.
    pub(super) checksum: Option<Checksum>,
}

/// The headers that are kept and given back, and the user's metadata.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Meta {
    pub(crate) headers: BTreeMap<String, String>,
    pub(crate) user: BTreeMap<String, String>,
}

/// The MD5 of the content, except with KMS (API reference, Object: `ETag`).
pub(super) fn etag(content: &Content, kms: bool, rng: &mut Rng) -> String {
    if kms {
        format!("{:032x}", rng.u128(..))
    } else {
        content.md5()
    }
}

/// The MD5 of the parts' MD5s and their number (field report; the API reference only says that it
/// is not the MD5 of the content).
pub(super) fn etag_of_parts<'a>(etags: impl Iterator<Item = &'a str>) -> String {
    let digests: Vec<_> = etags
        .map(|etag| u128::from_str_radix(etag, 16).expect("a part's ETag is 32 digits"))
        .map(u128::to_be_bytes)
        .collect();
    format!("{}-{}", md5::hex(digests.concat()), digests.len())
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
    /// User guide, "Using server-side encryption with customer-provided keys": without the key, which this world's
    /// callers never send, 400.
    pub(super) fn check_key(&self) -> Result<(), S3Error> {
        if !self.customer_key {
            return Ok(());
        }
        let why = "The object was stored using a form of Server Side Encryption. The correct \
                   parameters must be provided to retrieve the object.";
        Err(S3Error::invalid_request(why))
    }

    /// The headers that GET and HEAD share; the checksum is what was asked for.
    pub(super) fn describe(&self, mut reply: Reply, checksum: Option<&Checksum>) -> Reply {
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
        for (name, value) in &self.aside {
            reply = reply.header(name, value);
        }
        if let Some(sum) = checksum {
            reply = reply.header(sum.algorithm.header(), &sum.value);
            reply = reply.header("x-amz-checksum-type", self.checksum.kind());
        }
        let reply = reply.header("etag", format!("\"{}\"", self.etag));
        self.encryption
            .reported(reply)
            .header("accept-ranges", "bytes")
    }
}
