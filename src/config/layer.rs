//! One source of settings, read: a file, a variable that holds a file, or one setting's variable.
//!
//! Only variables with `__` are settings: `BRIGADE_ROUTE__ORDERS__TO` is `route.orders.to`, and
//! `BRIGADE__ENVIRONMENT` is `environment`. So what Kubernetes injects for a service named brigade
//! (`BRIGADE_SERVICE_HOST`, `BRIGADE_PORT_9900_TCP_ADDR`) is no setting by accident.

use std::path::Path;

use figment::providers::{Format, Toml};
use figment::value::{Dict, Map, Value};
use figment::{Metadata, Profile, Provider};

use super::shown::one_line;
use super::{Fault, Origin};

/// One source, read.
pub(super) struct Layer {
    pub(super) origin: Origin,
    pub(super) dict: Dict,
}

impl Layer {
    /// Reads a file, which must be there.
    pub(super) fn file(path: &Path) -> Result<Self, Fault> {
        let name = path.display().to_string();
        match std::fs::read_to_string(path) {
            Ok(text) => Self::document(&name, &text),
            Err(why) => Err(Fault {
                key: name,
                value: None,
                why: format!("cannot be read: {why}"),
            }),
        }
    }

    /// Reads the text of a whole file.
    pub(super) fn document(name: &str, text: &str) -> Result<Self, Fault> {
        let dict = Toml::from_str(text).map_err(|error| {
            let start = error.span().map_or(0, |span| span.start);
            let line = text.get(..start).unwrap_or_default().matches('\n').count() + 1;
            let why = format!("is not TOML: {}", one_line(error.message()));
            Fault {
                key: format!("{name} line {line}"),
                value: None,
                why,
            }
        })?;
        Ok(Self {
            origin: Origin::Document(name.into()),
            dict,
        })
    }

    /// Reads one setting. Its text stays as it is, so that `012345` keeps its zero; lists and tables are read as TOML.
    pub(super) fn variable(name: &str, path: &[String], text: &str) -> Result<Self, Fault> {
        let mut value = Value::from(text);
        if text.starts_with(['[', '{']) {
            let dict: Dict = Toml::from_str(&format!("value = {text}")).map_err(|error| Fault {
                key: name.into(),
                value: Some(text.into()),
                why: format!(
                    "is not TOML: {}; text that begins with a bracket is written [\"…\"]",
                    one_line(error.message())
                ),
            })?;
            value = dict.get("value").cloned().unwrap_or(value);
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

impl Provider for Layer {
    fn metadata(&self) -> Metadata {
        Metadata::named(self.origin.to_string())
    }

    fn data(&self) -> Result<Map<Profile, Dict>, figment::Error> {
        Ok(Profile::Default.collect(self.dict.clone()))
    }
}

/// The path a variable sets; none if it is no setting.
pub(super) fn setting(name: &str) -> Option<Vec<String>> {
    let rest = name.strip_prefix("BRIGADE_")?;
    if !rest.contains("__") && !rest.starts_with('_') {
        return None;
    }
    let rest = rest.strip_prefix('_').unwrap_or(rest);
    Some(rest.split("__").map(str::to_ascii_lowercase).collect())
}
