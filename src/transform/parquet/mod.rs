//! Writes Parquet, a record at a time, in bounded memory.
//!
//! Pages are encoded here; the `parquet` crate writes their headers, the schema and the footer. Its
//! column writers take each text as a counted reference, and its Arrow writer needs the values in
//! arrays first: on twelve columns of text they took 83 and 42 ns a value, this takes 31
//! (zstd level 1).
//!
//! ```text
//! record ─▶ columns ─▶ chunks ─▶ pages, compressed ─▶ row group ─▶ out ─▶ footer
//!            arrange    one a      kept until the row
//!                       column     group ends
//! ```
//!
//! A row group ends when its columns hold [`GROUP_HELD`] bytes, whatever its number of rows.

mod bounds;
mod chunk;
mod dictionary;
mod hybrid;
mod metadata;
mod page;
mod schema;
mod stored;
mod table;
#[cfg(test)]
mod tests;

use std::{mem, sync::Arc};

use parquet::{
    errors::ParquetError,
    file::{properties::WriterProperties, writer::SerializedFileWriter},
};

use crate::transform::{
    columns::{Columns, write_member},
    record::Field,
    types::Typed,
};

pub use table::Table;

use chunk::Chunk;
use metadata::Metadata;
use page::Press;

/// The bytes in memory at which a row group is written out.
pub const GROUP_HELD: usize = 16 << 20;
/// The size before compression at which a row group is written out.
const GROUP_RAW: usize = 128 << 20;
/// How many values are written between two checks of both limits, unless a page ends.
const CHECK_VALUES: usize = 512;

/// Writes records into a Parquet file.
pub struct Writer {
    columns: Columns,
    file: SerializedFileWriter<Vec<u8>>,
    /// Of the columns, of `_rest`, and of the fields of `_metadata`.
    chunks: Vec<Chunk>,
    press: Press,
    /// The JSON of the fields without a column.
    rest: Vec<u8>,
    metadata: Metadata,
    unchecked: usize,
    pages: u64,
    rows: u64,
}

impl Writer {
    /// Begins a file of these columns.
    ///
    /// # Errors
    /// When zstd has no memory, or the columns are no schema.
    pub fn new(columns: Columns) -> Result<Self, ParquetError> {
        let properties = WriterProperties::builder()
            .set_created_by(concat!("bucket-brigade ", env!("CARGO_PKG_VERSION")).into())
            .build();
        let schema = schema::schema(&columns)?;
        let file = SerializedFileWriter::new(Vec::new(), schema, Arc::new(properties))?;
        let leaves = file.schema_descr().columns();
        Ok(Self {
            chunks: leaves.iter().cloned().map(Chunk::new).collect(),
            press: Press::new()?,
            rest: Vec::new(),
            metadata: Metadata::default(),
            unchecked: 0,
            pages: 0,
            rows: 0,
            columns,
            file,
        })
    }

    /// Writes a record. Finished row groups are appended to `out`.
    ///
    /// A value that is not of its column's type goes into `_rest`. To reject its record is the
    /// types step's decision, which comes before.
    ///
    /// # Errors
    /// When a page is larger than 2 GiB.
    pub fn write(&mut self, record: &[Field<'_>], out: &mut Vec<u8>) -> Result<(), ParquetError> {
        self.columns.arrange(record);
        self.rest.clear();
        self.write_columns(record)?;
        self.write_rest(record)?;
        self.write_metadata(record)?;
        self.rows += 1;
        self.unchecked += self.chunks.len();
        if self.unchecked >= CHECK_VALUES || self.press.pages != self.pages {
            (self.unchecked, self.pages) = (0, self.press.pages);
            let sum = |size: fn(&Chunk) -> usize| self.chunks.iter().map(size).sum::<usize>();
            if sum(Chunk::held) >= GROUP_HELD || sum(Chunk::raw) >= GROUP_RAW {
                self.end_group(out)?;
            }
        }
        Ok(())
    }

    /// Ends the file and appends the rest of it to `out`.
    ///
    /// # Errors
    /// When a page is larger than 2 GiB.
    pub fn finish(mut self, out: &mut Vec<u8>) -> Result<(), ParquetError> {
        if self.rows > 0 {
            self.end_group(out)?;
        }
        self.file.finish()?;
        out.append(self.file.inner_mut());
        Ok(())
    }

    fn write_columns(&mut self, record: &[Field<'_>]) -> Result<(), ParquetError> {
        let columns = self.columns.iter().zip(self.columns.fields());
        for (((_, kind), field), chunk) in columns.zip(&mut self.chunks) {
            let typed = field.map_or(Ok(Typed::Null), |at| kind.read(&record[at].value));
            if let (Err(_), Some(at)) = (&typed, *field) {
                write_member(&record[at], &mut self.rest);
            }
            chunk.push(typed.unwrap_or(Typed::Null), &mut self.press)?;
        }
        Ok(())
    }

    fn write_rest(&mut self, record: &[Field<'_>]) -> Result<(), ParquetError> {
        for at in self.columns.rest() {
            write_member(&record[*at], &mut self.rest);
        }
        let mut typed = Typed::Null;
        if !self.rest.is_empty() {
            self.rest.push(b'}');
            let text = str::from_utf8(&self.rest).expect("JSON is made of texts");
            typed = Typed::Text(text);
        }
        self.chunks[self.columns.iter().len()].push(typed, &mut self.press)
    }

    fn write_metadata(&mut self, record: &[Field<'_>]) -> Result<(), ParquetError> {
        let fields = self.columns.metadata();
        let value = self.columns.metadata_field().map(|at| &record[at].value);
        let values = self.metadata.values(value, fields);
        let chunks = &mut self.chunks[self.columns.iter().len() + 1..];
        for ((value, column), chunk) in values.iter().zip(fields).zip(chunks) {
            let typed = column.kind.read(value).unwrap_or(Typed::Null);
            chunk.push(typed, &mut self.press)?;
        }
        Ok(())
    }

    fn end_group(&mut self, out: &mut Vec<u8>) -> Result<(), ParquetError> {
        // Bytes written before, such as the magic number, go first. Then the row group is written
        // straight into `out`.
        out.append(self.file.inner_mut());
        mem::swap(self.file.inner_mut(), out);
        let mut group = self.file.next_row_group()?;
        for chunk in &mut self.chunks {
            let (bytes, close) = chunk.finish(&mut self.press)?;
            group.append_column(&bytes, close)?;
        }
        group.close()?;
        self.file.flush()?;
        mem::swap(self.file.inner_mut(), out);
        self.rows = 0;
        Ok(())
    }
}
