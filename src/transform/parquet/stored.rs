//! Converts numbers into what the format stores.

/// The last `width` bytes of a big-endian number that fits into them.
pub(super) fn big_endian(bytes: &[u8; 16], width: i32) -> &[u8] {
    &bytes[16 - usize::try_from(width).expect("a width is positive")..]
}

/// Rounds to 32 bits. The type check has refused numbers that are too large.
#[expect(
    clippy::cast_possible_truncation,
    reason = "rounding is what a float does"
)]
pub(super) fn narrow(real: f64) -> f32 {
    real as f32
}
