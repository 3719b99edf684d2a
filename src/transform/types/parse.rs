//! Parses and displays the name of a type.

use std::fmt;

use super::{Decimal, MAX_PRECISION, Stamp, Type, time};

const EXPECTED: &str = "expected bool, int, bigint, float, double, decimal(12,2), text, date, \
                        date(%d.%m.%Y), timestamp, timestamp(s), timestamp(ms), timestamp(us) or \
                        timestamp(%d.%m.%Y %H:%M)";

impl Type {
    /// Reads `int` or `date(%d.%m.%Y)`.
    ///
    /// # Errors
    /// Says what is expected; the caller puts the key and the value before it.
    pub fn parse(text: &str) -> Result<Self, String> {
        let (name, argument) = match text.split_once('(') {
            None => (text, None),
            Some((name, rest)) => match rest.strip_suffix(')') {
                Some(argument) => (name, Some(argument)),
                None => return Err(format!("expected a closing parenthesis: {text})")),
            },
        };
        match (name.trim().to_ascii_lowercase().as_str(), argument) {
            ("bool" | "boolean", None) => Ok(Self::Bool),
            ("int" | "integer", None) => Ok(Self::Int),
            ("bigint" | "long", None) => Ok(Self::BigInt),
            ("float" | "real", None) => Ok(Self::Float),
            ("double", None) => Ok(Self::Double),
            ("text" | "string" | "varchar", None) => Ok(Self::Text),
            ("decimal", Some(digits)) => decimal(digits).map(Self::Decimal),
            ("decimal", None) => Err("expected its digits: decimal(12,2) has twelve, two of \
                                      them behind the point"
                .into()),
            ("date", argument) => date(argument).map(Self::Date),
            ("timestamp", argument) => stamp(argument).map(Self::Timestamp),
            _ => Err(EXPECTED.into()),
        }
    }
}

fn decimal(digits: &str) -> Result<Decimal, String> {
    let (precision, scale) = digits.split_once(',').unwrap_or((digits, "0"));
    let number = |text: &str| text.trim().parse::<u8>().ok();
    match (number(precision), number(scale)) {
        (Some(precision @ 1..=MAX_PRECISION), Some(scale)) if scale <= precision => {
            Ok(Decimal { precision, scale })
        }
        _ => Err(format!(
            "expected decimal(P,S) with P digits, 1 to {MAX_PRECISION}, S of them behind the point"
        )),
    }
}

fn date(format: Option<&str>) -> Result<Option<Box<str>>, String> {
    match format {
        None => Ok(None),
        Some(format) if time::is_date_format(format) => Ok(Some(format.into())),
        Some(_) => Err(
            "expected a strftime format that says year, month and day, as \
                        date(%d.%m.%Y) does"
                .into(),
        ),
    }
}

fn stamp(format: Option<&str>) -> Result<Stamp, String> {
    match format {
        None => Ok(Stamp::Iso),
        Some("s") => Ok(Stamp::Epoch(1)),
        Some("ms") => Ok(Stamp::Epoch(1_000)),
        Some("us") => Ok(Stamp::Epoch(1_000_000)),
        Some(format) if time::is_timestamp_format(format) => Ok(Stamp::Format(format.into())),
        Some(_) => Err(
            "expected s, ms or us since 1970, or a strftime format that says year, \
                        month and day, as timestamp(%d.%m.%Y %H:%M) does"
                .into(),
        ),
    }
}

impl fmt::Display for Type {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bool => f.write_str("bool"),
            Self::Int => f.write_str("int"),
            Self::BigInt => f.write_str("bigint"),
            Self::Float => f.write_str("float"),
            Self::Double => f.write_str("double"),
            Self::Decimal(Decimal { precision, scale }) => {
                write!(f, "decimal({precision},{scale})")
            }
            Self::Date(None) => f.write_str("date"),
            Self::Date(Some(format)) => write!(f, "date({format})"),
            Self::Timestamp(Stamp::Iso) => f.write_str("timestamp"),
            Self::Timestamp(Stamp::Epoch(1)) => f.write_str("timestamp(s)"),
            Self::Timestamp(Stamp::Epoch(1_000)) => f.write_str("timestamp(ms)"),
            Self::Timestamp(Stamp::Epoch(_)) => f.write_str("timestamp(us)"),
            Self::Timestamp(Stamp::Format(format)) => write!(f, "timestamp({format})"),
            Self::Text => f.write_str("text"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_type_is_read_and_written_again() {
        for text in [
            "bool",
            "int",
            "bigint",
            "float",
            "double",
            "text",
            "decimal(12,2)",
            "decimal(38,38)",
            "date",
            "date(%d.%m.%Y)",
            "timestamp",
            "timestamp(s)",
            "timestamp(ms)",
            "timestamp(us)",
            "timestamp(%d.%m.%Y %H:%M)",
        ] {
            assert_eq!(Type::parse(text).unwrap().to_string(), text);
        }
    }

    #[test]
    fn aliases_of_other_tools_are_known() {
        for (alias, name) in [
            ("boolean", "bool"),
            ("INTEGER", "int"),
            ("long", "bigint"),
            ("string", "text"),
            ("varchar", "text"),
            ("real", "float"),
            ("decimal(12)", "decimal(12,0)"),
            ("decimal(12, 2)", "decimal(12,2)"),
        ] {
            assert_eq!(Type::parse(alias).unwrap().to_string(), name);
        }
    }

    #[test]
    #[rustfmt::skip]
    fn a_refusal_says_what_to_write_instead() {
        for (text, want) in [
            ("itn",             "bool, int, bigint"),
            ("",                "bool, int, bigint"),
            ("int(4)",          "bool, int, bigint"),
            ("decimal",         "decimal(12,2) has twelve"),
            ("decimal(0,0)",    "1 to 38"),
            ("decimal(39,2)",   "1 to 38"),
            ("decimal(2,3)",    "S of them behind the point"),
            ("decimal(12,2",    "closing parenthesis: decimal(12,2)"),
            ("date(%d.%m)",     "year, month and day, as date(%d.%m.%Y) does"),
            ("timestamp(ns)",   "s, ms or us since 1970"),
        ] {
            let why = Type::parse(text).unwrap_err();
            assert!(why.starts_with("expected ") && why.contains(want), "{text}: {why}");
        }
    }
}
