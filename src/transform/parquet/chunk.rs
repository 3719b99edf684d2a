//! One column of the row group that is being written.
//!
//! A value is encoded once, when it is pushed: into the page's bytes, or as an index into the
//! dictionary. The column continues without a dictionary when it is full, or when the first page
//! shows that it saves less than half. In the second case the next row groups do not try again.

use bytes::Bytes;
use parquet::{
    basic::{Compression, Encoding, Type as Physical, ZstdLevel},
    column::writer::ColumnCloseResult,
    errors::ParquetError,
    file::metadata::ColumnChunkMetaData,
    schema::types::ColumnDescPtr,
};

use crate::transform::types::Typed;

use super::{
    bounds::Bounds,
    dictionary::{Dictionary, Entry},
    hybrid::{Bits, write_indices},
    page::{LEVEL, Pages, Press},
    stored::{big_endian, narrow},
};

/// The limits of the `parquet` crate's own writers.
const PAGE_ROWS: u32 = 20_000;
const PAGE_BYTES: usize = 1 << 20;

/// A column chunk while it is written.
pub(crate) struct Chunk {
    column: ColumnDescPtr,
    physical: Physical,
    /// Which rows of the page have a value.
    present: Bits,
    /// The page's values in PLAIN encoding, booleans apart.
    plain: Vec<u8>,
    bools: Bits,
    indices: Vec<u32>,
    /// What the page's values would take in PLAIN encoding, while there is a dictionary.
    indexed_bytes: usize,
    dictionary: Dictionary,
    indexing: Indexing,
    pages: Pages,
    bounds: Bounds,
    rows: u64,
    nulls: u64,
}

/// Whether values go into the dictionary.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Indexing {
    /// They do, and no page has been written yet.
    Trial,
    /// They do.
    On,
    /// No more: earlier pages of the chunk have indices.
    Ended,
    /// They do not, in this row group and the next ones.
    Off,
}

impl Chunk {
    pub(crate) fn new(column: ColumnDescPtr) -> Self {
        let physical = column.physical_type();
        let never = physical == Physical::BOOLEAN;
        Self {
            physical,
            present: Bits::default(),
            plain: Vec::new(),
            bools: Bits::default(),
            indices: Vec::new(),
            indexed_bytes: 0,
            dictionary: Dictionary::new(physical == Physical::BYTE_ARRAY),
            indexing: if never {
                Indexing::Off
            } else {
                Indexing::Trial
            },
            pages: Pages::new(),
            bounds: Bounds::default(),
            rows: 0,
            nulls: 0,
            column,
        }
    }

    /// Adds a row's value, which has to be of the column's type.
    #[inline]
    pub(crate) fn push(&mut self, value: Typed<'_>, press: &mut Press) -> Result<(), ParquetError> {
        match value {
            Typed::Null => self.present.push(false),
            Typed::Text(text) => self.text(text.as_bytes(), press)?,
            Typed::Int(whole) | Typed::Timestamp(whole) => self.whole(whole.into(), press)?,
            Typed::Date(days) => self.whole(days.into(), press)?,
            Typed::Decimal(units, _) => self.whole(units, press)?,
            Typed::Double(real) => self.real(real, press)?,
            Typed::Bool(bool) => {
                self.present.push(true);
                self.bools.push(bool);
            }
        }
        if self.present.len() >= PAGE_ROWS || self.plain.len() >= PAGE_BYTES {
            self.end_page(press)?;
        }
        Ok(())
    }

    #[inline]
    fn text(&mut self, text: &[u8], press: &mut Press) -> Result<(), ParquetError> {
        if self.add(text, press)? {
            self.bounds.text(text);
        }
        Ok(())
    }

    #[inline]
    fn whole(&mut self, whole: i128, press: &mut Press) -> Result<(), ParquetError> {
        let added = match self.physical {
            Physical::INT32 => self.add(&whole.to_le_bytes()[..4], press),
            Physical::INT64 => self.add(&whole.to_le_bytes()[..8], press),
            Physical::FIXED_LEN_BYTE_ARRAY
            | Physical::BOOLEAN
            | Physical::INT96
            | Physical::FLOAT
            | Physical::DOUBLE
            | Physical::BYTE_ARRAY => {
                let width = self.column.type_length();
                self.add(big_endian(&whole.to_be_bytes(), width), press)
            }
        }?;
        if added {
            self.bounds.whole(whole);
        }
        Ok(())
    }

    #[inline]
    fn real(&mut self, real: f64, press: &mut Press) -> Result<(), ParquetError> {
        let added = if self.physical == Physical::FLOAT {
            self.add(&narrow(real).to_le_bytes(), press)
        } else {
            self.add(&real.to_le_bytes(), press)
        }?;
        if added {
            self.bounds.real(real);
        }
        Ok(())
    }

    /// Adds a value. Returns false if the dictionary had it already: the bounds include it.
    #[inline]
    fn add(&mut self, value: &[u8], press: &mut Press) -> Result<bool, ParquetError> {
        if matches!(self.indexing, Indexing::Trial | Indexing::On) {
            let (index, new) = match self.dictionary.entry(value) {
                Entry::Known(index) => (index, false),
                Entry::New(index) => (index, true),
                Entry::Full => {
                    self.end_dictionary(press)?;
                    return self.add(value, press);
                }
            };
            self.present.push(true);
            self.indices.push(index);
            self.indexed_bytes += value.len() + self.prefix();
            return Ok(new);
        }
        self.present.push(true);
        if self.prefix() > 0 {
            let length = u32::try_from(value.len()).expect("a record is shorter than 4 GiB");
            self.plain.extend_from_slice(&length.to_le_bytes());
        }
        self.plain.extend_from_slice(value);
        Ok(true)
    }

    /// The size of the length in front of a value.
    fn prefix(&self) -> usize {
        if self.physical == Physical::BYTE_ARRAY {
            size_of::<u32>()
        } else {
            0
        }
    }

    #[cold]
    fn end_dictionary(&mut self, press: &mut Press) -> Result<(), ParquetError> {
        if self.indexing == Indexing::Trial {
            self.drop_dictionary();
            return Ok(());
        }
        self.end_page(press)?;
        self.indexing = Indexing::Ended;
        Ok(())
    }

    /// Encodes the values of the first page again, without the dictionary.
    fn drop_dictionary(&mut self) {
        for index in self.indices.drain(..) {
            self.plain.extend_from_slice(self.dictionary.encoded(index));
        }
        self.indexed_bytes = 0;
        self.dictionary = Dictionary::default();
        self.indexing = Indexing::Off;
    }

    fn end_page(&mut self, press: &mut Press) -> Result<(), ParquetError> {
        if self.present.len() == 0 {
            return Ok(());
        }
        let pays = self.dictionary.page().len() * 2 <= self.indexed_bytes;
        if self.indexing == Indexing::Trial && !pays {
            self.drop_dictionary();
        }
        press.body.clear();
        self.present.write_levels(&mut press.body);
        let encoding = match self.indexing {
            Indexing::Trial | Indexing::On => {
                write_indices(&self.indices, &mut press.body);
                self.indexing = Indexing::On;
                Encoding::RLE_DICTIONARY
            }
            Indexing::Ended | Indexing::Off => {
                press.body.extend_from_slice(&self.plain);
                press.body.extend_from_slice(self.bools.bytes());
                Encoding::PLAIN
            }
        };
        self.pages.data(self.present.len(), encoding, press)?;
        self.rows += u64::from(self.present.len());
        self.nulls += u64::from(self.present.unset());
        self.present.clear();
        self.plain.clear();
        self.bools.clear();
        self.indices.clear();
        self.indexed_bytes = 0;
        Ok(())
    }

    /// The memory it takes: pages that wait for the row group to end, and the one being filled.
    pub(crate) fn held(&self) -> usize {
        let filling = self.plain.len() + self.indices.len() * size_of::<u32>();
        self.pages.len() + filling + self.dictionary.held()
    }

    /// The size of its pages before compression.
    pub(crate) fn raw(&self) -> usize {
        self.pages.raw + self.plain.len()
    }

    /// Ends the chunk and begins the next. The offsets are those within its bytes.
    pub(crate) fn finish(
        &mut self,
        press: &mut Press,
    ) -> Result<(Bytes, ColumnCloseResult), ParquetError> {
        self.end_page(press)?;
        let pages = std::mem::replace(&mut self.pages, Pages::new());
        let mut raw = pages.raw;
        let mut bytes = Vec::new();
        let indexed = matches!(self.indexing, Indexing::On | Indexing::Ended);
        if indexed {
            let mut first = Pages::new();
            press.body.clear();
            press.body.extend_from_slice(self.dictionary.page());
            first.dictionary(self.dictionary.count(), press)?;
            raw += first.raw;
            bytes = first.into_bytes()?;
        }
        let data_at = bytes.len();
        bytes.append(&mut pages.into_bytes()?);
        let offsets = (indexed.then_some(0), data_at);
        let metadata = self.metadata(offsets, bytes.len(), raw)?;
        let close = ColumnCloseResult {
            bytes_written: bytes.len() as u64,
            rows_written: self.rows,
            metadata,
            bloom_filter: None,
            column_index: None,
            offset_index: None,
        };
        self.begin();
        Ok((bytes.into(), close))
    }

    fn metadata(
        &self,
        (dictionary_at, data_at): (Option<i64>, usize),
        length: usize,
        raw: usize,
    ) -> Result<ColumnChunkMetaData, ParquetError> {
        let mut encodings = vec![Encoding::PLAIN, Encoding::RLE];
        if dictionary_at.is_some() {
            encodings.push(Encoding::RLE_DICTIONARY);
        }
        let width = self.column.type_length();
        let size = |bytes: usize| i64::try_from(bytes).expect("a chunk is in memory");
        ColumnChunkMetaData::builder(self.column.clone())
            .set_compression(Compression::ZSTD(ZstdLevel::try_new(LEVEL)?))
            .set_encodings(encodings)
            .set_num_values(self.rows.cast_signed())
            .set_total_compressed_size(size(length))
            .set_total_uncompressed_size(size(raw))
            .set_dictionary_page_offset(dictionary_at)
            .set_data_page_offset(size(data_at))
            .set_statistics(self.bounds.statistics(self.physical, width, self.nulls))
            .build()
    }

    fn begin(&mut self) {
        self.dictionary.clear();
        self.bounds.clear();
        (self.rows, self.nulls) = (0, 0);
        if self.indexing != Indexing::Off {
            self.indexing = Indexing::Trial;
        }
    }
}
