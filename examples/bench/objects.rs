//! The objects: what they hold, and whether a copy holds the same.
//!
//! Every object of one size holds the same bytes, a slice of one buffer, so that a million of them
//! cost nothing. The buffer never repeats within a part: a part in the wrong place is seen.

use aws_smithy_types::base64::encode as base64;
use bytes::Bytes;
use crc_fast::CrcAlgorithm;
use md5::{Digest, Md5};

/// A prime below 16 MiB: parts of any usual size begin at different places of the buffer.
const PERIOD: usize = 16_777_213;

/// As many objects of one size, under `small/` or `large/`.
#[derive(Debug, Clone)]
pub(crate) struct Objects {
    pub(crate) prefix: &'static str,
    pub(crate) count: usize,
    pub(crate) size: u64,
    buffer: Bytes,
    pub(crate) etag: String,
    /// CRC64NVME of all bytes, as S3 has it of every object since December 2024.
    pub(crate) checksum: String,
}

impl Objects {
    pub(crate) fn new(prefix: &'static str, count: usize, size: u64) -> Self {
        let mut state = 0x9E37_79B9_7F4A_7C15_u64;
        let words = (0..=2 * PERIOD / 8).flat_map(|_| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            state.to_le_bytes()
        });
        let mut once: Vec<u8> = words.take(PERIOD).collect();
        once.extend_from_within(..);
        let buffer = Bytes::from(once);
        let mut objects = Self {
            prefix,
            count,
            size,
            buffer,
            etag: String::new(),
            checksum: String::new(),
        };
        let mut crc = crc_fast::Digest::new(CrcAlgorithm::Crc64Nvme);
        for piece in objects.pieces(0, size) {
            crc.update(&piece);
        }
        objects.checksum = base64(crc.finalize().to_be_bytes());
        objects.etag = if size <= PERIOD as u64 {
            hex(&Md5::digest(objects.slice(0, size)))
        } else {
            // Uploaded in parts of which nothing is known: nobody can compare it with an MD5.
            format!("{}-{}", hex(&Md5::digest(b"large")), size.div_ceil(7 << 20))
        };
        objects
    }

    pub(crate) fn key(&self, number: usize) -> String {
        format!("{}{number:06}", self.prefix)
    }

    /// Whether the key is one of theirs.
    pub(crate) fn has(&self, key: &str) -> bool {
        key.strip_prefix(self.prefix)
            .and_then(|number| number.parse::<usize>().ok())
            .is_some_and(|number| number < self.count)
    }

    /// At most [`PERIOD`] bytes from there.
    fn slice(&self, from: u64, to: u64) -> Bytes {
        let length = usize::try_from(to - from).expect("a slice is small");
        let at = usize::try_from(from % PERIOD as u64).expect("below the period");
        self.buffer.slice(at..at + length.min(PERIOD))
    }

    /// The bytes of a range, in pieces.
    pub(crate) fn pieces(&self, from: u64, to: u64) -> impl Iterator<Item = Bytes> + use<> {
        let this = self.clone();
        let step = 1 << 20;
        (from..to)
            .step_by(step)
            .map(move |at| this.slice(at, to.min(at + step as u64)))
    }

    /// Whether `body` is what stands there.
    pub(crate) fn holds(&self, at: u64, body: &[u8]) -> bool {
        let mut at = at;
        body.chunks(1 << 20).all(|chunk| {
            let should = self.slice(at, at + chunk.len() as u64);
            at += chunk.len() as u64;
            should == chunk
        })
    }
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write;
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}
