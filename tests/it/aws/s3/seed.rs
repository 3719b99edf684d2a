//! Objects that somebody else put there, in ways the simulated calls can't (multipart, claimed
//! size).

use std::collections::BTreeMap;

use ::md5::{Digest, Md5};
use bytes::Bytes;
use fastrand::Rng;

use super::checksum::Algorithm;
use super::object::{Content, Meta, Object, etag};
use crate::aws::md5;

/// An object to be put by an outsider.
#[derive(Debug, Clone)]
pub(crate) struct Seed {
    pub(super) key: String,
    content: Content,
    parts: Option<usize>,
    composite: bool,
    kms: bool,
    storage_class: String,
    meta: Meta,
    tags: BTreeMap<String, String>,
}

impl Seed {
    pub(crate) fn new(key: &str, body: impl Into<Bytes>) -> Self {
        Self {
            key: key.to_owned(),
            content: Content::Bytes(body.into()),
            parts: None,
            composite: false,
            kms: false,
            storage_class: "STANDARD".to_owned(),
            meta: Meta::default(),
            tags: BTreeMap::new(),
        }
    }

    /// An object that claims a length; its bytes are made up from `seed` when they are read.
    pub(crate) fn claimed(key: &str, length: u64, seed: u64) -> Self {
        Self {
            content: Content::Claimed { length, seed },
            ..Self::new(key, "")
        }
    }

    /// Uploaded in so many parts, with a full-object CRC64NVME.
    pub(crate) fn multipart(self, parts: usize) -> Self {
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

    pub(crate) fn kms(self) -> Self {
        Self { kms: true, ..self }
    }

    pub(crate) fn storage_class(self, class: &str) -> Self {
        Self {
            storage_class: class.to_owned(),
            ..self
        }
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
        let kms = self.kms || bucket_kms;
        let parts = self
            .parts
            .map(|count| self.content.parts(count))
            .unwrap_or_default();
        let checksum = if self.composite {
            Algorithm::Crc32.composite(parts.iter().map(AsRef::as_ref))
        } else {
            self.content.checksum(Algorithm::Crc64Nvme)
        };
        let etag = if self.parts.is_some() {
            // The MD5 of the parts' MD5s and their number (field report; the API reference only
            // says that it is not the MD5 of the content).
            let digests: Vec<_> = parts
                .iter()
                .map(|part| Md5::digest(part).to_vec())
                .collect();
            format!("{}-{}", md5::hex(digests.concat()), digests.len())
        } else {
            etag(&self.content, kms, rng)
        };
        let Self {
            content,
            meta,
            tags,
            storage_class,
            ..
        } = self;
        Object {
            content,
            etag,
            checksum,
            meta,
            tags,
            storage_class,
            kms,
        }
    }
}
