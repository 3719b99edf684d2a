//! Converts a value of a record into its type.

use std::fmt;

use crate::transform::record::Value;

use super::{Decimal, Stamp, Type, Typed, number, time};

/// A value that does not convert into its type.
///
/// It borrows the value; the message is only built when it is displayed.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct BadValue<'a> {
    value: &'a Value<'a>,
    expected: &'a Type,
}

impl Type {
    /// Converts a value. An empty text is null, except as text.
    ///
    /// # Errors
    /// When the value does not convert without loss.
    #[inline]
    pub fn read<'a>(&'a self, value: &'a Value<'a>) -> Result<Typed<'a>, BadValue<'a>> {
        let read = match (self, value) {
            (_, Value::Null) => Some(Typed::Null),
            (Self::Text, Value::Text(text) | Value::Number(text) | Value::Json(text)) => {
                Some(Typed::Text(text))
            }
            (Self::Text, Value::Bool(true)) => Some(Typed::Text("true")),
            (Self::Text, Value::Bool(false)) => Some(Typed::Text("false")),
            (Self::Bool, Value::Bool(bool)) => Some(Typed::Bool(*bool)),
            (_, Value::Text(text)) if text.is_empty() => Some(Typed::Null),
            (_, Value::Text(text) | Value::Number(text)) => self.read_text(text),
            (_, Value::Bool(_) | Value::Json(_)) => None,
        };
        read.ok_or(BadValue::new(value, self))
    }

    fn read_text<'a>(&self, text: &'a str) -> Option<Typed<'a>> {
        match self {
            Self::Bool => bool_of(text).map(Typed::Bool),
            Self::Int => whole::<i32>(text).map(|int| Typed::Int(int.into())),
            Self::BigInt => whole(text).map(Typed::Int),
            Self::Double => number::double(text).map(Typed::Double),
            Self::Float => number::double(text)
                .filter(|number| fits_float(*number))
                .map(Typed::Double),
            Self::Decimal(Decimal { precision, scale }) => number::scaled(text, *scale)
                .filter(|units| number::fits(*units, *precision))
                .map(|units| Typed::Decimal(units, *scale)),
            Self::Date(None) => time::date(text).map(Typed::Date),
            Self::Date(Some(format)) => time::date_by(format, text).map(Typed::Date),
            Self::Timestamp(stamp) => micros(stamp, text).map(Typed::Timestamp),
            Self::Text => Some(Typed::Text(text)),
        }
    }
}

fn whole<T: TryFrom<i128>>(text: &str) -> Option<T> {
    T::try_from(number::scaled(text, 0)?).ok()
}

/// Whether a number stays finite in 32 bits.
fn fits_float(number: f64) -> bool {
    number.abs() <= f64::from(f32::MAX)
}

fn bool_of(text: &str) -> Option<bool> {
    let is = |words: [&str; 5]| words.iter().any(|word| text.eq_ignore_ascii_case(word));
    if is(["true", "t", "yes", "y", "1"]) {
        return Some(true);
    }
    is(["false", "f", "no", "n", "0"]).then_some(false)
}

fn micros(stamp: &Stamp, text: &str) -> Option<i64> {
    match stamp {
        Stamp::Iso => time::timestamp(text),
        Stamp::Epoch(per_second) => time::epoch(text, *per_second),
        Stamp::Format(format) => time::timestamp_by(format, text),
    }
}

impl<'a> BadValue<'a> {
    pub(super) fn new(value: &'a Value<'a>, expected: &'a Type) -> Self {
        Self { value, expected }
    }
}

impl fmt::Display for BadValue<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (kind, text) = match self.value {
            Value::Null => ("", "null"),
            Value::Bool(true) => ("", "true"),
            Value::Bool(false) => ("", "false"),
            Value::Number(text) => ("the number ", &**text),
            Value::Text(text) => ("the text ", &**text),
            Value::Json(text) => ("", &**text),
        };
        write!(
            f,
            "expected {}, found {kind}{:?}",
            self.expected,
            clipped(text)
        )?;
        match self.expected {
            Type::Int if whole::<i64>(text).is_some() => {
                f.write_str(": int has 32 bits, bigint has 64")
            }
            Type::Decimal(Decimal { scale, .. }) if number::scaled(text, *scale).is_some() => {
                f.write_str(": it has more digits before the point")
            }
            Type::Decimal(_) if number::double(text).is_some() => {
                f.write_str(": it has more digits behind the point, and nothing is rounded")
            }
            Type::Int
            | Type::Decimal(_)
            | Type::Bool
            | Type::BigInt
            | Type::Float
            | Type::Double
            | Type::Date(_)
            | Type::Timestamp(_)
            | Type::Text => Ok(()),
        }
    }
}

/// The start of a value, enough to recognise it in a log line.
fn clipped(text: &str) -> &str {
    &text[..text.floor_char_boundary(64)]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(text: &'static str) -> Value<'static> {
        Value::Text(text.into())
    }

    fn number(text: &'static str) -> Value<'static> {
        Value::Number(text.into())
    }

    #[test]
    #[rustfmt::skip]
    fn a_value_becomes_what_its_type_says() {
        for (kind, value, want) in [
            ("bool",          text("Yes"),                Typed::Bool(true)),
            ("bool",          number("0"),                Typed::Bool(false)),
            ("bool",          Value::Bool(true),          Typed::Bool(true)),
            ("int",           text("-2147483648"),        Typed::Int(-2_147_483_648)),
            ("bigint",        number("9007199254740993"), Typed::Int(9_007_199_254_740_993)),
            ("double",        number("1.5"),              Typed::Double(1.5)),
            ("float",         text("1.5"),                Typed::Double(1.5)),
            ("decimal(12,2)", text("-0.5"),               Typed::Decimal(-50, 2)),
            ("decimal(2,2)",  number("0.99"),             Typed::Decimal(99, 2)),
            ("date",          text("1970-01-02"),         Typed::Date(1)),
            ("date(%d.%m.%Y)", text("02.01.1970"),        Typed::Date(1)),
            ("timestamp",     text("1970-01-01T00:00:01Z"), Typed::Timestamp(1_000_000)),
            ("timestamp(s)",  number("1.5"),              Typed::Timestamp(1_500_000)),
            ("timestamp(ms)", text("1500"),               Typed::Timestamp(1_500_000)),
            ("timestamp(us)", number("-1"),               Typed::Timestamp(-1)),
            ("text",          number("1.10"),             Typed::Text("1.10")),
            ("text",          Value::Json("{\"a\":1}".into()), Typed::Text("{\"a\":1}")),
            ("text",          text(""),                   Typed::Text("")),
            ("int",           text(""),                   Typed::Null),
            ("timestamp",     Value::Null,                Typed::Null),
        ] {
            let kind = Type::parse(kind).unwrap();
            assert_eq!(kind.read(&value), Ok(want), "{kind} {value:?}");
        }
    }

    #[test]
    #[rustfmt::skip]
    fn a_bad_value_says_what_was_expected_and_what_was_found() {
        for (kind, value, want) in [
            ("int",          text("abc"),     "expected int, found the text \"abc\""),
            ("int",          number("1e10"),  "expected int, found the number \"1e10\": int has 32 bits, bigint has 64"),
            ("bigint",       text("9223372036854775808"), "expected bigint, found the text \"9223372036854775808\""),
            ("bool",         text("2"),       "expected bool, found the text \"2\""),
            ("float",        number("1e300"), "expected float, found the number \"1e300\""),
            ("decimal(4,2)", text("100.00"),  "expected decimal(4,2), found the text \"100.00\": it has more digits before the point"),
            ("decimal(4,2)", text("1.005"),   "expected decimal(4,2), found the text \"1.005\": it has more digits behind the point, and nothing is rounded"),
            ("date",         text("15.01.2024"), "expected date, found the text \"15.01.2024\""),
            ("timestamp",    number("1705312800"), "expected timestamp, found the number \"1705312800\""),
            ("timestamp(s)", number("1e30"),  "expected timestamp(s), found the number \"1e30\""),
            ("int",          Value::Json("[1]".into()), "expected int, found \"[1]\""),
            ("int",          Value::Bool(true), "expected int, found \"true\""),
        ] {
            let kind = Type::parse(kind).unwrap();
            assert_eq!(kind.read(&value).unwrap_err().to_string(), want);
        }
    }

    #[test]
    fn a_long_value_is_cut_between_its_characters() {
        let long = Value::Text("é".repeat(100).into());
        let found = Type::Int.read(&long).unwrap_err().to_string();
        assert!(
            found.ends_with(&format!("\"{}\"", "é".repeat(32))),
            "{found}"
        );
    }
}
