//! A Parquet file whose columns may not be known yet.

use std::mem;

use parquet::errors::ParquetError;

use crate::transform::{
    columns::{Column, Columns},
    record::Field,
    sample::Sample,
    types::Types,
};

use super::Writer;

/// Takes records from the first one on, and writes once it knows the columns.
pub struct Table {
    types: Types,
    metadata: Vec<Column>,
    state: State,
}

enum State {
    Sampling(Sample),
    Writing(Box<Writer>),
}

impl Table {
    /// A file whose columns are named: by `columns`, the header, or `types`.
    ///
    /// # Errors
    /// When zstd has no memory.
    pub fn named<'a>(
        names: impl IntoIterator<Item = &'a str>,
        types: Types,
        metadata: Vec<Column>,
    ) -> Result<Self, ParquetError> {
        let columns = Columns::new(names, &types, metadata.clone());
        let state = State::Writing(Box::new(Writer::new(columns)?));
        Ok(Self {
            types,
            metadata,
            state,
        })
    }

    /// A file whose columns are all fields of the first records.
    #[must_use]
    pub fn sampled(types: Types, metadata: Vec<Column>) -> Self {
        let state = State::Sampling(Sample::default());
        Self {
            types,
            metadata,
            state,
        }
    }

    /// Writes a record. Finished row groups are appended to `out`.
    ///
    /// # Errors
    /// As [`Writer::write`].
    pub fn write(&mut self, record: &[Field<'_>], out: &mut Vec<u8>) -> Result<(), ParquetError> {
        match &mut self.state {
            State::Writing(writer) => writer.write(record, out),
            State::Sampling(sample) => {
                if sample.push(record) {
                    let sample = mem::take(sample);
                    self.state = State::Writing(Box::new(self.begin(sample, out)?));
                }
                Ok(())
            }
        }
    }

    /// Ends the file and appends the rest of it to `out`.
    ///
    /// # Errors
    /// As [`Writer::finish`].
    pub fn finish(mut self, out: &mut Vec<u8>) -> Result<(), ParquetError> {
        match mem::replace(&mut self.state, State::Sampling(Sample::default())) {
            State::Writing(writer) => writer.finish(out),
            State::Sampling(sample) => self.begin(sample, out)?.finish(out),
        }
    }

    fn begin(&self, sample: Sample, out: &mut Vec<u8>) -> Result<Writer, ParquetError> {
        let columns = Columns::new(sample.names().iter(), &self.types, self.metadata.clone());
        let mut writer = Writer::new(columns)?;
        sample.replay(|record| writer.write(record, out))?;
        Ok(writer)
    }
}
