//! The values inside `_metadata`.

use std::collections::HashMap;

use serde_json::value::RawValue;

use crate::transform::{columns::Column, record::Value};

/// The metadata of the last record. Without `row` all records of a file have the same, so it is
/// parsed once.
#[derive(Debug, Default)]
pub(crate) struct Metadata {
    text: String,
    values: Vec<Value<'static>>,
}

impl Metadata {
    /// The value of each field inside a record's metadata.
    pub(crate) fn values(
        &mut self,
        metadata: Option<&Value<'_>>,
        fields: &[Column],
    ) -> &[Value<'static>] {
        let text = match metadata {
            Some(Value::Json(text)) => &**text,
            None | Some(Value::Null | Value::Bool(_) | Value::Number(_) | Value::Text(_)) => "{}",
        };
        if text != self.text || self.values.len() != fields.len() {
            text.clone_into(&mut self.text);
            let members: HashMap<String, &RawValue> =
                serde_json::from_str(text).unwrap_or_default();
            let value = |column: &Column| {
                members
                    .get(&column.name)
                    .map_or(Value::Null, |raw| value(raw))
            };
            self.values = fields.iter().map(value).collect();
        }
        &self.values
    }
}

fn value(raw: &RawValue) -> Value<'static> {
    let text = raw.get();
    match text.as_bytes().first() {
        Some(b'"') => {
            serde_json::from_str(text).map_or(Value::Null, |text: String| Value::Text(text.into()))
        }
        Some(b't') => Value::Bool(true),
        Some(b'f') => Value::Bool(false),
        Some(b'{' | b'[') => Value::Json(text.to_owned().into()),
        Some(b'-' | b'0'..=b'9') => Value::Number(text.to_owned().into()),
        _ => Value::Null,
    }
}
