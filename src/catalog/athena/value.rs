//! What the text of a value stands for, by the type of its column.

use serde::{Serialize, Serializer};
use serde_json::value::RawValue;

/// A column of a result.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Column {
    /// Its name, as asked for.
    pub name: String,
    /// Its type, as Athena says it: `bigint`, `varchar`, `decimal`, …
    pub type_name: String,
}

/// What can be made of a column's values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// `true` or `false`.
    Boolean,
    /// Any kind of number.
    Number,
    /// Everything else: text, times, and what Athena writes lists and structures as.
    Text,
}

impl Column {
    /// Takes what Athena says of it.
    #[must_use]
    pub fn new(name: String, type_name: String) -> Self {
        Self { name, type_name }
    }

    /// What can be made of its values.
    #[must_use]
    pub fn kind(&self) -> Kind {
        // `decimal(10,2)` is a decimal.
        let name = self.type_name.split('(').next().unwrap_or_default().trim();
        match name.to_ascii_lowercase().as_str() {
            "boolean" => Kind::Boolean,
            "tinyint" | "smallint" | "int" | "integer" | "bigint" | "float" | "real" | "double"
            | "decimal" => Kind::Number,
            _ => Kind::Text,
        }
    }

    /// A value of this column.
    #[must_use]
    pub fn value<'t>(&self, text: Option<&'t str>) -> Value<'t> {
        let Some(text) = text else {
            return Value::Null;
        };
        match (self.kind(), text) {
            (Kind::Boolean, "true") => Value::Boolean(true),
            (Kind::Boolean, "false") => Value::Boolean(false),
            // NaN and Infinity are no numbers in JSON.
            (Kind::Number, _) => match serde_json::from_str(text) {
                Ok(number) if is_number(text) => Value::Number(number),
                Ok(_) | Err(_) => Value::Text(text),
            },
            (Kind::Boolean | Kind::Text, _) => Value::Text(text),
        }
    }
}

/// One value; in JSON, its own kind.
#[derive(Debug, Clone, Copy)]
pub enum Value<'t> {
    /// NULL.
    Null,
    /// A boolean.
    Boolean(bool),
    /// A number with all the digits that Athena gave: as a float it would lose some of a bigint
    /// or a decimal.
    Number(&'t RawValue),
    /// Text.
    Text(&'t str),
}

impl Serialize for Value<'_> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Null => to.serialize_unit(),
            Self::Boolean(value) => to.serialize_bool(*value),
            Self::Number(digits) => digits.serialize(to),
            Self::Text(text) => to.serialize_str(text),
        }
    }
}

/// The rest of JSON begins with something else.
fn is_number(json: &str) -> bool {
    json.starts_with(|c: char| c == '-' || c.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_what_its_column_says() {
        #[rustfmt::skip]
        let table = [
            ("boolean",        Some("true"),                   "true"),
            ("boolean",        Some("false"),                  "false"),
            ("boolean",        Some("TRUE"),                   r#""TRUE""#),
            ("boolean",        None,                           "null"),
            ("integer",        Some("-7"),                     "-7"),
            ("bigint",         Some("9007199254740993"),       "9007199254740993"),
            ("bigint",         Some("-9223372036854775808"),   "-9223372036854775808"),
            ("decimal",        Some("12345678901234567890.120"), "12345678901234567890.120"),
            ("decimal(10,2)",  Some("0.10"),                   "0.10"),
            ("double",         Some("1.0E10"),                 "1.0E10"),
            ("double",         Some("NaN"),                    r#""NaN""#),
            ("double",         Some("-Infinity"),              r#""-Infinity""#),
            ("float",          Some("0.1"),                    "0.1"),
            ("INTEGER",        Some("1"),                      "1"),
            ("integer",        Some("007"),                    r#""007""#),
            ("integer",        Some("true"),                   r#""true""#),
            ("integer",        Some("[1]"),                    r#""[1]""#),
            ("integer",        Some(" 1"),                     r#"" 1""#),
            ("integer",        Some(""),                       r#""""#),
            ("varchar",        Some("42"),                     r#""42""#),
            ("varchar",        Some(""),                       r#""""#),
            ("varchar",        Some("a\"b\n"),                 r#""a\"b\n""#),
            ("varchar",        None,                           "null"),
            ("timestamp",      Some("2026-11-21 10:00:00.000"), r#""2026-11-21 10:00:00.000""#),
            ("array",          Some("[1, 2]"),                 r#""[1, 2]""#),
        ];
        for (kind, text, want) in table {
            let column = Column::new("c".into(), kind.into());
            let json = serde_json::to_string(&column.value(text)).unwrap();
            assert_eq!(json, want, "{text:?} of type {kind}");
        }
    }
}
