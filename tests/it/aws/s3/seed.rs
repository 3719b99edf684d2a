//! Objects that somebody else put there, without a call: of claimed size, in small parts, archived.

use std::collections::BTreeMap;

use bytes::Bytes;
use fastrand::Rng;

use super::archive::Archive;
use super::checksum::{Algorithm, Checksum};
use super::content::Content;
use super::encryption::Encryption;
use super::object::{Meta, Object, Piece, etag, etag_of_parts};

/// An object to be put by an outsider.
#[derive(Debug, Clone)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "an object has as many ways to be odd"
)]
pub(crate) struct TestObject {
    pub(super) key: String,
    content: Content,
    parts: Option<u32>,
    composite: bool,
    unsummed: bool,
    algorithm: Algorithm,
    kms: bool,
    customer_key: bool,
    storage_class: String,
    tier: Option<&'static str>,
    aside: BTreeMap<&'static str, String>,
    meta: Meta,
    tags: BTreeMap<String, String>,
}

impl TestObject {
    pub(crate) fn new(key: &str, body: impl Into<Bytes>) -> Self {
        Self {
            key: key.to_owned(),
            content: Content::Bytes(body.into()),
            parts: None,
            composite: false,
            unsummed: false,
            algorithm: Algorithm::Crc64Nvme,
            kms: false,
            customer_key: false,
            storage_class: "STANDARD".to_owned(),
            tier: None,
            aside: BTreeMap::new(),
            meta: Meta::default(),
            tags: BTreeMap::new(),
        }
    }

    /// An object that claims a length; its bytes are made up from `seed` when they are read.
    pub(crate) fn claimed(key: &str, length: u64, seed: u64) -> Self {
        Self {
            content: Content::claimed(length, seed),
            ..Self::new(key, "")
        }
    }

    /// Uploaded in so many parts, with a full-object CRC64NVME.
    pub(crate) fn multipart(self, parts: u32) -> Self {
        Self {
            parts: Some(parts),
            ..self
        }
    }

    /// With a composite CRC32 instead, as only an upload in parts has it.
    pub(crate) fn composite(self) -> Self {
        Self {
            composite: true,
            parts: self.parts.or(Some(1)),
            ..self
        }
    }

    /// As it was uploaded before S3 kept a checksum of everything (December 2024).
    pub(crate) fn unsummed(self) -> Self {
        Self {
            unsummed: true,
            ..self
        }
    }

    /// With a full-object checksum of this algorithm.
    pub(crate) fn summed(self, algorithm: Algorithm) -> Self {
        Self { algorithm, ..self }
    }

    pub(crate) fn kms(self) -> Self {
        Self { kms: true, ..self }
    }

    /// With a key of the customer's own (SSE-C).
    pub(crate) fn customer_key(self) -> Self {
        Self {
            customer_key: true,
            ..self
        }
    }

    pub(crate) fn storage_class(self, class: &str) -> Self {
        Self {
            storage_class: class.to_owned(),
            ..self
        }
    }

    /// In an archive tier of `INTELLIGENT_TIERING`.
    pub(crate) fn tier(self, tier: &'static str) -> Self {
        Self {
            storage_class: "INTELLIGENT_TIERING".to_owned(),
            tier: Some(tier),
            ..self
        }
    }

    /// A header that HEAD tells and that no copy has (API reference, `HeadObject` and `CopyObject`).
    pub(crate) fn aside(mut self, name: &'static str, value: &str) -> Self {
        self.aside.insert(name, value.to_owned());
        self
    }

    /// A header that is kept: `content-type`, `cache-control`, …
    pub(crate) fn header(mut self, name: &str, value: &str) -> Self {
        self.meta.headers.insert(name.to_owned(), value.to_owned());
        self
    }

    pub(crate) fn meta(mut self, name: &str, value: &str) -> Self {
        self.meta.user.insert(name.to_owned(), value.to_owned());
        self
    }

    pub(crate) fn tag(mut self, key: &str, value: &str) -> Self {
        self.tags.insert(key.to_owned(), value.to_owned());
        self
    }

    pub(super) fn event(&self) -> &'static str {
        match self.parts {
            Some(_) => "ObjectCreated:CompleteMultipartUpload",
            None => "ObjectCreated:Put",
        }
    }

    pub(super) fn object(mut self, bucket_kms: bool, rng: &mut Rng) -> Object {
        self.meta.complete();
        let kms = (self.kms || bucket_kms) && !self.customer_key;
        // Neither ETag says anything about the content (API reference, Object: `ETag`).
        let opaque = kms || self.customer_key;
        let cuts = self.content.parts(self.parts.unwrap_or(0));
        let sums: Vec<_> = cuts
            .iter()
            .map(|cut| self.composite.then(|| cut.checksum(Algorithm::Crc32)))
            .collect();
        let checksum = if self.composite {
            Checksum::composite(Algorithm::Crc32, sums.iter().flatten())
        } else if self.unsummed {
            Checksum::unreported(Algorithm::Crc64Nvme)
        } else {
            self.content.checksum(self.algorithm)
        };
        let etag = if cuts.is_empty() {
            etag(&self.content, opaque, rng)
        } else {
            let etags: Vec<_> = cuts.iter().map(|cut| etag(cut, opaque, rng)).collect();
            etag_of_parts(etags.iter().map(String::as_str))
        };
        let parts = (1..)
            .zip(cuts.iter().zip(sums))
            .map(|(number, (cut, checksum))| Piece {
                number,
                length: cut.len(),
                checksum,
            })
            .collect();
        let Self {
            content,
            meta,
            tags,
            storage_class,
            tier,
            aside,
            customer_key,
            ..
        } = self;
        Object {
            content,
            etag,
            checksum,
            parts,
            meta,
            tags,
            storage_class,
            encryption: Encryption::by(kms),
            acl: None,
            archive: Archive {
                tier,
                ..Archive::default()
            },
            customer_key,
            aside,
        }
    }
}
