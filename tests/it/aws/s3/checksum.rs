//! The checksums S3 keeps beside an object (user guide, "Checking object integrity").

use aws_smithy_types::base64;
use crc_fast::CrcAlgorithm;
use sha1::Sha1;
use sha2::{Digest, Sha256};

use crate::aws::reply::Reply;

use super::xml;

/// An algorithm this world knows; the others are refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Algorithm {
    Crc32,
    Crc32c,
    Crc64Nvme,
    Sha1,
    Sha256,
}

/// A value as S3 shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Checksum {
    pub(crate) algorithm: Algorithm,
    /// Base64; of a composite one, with the number of parts after a dash.
    pub(crate) value: String,
    /// Whether it is over the whole content, not over the checksums of the parts.
    pub(crate) full: bool,
}

impl Algorithm {
    pub(super) const ALL: [Self; 5] = [
        Self::Crc32,
        Self::Crc32c,
        Self::Crc64Nvme,
        Self::Sha1,
        Self::Sha256,
    ];

    /// As in `x-amz-checksum-algorithm` and in the names of elements.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Crc32 => "CRC32",
            Self::Crc32c => "CRC32C",
            Self::Crc64Nvme => "CRC64NVME",
            Self::Sha1 => "SHA1",
            Self::Sha256 => "SHA256",
        }
    }

    pub(super) fn header(self) -> &'static str {
        match self {
            Self::Crc32 => "x-amz-checksum-crc32",
            Self::Crc32c => "x-amz-checksum-crc32c",
            Self::Crc64Nvme => "x-amz-checksum-crc64nvme",
            Self::Sha1 => "x-amz-checksum-sha1",
            Self::Sha256 => "x-amz-checksum-sha256",
        }
    }

    pub(super) fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|a| a.name() == name)
    }

    /// Whether it may be made over the parts' checksums.
    pub(super) fn composes(self) -> bool {
        self != Self::Crc64Nvme
    }

    /// Whether that of a whole can be made from its parts'.
    pub(super) fn spans(self) -> bool {
        match self {
            Self::Crc32 | Self::Crc32c | Self::Crc64Nvme => true,
            Self::Sha1 | Self::Sha256 => false,
        }
    }

    /// Big-endian, as S3 encodes them.
    pub(super) fn digest(self, data: &[u8]) -> Vec<u8> {
        let crc = |algorithm, width: usize| {
            crc_fast::checksum(algorithm, data).to_be_bytes()[8 - width..].to_vec()
        };
        match self {
            Self::Crc32 => crc(CrcAlgorithm::Crc32IsoHdlc, 4),
            Self::Crc32c => crc(CrcAlgorithm::Crc32Iscsi, 4),
            Self::Crc64Nvme => crc(CrcAlgorithm::Crc64Nvme, 8),
            Self::Sha1 => Sha1::digest(data).to_vec(),
            Self::Sha256 => Sha256::digest(data).to_vec(),
        }
    }

    pub(super) fn full(self, data: &[u8]) -> Checksum {
        Checksum {
            algorithm: self,
            value: base64::encode(self.digest(data)),
            full: true,
        }
    }
}

impl Checksum {
    /// None at all: nobody is told of an empty one.
    pub(super) fn unreported(algorithm: Algorithm) -> Self {
        Self {
            algorithm,
            value: String::new(),
            full: true,
        }
    }

    /// The checksum of the parts' checksums (user guide, "composite checksums").
    pub(super) fn composite<'a>(
        algorithm: Algorithm,
        parts: impl Iterator<Item = &'a Self>,
    ) -> Self {
        let digests: Vec<_> = parts.map(Self::digest).collect();
        let value = base64::encode(algorithm.digest(&digests.concat()));
        Self {
            algorithm,
            value: format!("{value}-{}", digests.len()),
            full: false,
        }
    }

    fn digest(&self) -> Vec<u8> {
        base64::decode(&self.value).expect("this world wrote it")
    }

    pub(super) fn headers(&self, reply: Reply) -> Reply {
        if self.value.is_empty() {
            return reply;
        }
        let reply = reply.header(self.algorithm.header(), &self.value);
        reply.header("x-amz-checksum-type", self.kind())
    }

    /// As an element of an answer.
    pub(super) fn element(&self) -> String {
        xml::element(&format!("Checksum{}", self.algorithm.name()), &self.value)
    }

    pub(super) fn kind(&self) -> &'static str {
        if self.full {
            "FULL_OBJECT"
        } else {
            "COMPOSITE"
        }
    }
}
