//! The types of fields: `types = ["age=int", "day=date(%d.%m.%Y)"]`.
//!
//! The names are those of Glue and Athena, with common aliases. A field without a type is text:
//! types are not inferred while a file is transformed, because two files of one table could then
//! get two schemas.
//!
//! [`Type::read`] converts a value into a [`Typed`]. A value that does not convert exactly is a
//! [`BadValue`], and `on_bad_type` decides what happens to it.

mod apply;
mod number;
mod parse;
mod read;
mod text;
pub mod time;

pub use apply::{BadField, OnBadType, Types};
pub use number::MAX_PRECISION;
pub use read::BadValue;
pub(crate) use text::is_json_number;

/// The type of a field.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Type {
    /// True or false; also `yes`, `no`, `t`, `f`, `y`, `n`, `1` and `0`.
    Bool,
    /// A whole number of 32 bits.
    Int,
    /// A whole number of 64 bits.
    BigInt,
    /// A binary floating-point number of 32 bits.
    Float,
    /// A binary floating-point number of 64 bits.
    Double,
    /// An exact number.
    Decimal(Decimal),
    /// A day; in ISO 8601 unless there is a format.
    Date(Option<Box<str>>),
    /// A point in time; in ISO 8601 unless there is a format or a unit.
    Timestamp(Stamp),
    /// Anything, as it was written.
    #[default]
    Text,
}

/// How many digits an exact number has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Decimal {
    /// All digits: 1 to 38.
    pub precision: u8,
    /// Those behind the point: at most the precision.
    pub scale: u8,
}

/// How a timestamp is written in the input.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Stamp {
    /// ISO 8601, as most programs write it.
    Iso,
    /// A count since 1970 of units, of which a second has this many.
    Epoch(i64),
    /// A format of `strftime`.
    Format(Box<str>),
}

/// A value that has its type.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Typed<'a> {
    /// Nothing: `null`, or an empty text where the type is not text.
    Null,
    /// Of [`Type::Bool`].
    Bool(bool),
    /// Of [`Type::Int`] or [`Type::BigInt`].
    Int(i64),
    /// Of [`Type::Float`] or [`Type::Double`].
    Double(f64),
    /// Of [`Type::Decimal`], as a count of `10^-scale`.
    Decimal(i128, u8),
    /// Of [`Type::Date`], as days since 1970.
    Date(i32),
    /// Of [`Type::Timestamp`], as microseconds since 1970 in UTC.
    Timestamp(i64),
    /// Of [`Type::Text`]: a string, or a value's JSON text.
    Text(&'a str),
}
