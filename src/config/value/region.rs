//! Names of regions.

use serde::Deserializer;

use crate::config::value::{
    arn::is_region,
    text::{self, FromText, expected},
};

struct Region(String);

impl FromText for Region {
    const EXPECTED: &'static str = "a region, such as eu-west-1";

    fn from_text(text: &str) -> Result<Self, String> {
        if is_region(text) {
            return Ok(Self(text.into()));
        }
        let lower = text.to_ascii_lowercase();
        let digits = lower.ends_with(|c: char| c.is_ascii_digit());
        Err(if digits && is_region(&lower) {
            format!("{}: write {lower}", expected::<Self>())
        } else {
            format!("{}: a-z, 0-9 and - only", expected::<Self>())
        })
    }
}

/// Reads a region that may be left out.
pub(crate) fn optional<'de, D: Deserializer<'de>>(from: D) -> Result<Option<String>, D::Error> {
    text::read(from).map(|Region(name)| Some(name))
}
