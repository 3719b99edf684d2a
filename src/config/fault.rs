//! What is wrong with a configuration, in the operator's words.
//!
//! Faults are collected and told together: fixing one typo at a time costs a deploy each. A fault
//! names the key as it was typed, in a file or as a variable, so that it can be searched for.

use std::collections::BTreeMap;
use std::fmt;
use std::ops::RangeInclusive;

use figment::value::{Dict, Value};

use super::address::masked;
use super::origins::Origins;
use super::shown::one_line;

/// A value longer than this is cut in a message.
const LONGEST_VALUE_CHARS: usize = 160;

/// So is a key or a reason; only a stranger's are as long.
const LONGEST_CHARS: usize = 1000;

/// One thing that is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// The key as typed: `work.workers in config.toml` or `BRIGADE_WORK__WORKERS`.
    pub key: String,
    /// The value as typed; none if it is missing.
    pub value: Option<String>,
    /// What was expected and what to do.
    pub why: String,
}

impl Fault {
    /// A fault that stays on its line and repeats no password of an address, whatever was typed.
    pub(super) fn new(key: &str, value: Option<&str>, why: &str) -> Self {
        Self {
            key: one_line(key, LONGEST_CHARS),
            value: value.map(|value| one_line(&masked(value), LONGEST_VALUE_CHARS)),
            why: one_line(why, LONGEST_CHARS),
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.value {
            Some(value) => write!(f, "{} = {value}: {}", self.key, self.why),
            None => write!(f, "{}: {}", self.key, self.why),
        }
    }
}

/// Why a configuration was refused: everything that is wrong with it, a line each.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal(pub Vec<Fault>);

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, fault) in self.0.iter().enumerate() {
            let end = if i == 0 { "" } else { "\n" };
            write!(f, "{end}{fault}")?;
        }
        Ok(())
    }
}

impl std::error::Error for Refusal {}

/// Collects faults by path, each with its key and value as typed.
pub(super) struct Faults<'a> {
    typed: &'a Dict,
    origins: &'a Origins,
    found: BTreeMap<String, Fault>,
}

impl<'a> Faults<'a> {
    pub(super) fn new(typed: &'a Dict, origins: &'a Origins) -> Self {
        Self {
            typed,
            origins,
            found: BTreeMap::new(),
        }
    }

    /// Refuses the value at a dotted path; what else is wrong with the same value is not told.
    pub(super) fn refuse(&mut self, path: &str, why: impl Into<String>) {
        if !self.found.contains_key(path) {
            let value = find(self.typed, path).map(show);
            let key = self.origins.as_typed(path);
            let fault = Fault::new(&key, value.as_deref(), &why.into());
            self.found.insert(path.into(), fault);
        }
    }

    /// The same, where the value may be a credential: it is not repeated.
    pub(super) fn refuse_unshown(&mut self, path: &str, why: impl Into<String>) {
        if !self.found.contains_key(path) {
            let fault = Fault::new(&self.origins.as_typed(path), None, &why.into());
            self.found.insert(path.into(), fault);
        }
    }

    /// Tells of what is no value: a variable that is no setting.
    pub(super) fn tell(&mut self, fault: Fault) {
        self.found.insert(fault.key.clone(), fault);
    }

    /// Refuses a value out of its range.
    pub(super) fn within<T: PartialOrd>(
        &mut self,
        path: &str,
        value: &T,
        range: &RangeInclusive<T>,
        show: impl Fn(&T) -> String,
    ) {
        if !range.contains(value) {
            self.refuse(
                path,
                format!("expected {} to {}", show(range.start()), show(range.end())),
            );
        }
    }

    /// Tells whether the value at a path, or anything below it, was refused.
    pub(super) fn holds(&self, path: &str) -> bool {
        let below = format!("{path}.");
        self.found
            .keys()
            .any(|refused| refused == path || refused.starts_with(&below))
    }

    /// `value`, if nothing was refused.
    pub(super) fn or<T>(self, value: impl FnOnce() -> T) -> Result<T, Refusal> {
        if self.found.is_empty() {
            Ok(value())
        } else {
            Err(Refusal(self.found.into_values().collect()))
        }
    }
}

fn find<'v>(dict: &'v Dict, path: &str) -> Option<&'v Value> {
    match path.split_once('.') {
        None => dict.get(path),
        Some((first, rest)) => find(dict.get(first)?.as_dict()?, rest),
    }
}

fn show(value: &Value) -> String {
    serde_json::to_string(value).unwrap_or_else(|why| why.to_string())
}
