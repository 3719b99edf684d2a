//! Lists and objects as fields of a log line.

use std::error::Error;
use std::fmt;

use serde::Serialize;
use serde_json::Value;

/// A value with structure: `let queues = Structured::new(names); info!(queues = queues.field(), "running")`.
///
/// `tracing` records numbers, booleans, texts and errors. An error is the only one of them that can be asked
/// for its type again, so a value travels as one, and [`super::JsonLines`] writes it as what it is.
#[derive(Debug)]
pub struct Structured(Value);

impl Structured {
    /// Takes what serialises; what does not is written as null.
    #[must_use]
    pub fn new(value: impl Serialize) -> Self {
        Self(serde_json::to_value(value).unwrap_or_default())
    }

    /// As `tracing` takes it.
    #[must_use]
    pub fn field(&self) -> &(dyn Error + 'static) {
        self
    }

    pub(super) fn value(&self) -> &Value {
        &self.0
    }
}

impl fmt::Display for Structured {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl Error for Structured {}
