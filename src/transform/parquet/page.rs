//! Compresses pages and collects them.

use std::io;

use bytes::Bytes;
use parquet::{
    basic::Encoding,
    column::page::{CompressedPage, Page, PageWriter},
    errors::ParquetError,
    file::writer::{SerializedPageWriter, TrackedWrite},
};
use zstd::bulk::Compressor;

/// The default of zstd. With level 1 a file took 10% less CPU time to write, and typed columns were
/// 10% larger.
pub(crate) const LEVEL: i32 = 3;

/// What all columns of a file share to make their pages.
pub(crate) struct Press {
    zstd: Compressor<'static>,
    /// A page before it is compressed.
    pub(crate) body: Vec<u8>,
    packed: Vec<u8>,
    /// How many pages were made.
    pub(crate) pages: u64,
}

impl Press {
    pub(crate) fn new() -> io::Result<Self> {
        Ok(Self {
            zstd: Compressor::new(LEVEL)?,
            body: Vec::new(),
            packed: Vec::new(),
            pages: 0,
        })
    }

    fn pack(&mut self) -> Result<Bytes, ParquetError> {
        self.pages += 1;
        self.packed.clear();
        self.packed
            .reserve(zstd::zstd_safe::compress_bound(self.body.len()));
        self.zstd.compress_to_buffer(&self.body, &mut self.packed)?;
        Ok(Bytes::copy_from_slice(&self.packed))
    }
}

/// The pages of a column chunk.
pub(crate) struct Pages {
    bytes: TrackedWrite<Vec<u8>>,
    /// Their size before compression.
    pub(crate) raw: usize,
}

impl Pages {
    pub(crate) fn new() -> Self {
        Self {
            bytes: TrackedWrite::new(Vec::new()),
            raw: 0,
        }
    }

    /// How many bytes they are.
    pub(crate) fn len(&self) -> usize {
        self.bytes.bytes_written()
    }

    /// Adds the press' body as a page of so many rows.
    pub(crate) fn data(
        &mut self,
        rows: u32,
        encoding: Encoding,
        press: &mut Press,
    ) -> Result<(), ParquetError> {
        let page = Page::DataPage {
            buf: press.pack()?,
            num_values: rows,
            encoding,
            def_level_encoding: Encoding::RLE,
            rep_level_encoding: Encoding::RLE,
            statistics: None,
        };
        self.add(page, press)
    }

    /// Adds the press' body as the dictionary of so many values.
    pub(crate) fn dictionary(
        &mut self,
        values: u32,
        press: &mut Press,
    ) -> Result<(), ParquetError> {
        let page = Page::DictionaryPage {
            buf: press.pack()?,
            num_values: values,
            encoding: Encoding::PLAIN,
            is_sorted: false,
        };
        self.add(page, press)
    }

    fn add(&mut self, page: Page, press: &Press) -> Result<(), ParquetError> {
        let page = CompressedPage::new(page, press.body.len());
        let written = SerializedPageWriter::new(&mut self.bytes).write_page(page)?;
        self.raw += written.uncompressed_size;
        Ok(())
    }

    pub(crate) fn into_bytes(self) -> Result<Vec<u8>, ParquetError> {
        self.bytes.into_inner()
    }
}
