//! Durations: `30s`, `1h30m`; a bare number is none.

use std::time::Duration;

use jiff::fmt::friendly::{SpanParser, SpanPrinter};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserializer, Serializer};

use crate::config::value::text::{self, FromText, expected};

impl FromText for Duration {
    const EXPECTED: &'static str = "a duration such as \"30s\", \"5m\" or \"1h30m\"";

    fn from_text(text: &str) -> Result<Self, String> {
        if text.bytes().all(|b| b.is_ascii_digit()) {
            return Err(format!(
                "expected a duration with its unit: write \"{text}s\""
            ));
        }
        SpanParser::new()
            .parse_unsigned_duration(text)
            .map_err(|_| expected::<Self>())
    }
}

/// Shows a duration as it could have been typed: `1h 30m`.
pub(crate) fn show(duration: &Duration) -> String {
    SpanPrinter::new().unsigned_duration_to_string(duration)
}

pub(crate) fn serialize<S: Serializer>(value: &Duration, to: S) -> Result<S::Ok, S::Error> {
    to.serialize_str(&show(value))
}

pub(crate) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Duration, D::Error> {
    text::read(from)
}

/// A duration, in the schema.
pub(crate) struct Text;

impl JsonSchema for Text {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Duration".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "pattern": "[a-zµ]", "examples": ["30s", "5m", "1h30m"] })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_duration_is_read_and_shown() {
        let table = [
            ("30s", 30_000, "30s"),
            ("1h30m", 5_400_000, "1h 30m"),
            ("100ms", 100, "100ms"),
        ];
        for (text, millis, shown) in table {
            let read = Duration::from_text(text).unwrap();
            assert_eq!(read, Duration::from_millis(millis), "{text}");
            assert_eq!(show(&read), shown);
            assert_eq!(
                Duration::from_text(shown),
                Ok(read),
                "what is shown can be typed"
            );
        }
        assert!(
            Duration::from_text("-5s").is_err(),
            "time does not run backwards"
        );
    }
}
