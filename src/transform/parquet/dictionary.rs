//! The different values of a column chunk, each written once.
//!
//! Values are stored as the dictionary page has them. A hash table finds a value again. Input can be
//! made to collide, so a search has at most [`MAX_PROBES`] steps; after that, or with too many
//! values, the dictionary is full.

/// The most bytes in a dictionary; the limit of the `parquet` crate's writers.
const MAX_BYTES: usize = 1 << 20;
/// The most values: their table takes twice as many slots of eight bytes.
const MAX_VALUES: usize = 1 << 16;
/// More than a table that is at most half full needs, unless the input is made to collide.
const MAX_PROBES: usize = 64;
/// Small: with a thousand columns, larger tables would fill the row group's memory.
const FIRST_SLOTS: usize = 1 << 6;

/// A dictionary of encoded values.
#[derive(Debug, Default)]
pub(crate) struct Dictionary {
    /// The page: each value as PLAIN encoding writes it.
    bytes: Vec<u8>,
    /// Where each value ends in it.
    ends: Vec<u32>,
    slots: Vec<Slot>,
    /// How many bytes of an encoded value are its length.
    prefix: usize,
}

/// A place in the table.
#[derive(Debug, Clone, Copy, Default)]
struct Slot {
    hash: u32,
    /// A value's index plus one; zero is free.
    number: u32,
}

/// What became of a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Entry {
    /// The value was there.
    Known(u32),
    /// The value is there now.
    New(u32),
    /// The dictionary takes no more.
    Full,
}

impl Dictionary {
    /// An empty dictionary of texts, or of values of one length.
    pub(crate) fn new(texts: bool) -> Self {
        Self {
            prefix: if texts { size_of::<u32>() } else { 0 },
            ..Self::default()
        }
    }

    /// Finds a value, or adds it.
    #[inline]
    pub(crate) fn entry(&mut self, value: &[u8]) -> Entry {
        let hash = hash(value);
        let mask = self.slots.len().wrapping_sub(1);
        if mask == usize::MAX {
            return self.add(value, hash);
        }
        for probe in 0..MAX_PROBES {
            let slot = self.slots[(hash as usize + probe) & mask];
            let Some(index) = slot.number.checked_sub(1) else {
                return self.add(value, hash);
            };
            if slot.hash == hash && self.value(index) == value {
                return Entry::Known(index);
            }
        }
        Entry::Full
    }

    #[inline]
    fn value(&self, index: u32) -> &[u8] {
        &self.encoded(index)[self.prefix..]
    }

    /// A value as PLAIN encoding writes it.
    pub(crate) fn encoded(&self, index: u32) -> &[u8] {
        let index = index as usize;
        let start = if index == 0 { 0 } else { self.ends[index - 1] };
        &self.bytes[start as usize..self.ends[index] as usize]
    }

    fn add(&mut self, value: &[u8], hash: u32) -> Entry {
        if self.len() == MAX_VALUES || self.bytes.len() + value.len() > MAX_BYTES {
            return Entry::Full;
        }
        if self.len() * 2 >= self.slots.len() {
            self.grow();
        }
        let index = u32::try_from(self.len()).expect("at most 2^16 values");
        if !place(&mut self.slots, hash, index) {
            return Entry::Full;
        }
        if self.prefix > 0 {
            let length = u32::try_from(value.len()).expect("at most 2^20 bytes");
            self.bytes.extend_from_slice(&length.to_le_bytes());
        }
        self.bytes.extend_from_slice(value);
        self.ends
            .push(u32::try_from(self.bytes.len()).expect("2^20 bytes and 2^16 lengths"));
        Entry::New(index)
    }

    fn grow(&mut self) {
        let mut slots = vec![Slot::default(); (self.slots.len() * 2).max(FIRST_SLOTS)];
        for slot in self.slots.iter().filter(|slot| slot.number > 0) {
            // A value without a slot is added again when it comes: larger, but not wrong.
            place(&mut slots, slot.hash, slot.number - 1);
        }
        self.slots = slots;
    }

    fn len(&self) -> usize {
        self.ends.len()
    }

    /// How many values there are.
    pub(crate) fn count(&self) -> u32 {
        u32::try_from(self.len()).expect("at most 2^16 values")
    }

    /// The dictionary page.
    pub(crate) fn page(&self) -> &[u8] {
        &self.bytes
    }

    /// The memory it takes.
    pub(crate) fn held(&self) -> usize {
        self.bytes.len() + self.ends.len() * size_of::<u32>() + self.slots.len() * size_of::<Slot>()
    }

    /// Forgets all values and keeps the memory.
    pub(crate) fn clear(&mut self) {
        self.bytes.clear();
        self.ends.clear();
        self.slots.fill(Slot::default());
    }
}

fn place(slots: &mut [Slot], hash: u32, index: u32) -> bool {
    let mask = slots.len() - 1;
    for probe in 0..MAX_PROBES {
        let slot = &mut slots[(hash as usize + probe) & mask];
        if slot.number == 0 {
            let number = index + 1;
            *slot = Slot { hash, number };
            return true;
        }
    }
    false
}

/// A hash that is fast on short values. Collisions are handled as the module's header says.
#[inline]
#[expect(clippy::cast_possible_truncation, reason = "both halves count")]
fn hash(value: &[u8]) -> u32 {
    const ODD: u64 = 0x9E37_79B9_7F4A_7C15;
    let mix = |hash: u64, word: u64| {
        let mixed = u128::from(hash ^ word) * u128::from(ODD);
        mixed as u64 ^ (mixed >> 64) as u64
    };
    let mut state = (value.len() as u64).wrapping_mul(ODD);
    let (words, rest) = value.as_chunks::<8>();
    for word in words {
        state = mix(state, u64::from_le_bytes(*word));
    }
    let (halves, rest) = rest.as_chunks::<4>();
    for half in halves {
        state = mix(state, u64::from(u32::from_le_bytes(*half)));
    }
    let last = rest
        .iter()
        .fold(0, |word, byte| word << 8 | u64::from(*byte));
    let state = mix(state, last);
    (state >> 32) as u32 ^ state as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_written_once_and_found_again() {
        let mut dictionary = Dictionary::new(true);
        assert_eq!(dictionary.entry(b"a"), Entry::New(0));
        assert_eq!(dictionary.entry(b""), Entry::New(1));
        assert_eq!(dictionary.entry(b"a"), Entry::Known(0));
        assert_eq!(dictionary.entry(b""), Entry::Known(1));
        assert_eq!(dictionary.page(), b"\x01\0\0\0a\0\0\0\0");
        assert_eq!(dictionary.encoded(1), b"\0\0\0\0");
    }

    #[test]
    fn values_are_found_after_the_table_grew() {
        let mut dictionary = Dictionary::new(false);
        for round in 0..2 {
            for number in 0..50_000_u32 {
                let want = if round == 0 {
                    Entry::New(number)
                } else {
                    Entry::Known(number)
                };
                assert_eq!(dictionary.entry(&number.to_le_bytes()), want);
            }
        }
    }

    #[test]
    fn a_dictionary_is_bounded_in_values_and_bytes() {
        let mut dictionary = Dictionary::new(false);
        let entries = (0..=MAX_VALUES).map(|number| dictionary.entry(&number.to_le_bytes()));
        assert_eq!(entries.filter(|entry| *entry == Entry::Full).count(), 1);
        let mut dictionary = Dictionary::new(true);
        assert_eq!(dictionary.entry(&vec![0; MAX_BYTES]), Entry::New(0));
        assert_eq!(dictionary.entry(b"a"), Entry::Full);
        dictionary.clear();
        assert_eq!(dictionary.entry(b"a"), Entry::New(0));
    }

    #[test]
    fn values_that_collide_end_the_dictionary() {
        let mut slots = vec![Slot::default(); 1024];
        let placed = (0..100)
            .filter(|index| place(&mut slots, 7, *index))
            .count();
        assert_eq!(placed, MAX_PROBES);
    }
}
