//! Collects what is wrong, each fault with its key and value as typed.

use std::collections::BTreeMap;

use figment::value::{Dict, Value};

use crate::config::read::{
    fault::{Fault, Refusal},
    origins::Origins,
    tree::find,
};

/// Collects faults by path, each with its key and value as typed.
pub(crate) struct Faults<'a> {
    typed: &'a Dict,
    origins: &'a Origins,
    found: BTreeMap<String, Fault>,
}

impl<'a> Faults<'a> {
    pub(crate) fn new(typed: &'a Dict, origins: &'a Origins) -> Self {
        Self {
            typed,
            origins,
            found: BTreeMap::new(),
        }
    }

    /// Refuses the value at a dotted path; other faults of the same value are not reported.
    pub(crate) fn refuse(&mut self, path: &str, why: impl Into<String>) {
        if !self.found.contains_key(path) {
            let value = find(self.typed, path).map(show);
            let key = self.origins.as_typed(path);
            let fault = Fault::new(&key, value.as_deref(), &why.into());
            self.found.insert(path.into(), fault);
        }
    }

    /// The same, where the value may be a credential: it is not repeated.
    pub(crate) fn refuse_unshown(&mut self, path: &str, why: impl Into<String>) {
        if !self.found.contains_key(path) {
            let fault = Fault::new(&self.origins.as_typed(path), None, &why.into());
            self.found.insert(path.into(), fault);
        }
    }

    /// Reports a variable that is no setting.
    pub(crate) fn report(&mut self, fault: Fault) {
        self.found.insert(fault.key.clone(), fault);
    }

    /// Refuses a value of characters that its service does not take.
    pub(crate) fn made_of(
        &mut self,
        path: &str,
        value: Option<&String>,
        (longest, others): (usize, &str),
    ) {
        let fit = |b: u8| b.is_ascii_alphanumeric() || others.as_bytes().contains(&b);
        if value.is_some_and(|value| !value.bytes().all(fit) || value.len() > longest) {
            let why = format!("expected at most {longest} of A-Z, a-z, 0-9 and {others}");
            self.refuse(path, why);
        }
    }

    /// Whether the value at a path, or anything below it, was refused.
    pub(crate) fn holds(&self, path: &str) -> bool {
        let below = format!("{path}.");
        self.found
            .keys()
            .any(|refused| refused == path || refused.starts_with(&below))
    }

    /// `value`, if nothing was refused.
    pub(crate) fn or<T>(self, value: impl FnOnce() -> T) -> Result<T, Refusal> {
        if self.found.is_empty() {
            Ok(value())
        } else {
            Err(Refusal(self.found.into_values().collect()))
        }
    }
}

fn show(value: &Value) -> String {
    serde_json::to_string(value).unwrap_or_else(|why| why.to_string())
}
