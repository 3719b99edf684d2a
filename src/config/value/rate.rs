//! A rate: bytes in a second, as one buys lines.

use std::fmt;

use crate::config::value::{
    size,
    text::{FromText, by_text},
};
use bytesize::ByteSize;

/// Bytes in a second.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rate(pub ByteSize);

impl FromText for Rate {
    const EXPECTED: &'static str = "bytes in a second, such as \"50MB/s\"";

    fn from_text(text: &str) -> Result<Self, String> {
        let is_number = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
        let (size, unit) = match text.strip_suffix("/s") {
            Some(size) => (size.trim_end(), ""),
            None if is_number => (text, "MB/s"),
            None => (text, "/s"),
        };
        match size.parse() {
            Ok(size) if unit.is_empty() => Ok(Self(size)),
            Ok(_) => Err(format!(
                "expected {}: write \"{text}{unit}\"",
                Self::EXPECTED
            )),
            Err(_) => Err(format!("expected {}", Self::EXPECTED)),
        }
    }
}

impl fmt::Display for Rate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/s", size::show(self.0))
    }
}

// A part of 8 MiB takes two minutes at the least rate; less would be a standstill.
by_text!(Rate, { "type": "string", "pattern": "/s$", "x-minimum": "64KiB/s", "examples": ["50MB/s", "8MiB/s"] });

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_is_read_and_shown() {
        for (text, want, shown) in [
            ("50MB/s", 50_000_000, "50000000B/s"),
            ("8MiB/s", 8 << 20, "8MiB/s"),
            ("8 MiB /s", 8 << 20, "8MiB/s"),
            ("1500B/s", 1_500, "1500B/s"),
        ] {
            let rate = Rate::from_text(text).expect(text);
            assert_eq!(rate, Rate(ByteSize(want)), "{text}");
            assert_eq!(serde_json::json!(rate), shown);
            assert_eq!(
                Rate::from_text(shown),
                Ok(rate),
                "what is shown can be typed"
            );
        }
    }

    #[test]
    fn what_is_no_rate_is_refused_with_what_to_write() {
        let expected = "expected bytes in a second, such as \"50MB/s\"";
        for (text, todo) in [
            ("50", ": write \"50MB/s\""),
            ("50MB", ": write \"50MB/s\""),
            ("50Mbit/s", ""),
            ("fast", ""),
            ("/s", ""),
            ("-1MB/s", ""),
        ] {
            let want = Err(format!("{expected}{todo}"));
            assert_eq!(Rate::from_text(text), want, "{text}");
        }
    }
}
