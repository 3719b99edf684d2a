//! The columns of CSV and Parquet, and where the fields of a record go.
//!
//! Columns are decided before the first record is written: those of `columns`, of the header or of
//! `types`, else all fields of a [`Sample`](crate::transform::sample::Sample). A field without
//! a column goes as JSON text into [`REST`]. Every file has that column, so that all files of a table
//! have one schema.

use std::io;

use crate::transform::{
    names::Names,
    record::{Field, Value},
    types::{Type, Types},
};

/// The column of the fields that have none, as one JSON object.
pub const REST: &str = "_rest";

/// The field that the metadata step adds.
pub const METADATA: &str = "_metadata";

/// A column's name and type.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Column {
    /// As the fields are called after the names step.
    pub name: String,
    /// Text, unless `types` says otherwise.
    pub kind: Type,
}

/// The columns of a file, and where they find their values in the last record.
#[derive(Debug, Clone)]
pub struct Columns {
    names: Names,
    types: Vec<Type>,
    metadata: Vec<Column>,
    fields: Vec<Option<usize>>,
    metadata_field: Option<usize>,
    rest: Vec<usize>,
}

impl Columns {
    /// Makes columns of these names. `metadata` has the fields inside `_metadata`; without any,
    /// that column is omitted.
    #[must_use]
    pub fn new<'a>(
        names: impl IntoIterator<Item = &'a str>,
        types: &Types,
        metadata: Vec<Column>,
    ) -> Self {
        let mut columns = Self {
            names: Names::default(),
            types: Vec::new(),
            metadata,
            fields: Vec::new(),
            metadata_field: None,
            rest: Vec::new(),
        };
        for name in names {
            let reserved = name == REST || name == METADATA && !columns.metadata.is_empty();
            if !reserved && columns.names.add(name) {
                columns.types.push(types.of(name));
            }
        }
        columns
    }

    /// The columns of the data, in order, without [`REST`] and [`METADATA`].
    #[must_use]
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&str, &Type)> {
        self.names.iter().zip(&self.types)
    }

    /// The fields inside [`METADATA`].
    #[must_use]
    pub fn metadata(&self) -> &[Column] {
        &self.metadata
    }

    /// Finds the columns of a record's fields.
    pub fn arrange(&mut self, record: &[Field<'_>]) {
        self.fields.clear();
        self.fields.resize(self.types.len(), None);
        self.rest.clear();
        self.metadata_field = None;
        for (position, field) in record.iter().enumerate() {
            match self.names.find(position, &field.name) {
                // The names step makes names unique. Without it, an earlier field of the same name
                // goes into the rest.
                Some(column) => self.rest.extend(self.fields[column].replace(position)),
                None if field.name == METADATA && !self.metadata.is_empty() => {
                    self.metadata_field = Some(position);
                }
                None => self.rest.push(position),
            }
        }
    }

    /// Which field of the arranged record belongs to each column.
    #[must_use]
    pub fn fields(&self) -> &[Option<usize>] {
        &self.fields
    }

    /// Which field of the arranged record is its metadata.
    #[must_use]
    pub fn metadata_field(&self) -> Option<usize> {
        self.metadata_field
    }

    /// Which fields of the arranged record have no column.
    #[must_use]
    pub fn rest(&self) -> &[usize] {
        &self.rest
    }
}

/// Appends one field to a JSON object: an empty `out` begins it, the caller ends it.
pub fn write_member(field: &Field<'_>, out: &mut Vec<u8>) {
    out.push(if out.is_empty() { b'{' } else { b',' });
    write_string(&field.name, out);
    out.push(b':');
    match &field.value {
        Value::Null => out.extend(b"null"),
        Value::Bool(true) => out.extend(b"true"),
        Value::Bool(false) => out.extend(b"false"),
        Value::Number(text) | Value::Json(text) => out.extend(text.bytes()),
        Value::Text(text) => write_string(text, out),
    }
}

fn write_string(text: &str, out: &mut Vec<u8>) {
    let written: io::Result<()> = serde_json::to_writer(out, text).map_err(Into::into);
    written.expect("a string goes into memory");
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(names: &[&'static str]) -> Vec<Field<'static>> {
        let field = |name: &&'static str| Field {
            name: (*name).into(),
            value: Value::Null,
        };
        names.iter().map(field).collect()
    }

    fn columns(names: &[&str]) -> Columns {
        let types = Types::parse(&["b=int"]).unwrap();
        let row = Column {
            name: "row".into(),
            kind: Type::BigInt,
        };
        Columns::new(names.iter().copied(), &types, vec![row])
    }

    #[test]
    fn fields_find_their_columns_in_any_order() {
        let mut columns = columns(&["a", "b", "c"]);
        for (names, fields, rest, metadata) in [
            (
                &["a", "b", "c"][..],
                [Some(0), Some(1), Some(2)],
                &[][..],
                None,
            ),
            (&["c", "x", "a"], [Some(2), None, Some(0)], &[1], None),
            (&["_metadata", "_rest"], [None; 3], &[1], Some(0)),
            (&["a", "a"], [Some(1), None, None], &[0], None),
            (&[], [None; 3], &[], None),
        ] {
            columns.arrange(&record(names));
            assert_eq!(columns.fields(), fields, "{names:?}");
            assert_eq!(columns.rest(), rest, "{names:?}");
            assert_eq!(columns.metadata_field(), metadata, "{names:?}");
        }
    }

    #[test]
    fn a_column_has_the_type_of_its_field_and_text_without_one() {
        let columns = columns(&["b", "a", "b", "_rest", "_metadata"]);
        let got: Vec<_> = columns.iter().collect();
        assert_eq!(got, [("b", &Type::Int), ("a", &Type::Text)]);
    }

    #[test]
    fn fields_are_written_as_json() {
        let mut out = Vec::new();
        for (name, value) in [
            ("a\"", Value::Text("x\n".into())),
            ("b", Value::Number("1.10".into())),
            ("c", Value::Json("[1]".into())),
            ("d", Value::Null),
            ("e", Value::Bool(true)),
        ] {
            let name = name.into();
            write_member(&Field { name, value }, &mut out);
        }
        out.push(b'}');
        let want = r#"{"a\"":"x\n","b":1.10,"c":[1],"d":null,"e":true}"#;
        assert_eq!(String::from_utf8(out).unwrap(), want);
    }
}
