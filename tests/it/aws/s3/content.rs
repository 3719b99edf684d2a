//! What an object is made of.
//!
//! Bytes are held; a claim about bytes too many to hold is a seed and a range. The parts of an
//! upload are put one after the other without making anything real, and ranges of one claim that
//! touch grow together again: an object copied in parts equals its source, digests included.

use std::cell::RefCell;
use std::collections::HashMap;
use std::ops::Range;

use bytes::Bytes;

use crate::aws::md5;

use super::checksum::{Algorithm, Checksum};

/// Bytes, a claim, or several of them in a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Content {
    Bytes(Bytes),
    /// Generated on demand: `length` bytes of what `seed` makes, from `start` on.
    Claimed {
        seed: u64,
        start: u64,
        length: u64,
    },
    /// Pieces that do not grow together.
    Joined(Vec<Content>),
}

/// Claims up to this length have honest digests; above it an AWS emulator made of seed and range.
const DIGESTED: u64 = 48 << 20;

/// Claims are made real in blocks of so many bytes, of which so many are kept.
const BLOCK: u64 = 1 << 20;
const BLOCKS: usize = 256;

impl Content {
    pub(super) fn claimed(length: u64, seed: u64) -> Self {
        Self::Claimed {
            seed,
            start: 0,
            length,
        }
    }

    /// One after the other.
    pub(super) fn join(pieces: impl IntoIterator<Item = Self>) -> Self {
        let mut joined = Vec::new();
        for piece in pieces {
            piece.append_to(&mut joined);
        }
        match joined.len() {
            0 => Self::Bytes(Bytes::new()),
            1 => joined.swap_remove(0),
            _ => Self::Joined(joined),
        }
    }

    fn append_to(self, joined: &mut Vec<Self>) {
        match (self, joined.last_mut()) {
            (Self::Joined(pieces), _) => {
                for piece in pieces {
                    piece.append_to(joined);
                }
            }
            (
                Self::Claimed {
                    seed,
                    start,
                    length,
                },
                Some(Self::Claimed {
                    seed: same,
                    start: first,
                    length: so_far,
                }),
            ) if *same == seed && *first + *so_far == start => *so_far += length,
            (piece, _) if piece.len() == 0 => {}
            (piece, _) => joined.push(piece),
        }
    }

    pub(crate) fn len(&self) -> u64 {
        match self {
            Self::Bytes(bytes) => bytes.len() as u64,
            Self::Claimed { length, .. } => *length,
            Self::Joined(pieces) => pieces.iter().map(Self::len).sum(),
        }
    }

    /// A part of it, no more real than it is.
    pub(super) fn range(&self, range: Range<u64>) -> Self {
        match self {
            Self::Bytes(bytes) => Self::Bytes(bytes.slice(at(range.start)..at(range.end))),
            Self::Claimed { seed, start, .. } => Self::Claimed {
                seed: *seed,
                start: start + range.start,
                length: range.end - range.start,
            },
            Self::Joined(pieces) => {
                let mut from = 0;
                Self::join(pieces.iter().map(|piece| {
                    let (begin, end) = (from, from + piece.len());
                    from = end;
                    let within = |n: u64| n.clamp(begin, end) - begin;
                    piece.range(within(range.start)..within(range.end))
                }))
            }
        }
    }

    /// A part of it, made real.
    pub(crate) fn slice(&self, range: Range<u64>) -> Bytes {
        let fits = range.end - range.start <= 1 << 30 || matches!(self, Self::Bytes(_));
        assert!(fits, "a huge object is read in ranges, never whole");
        match self.range(range) {
            Self::Bytes(bytes) => bytes,
            Self::Claimed {
                seed,
                start,
                length,
            } => {
                let (end, mut next) = (start + length, start);
                let mut bytes = Vec::with_capacity(at(length));
                while next < end {
                    let (block, from) = (next / BLOCK, next % BLOCK);
                    let to = BLOCK.min(end - block * BLOCK);
                    bytes.extend_from_slice(&made(seed, block)[at(from)..at(to)]);
                    next = block * BLOCK + to;
                }
                bytes.into()
            }
            Self::Joined(pieces) => {
                let real = pieces.iter().map(|piece| piece.slice(0..piece.len()));
                real.collect::<Vec<_>>().concat().into()
            }
        }
    }

    /// What stands for the content in every digest.
    fn digestible(&self) -> Bytes {
        match self {
            Self::Claimed {
                seed,
                start,
                length,
            } if *length > DIGESTED => format!("{length} bytes from {seed} at {start}").into(),
            Self::Bytes(_) | Self::Claimed { .. } => self.slice(0..self.len()),
            Self::Joined(pieces) => {
                let all: Vec<_> = pieces.iter().map(Self::digestible).collect();
                all.concat().into()
            }
        }
    }

    pub(crate) fn md5(&self) -> String {
        thread_local! {
            static KNOWN: RefCell<HashMap<(u64, u64, u64), String>> = RefCell::default();
        }
        let Self::Claimed {
            seed,
            start,
            length,
        } = *self
        else {
            return md5::hex(self.digestible());
        };
        KNOWN.with_borrow_mut(|known| {
            let md5 = || md5::hex(self.digestible());
            known
                .entry((seed, start, length))
                .or_insert_with(md5)
                .clone()
        })
    }

    pub(super) fn checksum(&self, algorithm: Algorithm) -> Checksum {
        algorithm.full(&self.digestible())
    }

    /// Cuts it into exactly so many parts, about equal.
    pub(super) fn parts(&self, count: u32) -> Vec<Self> {
        let (length, count) = (u128::from(self.len()), u128::from(count));
        let cut = |n: u128| u64::try_from(length * n / count).expect("no cut is beyond the end");
        (0..count).map(|n| self.range(cut(n)..cut(n + 1))).collect()
    }
}

fn at(n: u64) -> usize {
    usize::try_from(n).expect("64-bit")
}

/// A block of what a seed makes; the same ones are asked for again and again.
fn made(seed: u64, block: u64) -> Bytes {
    thread_local! {
        static MADE: RefCell<HashMap<(u64, u64), Bytes>> = RefCell::default();
    }
    MADE.with_borrow_mut(|made| {
        if made.len() >= BLOCKS {
            made.clear();
        }
        let make = || {
            let words = (0..BLOCK / 8).map(|n| word(seed, block * BLOCK + n * 8));
            words.flat_map(u64::to_le_bytes).collect::<Vec<_>>().into()
        };
        made.entry((seed, block)).or_insert_with(make).clone()
    })
}

/// Steele's splitmix64 over the offset.
fn word(seed: u64, offset: u64) -> u64 {
    let mut z = seed ^ offset.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_cut_and_joined_again_is_what_it_was() {
        let mixed = || {
            Content::join([
                Content::Bytes("0123456789".into()),
                Content::claimed(20, 7).range(3..20),
                Content::Bytes("ab".into()),
            ])
        };
        for (why, whole) in [
            ("bytes", Content::Bytes("0123456789".into())),
            ("a claim", Content::claimed(100, 7)),
            ("a huge claim", Content::claimed(5 << 40, 7)),
            ("several", mixed()),
        ] {
            let gapped = Content::join([whole.range(0..3), whole.range(5..8)]);
            let want = [whole.slice(0..3), whole.slice(5..8)].concat();
            assert_eq!(gapped.slice(0..6), want, "{why} with a gap");
            for count in [1, 3, 7] {
                let parts = whole.parts(count);
                assert_eq!(parts.len(), count as usize, "{why}");
                let joined = Content::join(parts.clone());
                assert_eq!(joined.len(), whole.len(), "{why} in {count}");
                assert_eq!(joined.md5(), whole.md5(), "{why} in {count}");
                assert_eq!(
                    joined.slice(1..29.min(whole.len())),
                    whole.slice(1..29.min(whole.len())),
                    "{why} in {count}"
                );
                if count > 1 {
                    let torn = Content::join(parts.into_iter().rev());
                    assert_ne!(torn.md5(), whole.md5(), "{why} in {count}, out of order");
                }
            }
        }
    }
}
