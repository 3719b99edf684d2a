//! Checksums of parts, and of the whole made of them.

use aws_smithy_types::base64;
use crc_fast::CrcAlgorithm;
use md5::{Digest, Md5};

use crate::s3::{Algorithm, ETag, Part, Sums};

/// The checksum of some bytes, in base64; `None` for algorithms that cannot be joined.
pub(super) fn sum(algorithm: Algorithm, bytes: &[u8]) -> Option<String> {
    let crc = crc(algorithm)?;
    Some(text(algorithm, crc_fast::checksum(crc, bytes)))
}

/// The sums of bytes that are still coming.
pub(super) struct Summing {
    crc: Option<(Algorithm, crc_fast::Digest)>,
    md5: Option<Md5>,
}

impl Summing {
    /// A checksum, if there is an algorithm that can be joined; the `ETag` where S3 keeps no other.
    pub(super) fn begin(checksum: Option<Algorithm>, etag: bool) -> Self {
        let digest = |algorithm| Some((algorithm, crc_fast::Digest::new(crc(algorithm)?)));
        Self {
            crc: checksum.and_then(digest),
            md5: etag.then(Md5::new),
        }
    }

    pub(super) fn add(&mut self, bytes: &[u8]) {
        if let Some((_, digest)) = &mut self.crc {
            digest.update(bytes);
        }
        if let Some(digest) = &mut self.md5 {
            digest.update(bytes);
        }
    }

    pub(super) fn end(self) -> Sums {
        let sum = |(algorithm, digest): (_, crc_fast::Digest)| text(algorithm, digest.finalize());
        Sums {
            checksum: self.crc.map(sum),
            etag: self.md5.map(ETag::of_md5),
        }
    }
}

/// The checksum of all parts together, in base64, if each tells its own.
pub(super) fn joined(algorithm: Algorithm, parts: &[Part]) -> Option<String> {
    let crc = crc(algorithm)?;
    let mut whole = crc_fast::checksum(crc, b"");
    for part in parts {
        let told = base64::decode(part.checksum.as_deref()?).ok()?;
        let value = told
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
        .filter(|algorithm| crc(*algorithm).is_some())
        .unwrap_or(Algorithm::Crc64Nvme)
}

fn crc(algorithm: Algorithm) -> Option<CrcAlgorithm> {
    match algorithm {
        Algorithm::Crc64Nvme => Some(CrcAlgorithm::Crc64Nvme),
        Algorithm::Crc32 => Some(CrcAlgorithm::Crc32IsoHdlc),
        Algorithm::Crc32C => Some(CrcAlgorithm::Crc32Iscsi),
        Algorithm::Sha1 | Algorithm::Sha256 => None,
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
        // The check values of the three algorithms, over "123456789".
        for (algorithm, want) in [
            (Algorithm::Crc64Nvme, Some("rosUhgp5mIg=".to_owned())),
            (Algorithm::Crc32, Some("y/Q5Jg==".to_owned())),
            (Algorithm::Crc32C, Some("4waSgw==".to_owned())),
            (Algorithm::Sha256, None),
        ] {
            assert_eq!(sum(algorithm, b"123456789"), want, "{algorithm:?}");
        }
    }

    proptest! {
        #[test]
        fn parts_and_pieces_join_to_the_whole(pieces in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..50), 0..5)) {
            for algorithm in [Algorithm::Crc64Nvme, Algorithm::Crc32, Algorithm::Crc32C] {
                let parts: Vec<_> = pieces.iter().zip(1..).map(|(piece, number)| Part {
                    number,
                    size: piece.len() as u64,
                    etag: ETag::new(""),
                    checksum: sum(algorithm, piece),
                }).collect();
                prop_assert_eq!(joined(algorithm, &parts), sum(algorithm, &pieces.concat()));
                let mut summing = Summing::begin(Some(algorithm), true);
                for piece in &pieces {
                    summing.add(piece);
                }
                let sums = summing.end();
                prop_assert_eq!(sums.checksum, sum(algorithm, &pieces.concat()));
                prop_assert_eq!(sums.etag, Some(ETag::md5(&pieces.concat())));
            }
        }
    }
}
