//! How a value is read from what was typed.
//!
//! The environment knows only text, and TOML writers quote or don't; so every value is read from
//! its text, whichever way it came: `workers = 64`, `workers = "64"` and
//! `BRIGADE_WORK__WORKERS=64` are the same. What cannot be read says what was expected.

use std::fmt;
use std::marker::PhantomData;
use std::net::SocketAddr;
use std::time::Duration;

use bytesize::ByteSize;
use jiff::fmt::friendly::SpanParser;
use serde::de::{self, Deserialize, DeserializeOwned, Deserializer, IntoDeserializer, Visitor};

use super::known::nearest;

/// A value that can be read from text.
pub(super) trait FromText: Sized {
    /// What is expected, for "expected …".
    const EXPECTED: &'static str;

    /// Reads the value, or says what was expected and what to do.
    fn from_text(text: &str) -> Result<Self, String>;
}

impl FromText for String {
    const EXPECTED: &'static str = "text, in quotes";

    fn from_text(text: &str) -> Result<Self, String> {
        Ok(text.into())
    }
}

impl FromText for u32 {
    const EXPECTED: &'static str = "a whole number";

    fn from_text(text: &str) -> Result<Self, String> {
        text.parse().map_err(|_| expected::<Self>())
    }
}

impl FromText for bool {
    const EXPECTED: &'static str = "true or false";

    fn from_text(text: &str) -> Result<Self, String> {
        text.parse().map_err(|_| expected::<Self>())
    }
}

impl FromText for SocketAddr {
    const EXPECTED: &'static str = "a numeric address and a port, such as \"127.0.0.1:9900\"";

    fn from_text(text: &str) -> Result<Self, String> {
        text.parse().map_err(|_| expected::<Self>())
    }
}

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

impl FromText for ByteSize {
    const EXPECTED: &'static str = "a size such as \"64MiB\", or a number of bytes";

    fn from_text(text: &str) -> Result<Self, String> {
        text.parse().map_err(|_| expected::<Self>())
    }
}

/// One of our enums: read by its serde names.
pub(super) trait Word: DeserializeOwned {}

impl<T: Word> FromText for T {
    const EXPECTED: &'static str = "one word";

    fn from_text(text: &str) -> Result<Self, String> {
        let deserializer: de::value::StrDeserializer<'_, NoSuchWord> = text.into_deserializer();
        Self::deserialize(deserializer).map_err(|NoSuchWord(why)| why)
    }
}

fn expected<T: FromText>() -> String {
    format!("expected {}", T::EXPECTED)
}

/// Takes the list of known words out of serde's error.
#[derive(Debug)]
struct NoSuchWord(String);

impl de::Error for NoSuchWord {
    fn custom<M: fmt::Display>(why: M) -> Self {
        Self(why.to_string())
    }

    fn unknown_variant(word: &str, known: &'static [&'static str]) -> Self {
        let mut why = format!("expected one of {}, not {word}", known.join(", "));
        if let Some(near) = nearest(word, known.iter().copied()) {
            why = format!("{why}; did you mean {near}?");
        }
        Self(why)
    }
}

impl fmt::Display for NoSuchWord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for NoSuchWord {}

/// Reads one value.
pub(super) fn one<'de, D: Deserializer<'de>, T: FromText>(from: D) -> Result<T, D::Error> {
    from.deserialize_any(One(PhantomData))
}

/// Reads a value that may be left out.
pub(super) fn optional<'de, D: Deserializer<'de>, T: FromText>(
    from: D,
) -> Result<Option<T>, D::Error> {
    one(from).map(Some)
}

/// Reads a list, which may be given as its only value.
pub(super) fn list<'de, D: Deserializer<'de>, T: FromText>(from: D) -> Result<Vec<T>, D::Error> {
    from.deserialize_any(List(PhantomData))
}

struct One<T>(PhantomData<T>);

impl<T: FromText> Visitor<'_> for One<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(T::EXPECTED)
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<T, E> {
        T::from_text(text).map_err(E::custom)
    }

    fn visit_i64<E: de::Error>(self, number: i64) -> Result<T, E> {
        self.visit_str(&number.to_string())
    }

    fn visit_u64<E: de::Error>(self, number: u64) -> Result<T, E> {
        self.visit_str(&number.to_string())
    }

    fn visit_bool<E: de::Error>(self, yes: bool) -> Result<T, E> {
        self.visit_str(if yes { "true" } else { "false" })
    }
}

struct List<T>(PhantomData<T>);

impl<'de, T: FromText> Visitor<'de> for List<T> {
    type Value = Vec<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} or a list of it", T::EXPECTED)
    }

    fn visit_seq<A: de::SeqAccess<'de>>(self, mut seq: A) -> Result<Vec<T>, A::Error> {
        let mut list = Vec::new();
        while let Some(Item(value)) = seq.next_element()? {
            list.push(value);
        }
        Ok(list)
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Vec<T>, E> {
        Ok(vec![One(PhantomData).visit_str(text)?])
    }

    fn visit_i64<E: de::Error>(self, number: i64) -> Result<Vec<T>, E> {
        self.visit_str(&number.to_string())
    }

    fn visit_u64<E: de::Error>(self, number: u64) -> Result<Vec<T>, E> {
        self.visit_str(&number.to_string())
    }
}

struct Item<T>(T);

impl<'de, T: FromText> Deserialize<'de> for Item<T> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        one(from).map(Item)
    }
}
