//! Sizes in bytes: `64MiB`, or a number.

use bytesize::ByteSize;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserializer, Serializer};

use crate::config::value::text::{self, FromText, expected};

impl FromText for ByteSize {
    const EXPECTED: &'static str = "a size such as \"64MiB\", or a number of bytes";

    fn from_text(text: &str) -> Result<Self, String> {
        text.parse().map_err(|_| expected::<Self>())
    }
}

/// Shows a size exactly, in the largest unit that divides it: `256MiB`, `1500B`.
pub(crate) fn show(size: ByteSize) -> String {
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

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde hands over a reference"
)]
pub(crate) fn serialize<S: Serializer>(value: &ByteSize, to: S) -> Result<S::Ok, S::Error> {
    to.serialize_str(&show(*value))
}

pub(crate) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<ByteSize, D::Error> {
    text::read(from)
}

/// One that may be left out.
pub(crate) mod optional {
    use super::{ByteSize, Deserializer, Serializer, text};

    #[expect(
        clippy::ref_option,
        reason = "serde hands over a reference to the field"
    )]
    pub(crate) fn serialize<S: Serializer>(
        value: &Option<ByteSize>,
        to: S,
    ) -> Result<S::Ok, S::Error> {
        match value {
            Some(value) => super::serialize(value, to),
            None => to.serialize_none(),
        }
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(
        from: D,
    ) -> Result<Option<ByteSize>, D::Error> {
        text::read(from).map(Some)
    }
}

/// A byte size, in the schema.
pub(crate) struct Text;

impl JsonSchema for Text {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Size".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": ["string", "integer"], "examples": ["64MiB", 1_048_576] })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
            assert_eq!(show(read), shown);
            assert_eq!(
                ByteSize::from_text(shown),
                Ok(read),
                "what is shown can be typed"
            );
        }
    }
}
