//! The smallest and largest value of a column chunk, by which engines skip row groups.

use parquet::{
    basic::Type as Physical,
    data_type::{ByteArray, FixedLenByteArray},
    file::statistics::{Statistics, ValueStatistics},
};

use super::stored::{big_endian, narrow};

/// A longer minimum is cut, which keeps it a lower bound. A longer maximum is omitted.
const MAX_TEXT: usize = 64;

/// The bounds of the values seen so far.
#[derive(Debug, Default)]
pub(crate) struct Bounds {
    wholes: Option<(i128, i128)>,
    reals: Option<(f64, f64)>,
    texts: Option<Texts>,
}

#[derive(Debug)]
struct Texts {
    /// At most the first bytes of the smallest.
    min: Vec<u8>,
    max: Option<Vec<u8>>,
}

impl Bounds {
    #[inline]
    pub(crate) fn whole(&mut self, whole: i128) {
        self.wholes = Some(match self.wholes {
            None => (whole, whole),
            Some((min, max)) => (min.min(whole), max.max(whole)),
        });
    }

    #[inline]
    pub(crate) fn real(&mut self, real: f64) {
        self.reals = Some(match self.reals {
            None => (real, real),
            Some((min, max)) => (min.min(real), max.max(real)),
        });
    }

    #[inline]
    pub(crate) fn text(&mut self, text: &[u8]) {
        let Some(Texts { min, max }) = &mut self.texts else {
            self.texts = Some(Texts::of(text));
            return;
        };
        if text < min.as_slice() {
            replace(min, prefix(text));
        }
        if let Some(longest) = max
            && text > longest.as_slice()
        {
            if text.len() <= MAX_TEXT {
                replace(longest, text);
            } else {
                *max = None;
            }
        }
    }

    pub(crate) fn clear(&mut self) {
        *self = Self::default();
    }

    /// As the footer has them, beside the count of nulls.
    pub(crate) fn statistics(&self, physical: Physical, width: i32, nulls: u64) -> Statistics {
        let nulls = Some(nulls);
        match physical {
            Physical::BOOLEAN => Statistics::boolean(None, None, None, nulls, false),
            Physical::INT32 => {
                let (min, max) = both(self.wholes, |whole| i32::try_from(whole).ok());
                Statistics::int32(min, max, None, nulls, false)
            }
            Physical::INT64 => {
                let (min, max) = both(self.wholes, |whole| i64::try_from(whole).ok());
                Statistics::int64(min, max, None, nulls, false)
            }
            Physical::FLOAT => {
                let (min, max) = both(self.signed_zeros(), |real| Some(narrow(real)));
                Statistics::float(min, max, None, nulls, false)
            }
            Physical::DOUBLE => {
                let (min, max) = both(self.signed_zeros(), Some);
                Statistics::double(min, max, None, nulls, false)
            }
            Physical::FIXED_LEN_BYTE_ARRAY => {
                let (min, max) = both(self.wholes, |whole| {
                    let bytes = big_endian(&whole.to_be_bytes(), width).to_vec();
                    Some(FixedLenByteArray::from(bytes))
                });
                Statistics::fixed_len_byte_array(min, max, None, nulls, false)
            }
            Physical::BYTE_ARRAY | Physical::INT96 => self.texts(nulls),
        }
    }

    fn texts(&self, nulls: Option<u64>) -> Statistics {
        let min = self
            .texts
            .as_ref()
            .map(|texts| ByteArray::from(texts.min.clone()));
        let exact = min.as_ref().is_none_or(|min| min.len() < MAX_TEXT - 3);
        let max = self.texts.as_ref().and_then(|texts| texts.max.clone());
        let statistics = ValueStatistics::new(min, max.map(ByteArray::from), None, nulls, false);
        Statistics::ByteArray(statistics.with_min_is_exact(exact))
    }

    /// Readers treat both zeros as equal, so a bound of zero has to include both.
    fn signed_zeros(&self) -> Option<(f64, f64)> {
        let (min, max) = self.reals?;
        Some((
            if min == 0.0 { -0.0 } else { min },
            if max == 0.0 { 0.0 } else { max },
        ))
    }
}

fn both<T, U>(bounds: Option<(T, T)>, to: impl Fn(T) -> Option<U>) -> (Option<U>, Option<U>) {
    bounds.map_or((None, None), |(min, max)| (to(min), to(max)))
}

impl Texts {
    fn of(text: &[u8]) -> Self {
        Self {
            min: prefix(text).to_vec(),
            max: (text.len() <= MAX_TEXT).then(|| text.to_vec()),
        }
    }
}

fn replace(old: &mut Vec<u8>, new: &[u8]) {
    old.clear();
    old.extend_from_slice(new);
}

/// The first whole characters of a text.
fn prefix(text: &[u8]) -> &[u8] {
    if text.len() <= MAX_TEXT {
        return text;
    }
    let is_start = |at: &usize| text[*at] & 0b1100_0000 != 0b1000_0000;
    let end = (0..=MAX_TEXT).rev().find(is_start).unwrap_or(MAX_TEXT);
    &text[..end]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(texts: &[&str]) -> (Option<Vec<u8>>, Option<Vec<u8>>) {
        let mut bounds = Bounds::default();
        for text in texts {
            bounds.text(text.as_bytes());
        }
        let statistics = bounds.statistics(Physical::BYTE_ARRAY, 0, 0);
        let bytes = |bytes: Option<&[u8]>| bytes.map(<[u8]>::to_vec);
        (
            bytes(statistics.min_bytes_opt()),
            bytes(statistics.max_bytes_opt()),
        )
    }

    #[test]
    fn a_long_text_bounds_only_from_below() {
        let (long, cut) = ("é".repeat(100), "é".repeat(32));
        let bytes = |text: &str| Some(text.as_bytes().to_vec());
        assert_eq!(texts(&["b", "a", "c"]), (bytes("a"), bytes("c")));
        assert_eq!(texts(&[&long, "a"]), (bytes("a"), None));
        assert_eq!(texts(&["ü", &long]), (bytes(&cut), bytes("ü")));
        assert_eq!(texts(&["a", &long, "z"]), (bytes("a"), None));
        assert_eq!(texts(&[]), (None, None));
    }

    #[test]
    fn a_bound_of_zero_includes_both_zeros() {
        let mut bounds = Bounds::default();
        bounds.real(0.0);
        let Statistics::Double(statistics) = bounds.statistics(Physical::DOUBLE, 0, 0) else {
            panic!("doubles have doubles as bounds");
        };
        assert!(statistics.min_opt().unwrap().is_sign_negative());
        assert!(statistics.max_opt().unwrap().is_sign_positive());
    }

    #[test]
    fn a_long_decimal_is_bounded_as_a_number() {
        let mut bounds = Bounds::default();
        for whole in [1, -1, 300] {
            bounds.whole(whole);
        }
        let statistics = bounds.statistics(Physical::FIXED_LEN_BYTE_ARRAY, 9, 0);
        assert_eq!(statistics.min_bytes_opt().unwrap(), [0xFF; 9]);
        assert_eq!(
            statistics.max_bytes_opt().unwrap(),
            [0, 0, 0, 0, 0, 0, 0, 1, 44]
        );
    }
}
