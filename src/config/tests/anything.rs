//! Whatever is typed, in files or variables, is a configuration or a list of faults a person can
//! read; and it takes no longer than reading it should.

use figment::Figment;
use figment::providers::Serialized;
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::Value as Json;

use crate::config::{Config, Sources, globs};

/// Every key and value the example shows, uncommented, a line each.
fn example() -> Vec<String> {
    super::example::uncomment(true)
        .lines()
        .map(str::to_owned)
        .collect()
}

#[rustfmt::skip]
const WORDS: &[&str] = &[
    "queue", "route", "crawler", "table", "work", "aws", "retry", "admin", "version", "environment", "a", "b", "events",
    "url", "from", "to", "queue", "suffix", "include", "exclude", "crawlers", "tables", "database", "accept", "quiet", "buffer_memory", "workers",
    "account", "to_account", "secret", "role", "profile", "max_size", "min_size", "way", "listen", "max_backoff", "endpoint_url", "A", "a__b", "\"\"", "\"a.b\"", "\"\\u001b\"",
];

#[rustfmt::skip]
const VALUES: &[&str] = &[
    "1", "-1", "1.5", "nan", "-inf", "true", "2024-01-01", "07:32:00", "0x10", "\"\"", "\" \"", "\"x\"", "\"\\u0085\\u001b[2J\\n\"",
    "\"s3://one/\"", "\"s3://two/{key}\"", "\"s3://two/{dir}/{nam\"", "\"http://h/q\"", "\"http://h/q.fifo\"", "\"30s\"",
    "\"9223372036854775807s\"", "\"1e300GiB\"", "\"[::]:1\"", "\"{{{{\"", "[]", "[[]]", "[1, \"x\"]", "[{}]", "{}", "{ a = 1 }",
    "{ a = { from = 1, url = [] } }", "\"auto\"", "\"a\"", "[\"{a\"]", "\"\"\"\n\n\"\"\"", "'", "[", "{",
];

fn value() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => select(VALUES).prop_map(str::to_owned),
        1 => any::<String>().prop_map(|text| Json::from(text).to_string()),
        1 => any::<String>(),
    ]
}

fn line() -> impl Strategy<Value = String> {
    let key = prop::collection::vec(select(WORDS), 1..4).prop_map(|words| words.join("."));
    prop_oneof![
        4 => (key.clone(), value()).prop_map(|(key, value)| format!("{key} = {value}")),
        2 => key.clone().prop_map(|key| format!("[{key}]")),
        1 => key.prop_map(|key| format!("[[{key}]]")),
    ]
}

/// Loads, and checks what must hold of every answer.
fn loads(sources: &Sources) {
    match Config::load(sources) {
        Ok(loaded) => {
            for route in loaded.config.route.values() {
                assert!(globs(&route.include).is_ok() && globs(&route.exclude).is_ok());
            }
            let mut shown = serde_json::to_value(&loaded.config).unwrap();
            forget_unset(&mut shown);
            no_controls("", &shown);
            let read: Config = Figment::from(Serialized::defaults(shown))
                .extract()
                .unwrap();
            assert_eq!(read, loaded.config, "what is shown reads back the same");
        }
        Err(refusal) => {
            assert!(!refusal.0.is_empty());
            for fault in refusal.0 {
                assert!(!fault.key.trim().is_empty(), "names a key: {fault:?}");
                let reported = fault.to_string();
                assert!(
                    !reported.contains(char::is_control),
                    "is one line: {reported:?}"
                );
                assert!(
                    reported.chars().count() < 2300,
                    "can be read: {}",
                    reported.len()
                );
            }
        }
    }
}

/// What was accepted can be sent and matched: only a statement has lines.
fn no_controls(at: &str, value: &Json) {
    match value {
        Json::Object(fields) => {
            for (key, value) in fields {
                assert!(!key.contains(char::is_control), "{at}.{key:?}");
                no_controls(key, value);
            }
        }
        Json::Array(items) => items.iter().for_each(|item| no_controls(at, item)),
        Json::String(text) => {
            let text = match at {
                "assert_sql" => text.replace(['\n', '\r', '\t'], " "),
                _ => text.clone(),
            };
            assert!(!text.contains(char::is_control), "{at} = {text:?}");
            let is_label = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
            assert!(
                !at.ends_with("region") || text.chars().all(is_label),
                "{at} = {text:?}"
            );
        }
        Json::Null | Json::Bool(_) | Json::Number(_) => {}
    }
}

fn forget_unset(value: &mut Json) {
    if let Json::Object(fields) = value {
        fields.retain(|_, value| !value.is_null());
        fields.values_mut().for_each(forget_unset);
    }
}

proptest! {
    #[test]
    fn any_text_is_a_configuration_or_is_refused(text in any::<String>()) {
        loads(&Sources::text("f", &text));
    }

    #[test]
    fn any_toml_is_a_configuration_or_is_refused(lines in prop::collection::vec(line(), 0..8)) {
        loads(&Sources::text("f", &lines.join("\n")));
    }

    #[test]
    fn a_few_wrong_lines_in_a_right_file_are_told(
        wrong in prop::collection::vec((any::<prop::sample::Index>(), prop_oneof![value(), line()], any::<bool>()), 1..4),
    ) {
        let mut lines = example();
        for (at, by, whole) in wrong {
            let line = at.get(&lines).clone();
            let key = line.split_once(" = ").map(|(key, _)| key).filter(|_| !whole);
            let at = at.index(lines.len());
            lines[at] = key.map_or(by.clone(), |key| format!("{key} = {by}"));
        }
        loads(&Sources::text("f", &lines.join("\n")));
    }

    #[test]
    fn any_environment_is_a_configuration_or_is_refused(
        env in prop::collection::vec(
            (prop_oneof![
                4 => prop::collection::vec(select(WORDS), 1..5).prop_map(|words| words.join("__").to_uppercase()),
                1 => select(vec!["CONFIG_TOML", "_ENVIRONMENT", "_", "_QUEUE"]).prop_map(str::to_owned),
                1 => any::<String>(),
            ], value()),
            0..6,
        ),
    ) {
        let env = env.into_iter().map(|(name, value)| (format!("BRIGADE_{name}"), value));
        loads(&Sources { env: env.collect(), ..Sources::default() });
    }
}

/// Each of these once took minutes or the stack, or would in a careless reader.
#[test]
fn nothing_typed_takes_long() {
    let long = 1 << 17;
    let route = |key: &str, value: &str| {
        format!("[route.r]\nfrom = \"s3://one\"\nto = \"s3://two/{value}\"\n{key} = \"{value}\"")
    };
    let lines =
        |many, line: fn(usize) -> String| (0..many).map(line).collect::<Vec<_>>().join("\n");
    let wrong = lines(100, |n| format!("[route.r{n}]\nfrom = {n}"));
    let unknown = lines(2000, |n| format!("x{n} = {n}"));
    for text in [
        format!("a = {}", "[".repeat(long)),
        format!("{}a = 1", "a.".repeat(long / 8)),
        format!(
            "[queue.q{}]\n{}",
            "a".repeat(long),
            route("queue", &"a".repeat(long))
        ),
        route("way", &"{".repeat(long)),
        route("way", &"{{".repeat(long)),
        route("include", &"{key}".repeat(long / 8)),
        route("include", &"{{,".repeat(long / 8)),
        route("exclude", &"*".repeat(long / 8)),
        wrong,
        unknown,
    ] {
        loads(&Sources::text("f", &text));
    }
    let deep = format!("BRIGADE_{}A", "A__".repeat(long));
    loads(&Sources::variables([(deep.as_str(), "1")]));
}

#[test]
fn a_variable_says_all_it_says() {
    let said = |name: &str, text: &str| {
        Config::load(&Sources::variables([(name, text)]))
            .unwrap_err()
            .to_string()
    };
    #[rustfmt::skip]
    let table = [
        ("a second setting behind a list", "BRIGADE_ROUTE__A__SUFFIX", "[\".csv\"]\nx = 1", "BRIGADE_ROUTE__A__SUFFIX = [\".csv\"]\\nx = 1: expected one list or table and nothing behind it"),
        ("deeper than any section", "BRIGADE_A__B__C__D__E__F__G__H__I", "1", "BRIGADE_A__B__C__D__E__F__G__H__I = 1: no such key: no section is as deep"),
        ("a terminal's orders", "BRIGADE_AWS__REGION", "[\u{1b}\n\u{9b}", "BRIGADE_AWS__REGION = [\\u{1b}\\n\\u{9b}: is not TOML: invalid array expected `]`; text that begins with a bracket is written [\"…\"]"),
    ];
    for (why, name, text, want) in table {
        assert_eq!(said(name, text), want, "{why}");
    }
}

#[test]
fn a_date_is_text_as_typed() {
    let load = |text: &str| Config::load(&Sources::text("f", text));
    let loaded = load("environment = 2024-01-01").unwrap();
    assert_eq!(loaded.config.environment, "2024-01-01");
    let said = load("work = 1979-05-27\nversion = [07:32:00]")
        .unwrap_err()
        .to_string();
    assert_eq!(
        said,
        "version in f = [\"07:32:00\"]: expected a whole number\n\
         work in f = \"1979-05-27\": expected a section, [work]"
    );
}
