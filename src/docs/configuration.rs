//! docs/configuration.md, from config.toml and the JSON Schema.

use std::fmt::Write;

use serde_json::Value;

use super::is_up_to_date;
use crate::config::schema;

const FILE: &str = include_str!("../../config.toml");

/// The names of the example's sections, which stand for any.
const NAMES: [&str; 6] = ["events", "orders", "stock", "china", "partner", "lab"];

#[test]
fn the_page_of_settings_is_up_to_date() {
    is_up_to_date("configuration.md", &page());
}

fn page() -> String {
    let (intro, settings) = FILE.split_once("\n\n").expect("an introduction");
    let schema = schema();
    let mut page = format!("# Configuration\n\n{}\n", introduction(intro));
    let (mut section, mut prose) = (String::new(), Vec::new());
    for line in settings.lines() {
        if let Some(comment) = line.strip_prefix("# ") {
            prose.push(comment);
        } else if let Some(name) = line.strip_prefix("#[").and_then(|l| l.strip_suffix(']')) {
            section = name.to_owned();
            let _ = write!(page, "\n## `[{name}]`\n");
            if !prose.is_empty() {
                let _ = write!(page, "\n{}\n", prose.join("\n"));
            }
            prose.clear();
        } else if let Some(setting) = line.strip_prefix('#') {
            let entry = entry(&section, setting, &prose, &schema);
            let heading = entry.lines().nth(1).unwrap_or_default();
            // Two routes and three accounts are shown; each key is explained once.
            if !page.contains(&format!("{heading}\n")) {
                page += &entry;
            }
            prose.clear();
        } else {
            prose.clear();
        }
    }
    page
}

/// The comment at the top, with its indented lines as code.
fn introduction(comment: &str) -> String {
    let lines = comment.lines().skip(1);
    let lines = lines.map(|line| {
        let line = line.trim_start_matches('#').trim_start_matches(' ');
        if line.starts_with("BRIGADE_QUEUE") {
            format!("    {line}")
        } else {
            line.to_owned()
        }
    });
    let text = lines.collect::<Vec<_>>().join("\n");
    let text = text.replace("with __ between", "with `__` between");
    format!(
        "Every setting, as [config.toml](../config.toml) has it.\n{}\n",
        text.replace(
            "A line `#key = value` shows the default, unless its comment says (unset): then the setting has no default, \
             and the value\nis an example. Nothing here is active: uncomment what you need, or set variables. Three deploy a route:",
            "Three variables deploy a route:"
        )
    )
}

fn entry(section: &str, setting: &str, prose: &[&str], schema: &Value) -> String {
    let (key, value) = setting.split_once(" = ").expect("a setting");
    let path = if section.is_empty() {
        key.to_owned()
    } else {
        format!("{}.{key}", generic(section))
    };
    let text = prose.join("\n");
    let kind = if text.contains("(unset)") || text.contains("Required.") {
        "Example"
    } else {
        "Default"
    };
    let text = text.replace("(unset): ", "Unset: ").replace("(unset)", "");
    let text = text.replace('*', "\\*");
    let mut entry = format!("\n### `{path}`\n\n{}\n\n", text.trim_end());
    let _ = writeln!(entry, "- {kind}: `{value}`");
    if let Some(words) = words(node(schema, &path)) {
        let _ = writeln!(entry, "- One of {words}");
    }
    let _ = writeln!(entry, "- Variable: `{}`", variable(&path));
    entry
}

/// `route.stock` is one of `route.NAME`.
fn generic(section: &str) -> String {
    let named = |part: &str| {
        if NAMES.contains(&part) {
            "NAME".to_owned()
        } else {
            part.to_owned()
        }
    };
    section.split('.').map(named).collect::<Vec<_>>().join(".")
}

fn variable(path: &str) -> String {
    let path = path.to_uppercase().replace('.', "__");
    let gap = if path.contains("__") { "_" } else { "__" };
    format!("BRIGADE{gap}{path}")
}

/// What the schema says of a setting.
fn node<'s>(schema: &'s Value, path: &str) -> &'s Value {
    path.split('.').fold(schema, |node, part| match part {
        "NAME" => &node["additionalProperties"],
        key => &node["properties"][key],
    })
}

/// The words that a setting takes, where it takes words.
fn words(node: &Value) -> Option<String> {
    let consts = node["oneOf"].as_array().map(|all| {
        let each = all.iter().map(|one| &one["const"]);
        each.collect::<Vec<_>>()
    });
    let all = node["enum"]
        .as_array()
        .map(|all| all.iter().collect::<Vec<_>>());
    let words = all.or(consts)?;
    let words: Vec<_> = words.iter().filter_map(|word| word.as_str()).collect();
    (!words.is_empty()).then(|| format!("`{}`", words.join("`, `")))
}
