//! Values that are read from text.

use std::fmt;
use std::marker::PhantomData;
use std::net::SocketAddr;

use serde::de::{self, Deserializer, Visitor};

/// A value that can be read from text.
pub(crate) trait FromText: Sized {
    /// What is expected, for "expected …".
    const EXPECTED: &'static str;

    /// Reads the value, or says what was expected and what to do.
    fn from_text(text: &str) -> Result<Self, String>;
}

impl FromText for SocketAddr {
    const EXPECTED: &'static str = "a numeric address and a port, such as \"127.0.0.1:9900\"";

    fn from_text(text: &str) -> Result<Self, String> {
        text.parse().map_err(|_| expected::<Self>())
    }
}

/// "expected …", for what cannot be read.
pub(crate) fn expected<T: FromText>() -> String {
    format!("expected {}", T::EXPECTED)
}

/// Reads a value for serde, which was given as text or has been made one.
pub(crate) fn read<'de, D: Deserializer<'de>, T: FromText>(from: D) -> Result<T, D::Error> {
    from.deserialize_any(Text(PhantomData))
}

struct Text<T>(PhantomData<T>);

impl<T: FromText> Visitor<'_> for Text<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(T::EXPECTED)
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<T, E> {
        T::from_text(text).map_err(E::custom)
    }
}

/// Lets serde read a type of ours from its text, and write it as it is shown.
macro_rules! by_text {
    ($of:ty, $schema:tt) => {
        impl<'de> serde::Deserialize<'de> for $of {
            fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
                crate::config::value::text::read(from)
            }
        }

        impl serde::Serialize for $of {
            fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
                to.collect_str(self)
            }
        }

        impl schemars::JsonSchema for $of {
            fn schema_name() -> std::borrow::Cow<'static, str> {
                stringify!($of).into()
            }

            fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
                schemars::json_schema!($schema)
            }
        }
    };
}

pub(crate) use by_text;
