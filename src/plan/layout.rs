//! How an object is cut into parts. Pure.
//!
//! S3 takes up to 10,000 parts of 5 MiB to 5 GiB, the last of any size. The last two numbers are
//! kept for the manifest of an upload, which is never part of an object. Where the source was
//! itself uploaded in equal parts, the copy takes the same ones: its `ETag` is then the source's,
//! which is the best proof there is.

use std::ops::Range;

use crate::s3::MOST_PARTS;

/// The largest object that is streamed in one request, and buffered for it.
pub const ONE_PART: u64 = 16 << 20;

const MIB: u64 = 1 << 20;
const GIB: u64 = 1 << 30;

/// No part but the last may be smaller (S3 multipart limits).
pub const SMALLEST_PART: u64 = 5 * MIB;

/// No part may be larger.
pub(super) const MOST: u64 = 5 * GIB;

/// The highest part number of an object; the two after it hold its manifest.
pub const LAST_PART: u32 = MOST_PARTS - 2;

/// Bytes read at once of a part that is not buffered. Three such pieces are under way, which is a part's room.
const PIECE: u64 = 5 * MIB;
const _: () = assert!(3 * PIECE <= ONE_PART);

/// An object's parts: all of one size, but for the last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Layout {
    /// The object's bytes.
    pub size: u64,
    /// Each part's bytes, except the last one's.
    pub part: u64,
}

impl Layout {
    /// Cuts `size` bytes into parts of at least `least` bytes, or into the source's own.
    ///
    /// `None` if the object is larger than S3 can take in parts of at most `most` bytes.
    #[must_use]
    pub fn of(size: u64, (least, most): (u64, u64), source: Option<u64>) -> Option<Self> {
        let most = most.min(MOST);
        let own = source.filter(|part| {
            (SMALLEST_PART..=most).contains(part) && size.div_ceil(*part) <= u64::from(LAST_PART)
        });
        let part = own.unwrap_or_else(|| {
            let even = size.div_ceil(u64::from(LAST_PART));
            even.max(least).max(SMALLEST_PART).next_multiple_of(MIB)
        });
        (part <= most).then_some(Self { size, part })
    }

    /// How many parts there are.
    ///
    /// # Panics
    /// Never: a layout has at most 9,998 parts.
    #[must_use]
    pub fn count(self) -> u32 {
        let count = self.size.div_ceil(self.part).max(1);
        u32::try_from(count).expect("a layout has at most 9,998 parts")
    }

    /// The bytes of a part; numbers begin at one.
    #[must_use]
    pub fn range(self, number: u32) -> Range<u64> {
        let start = u64::from(number - 1) * self.part;
        start..self.size.min(start + self.part)
    }

    /// How many those are.
    #[must_use]
    pub fn length(self, number: u32) -> u64 {
        let range = self.range(number);
        range.end - range.start
    }

    /// How many reads it takes to stream it.
    #[must_use]
    pub fn reads(self) -> u64 {
        let reads = |number| match self.length(number) {
            buffered if buffered <= ONE_PART => 1,
            streamed => streamed.div_ceil(PIECE),
        };
        // All parts are alike but for the last.
        let last = self.count();
        reads(1) * u64::from(last - 1) + reads(last)
    }
}

/// Cuts the range of a part that is not buffered into pieces.
pub fn pieces(range: Range<u64>) -> impl Iterator<Item = Range<u64>> {
    let Range { start, end } = range;
    let count = (end - start).div_ceil(PIECE);
    (0..count).map(move |n| start + n * PIECE..end.min(start + (n + 1) * PIECE))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::transfer::TransferMethod;
    use super::*;

    const TIB: u64 = 1 << 40;

    #[test]
    fn parts_grow_with_the_object() {
        let small = (8 * MIB, 16 * MIB);
        let large = (64 * MIB, MOST);
        for (why, size, bounds, source, want) in [
            (
                "one byte more than a part",
                8 * MIB + 1,
                small,
                None,
                Some((8 * MIB, 2)),
            ),
            (
                "78 GiB is the most for parts of 8 MiB",
                9_998 * 8 * MIB,
                small,
                None,
                Some((8 * MIB, 9_998)),
            ),
            (
                "… and a byte",
                9_998 * 8 * MIB + 1,
                small,
                None,
                Some((9 * MIB, 8_888)),
            ),
            (
                "larger than can be held",
                9_998 * 16 * MIB + 1,
                small,
                None,
                None,
            ),
            ("5 GB inside S3", 5 * GIB, large, None, Some((64 * MIB, 80))),
            (
                "the largest object of all",
                48 * TIB + 800 * GIB,
                large,
                None,
                Some((5_117 * MIB, 9_997)),
            ),
            ("larger than S3 takes", 9_998 * MOST + 1, large, None, None),
            (
                "as the source is",
                100 * MIB,
                large,
                Some(10 * MIB),
                Some((10 * MIB, 10)),
            ),
            (
                "the source's parts are too many",
                60_000 * MIB,
                large,
                Some(6 * MIB),
                Some((64 * MIB, 938)),
            ),
            (
                "the source's parts are too large to hold",
                100 * MIB,
                small,
                Some(50 * MIB),
                Some((8 * MIB, 13)),
            ),
            (
                "the source's parts are too small",
                100 * MIB,
                large,
                Some(MIB),
                Some((64 * MIB, 2)),
            ),
        ] {
            let made = Layout::of(size, bounds, source);
            assert_eq!(made.map(|l| (l.part, l.count())), want, "{why}");
        }
    }

    proptest! {
        #[test]
        fn parts_are_the_object_and_s3_takes_them(
            size in prop_oneof![0..TIB, 0..=9_998 * MOST],
            transfer in prop_oneof![Just(TransferMethod::ServerSideParts), Just(TransferMethod::StreamParts)],
            said in proptest::option::of(SMALLEST_PART..=MOST),
            source in proptest::option::of(0..10 * GIB),
        ) {
            let layout = transfer.layout(size, said, source).expect("S3 takes it");
            prop_assert!(layout.part >= said.unwrap_or_default());
            let count = layout.count();
            prop_assert!(count <= LAST_PART);
            prop_assert!((SMALLEST_PART..=MOST).contains(&layout.part));
            prop_assert_eq!(layout.range(1).start, 0);
            prop_assert_eq!(layout.range(count).end, size);
            for number in [1, count / 2, count - 1].into_iter().filter(|n| (1..count).contains(n)) {
                let (this, next) = (layout.range(number), layout.range(number + 1));
                prop_assert_eq!(this.end - this.start, layout.part);
                prop_assert_eq!(this.end, next.start);
                prop_assert!(next.start < next.end);
            }
            let first = layout.range(1);
            let mut at = first.start;
            for piece in pieces(first.clone()) {
                prop_assert!(piece.start == at && piece.start < piece.end);
                at = piece.end;
            }
            prop_assert_eq!(at, first.end);
        }
    }
}
