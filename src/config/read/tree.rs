//! The tree of known keys, which is the JSON Schema of the configuration.

use figment::value::Value;
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
pub(in crate::config) fn join(at: &str, key: &str) -> String {
    let key = if key.is_empty() { "\"\"" } else { key };
    if at.is_empty() {
        key.into()
    } else {
        format!("{at}.{key}")
    }
}

pub(in crate::config) fn is_table(node: &Json) -> bool {
    node["type"] == "object"
}

pub(in crate::config) fn is_map(node: &Json) -> bool {
    is_table(node) && node.get("properties").is_none()
}

pub(in crate::config) fn is_name(key: &str) -> bool {
    key.starts_with(|c: char| c.is_ascii_lowercase())
        && key
            .bytes()
            .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
        && !key.contains("__")
}

/// Every known key, dotted, a map's names as `NAME`.
pub(in crate::config) fn collect(at: &str, node: &Json, all: &mut Vec<String>) {
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
pub(in crate::config) fn node<'s>(path: &str, schema: &'s Json) -> &'s Json {
    path.split('.').fold(schema, |node, key| {
        let named = &node["additionalProperties"];
        node["properties"].get(key).unwrap_or(named)
    })
}

/// A value that a key which must be there could have, for reading on after it was refused.
pub(in crate::config) fn example(node: &Json) -> Option<Value> {
    node["examples"][0].as_str().map(Value::from)
}

/// What an example in a suggestion is called.
pub(in crate::config) fn example_name(section: &str) -> &'static str {
    NAMES
        .iter()
        .find(|(of, _)| *of == section)
        .map_or("name", |(_, name)| name)
}
