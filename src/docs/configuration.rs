//! docs/configuration.md, from config.toml and the JSON Schema.

use std::fmt::Write;

use serde_json::Value;

use super::is_up_to_date;
use crate::config::schema;
use crate::config::tests::{FILE, Wanted, generic, join, node, variable_of};

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

/// The comment at the top, without what it says about the file itself.
fn introduction(comment: &str) -> String {
    let about_all = comment.split("\n#\n").skip(2).map(|paragraph| {
        let lines = paragraph
            .lines()
            .map(|line| match line.strip_prefix("#   ") {
                Some(code) => format!("    {code}\n"),
                None => format!("{}\n", line.trim_start_matches("# ")),
            });
        lines.collect::<String>()
    });
    let text = about_all.collect::<Vec<_>>().join("\n");
    format!("Every setting, as [config.toml](../config.toml) has it.\n\n{text}")
}

fn entry(section: &str, setting: &str, prose: &[&str], schema: &Value) -> String {
    let (key, value) = setting.split_once(" = ").expect("a setting");
    let path = generic(&join(section, key));
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
    if let Wanted::Word(words) = Wanted::of(node(&path, schema)) {
        let _ = writeln!(entry, "- One of `{}`", words.join("`, `"));
    }
    let _ = writeln!(entry, "- Variable: `{}`", variable_of(&path));
    entry
}
