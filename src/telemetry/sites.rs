//! Reads every call of a logging macro in `src`: no field has the name of a key that every line has, none is
//! a Debug text, and each message is a fixed text that an alert can wait for.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

/// Keys of every line, and what collectors keep for themselves.
const TAKEN: [&str; 8] = [
    "message",
    "timestamp",
    "level",
    "environment",
    "target",
    "fields",
    "span",
    "spans",
];

/// Enums without data for people; everything else that is debugged is a list, or a unit in a text.
const DEBUGGED: [&str; 2] = ["condition", "by"];

const MACROS: [&str; 10] = [
    "trace!(",
    "debug!(",
    "info!(",
    "warn!(",
    "error!(",
    "event!(",
    "info_span!(",
    "error_span!(",
    "debug_span!(",
    "warn_span!(",
];

#[test]
fn every_log_line_has_its_own_message_and_typed_fields() {
    let mut found = Vec::new();
    sources(
        &Path::new(env!("CARGO_MANIFEST_DIR")).join("src"),
        &mut found,
    );
    let mut sites = 0;
    let mut wrong = Vec::new();
    for (path, text) in &found {
        for arguments in calls(text.split("#[cfg(test)]\nmod tests {").next().unwrap()) {
            sites += 1;
            let faults = faults(&arguments);
            wrong.extend(
                faults
                    .into_iter()
                    .map(|fault| format!("{path}: {fault}: {arguments}")),
            );
        }
    }
    assert!(sites > 60, "only {sites} calls were found");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn what_is_wrong_with_a_call_is_found() {
    for (why, arguments, wrong) in [
        (
            "as it should be",
            r#"route, key, %error, bytes = 3, "copied""#,
            None,
        ),
        ("a span", r#""delivery", queue = name"#, None),
        (
            "the text's own name",
            r#"message = message.id, "x""#,
            Some("field message"),
        ),
        (
            "the same in short",
            r#"message, reason, "x""#,
            Some("field message"),
        ),
        (
            "a key of the line",
            r#"bucket, target, "x""#,
            Some("field target"),
        ),
        ("as a text", r#"%target, "x""#, Some("field target")),
        (
            "the macro's own setting",
            r#"target: "other", route, "x""#,
            None,
        ),
        ("twice", r#"key, key = other, "x""#, Some("field key twice")),
        ("a debugged list", r#"?queues, "x""#, Some("?queues")),
        (
            "the same, named",
            r#"queues = ?list(a, b), "x""#,
            Some("?queues"),
        ),
        ("an enum", r#"condition = ?copy.condition, "x""#, None),
        ("a comma in a text", r#"why = "a, message", "x, y""#, None),
        (
            "no fixed text",
            r#"key, "failed: {e}""#,
            Some("a message with {}"),
        ),
        ("no text", "key, why", Some("no message")),
    ] {
        let found = faults(arguments);
        assert_eq!(found.first().map(String::as_str), wrong, "{why}");
    }
}

fn sources(folder: &Path, found: &mut Vec<(String, String)>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|ext| ext == "rs")
            && !["tests.rs", "sites.rs", "telemetry.rs"].contains(&&*name)
        {
            found.push((
                path.display().to_string(),
                fs::read_to_string(&path).unwrap(),
            ));
        }
    }
}

/// What stands between the parentheses of each call.
fn calls(code: &str) -> Vec<String> {
    let code: Vec<_> = code
        .lines()
        .filter(|line| !line.trim_start().starts_with("//"))
        .collect();
    let code = code.join("\n");
    let mut found = Vec::new();
    for name in MACROS {
        for (at, _) in code.match_indices(name) {
            // Not the end of a longer name: `my_error!`.
            if code[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_') {
                continue;
            }
            let rest = &code[at + name.len()..];
            found.extend(split(rest, ')').into_iter().next());
        }
    }
    found
}

/// The text up to each `at` outside of texts and brackets.
fn split(text: &str, at: char) -> Vec<String> {
    let (mut parts, mut part, mut depth, mut in_text, mut escaped) =
        (Vec::new(), String::new(), 0_u32, false, false);
    for c in text.chars() {
        if in_text {
            in_text = escaped || c != '"';
            escaped = c == '\\' && !escaped;
        } else if c == at && depth == 0 {
            parts.push(std::mem::take(&mut part));
            continue;
        } else if c == '"' {
            in_text = true;
        } else if "([{".contains(c) {
            depth += 1;
        } else if ")]}".contains(c) {
            depth = depth.saturating_sub(1);
        }
        part.push(c);
    }
    parts.push(part);
    parts
}

fn faults(arguments: &str) -> Vec<String> {
    let arguments: Vec<_> = split(arguments, ',')
        .iter()
        .map(|a| a.trim().to_owned())
        .collect();
    let (mut faults, mut names, mut texts) = (Vec::new(), BTreeSet::new(), 0);
    for argument in arguments.iter().filter(|argument| !argument.is_empty()) {
        if argument.starts_with('"') {
            texts += 1;
            if argument.contains('{') {
                faults.push("a message with {}".to_owned());
            }
            continue;
        }
        if ["target:", "parent:", "name:"]
            .iter()
            .any(|own| argument.starts_with(own))
        {
            continue;
        }
        let (name, value) = argument.split_once(" = ").unwrap_or((argument, argument));
        let name = name.trim_start_matches(['%', '?', '&']).trim();
        if TAKEN.contains(&name) {
            faults.push(format!("field {name}"));
        }
        if !names.insert(name.to_owned()) {
            faults.push(format!("field {name} twice"));
        }
        if value.starts_with('?') && !DEBUGGED.contains(&name) {
            faults.push(format!("?{name}"));
        }
    }
    if texts == 0 {
        faults.push("no message".to_owned());
    }
    faults
}
