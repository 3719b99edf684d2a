//! What a text that is no TOML was probably meant to be.
//!
//! A parser says what it expected where it stopped. Who wrote YAML, or left quotes away, does not learn
//! from that what to do.

/// What to do about a text at whose line (from 0) the parser stopped.
pub(crate) fn hint(text: &str, line: usize) -> Option<String> {
    let instead = "write it as TOML, such as [queue.events] and url = \"https://…\" below it";
    if text.trim_start().starts_with('{') {
        return Some(format!("this is JSON: {instead}"));
    }
    let said = |line: &&str| !line.trim().is_empty() && !line.trim_start().starts_with('#');
    let first = text.lines().find(said)?;
    if first.trim_end() == "---" || is_yaml(first) {
        return Some(format!("this is YAML: {instead}"));
    }
    unquoted(text.lines().nth(line)?)
}

/// `key:`, with a value or without.
fn is_yaml(line: &str) -> bool {
    let Some((key, rest)) = line.split_once(':') else {
        return false;
    };
    is_key(key.trim_end()) && (rest.is_empty() || rest.starts_with(char::is_whitespace))
}

/// `key = value` where the value has no quotes, or others than TOML's.
fn unquoted(line: &str) -> Option<String> {
    let (key, value) = match line.split_once('=') {
        Some(pair) => pair,
        None if is_yaml(line) => line.split_once(':')?,
        None => return None,
    };
    let (key, value) = (key.trim(), value.trim());
    let curly = ['“', '”', '„', '‘', '’', '«', '»'];
    if !is_key(key) || value.is_empty() || value.starts_with(['"', '\'', '[', '{']) {
        return None;
    }
    let bare = value.trim_matches(|c| curly.contains(&c) || c == '"');
    if value.starts_with(curly) {
        return Some(format!("quotes are straight: write {key} = \"{bare}\""));
    }
    let lower = value.to_ascii_lowercase();
    if ["true", "false"].contains(&lower.as_str()) {
        return Some(format!("write {key} = {lower}"));
    }
    // A remark behind it is none of the value.
    let value = bare.split(" #").next().unwrap_or_default().trim_end();
    let plain = !value.is_empty() && !value.starts_with('=') && !value.contains(['"', '\\']);
    plain.then(|| format!("text is written in quotes: write {key} = \"{value}\""))
}

fn is_key(text: &str) -> bool {
    let fit = |b: u8| b.is_ascii_alphanumeric() || b"_-.\"".contains(&b);
    !text.is_empty() && text.bytes().all(fit)
}

#[cfg(test)]
mod tests {
    use crate::config::{Config, Sources};

    #[test]
    fn what_is_no_toml_is_told_with_what_to_write() {
        let toml = "write it as TOML, such as [queue.events] and url = \"https://…\" below it";
        #[rustfmt::skip]
        let table = [
            ("environment = prod",                               "f line 1", "text is written in quotes: write environment = \"prod\"".to_owned()),
            ("[queue.q]\nurl = https://h/q # ours",              "f line 2", "text is written in quotes: write url = \"https://h/q\"".into()),
            ("[route.r]\nfrom = s3://raw/in/",                   "f line 2", "text is written in quotes: write from = \"s3://raw/in/\"".into()),
            ("[queue.q]\nvisibility_timeout = 2m",               "f line 2", "text is written in quotes: write visibility_timeout = \"2m\"".into()),
            ("[route.r]\nmax_size = 1GiB",                       "f line 2", "text is written in quotes: write max_size = \"1GiB\"".into()),
            ("[route.r]\nsuffix = .csv",                         "f line 2", "text is written in quotes: write suffix = \".csv\"".into()),
            ("[route.r]\nstrict = True",                         "f line 2", "write strict = true".into()),
            ("environment = “prod”",                             "f line 1", "quotes are straight: write environment = \"prod\"".into()),
            ("environment: prod",                                "f line 1", format!("this is YAML: {toml}")),
            ("# ours\n---\nqueue:\n  events:\n    url: https://h/q", "f line 2", format!("this is YAML: {toml}")),
            ("queue:\n  events:\n    url: https://h/q",          "f line 1", format!("this is YAML: {toml}")),
            ("{\n  \"environment\": \"prod\"\n}",                "f line 1", format!("this is JSON: {toml}")),
            ("[queue.q]\nurl: https://h/q",                      "f line 2", "text is written in quotes: write url = \"https://h/q\"".into()),
        ];
        for (text, place, want) in table {
            let said = Config::load(&Sources::text("f", text))
                .unwrap_err()
                .to_string();
            assert!(
                said.starts_with(&format!("{place}: is not TOML: ")),
                "{text}: {said}"
            );
            assert!(said.ends_with(&format!("; {want}")), "{text}: {said}");
        }
        let said = Config::load(&Sources::text("f", "version = = 1"))
            .unwrap_err()
            .to_string();
        assert!(!said.contains(';'), "nothing is guessed: {said}");
        for fine in [
            "\u{feff}environment = \"prod\"",
            "environment = \"prod\"\r\n",
            "",
        ] {
            assert!(Config::load(&Sources::text("f", fine)).is_ok(), "{fine:?}");
        }
    }
}
