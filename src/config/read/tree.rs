//! The tree of known keys, which is the JSON Schema of the configuration.

use figment::value::{Dict, Value};
use serde_json::Value as Json;

/// Names that stand for a section's own in suggestions.
const NAMES: [(&str, &str); 5] = [
    ("queue", "events"),
    ("route", "orders"),
    ("crawler", "orders"),
    ("table", "orders"),
    ("account", "partner"),
];

/// A key below a section, dotted; TOML allows one that is empty, which is shown by its quotes.
pub(crate) fn join(at: &str, key: &str) -> String {
    let key = if key.is_empty() { "\"\"" } else { key };
    if at.is_empty() {
        key.into()
    } else {
        format!("{at}.{key}")
    }
}

pub(crate) fn is_table(node: &Json) -> bool {
    node["type"] == "object"
}

pub(crate) fn is_map(node: &Json) -> bool {
    is_table(node) && node.get("properties").is_none()
}

pub(crate) fn is_name(key: &str) -> bool {
    key.starts_with(|c: char| c.is_ascii_lowercase())
        && key
            .bytes()
            .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
        && !key.contains("__")
}

/// Every known key, dotted, a map's names as `NAME`.
pub(crate) fn collect(at: &str, node: &Json, all: &mut Vec<String>) {
    if is_map(node) {
        return collect(&join(at, "NAME"), &node["additionalProperties"], all);
    }
    for (key, below) in node["properties"].as_object().into_iter().flatten() {
        let path = join(at, key);
        if is_table(below) {
            collect(&path, below, all);
        } else {
            all.push(path);
        }
    }
}

/// What the schema says of a key.
pub(crate) fn node<'s>(path: &str, schema: &'s Json) -> &'s Json {
    path.split('.').fold(schema, |node, key| {
        let named = &node["additionalProperties"];
        node["properties"].get(key).unwrap_or(named)
    })
}

/// A value that a key which must be there could have, for reading on after it was refused.
pub(crate) fn example(node: &Json) -> Option<Value> {
    node["examples"][0].as_str().map(Value::from)
}

/// What an example in a suggestion is called.
pub(crate) fn example_name(section: &str) -> &'static str {
    NAMES
        .iter()
        .find(|(of, _)| *of == section)
        .map_or("name", |(_, name)| name)
}

/// The value at a dotted path.
pub(crate) fn find<'v>(dict: &'v Dict, path: &str) -> Option<&'v Value> {
    match path.split_once('.') {
        None => dict.get(path),
        Some((first, rest)) => find(dict.get(first)?.as_dict()?, rest),
    }
}
