//! Parquet's RLE/bit-packing hybrid encoding, for levels and dictionary indices.
//!
//! A run is a header and its content: an even header counts repetitions of one number, an odd one
//! counts groups of eight numbers that follow, each packed into the width of the largest.

/// Bits that say which rows of a page have a value.
#[derive(Debug, Default)]
pub(crate) struct Bits {
    bytes: Vec<u8>,
    len: u32,
    set: u32,
}

impl Bits {
    #[inline]
    pub(crate) fn push(&mut self, bit: bool) {
        if self.len.is_multiple_of(8) {
            self.bytes.push(0);
        }
        if let Some(last) = self.bytes.last_mut() {
            *last |= u8::from(bit) << (self.len % 8);
        }
        self.len += 1;
        self.set += u32::from(bit);
    }

    pub(crate) fn len(&self) -> u32 {
        self.len
    }

    pub(crate) fn unset(&self) -> u32 {
        self.len - self.set
    }

    /// Eight bits a byte, the first one lowest: PLAIN encoding of booleans.
    pub(crate) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    pub(crate) fn clear(&mut self) {
        self.bytes.clear();
        (self.len, self.set) = (0, 0);
    }

    /// Appends the bits as definition levels of a page: their length, then their runs.
    pub(crate) fn write_levels(&self, out: &mut Vec<u8>) {
        let start = out.len();
        out.extend_from_slice(&[0; 4]);
        if self.set == 0 || self.set == self.len {
            write_header(u64::from(self.len) << 1, out);
            out.push(u8::from(self.set > 0));
        } else {
            write_header((self.bytes.len() as u64) << 1 | 1, out);
            out.extend_from_slice(&self.bytes);
        }
        let length = u32::try_from(out.len() - start - 4).expect("a page has at most 2^32 rows");
        out[start..start + 4].copy_from_slice(&length.to_le_bytes());
    }
}

/// Appends the indices of a page: the width of each, then their runs.
pub(crate) fn write_indices(indices: &[u32], out: &mut Vec<u8>) {
    let largest = indices.iter().max().copied().unwrap_or(0);
    let width = 32 - largest.leading_zeros();
    out.push(u8::try_from(width).expect("at most 32"));
    let mut rest = indices;
    while !rest.is_empty() {
        let packed = until_a_run(rest);
        write_packed(&rest[..packed], width, out);
        rest = &rest[packed..];
        let Some(&value) = rest.first() else { return };
        let run = rest.iter().take_while(|next| **next == value).count();
        write_header((run as u64) << 1, out);
        out.extend_from_slice(&value.to_le_bytes()[..width.div_ceil(8) as usize]);
        rest = &rest[run..];
    }
}

/// How many numbers come before eight equal ones: whole groups, or all.
fn until_a_run(numbers: &[u32]) -> usize {
    let (groups, _) = numbers.as_chunks::<8>();
    let run = groups.iter().position(|group| *group == [group[0]; 8]);
    run.map_or(numbers.len(), |group| group * 8)
}

fn write_packed(numbers: &[u32], width: u32, out: &mut Vec<u8>) {
    if numbers.is_empty() {
        return;
    }
    let groups = numbers.len().div_ceil(8);
    write_header((groups as u64) << 1 | 1, out);
    let end = out.len() + groups * width as usize;
    let (mut held, mut bits) = (0_u64, 0);
    for number in numbers {
        held |= u64::from(*number) << bits;
        bits += width;
        while bits >= 8 {
            out.push(held.to_le_bytes()[0]);
            held >>= 8;
            bits -= 8;
        }
    }
    out.push(held.to_le_bytes()[0]);
    // The last group is filled with zeros; a byte too many goes.
    out.resize(end, 0);
}

fn write_header(mut number: u64, out: &mut Vec<u8>) {
    while number >= 0x80 {
        out.push(number.to_le_bytes()[0] | 0x80);
        number >>= 7;
    }
    out.push(number.to_le_bytes()[0]);
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    #[rustfmt::skip]
    fn runs_are_counted_and_the_rest_is_packed() {
        for (why, indices, want) in [
            ("nothing",             vec![],              &[0][..]),
            ("one value only",      vec![0; 20],         &[0, 40]),
            ("a run",               vec![5; 9],          &[3, 18, 5]),
            ("the example of the format", (0..8).collect(), &[3, 3, 0x88, 0xC6, 0xFA]),
            ("a group that is not full", vec![1, 2],     &[2, 3, 0b1001, 0]),
            ("packed, then a run",  [vec![1, 0, 1, 0, 1, 0, 1, 0], vec![1; 10]].concat(),
             &[1, 3, 0x55, 20, 1]),
        ] {
            let mut out = Vec::new();
            write_indices(&indices, &mut out);
            assert_eq!(out, want, "{why}");
        }
    }

    #[test]
    #[rustfmt::skip]
    fn levels_are_one_run() {
        for (bits, want) in [
            (vec![true; 300],         &[3, 0, 0, 0, 0xD8, 4, 1][..]),
            (vec![false; 3],          &[2, 0, 0, 0, 6, 0]),
            (vec![true, false, true], &[2, 0, 0, 0, 3, 0b101]),
        ] {
            let mut levels = Bits::default();
            for bit in bits {
                levels.push(bit);
            }
            let mut out = Vec::new();
            levels.write_levels(&mut out);
            assert_eq!(out, want);
        }
    }

    /// Reads what [`write_indices`] wrote, by the text of the format.
    fn read_indices(bytes: &[u8], count: usize) -> Vec<u32> {
        let (width, mut rest) = (usize::from(bytes[0]), &bytes[1..]);
        let mut numbers = Vec::new();
        while numbers.len() < count {
            let mut header = 0;
            for shift in (0..).step_by(7) {
                header |= usize::from(rest[0] & 0x7F) << shift;
                let more = rest[0] & 0x80 != 0;
                rest = &rest[1..];
                if !more {
                    break;
                }
            }
            if header & 1 == 0 {
                let (value, after) = rest.split_at(width.div_ceil(8));
                let value = value
                    .iter()
                    .rev()
                    .fold(0, |v, byte| v << 8 | u32::from(*byte));
                numbers.extend(std::iter::repeat_n(value, header >> 1));
                rest = after;
            } else {
                let (packed, after) = rest.split_at((header >> 1) * width);
                for at in 0..(header >> 1) * 8 {
                    let bit = |at: usize| u32::from(packed[at / 8] >> (at % 8) & 1);
                    numbers.push((0..width).map(|b| bit(at * width + b) << b).sum());
                }
                rest = after;
            }
        }
        numbers.truncate(count);
        numbers
    }

    proptest! {
        #[test]
        fn indices_are_read_back(runs in prop::collection::vec((0_u32..70_000, 1_usize..20), 0..40)) {
            let indices: Vec<u32> = runs
                .into_iter()
                .flat_map(|(value, run)| std::iter::repeat_n(value, run))
                .collect();
            let mut out = Vec::new();
            write_indices(&indices, &mut out);
            prop_assert_eq!(read_indices(&out, indices.len()), indices);
        }
    }
}
