//! Characters that no setting has.
//!
//! A control character gets into a value by accident: a line break at the end of a file that became a
//! variable, a carriage return of an editor, a NUL of a script. A prefix with one matches no key, a
//! header with one cannot be sent, and a terminal obeys it. So every value is looked at here, once,
//! before any of them is read.

use figment::value::Value;
use serde_json::Value as Json;

/// Refuses a value that holds a control character, anywhere below it.
///
/// # Errors
/// Names the first one.
pub(crate) fn check(value: &Value, node: &Json) -> Result<(), String> {
    match value {
        Value::String(_, text) => check_text(text, has_lines(node)),
        Value::Array(_, items) => items.iter().try_for_each(|item| check(item, node)),
        Value::Dict(_, inner) => inner.iter().try_for_each(|(key, value)| {
            check_text(key, false)?;
            check(value, node)
        }),
        Value::Char(_, c) => check_text(&c.to_string(), false),
        Value::Bool(..) | Value::Num(..) | Value::Empty(..) => Ok(()),
    }
}

/// Whether the schema says of what language the text is: a statement may have several lines.
fn has_lines(node: &Json) -> bool {
    node.get("contentMediaType").is_some()
}

fn check_text(text: &str, has_lines: bool) -> Result<(), String> {
    let is_wrong = |c: char| c.is_control() && !(has_lines && matches!(c, '\n' | '\r' | '\t'));
    let Some(at) = text.find(is_wrong) else {
        return Ok(());
    };
    let c = text[at..].chars().next().unwrap_or_default();
    let named = match c {
        '\n' => "a line break (\\n)".to_owned(),
        '\r' => "a carriage return (\\r)".to_owned(),
        '\t' => "a tab (\\t)".to_owned(),
        other => format!("a control character (U+{:04X})", u32::from(other)),
    };
    let verb = if text[at..].chars().all(is_wrong) {
        "ends in"
    } else {
        "holds"
    };
    Err(format!("{verb} {named}: take it out"))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use crate::config::read::tree::collect;
    use crate::config::tests::example;
    use crate::config::{Config, Sources, schema};

    fn said(sources: &Sources) -> String {
        let refused = Config::load(sources).map(|_| ());
        refused
            .err()
            .map_or_else(String::new, |why| why.to_string())
    }

    #[test]
    fn a_control_character_is_refused_and_shown_escaped() {
        let route = |from: &str, suffix: &str| {
            format!("[route.r]\nfrom = \"{from}\"\nto = \"s3://lake/\"\nsuffix = {suffix}")
        };
        #[rustfmt::skip]
        let table = [
            ("a line break",      route("s3://raw/in/\\n", "[]"),            r#"route.r.from in f = "s3://raw/in/\n": ends in a line break (\n): take it out"#),
            ("a carriage return", route("s3://raw/in/\\r", "[]"),            r#"route.r.from in f = "s3://raw/in/\r": ends in a carriage return (\r): take it out"#),
            ("both",              route("s3://raw/in/\\r\\n", "[]"),         r#"route.r.from in f = "s3://raw/in/\r\n": ends in a carriage return (\r): take it out"#),
            ("a tab inside",      route("s3://raw/i\\tn/", "[]"),            r#"route.r.from in f = "s3://raw/i\tn/": holds a tab (\t): take it out"#),
            ("in a list",         route("s3://raw/", "[\".csv\", \".a\\r\"]"), r#"route.r.suffix in f = [".csv",".a\r"]: ends in a carriage return (\r): take it out"#),
            ("NUL",               route("s3://raw/a\\u0000b", "[]"),         r#"route.r.from in f = "s3://raw/a\u0000b": holds a control character (U+0000): take it out"#),
            ("C1",                route("s3://raw/\\u0085", "[]"),           r#"route.r.from in f = "s3://raw/\u{85}": ends in a control character (U+0085): take it out"#),
            ("in a word",         "[route.r]\nfrom = \"s3://a-b/\"\nto = \"s3://lake/\"\ntransfer = \"auto\\n\"".into(), r#"route.r.transfer in f = "auto\n": ends in a line break (\n): take it out"#),
        ];
        for (why, file, want) in table {
            assert_eq!(said(&Sources::text("f", &file)), want, "{why}");
        }
        let variable = Sources::variables([("BRIGADE_AWS__ENDPOINT_URL", "http://127.0.0.1:1\n")]);
        assert_eq!(
            said(&variable),
            r#"BRIGADE_AWS__ENDPOINT_URL = "http://127.0.0.1:1\n": ends in a line break (\n): take it out"#
        );
    }

    #[test]
    fn what_may_be_a_credential_is_not_repeated() {
        let said = said(&Sources::text(
            "f",
            "[account.a]\nsecret = \"\"\"{\n\"AccessKeyId\": \"hush\"}\"\"\"",
        ));
        assert!(said.starts_with("account.a.secret in f: "), "{said}");
        assert!(!said.contains("hush"), "{said}");
    }

    #[test]
    fn a_statement_may_have_lines() {
        let file = "[crawler.c]\nassert_sql = \"\"\"SELECT\n\tcount(*) > 0\r\nFROM orders\"\"\"";
        assert_eq!(said(&Sources::text("f", file)), "");
        let nul = said(&Sources::text(
            "f",
            "[crawler.c]\nassert_sql = \"SELECT\\u0000\"",
        ));
        assert!(nul.contains("a control character (U+0000)"), "{nul}");
    }

    #[test]
    fn bytes_that_are_no_text_are_refused() {
        let lossy = String::from_utf8_lossy(b"s3://raw/caf\xe9/").into_owned();
        let env = [
            ("BRIGADE_ROUTE__R__FROM", lossy.as_str()),
            ("BRIGADE_ROUTE__R__TO", "s3://lake/"),
        ];
        let said = said(&Sources::variables(env));
        assert_eq!(said, "BRIGADE_ROUTE__R__FROM: is not UTF-8: write it so");
    }

    proptest! {
        /// Of every setting, not only of those that somebody thought of.
        #[test]
        fn no_setting_takes_a_control_character(
            at in any::<prop::sample::Index>(), c in "\\p{Cc}", place in any::<prop::sample::Index>(),
        ) {
            let lines: Vec<String> = example::uncomment(true).lines().map(str::to_owned).collect();
            let is_text = |line: &&String| line.contains(" = \"") || line.contains(" = [\"");
            let texts: Vec<&String> = lines.iter().filter(is_text).collect();
            let line = *at.get(&texts);
            prop_assume!(!line.starts_with("assert_sql"));
            let quote = line.find('"').unwrap() + 1;
            let end = quote + line[quote..].find('"').unwrap();
            let places: Vec<usize> = (quote..=end).filter(|at| line.is_char_boundary(*at)).collect();
            let place = *place.get(&places);
            let code = u32::from(c.chars().next().unwrap());
            let wrong = format!("{}\\u{code:04x}{}", &line[..place], &line[place..]);
            let file = lines.iter().map(|other| if other == line { wrong.as_str() } else { other.as_str() });
            let said = said(&Sources::text("f", &file.collect::<Vec<_>>().join("\n")));
            let key = line.split(' ').next().unwrap();
            let reported = said.lines().any(|reported| reported.contains(&format!("{key} in f")) && reported.ends_with("take it out"));
            prop_assert!(reported, "{wrong}: {said}");
        }
    }

    #[test]
    fn only_a_statement_is_of_a_language() {
        let mut all = Vec::new();
        collect("", &schema(), &mut all);
        let schema = schema();
        let node = |path: &str| {
            path.split('.').fold(&schema, |node, key| {
                node["properties"]
                    .get(key)
                    .unwrap_or(&node["additionalProperties"])
            })
        };
        all.retain(|path| super::has_lines(node(path)));
        assert_eq!(all, ["crawler.NAME.assert_sql"]);
    }
}
