//! Where each value came from, so that a refusal names the key as typed and `config show` its source.

use std::collections::BTreeMap;
use std::fmt;

use figment::value::{Dict, Value};

use crate::config::read::{tree::join, variable::setting};

/// Where a value came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// Nobody set it.
    Default,
    /// A file, or a variable that holds a whole file.
    Document(String),
    /// A variable that holds this setting.
    Variable(String),
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("default"),
            Self::Document(name) => f.write_str(name),
            Self::Variable(name) => write!(f, "environment {name}"),
        }
    }
}

/// The origin of every value that was set, by dotted path.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Origins(BTreeMap<String, Origin>);

impl Origins {
    /// Notes where the values of a layer came from; a later layer wins.
    pub(crate) fn record(&mut self, at: &str, dict: &Dict, origin: &Origin) {
        for (key, value) in dict {
            let path = join(at, key);
            if let Value::Dict(_, inner) = value
                && !inner.is_empty()
            {
                self.record(&path, inner, origin);
            } else {
                self.0.insert(path, origin.clone());
            }
        }
    }

    /// The origin of the value at a dotted path.
    #[must_use]
    pub fn get(&self, path: &str) -> &Origin {
        self.0.get(path).unwrap_or(&Origin::Default)
    }

    /// Every path that was set.
    pub fn paths(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }

    /// A key as the operator typed it; for one that is missing, as its neighbours were typed.
    pub(crate) fn as_typed(&self, path: &str) -> String {
        let set = self.0.get(path).or_else(|| self.below(path));
        let section = path.rsplit_once('.').map_or("", |(section, _)| section);
        // A neighbour is in the same named section; sections as such are nobody's neighbours.
        let named = section.contains('.');
        let near = if named {
            self.0.get(section).or_else(|| self.below(section))
        } else {
            None
        };
        match (set, near) {
            (Some(Origin::Document(name)), _) | (None, Some(Origin::Document(name))) => {
                format!("{path} in {name}")
            }
            (Some(Origin::Variable(name)), _)
                if setting(name).is_some_and(|p| p.join(".") == path) =>
            {
                name.clone()
            }
            (Some(Origin::Variable(name)), _) => format!("{path} in {name}"),
            (None, Some(Origin::Variable(_))) => {
                format!("BRIGADE_{}", path.replace('.', "__").to_ascii_uppercase())
            }
            (Some(Origin::Default), _) | (None, None | Some(Origin::Default)) => path.into(),
        }
    }

    /// Where something below a path came from; a document before a variable.
    fn below(&self, path: &str) -> Option<&Origin> {
        let inside = format!("{path}.");
        let mut origins = self
            .0
            .iter()
            .filter(|(key, _)| key.starts_with(&inside))
            .map(|(_, o)| o);
        let first = origins.next()?;
        Some(
            std::iter::once(first)
                .chain(origins)
                .find(|o| matches!(o, Origin::Document(_)))
                .unwrap_or(first),
        )
    }
}

#[cfg(test)]
mod tests {
    use crate::config::{Config, Sources};

    #[test]
    fn a_key_is_named_as_it_was_typed() {
        let file = |text: &str| Sources::text("config.toml", text);
        let env = |name, value| Sources::variables([(name, value)]);
        let both = Sources {
            env: env("BRIGADE_ROUTE__A__TO", "s3://two").env,
            ..file("[route.a]\nsuffix = \".csv\"")
        };
        #[rustfmt::skip]
        let table = [
            ("a file", file("[work]\nworkers = 0"), "work.workers in config.toml = 0"),
            ("a variable", env("BRIGADE_WORK__WORKERS", "0"), "BRIGADE_WORK__WORKERS = \"0\""),
            ("a table in a variable", env("BRIGADE__WORK", "{ workers = 0 }"), "work.workers in BRIGADE__WORK = 0"),
            ("a file in a variable", env("BRIGADE_CONFIG_TOML", "[work]\nworkers = 0"), "work.workers in BRIGADE_CONFIG_TOML = 0"),
            ("at the top", env("BRIGADE__VERSION", "2"), "BRIGADE__VERSION = \"2\""),
            ("missing in a file", file("[route.a]\nto = \"s3://two\""), "route.a.from in config.toml: is missing"),
            ("missing in an empty section", file("[queue.q]"), "queue.q.url in config.toml: is missing"),
            ("missing in the environment", env("BRIGADE_ROUTE__A__TO", "s3://two"), "BRIGADE_ROUTE__A__FROM: is missing"),
            ("missing in both", both, "route.a.from in config.toml: is missing"),
        ];
        for (why, sources, want) in table {
            let said = Config::load(&sources).unwrap_err().to_string();
            assert!(said.starts_with(want), "{why}: {said}");
        }
    }
}
