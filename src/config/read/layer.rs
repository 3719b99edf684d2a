//! One source of settings, read: a file, a variable that holds a file, or one setting's variable.

use std::path::Path;

use figment::providers::{Format, Toml};
use figment::value::{Dict, Map, Value};
use figment::{Metadata, Profile, Provider};

use crate::config::read::{fault::Fault, origins::Origin, syntax};

/// No setting is as deep. The name of a variable may be of any length, and each level costs stack.
const DEEPEST: usize = 8;

/// What toml calls a date on its way through serde.
const DATE: &str = "$__toml_private_datetime";

/// One source, read.
pub(crate) struct Layer {
    pub(crate) origin: Origin,
    pub(crate) dict: Dict,
}

impl Layer {
    /// Reads a file, which must be there.
    pub(crate) fn file(path: &Path) -> Result<Self, Fault> {
        let name = path.display().to_string();
        match std::fs::read_to_string(path) {
            Ok(text) => Self::document(&name, &text),
            Err(why) => Err(Fault::new(&name, None, &format!("cannot be read: {why}"))),
        }
    }

    /// Reads the text of a whole file.
    pub(crate) fn document(name: &str, text: &str) -> Result<Self, Fault> {
        let mut dict: Dict = Toml::from_str(text).map_err(|error| {
            let start = error.span().map_or(0, |span| span.start);
            let line = text.get(..start).unwrap_or_default().matches('\n').count();
            let hint = syntax::hint(text, line).map(|hint| format!("; {hint}"));
            let why = error.message().replace('\n', " ");
            let why = format!("is not TOML: {why}{}", hint.unwrap_or_default());
            Fault::new(&format!("{name} line {}", line + 1), None, &why)
        })?;
        dict.values_mut().for_each(as_text);
        Ok(Self {
            origin: Origin::Document(name.into()),
            dict,
        })
    }

    /// Reads one setting. Its text stays as it is, so that `012345` keeps its zero; lists and tables are read as TOML.
    pub(crate) fn variable(name: &str, path: &[String], text: &str) -> Result<Self, Fault> {
        let wrong = |why: &str| Fault::new(name, Some(text), why);
        if text.contains(char::REPLACEMENT_CHARACTER) {
            return Err(Fault::new(name, None, "is not UTF-8: write it so"));
        }
        if path.len() > DEEPEST {
            return Err(wrong("no such key: no section is as deep"));
        }
        let mut value = Value::from(text);
        if text.starts_with(['[', '{']) {
            let mut dict: Dict = Toml::from_str(&format!("value = {text}")).map_err(|error| {
                let why = error.message().replace('\n', " ");
                wrong(&format!(
                    "is not TOML: {why}; text that begins with a bracket is written [\"…\"]"
                ))
            })?;
            if dict.len() > 1 {
                return Err(wrong("expected one list or table and nothing behind it"));
            }
            value = dict.remove("value").unwrap_or(value);
            as_text(&mut value);
        }
        let mut dict = Dict::new();
        for key in path.iter().rev() {
            dict = Dict::from([(key.clone(), value)]);
            value = Value::from(dict.clone());
        }
        Ok(Self {
            origin: Origin::Variable(name.into()),
            dict,
        })
    }
}

/// Dates are text here, as typed: there is no setting that is one.
fn as_text(value: &mut Value) {
    match value {
        Value::Dict(_, inner) => match inner.get(DATE) {
            Some(date) => *value = date.clone(),
            None => inner.values_mut().for_each(as_text),
        },
        Value::Array(_, items) => items.iter_mut().for_each(as_text),
        Value::String(..)
        | Value::Char(..)
        | Value::Bool(..)
        | Value::Num(..)
        | Value::Empty(..) => {}
    }
}

impl Provider for Layer {
    fn metadata(&self) -> Metadata {
        Metadata::named(self.origin.to_string())
    }

    fn data(&self) -> Result<Map<Profile, Dict>, figment::Error> {
        Ok(Profile::Default.collect(self.dict.clone()))
    }
}
