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

use crate::config::read::synonyms;
use crate::config::value::arn::is_region;

/// A value that can be read from text.
pub(in crate::config) trait FromText: Sized {
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
pub(in crate::config) trait Word: DeserializeOwned {}

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
        if let Some(near) = synonyms::value(word, known) {
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
pub(in crate::config) fn one<'de, D: Deserializer<'de>, T: FromText>(
    from: D,
) -> Result<T, D::Error> {
    from.deserialize_any(One(PhantomData))
}

/// Reads a value that may be left out.
pub(in crate::config) fn optional<'de, D: Deserializer<'de>, T: FromText>(
    from: D,
) -> Result<Option<T>, D::Error> {
    one(from).map(Some)
}

/// Reads a region that may be left out.
pub(in crate::config) fn region<'de, D: Deserializer<'de>>(
    from: D,
) -> Result<Option<String>, D::Error> {
    one(from).map(|Region(name)| Some(name))
}

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

/// Reads a list, which may be given as its only value, or as text with commas.
pub(in crate::config) fn list<'de, D: Deserializer<'de>, T: FromText>(
    from: D,
) -> Result<Vec<T>, D::Error> {
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
        match split(text).as_slice() {
            [_] => Ok(vec![One(PhantomData).visit_str(text)?]),
            items => {
                let mut list = Vec::new();
                for item in items {
                    let item = item.trim();
                    if item.is_empty() {
                        return Err(E::custom(
                            "is empty between two commas: text with commas is a list; for a comma that is \
                             part of a value write [\"…\"]",
                        ));
                    }
                    list.push(One(PhantomData).visit_str(item)?);
                }
                Ok(list)
            }
        }
    }

    fn visit_i64<E: de::Error>(self, number: i64) -> Result<Vec<T>, E> {
        self.visit_str(&number.to_string())
    }

    fn visit_u64<E: de::Error>(self, number: u64) -> Result<Vec<T>, E> {
        self.visit_str(&number.to_string())
    }
}

/// Splits at commas, as everybody writes a list in a variable. The commas of a glob's braces and brackets are its own.
fn split(text: &str) -> Vec<&str> {
    let mut items = Vec::new();
    let (mut begin, mut depth) = (0, 0_usize);
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            b'{' | b'[' => depth += 1,
            b'}' | b']' => depth = depth.saturating_sub(1),
            b',' if depth == 0 => {
                items.push(&text[begin..at]);
                begin = at + 1;
            }
            _ => {}
        }
    }
    items.push(&text[begin..]);
    items
}

struct Item<T>(T);

impl<'de, T: FromText> Deserialize<'de> for Item<T> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        one(from).map(Item)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::split;
    use crate::config::{Config, Sources};

    #[test]
    fn text_with_commas_is_a_list_wherever_it_comes_from() {
        #[rustfmt::skip]
        let table = [
            ("suffix",  ".csv,.json",           Ok(vec![".csv", ".json"])),
            ("suffix",  ".csv, .json ",         Ok(vec![".csv", ".json"])),
            ("suffix",  ".csv",                 Ok(vec![".csv"])),
            ("suffix",  "csv,json",             Ok(vec!["csv", "json"])),
            ("include", "{2024,2025}/*.csv,a?", Ok(vec!["{2024,2025}/*.csv", "a?"])),
            ("include", "[a,b]*",               Ok(vec!["[a,b]*"])),
            ("exclude", "**/_*,**/.*",          Ok(vec!["**/_*", "**/.*"])),
            ("suffix",  ".csv,",                Err(())),
            ("suffix",  ",.csv",                Err(())),
            ("exclude", "{a,b",                 Err(())),
        ];
        for (key, value, want) in table {
            let route = [
                ("BRIGADE_ROUTE__A__FROM", "s3://one/"),
                ("BRIGADE_ROUTE__A__TO", "s3://two/"),
            ];
            let name = format!("BRIGADE_ROUTE__A__{}", key.to_uppercase());
            let env = Sources::variables(route.into_iter().chain([(name.as_str(), value)]));
            // A variable that begins with a bracket is TOML.
            let env = if value.starts_with(['[', '{']) {
                Sources::default()
            } else {
                env
            };
            let file =
                format!("[route.a]\nfrom = \"s3://one/\"\nto = \"s3://two/\"\n{key} = \"{value}\"");
            for sources in [env, Sources::text("f", &file)] {
                if sources == Sources::default() {
                    continue;
                }
                let read = Config::load(&sources).map_err(|_| ()).map(|loaded| {
                    let route = &loaded.config.route["a"];
                    let list = match key {
                        "suffix" => &route.suffix,
                        "include" => &route.include,
                        _ => &route.exclude,
                    };
                    list.clone()
                });
                let want = want
                    .clone()
                    .map(|want| want.iter().map(ToString::to_string).collect());
                assert_eq!(read, want, "{key} = {value}");
            }
        }
    }

    #[test]
    fn every_list_takes_commas() {
        let env = [
            ("BRIGADE_QUEUE__Q__URL", "http://h/q"),
            ("BRIGADE_QUEUE__Q__ACCEPT", "s3,sns"),
            ("BRIGADE_CRAWLER__A__QUIET", "1s"),
            ("BRIGADE_CRAWLER__B__QUIET", "1s"),
            ("BRIGADE_TABLE__A__DATABASE", "d"),
            ("BRIGADE_TABLE__B__DATABASE", "d"),
            ("BRIGADE_ROUTE__R__FROM", "s3://one/"),
            ("BRIGADE_ROUTE__R__TO", "s3://two/"),
            ("BRIGADE_ROUTE__R__CRAWLERS", "a,b"),
            ("BRIGADE_ROUTE__R__TABLES", "a, b"),
            ("BRIGADE_ROUTE__R__SSE", "aws:kms"),
            ("BRIGADE_ROUTE__R__SSE_KMS_CONTEXT", "a=b,c=d"),
        ];
        let config = Config::load(&Sources::variables(env)).unwrap().config;
        let route = &config.route["r"];
        assert_eq!(config.queue["q"].accept.len(), 2);
        assert_eq!(
            (&route.crawlers, &route.tables),
            (&vec!["a".into(), "b".into()], &vec!["a".into(), "b".into()])
        );
        assert_eq!(route.sse_kms_context, ["a=b", "c=d"]);
    }

    proptest! {
        #[test]
        fn nothing_is_lost_between_commas(text in "[a,{}\\[\\]é ]{0,12}") {
            prop_assert_eq!(split(&text).join(","), text);
        }
    }
}
