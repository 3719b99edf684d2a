//! One record on its way through the steps: fields in order, each a name and a value.
//!
//! Numbers stay the text they were, so that no identifier above 2^53 changes and `1.10` stays
//! `1.10`. Nested values stay JSON text, because few steps read them.

use std::borrow::Cow;

/// A field of a record: its name and value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Field<'a> {
    /// Unique within its record once the names step has run.
    pub name: Cow<'a, str>,
    /// What the field holds.
    pub value: Value<'a>,
}

/// What a field holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value<'a> {
    /// JSON's `null`.
    Null,
    /// JSON's `true` and `false`.
    Bool(bool),
    /// A JSON number, its text as it was.
    Number(Cow<'a, str>),
    /// A string, unescaped.
    Text(Cow<'a, str>),
    /// An object or array, valid JSON text.
    Json(Cow<'a, str>),
}
