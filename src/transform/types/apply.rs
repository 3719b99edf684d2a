//! The step that gives the fields of a record their types.

use crate::transform::{
    names::Names,
    record::{Field, Value},
};

use super::{BadValue, Type, time::Timestamps};

/// What becomes of a value that does not convert into its type.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum OnBadType {
    /// The record is rejected.
    #[default]
    Reject,
    /// The field becomes null.
    Null,
    /// The field keeps its value; in Parquet it moves to `_rest`.
    Keep,
}

/// The field for which a record is rejected.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{field}: {why}")]
pub struct BadField {
    /// The field's name.
    pub field: String,
    /// What was expected and what was found.
    pub why: String,
}

/// The types of fields by name.
#[derive(Debug, Clone, Default)]
pub struct Types {
    names: Names,
    kinds: Vec<Type>,
    scratch: Vec<u8>,
}

impl Types {
    /// Reads items such as `age=int`.
    ///
    /// # Errors
    /// Names the wrong item and says what is expected; the caller puts the key before it.
    pub fn parse<S: AsRef<str>>(items: &[S]) -> Result<Self, String> {
        let mut types = Self::default();
        for item in items {
            let item = item.as_ref();
            let (name, kind) = item.split_once('=').unwrap_or_default();
            let (name, kind) = (name.trim(), kind.trim());
            if name.is_empty() {
                return Err(format!("{item:?}: expected a field and its type: age=int"));
            }
            let kind = Type::parse(kind).map_err(|why| format!("{item:?}: {why}"))?;
            if !types.names.add(name) {
                return Err(format!(
                    "{item:?}: expected one type a field, {name} has one already"
                ));
            }
            types.kinds.push(kind);
        }
        Ok(types)
    }

    /// The named fields and their types, in order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Type)> {
        self.names.iter().zip(&self.kinds)
    }

    /// The type of a field; text for one that has none.
    #[must_use]
    pub fn of(&self, name: &str) -> Type {
        let typed = self.names.position(name);
        typed.map_or(Type::Text, |at| self.kinds[at].clone())
    }

    /// Replaces the typed fields of a record by their text form.
    ///
    /// # Errors
    /// The first field that does not convert, if a bad value rejects its record.
    pub fn rewrite(
        &mut self,
        record: &mut [Field<'_>],
        on_bad_type: OnBadType,
        timestamps: Timestamps,
    ) -> Result<(), BadField> {
        for (position, field) in record.iter_mut().enumerate() {
            let Some(at) = self.names.find(position, &field.name) else {
                continue;
            };
            let kind = &self.kinds[at];
            if kind.rewrite(&mut field.value, timestamps, &mut self.scratch) {
                continue;
            }
            match on_bad_type {
                OnBadType::Keep => {}
                OnBadType::Null => field.value = Value::Null,
                OnBadType::Reject => return Err(BadField::new(field, kind)),
            }
        }
        Ok(())
    }
}

impl BadField {
    /// Describes a field whose value is not of its type.
    #[must_use]
    pub fn new(field: &Field<'_>, expected: &Type) -> Self {
        Self {
            field: field.name.to_string(),
            why: BadValue::new(&field.value, expected).to_string(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record() -> Vec<Field<'static>> {
        [("id", "7"), ("age", "old"), ("day", "15.01.2024")]
            .map(|(name, text)| Field {
                name: name.into(),
                value: Value::Text(text.into()),
            })
            .into()
    }

    fn rewritten(on_bad_type: OnBadType) -> Result<Vec<Value<'static>>, BadField> {
        let mut types = Types::parse(&["age=int", "day = date(%d.%m.%Y)"]).unwrap();
        let mut record = record();
        types.rewrite(&mut record, on_bad_type, Timestamps::Rfc3339)?;
        Ok(record.into_iter().map(|field| field.value).collect())
    }

    #[test]
    fn a_bad_value_rejects_its_record_or_becomes_null_or_stays() {
        let text = |text: &'static str| Value::Text(text.into());
        assert_eq!(
            rewritten(OnBadType::Reject).unwrap_err().to_string(),
            "age: expected int, found the text \"old\""
        );
        assert_eq!(
            rewritten(OnBadType::Null),
            Ok(vec![text("7"), Value::Null, text("2024-01-15")])
        );
        assert_eq!(
            rewritten(OnBadType::Keep),
            Ok(vec![text("7"), text("old"), text("2024-01-15")])
        );
    }

    #[test]
    fn a_field_without_a_type_is_text() {
        let types = Types::parse(&["age=int"]).unwrap();
        assert_eq!(types.of("age"), Type::Int);
        assert_eq!(types.of("name"), Type::Text);
    }

    #[test]
    fn a_refusal_names_the_item() {
        for (items, want) in [
            (
                &["age"][..],
                "\"age\": expected a field and its type: age=int",
            ),
            (
                &["=int"],
                "\"=int\": expected a field and its type: age=int",
            ),
            (&["age=itn"], "\"age=itn\": expected bool, int, bigint"),
            (
                &["a=int", "a=text"],
                "\"a=text\": expected one type a field, a has one already",
            ),
        ] {
            let why = Types::parse(items).unwrap_err();
            assert!(why.starts_with(want), "{why}");
        }
    }
}
