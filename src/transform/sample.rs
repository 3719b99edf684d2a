//! The first records of a file, held until its columns are known.
//!
//! They are stored in one buffer, because a [`Field`] for each takes several times as much.

use crate::transform::{
    names::Names,
    record::{Field, Value},
};

/// The size of the sample from which columns are taken when nothing names them.
pub const SAMPLE_BYTES: usize = 4 << 20;

/// Records that are held, and the names of their fields in order of appearance.
#[derive(Debug, Default)]
pub struct Sample {
    names: Names,
    bytes: Vec<u8>,
    records: usize,
}

impl Sample {
    /// Holds a record. True once the columns are to be decided.
    pub fn push(&mut self, record: &[Field<'_>]) -> bool {
        self.number(record.len());
        for (position, field) in record.iter().enumerate() {
            if self.names.find(position, &field.name).is_none() {
                self.names.add(&field.name);
            }
            self.text(&field.name);
            self.value(&field.value);
        }
        self.records += 1;
        self.bytes.len() >= SAMPLE_BYTES
    }

    /// All names of the held records.
    #[must_use]
    pub fn names(&self) -> &Names {
        &self.names
    }

    /// Gives back the held records in order, until one fails.
    ///
    /// # Errors
    /// What `each` returns.
    pub fn replay<E>(self, mut each: impl FnMut(&[Field<'_>]) -> Result<(), E>) -> Result<(), E> {
        let mut held = Held(&self.bytes);
        let mut record = Vec::new();
        for _ in 0..self.records {
            record.clear();
            for _ in 0..held.number() {
                let name = held.text().into();
                let value = held.value();
                record.push(Field { name, value });
            }
            each(&record)?;
        }
        Ok(())
    }

    fn value(&mut self, value: &Value<'_>) {
        let (tag, text) = match value {
            Value::Null => (0, None),
            Value::Bool(false) => (1, None),
            Value::Bool(true) => (2, None),
            Value::Number(text) => (3, Some(text)),
            Value::Text(text) => (4, Some(text)),
            Value::Json(text) => (5, Some(text)),
        };
        self.bytes.push(tag);
        if let Some(text) = text {
            self.text(text);
        }
    }

    fn text(&mut self, text: &str) {
        self.number(text.len());
        self.bytes.extend_from_slice(text.as_bytes());
    }

    fn number(&mut self, number: usize) {
        let number = u32::try_from(number).expect("a record is shorter than 4 GiB");
        self.bytes.extend_from_slice(&number.to_le_bytes());
    }
}

/// What is still to be read of a sample's buffer.
struct Held<'a>(&'a [u8]);

impl<'a> Held<'a> {
    fn value(&mut self) -> Value<'a> {
        match self.take(1)[0] {
            0 => Value::Null,
            1 => Value::Bool(false),
            2 => Value::Bool(true),
            3 => Value::Number(self.text().into()),
            4 => Value::Text(self.text().into()),
            _ => Value::Json(self.text().into()),
        }
    }

    fn text(&mut self) -> &'a str {
        let length = self.number();
        str::from_utf8(self.take(length)).expect("a text was written as text")
    }

    fn number(&mut self) -> usize {
        let bytes = self.take(4).try_into().expect("four were taken");
        usize::try_from(u32::from_le_bytes(bytes)).expect("written from a length")
    }

    fn take(&mut self, length: usize) -> &'a [u8] {
        let (taken, rest) = self.0.split_at(length);
        self.0 = rest;
        taken
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn field(name: &'static str, value: Value<'static>) -> Field<'static> {
        Field {
            name: name.into(),
            value,
        }
    }

    #[test]
    fn held_records_come_back_as_they_were() {
        let records = [
            vec![
                field("a", Value::Text("x".into())),
                field("b", Value::Number("1.10".into())),
            ],
            vec![],
            vec![
                field("c", Value::Json("{}".into())),
                field("a", Value::Null),
                field("é", Value::Bool(true)),
                field("", Value::Bool(false)),
            ],
        ];
        let mut sample = Sample::default();
        for record in &records {
            assert!(!sample.push(record));
        }
        assert_eq!(
            sample.names().iter().collect::<Vec<_>>(),
            ["a", "b", "c", "é", ""]
        );
        let mut got = Vec::new();
        let end: Result<(), ()> = sample.replay(|record| {
            got.push(format!("{record:?}"));
            Ok(())
        });
        assert_eq!(end, Ok(()));
        assert_eq!(got, records.map(|record| format!("{record:?}")));
    }

    #[test]
    fn a_sample_ends_after_four_mebibytes() {
        let record = [field("a", Value::Text("x".repeat(1 << 20).into()))];
        let mut sample = Sample::default();
        let ends: Vec<_> = (0..4).map(|_| sample.push(&record)).collect();
        assert_eq!(ends, [false, false, false, true]);
    }
}
