//! The text of a typed value, for the text formats.

use std::borrow::Cow;

use crate::transform::record::Value;

use super::{Type, Typed, time, time::Timestamps};

impl Type {
    /// Replaces a value by its text form. Returns false, and leaves the value as it is, if the
    /// value does not convert without loss.
    ///
    /// Numbers become JSON numbers and keep their digits; a decimal gets as many as its scale.
    /// Dates and timestamps become text of one form. Allocates only where the text changes.
    #[must_use]
    pub fn rewrite(
        &self,
        value: &mut Value<'_>,
        timestamps: Timestamps,
        scratch: &mut Vec<u8>,
    ) -> bool {
        let Ok(typed) = self.read(value) else {
            return false;
        };
        let (is_text, new) = match typed {
            Typed::Null => {
                *value = Value::Null;
                return true;
            }
            Typed::Bool(bool) => {
                *value = Value::Bool(bool);
                return true;
            }
            Typed::Text(text) => (
                true,
                matches!(value, Value::Bool(_)).then(|| text.to_owned()),
            ),
            Typed::Int(_) | Typed::Double(_) if is_number(value) => (false, None),
            Typed::Int(_) | Typed::Double(_) | Typed::Decimal(..) => {
                (false, changed(value, typed, timestamps, scratch))
            }
            Typed::Date(_) | Typed::Timestamp(_) => {
                (true, changed(value, typed, timestamps, scratch))
            }
        };
        let text = new.map_or_else(|| take_text(value), Cow::Owned);
        *value = if is_text {
            Value::Text(text)
        } else {
            Value::Number(text)
        };
        true
    }
}

/// Whether the text of a value is a JSON number already. It is kept: `1.10` stays `1.10`.
fn is_number(value: &Value<'_>) -> bool {
    match value {
        Value::Number(_) => true,
        Value::Text(text) => is_json_number(text),
        Value::Null | Value::Bool(_) | Value::Json(_) => false,
    }
}

/// The text of a typed value, unless the value has it already.
fn changed(
    value: &Value<'_>,
    typed: Typed<'_>,
    timestamps: Timestamps,
    scratch: &mut Vec<u8>,
) -> Option<String> {
    scratch.clear();
    typed.write(timestamps, scratch);
    let same = match value {
        Value::Number(text) | Value::Text(text) => text.as_bytes() == scratch,
        Value::Null | Value::Bool(_) | Value::Json(_) => false,
    };
    (!same).then(|| String::from_utf8_lossy(scratch).into_owned())
}

fn take_text<'a>(value: &mut Value<'a>) -> Cow<'a, str> {
    match value {
        Value::Number(text) | Value::Text(text) | Value::Json(text) => std::mem::take(text),
        Value::Null | Value::Bool(_) => Cow::Borrowed(""),
    }
}

impl Typed<'_> {
    /// Appends the text of a value; nothing for null.
    pub fn write(self, timestamps: Timestamps, out: &mut Vec<u8>) {
        match self {
            Self::Null => {}
            Self::Bool(bool) => out.extend(if bool { &b"true"[..] } else { b"false" }),
            Self::Int(int) => out.extend(int.to_string().bytes()),
            Self::Double(double) => out.extend(format!("{double:?}").bytes()),
            Self::Decimal(units, scale) => write_decimal(units, scale, out),
            Self::Date(days) => time::write_date(days, out),
            Self::Timestamp(micros) => time::write_timestamp(micros, timestamps, out),
            Self::Text(text) => out.extend(text.bytes()),
        }
    }
}

fn write_decimal(units: i128, scale: u8, out: &mut Vec<u8>) {
    if units < 0 {
        out.push(b'-');
    }
    let digits = format!(
        "{:0width$}",
        units.unsigned_abs(),
        width = usize::from(scale) + 1
    );
    let (whole, decimals) = digits.split_at(digits.len() - usize::from(scale));
    out.extend(whole.bytes());
    if scale > 0 {
        out.push(b'.');
        out.extend(decimals.bytes());
    }
}

/// Whether JSON takes a text as a number: no plus sign, no leading zero.
pub(crate) fn is_json_number(text: &str) -> bool {
    let digits = text.strip_prefix('-').unwrap_or(text).as_bytes();
    match digits {
        [b'0', b'0'..=b'9', ..] => false,
        [b'0'..=b'9', ..] => {
            text.parse::<f64>().is_ok()
                && !text.ends_with('.')
                && !text.contains(".e")
                && !text.contains(".E")
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    #[rustfmt::skip]
    fn a_value_is_written_in_the_form_of_its_type() {
        let text = |text: &'static str| Value::Text(text.into());
        let number = |text: &'static str| Value::Number(text.into());
        for (kind, value, want) in [
            ("int",           text("42"),         number("42")),
            ("int",           text("007"),        number("7")),
            ("int",           text("+7"),         number("7")),
            ("bigint",        number("1e3"),      number("1e3")),
            ("double",        text("1.10"),       number("1.10")),
            ("double",        text("00.5"),       number("0.5")),
            ("decimal(12,2)", number("1.1"),      number("1.10")),
            ("decimal(12,2)", text("-.5"),        text("bad")),
            ("decimal(12,2)", text("-0.05"),      number("-0.05")),
            ("decimal(12,0)", text("12.0"),       number("12")),
            ("bool",          text("no"),         Value::Bool(false)),
            ("text",          number("1.10"),     text("1.10")),
            ("date(%d.%m.%Y)", text("15.01.2024"), text("2024-01-15")),
            ("timestamp",     text("2024-01-15 10:20:30+02"), text("2024-01-15T08:20:30Z")),
            ("timestamp(ms)", number("1705306830250"), text("2024-01-15T08:20:30.250Z")),
            ("int",           text(""),           Value::Null),
        ] {
            let kind = Type::parse(kind).unwrap();
            let mut got = value.clone();
            if !kind.rewrite(&mut got, Timestamps::Rfc3339, &mut Vec::new()) {
                assert_eq!(got, value, "{kind}: a bad value stays as it was");
                got = text("bad");
            }
            assert_eq!(got, want, "{kind} {value:?}");
        }
    }

    #[test]
    fn hive_timestamps_have_a_space() {
        let mut value = Value::Text("2024-01-15T10:20:30Z".into());
        let kind = Type::parse("timestamp").unwrap();
        assert!(kind.rewrite(&mut value, Timestamps::Hive, &mut Vec::new()));
        assert_eq!(value, Value::Text("2024-01-15 10:20:30.000".into()));
    }

    proptest! {
        #[test]
        fn what_counts_as_a_number_is_one_to_a_json_parser(text in "-?[0-9.eE+-]{0,8}") {
            let parsed = serde_json::from_str::<serde_json::Number>(&text);
            // A number too large for a double is still a number.
            let large = parsed.as_ref().is_err_and(|why| why.to_string().contains("out of range"));
            prop_assert_eq!(is_json_number(&text), parsed.is_ok() || large);
        }

        #[test]
        fn a_decimal_is_read_back(units in -10_i128.pow(38) + 1..10_i128.pow(38), scale in 0_u8..=38) {
            let mut out = Vec::new();
            write_decimal(units, scale, &mut out);
            let text = String::from_utf8(out).unwrap();
            prop_assert!(is_json_number(&text));
            prop_assert_eq!(super::super::number::scaled(&text, scale), Some(units));
        }
    }
}
