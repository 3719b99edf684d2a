//! How values are shown: as they could have been typed, in `config show`, messages and the schema.

use std::time::Duration;

use bytesize::ByteSize;
use jiff::fmt::friendly::SpanPrinter;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Serializer;

/// Shows a duration as it could have been typed: `1h 30m`.
pub(in crate::config) fn show_duration(duration: &Duration) -> String {
    SpanPrinter::new().unsigned_duration_to_string(duration)
}

/// Shows a size exactly, in the largest unit that divides it: `256MiB`, `1500B`.
#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "what takes it shows references"
)]
pub(in crate::config) fn show_size(size: &ByteSize) -> String {
    let units = [
        (1_u64 << 40, "TiB"),
        (1 << 30, "GiB"),
        (1 << 20, "MiB"),
        (1 << 10, "KiB"),
    ];
    for (bytes, unit) in units {
        if size.0 != 0 && size.0.is_multiple_of(bytes) {
            return format!("{}{unit}", size.0 / bytes);
        }
    }
    format!("{}B", size.0)
}

/// Writes a duration; for serde.
pub(in crate::config) fn duration<S: Serializer>(
    value: &Duration,
    to: S,
) -> Result<S::Ok, S::Error> {
    to.serialize_str(&show_duration(value))
}

/// Writes a size; for serde.
#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde hands over a reference"
)]
pub(in crate::config) fn size<S: Serializer>(value: &ByteSize, to: S) -> Result<S::Ok, S::Error> {
    to.serialize_str(&show_size(value))
}

#[expect(
    clippy::ref_option,
    reason = "serde hands over a reference to the field"
)]
pub(in crate::config) fn optional_size<S: Serializer>(
    value: &Option<ByteSize>,
    to: S,
) -> Result<S::Ok, S::Error> {
    match value {
        Some(value) => size(value, to),
        None => to.serialize_none(),
    }
}

/// A duration, in the schema.
pub(in crate::config) struct DurationText;

impl JsonSchema for DurationText {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Duration".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "pattern": "[a-zµ]", "examples": ["30s", "5m", "1h30m"] })
    }
}

/// A byte size, in the schema.
pub(in crate::config) struct SizeText;

impl JsonSchema for SizeText {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Size".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": ["string", "integer"], "examples": ["64MiB", 1_048_576] })
    }
}

/// A list that may be given as its only value, in the schema.
#[derive(JsonSchema)]
#[serde(untagged)]
#[expect(dead_code, reason = "read by the schema only")]
pub(in crate::config) enum OneOrMany<T> {
    One(T),
    Many(Vec<T>),
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::value::text::FromText;

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
            assert_eq!(show_duration(&read), shown);
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

    #[test]
    fn a_size_is_read_and_shown_exactly() {
        let table = [
            ("64MiB", 64 << 20, "64MiB"),
            ("1048576", 1 << 20, "1MiB"),
            ("1500", 1500, "1500B"),
            ("1kB", 1000, "1000B"),
            ("0", 0, "0B"),
        ];
        for (text, bytes, shown) in table {
            let read = ByteSize::from_text(text).unwrap();
            assert_eq!(read.0, bytes, "{text}");
            assert_eq!(show_size(&read), shown);
            assert_eq!(
                ByteSize::from_text(shown),
                Ok(read),
                "what is shown can be typed"
            );
        }
    }
}
