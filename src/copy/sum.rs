//! Checksums of parts, and of the whole made of them.

use aws_smithy_types::base64;
use crc_fast::CrcAlgorithm;
use md5::Md5;
use sha1::Sha1;
use sha2::Sha256;
use sha2::digest::{Digest, DynDigest};

use crate::s3::{Algorithm, ETag, Part, Sums};

/// The checksum of some bytes, in base64.
pub(super) fn sum(algorithm: Algorithm, bytes: &[u8]) -> String {
    match kind(algorithm) {
        Kind::Crc(crc) => text(algorithm, crc_fast::checksum(crc, bytes)),
        Kind::Sha(mut digest) => {
            digest.update(bytes);
            base64::encode(digest.finalize())
        }
    }
}

/// The sums of bytes that are still coming.
pub(super) struct Summing {
    checksum: Option<(Algorithm, Running)>,
    md5: Option<Md5>,
}

enum Running {
    Crc(Box<crc_fast::Digest>),
    Sha(Box<dyn DynDigest + Send>),
}

impl Summing {
    /// A checksum, if one is wanted; the `ETag` where S3 keeps no other.
    pub(super) fn begin(checksum: Option<Algorithm>, etag: bool) -> Self {
        let running = |algorithm| match kind(algorithm) {
            Kind::Crc(crc) => Running::Crc(Box::new(crc_fast::Digest::new(crc))),
            Kind::Sha(digest) => Running::Sha(digest),
        };
        Self {
            checksum: checksum.map(|algorithm| (algorithm, running(algorithm))),
            md5: etag.then(Md5::new),
        }
    }

    pub(super) fn add(&mut self, bytes: &[u8]) {
        match &mut self.checksum {
            Some((_, Running::Crc(digest))) => digest.update(bytes),
            Some((_, Running::Sha(digest))) => digest.update(bytes),
            None => {}
        }
        if let Some(digest) = &mut self.md5 {
            Digest::update(digest, bytes);
        }
    }

    pub(super) fn end(self) -> Sums {
        let sum = |(algorithm, running)| match running {
            Running::Crc(digest) => text(algorithm, digest.finalize()),
            Running::Sha(digest) => base64::encode(digest.finalize()),
        };
        Sums {
            checksum: self.checksum.map(sum),
            etag: self.md5.map(ETag::of_md5),
        }
    }
}

/// The checksum of all parts together, in base64, if each tells its own and they can be joined.
pub(super) fn joined(algorithm: Algorithm, parts: &[Part]) -> Option<String> {
    let Kind::Crc(crc) = kind(algorithm) else {
        return None;
    };
    let mut whole = crc_fast::checksum(crc, b"");
    for part in parts {
        let reported = base64::decode(part.checksum.as_deref()?).ok()?;
        let value = reported
            .iter()
            .fold(0, |value, byte| value << 8 | u64::from(*byte));
        whole = crc_fast::checksum_combine(crc, whole, value, part.size);
    }
    Some(text(algorithm, whole))
}

/// The algorithm an upload of such an object should have: the source's own where parts can be
/// joined in it, so that the two can be compared.
pub(super) fn of_upload(source: Option<Algorithm>) -> Algorithm {
    source
        .filter(|algorithm| algorithm.is_joinable())
        .unwrap_or(Algorithm::Crc64Nvme)
}

enum Kind {
    Crc(CrcAlgorithm),
    Sha(Box<dyn DynDigest + Send>),
}

fn kind(algorithm: Algorithm) -> Kind {
    match algorithm {
        Algorithm::Crc64Nvme => Kind::Crc(CrcAlgorithm::Crc64Nvme),
        Algorithm::Crc32 => Kind::Crc(CrcAlgorithm::Crc32IsoHdlc),
        Algorithm::Crc32C => Kind::Crc(CrcAlgorithm::Crc32Iscsi),
        Algorithm::Sha1 => Kind::Sha(Box::new(Sha1::new())),
        Algorithm::Sha256 => Kind::Sha(Box::new(Sha256::new())),
    }
}

fn text(algorithm: Algorithm, value: u64) -> String {
    let bytes = value.to_be_bytes();
    let from = if algorithm == Algorithm::Crc64Nvme {
        0
    } else {
        4
    };
    base64::encode(&bytes[from..])
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_checksum_is_what_s3_calls_it() {
        // The check values of the algorithms, over "123456789".
        for (algorithm, want) in [
            (Algorithm::Crc64Nvme, "rosUhgp5mIg="),
            (Algorithm::Crc32, "y/Q5Jg=="),
            (Algorithm::Crc32C, "4waSgw=="),
            (Algorithm::Sha1, "98O8HYCOBHMq32eZZczDTKeuNEE="),
            (
                Algorithm::Sha256,
                "FeKw08M4keuw8e9gnsQZQgwg4yDOlMZfvIwzEkSOsiU=",
            ),
        ] {
            assert_eq!(sum(algorithm, b"123456789"), want, "{algorithm:?}");
        }
    }

    proptest! {
        #[test]
        fn parts_and_pieces_join_to_the_whole(pieces in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..50), 0..5)) {
            for (algorithm, joins) in [
                (Algorithm::Crc64Nvme, true),
                (Algorithm::Crc32, true),
                (Algorithm::Crc32C, true),
                (Algorithm::Sha1, false),
                (Algorithm::Sha256, false),
            ] {
                let whole = Some(sum(algorithm, &pieces.concat()));
                let parts: Vec<_> = pieces.iter().zip(1..).map(|(piece, number)| Part {
                    number,
                    size: piece.len() as u64,
                    etag: ETag::new(""),
                    checksum: Some(sum(algorithm, piece)),
                }).collect();
                prop_assert_eq!(joined(algorithm, &parts), whole.clone().filter(|_| joins));
                let mut summing = Summing::begin(Some(algorithm), true);
                for piece in &pieces {
                    summing.add(piece);
                }
                let sums = summing.end();
                prop_assert_eq!(sums.checksum, whole);
                prop_assert_eq!(sums.etag, Some(ETag::md5(&pieces.concat())));
            }
        }
    }
}
