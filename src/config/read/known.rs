//! The one tree of known keys: the JSON Schema that the sections' types make.
//!
//! serde stops at the first unknown key. So before it reads, everything that was typed is held
//! against the schema, and what the schema does not know is told all at once, each with the
//! nearest key it does know.

use figment::value::{Dict, Value};
use serde_json::Value as Json;

use crate::config::nearest::nearest;
use crate::config::read::{
    characters,
    coerce::coerce,
    faults::Faults,
    range,
    synonyms::{self, Meant, snake},
    tree::{collect, example, example_name, is_map, is_name, is_table, join},
};

/// Keeps of what was typed what the schema knows; the rest is refused.
pub(crate) fn prune(typed: &Dict, schema: &Json, faults: &mut Faults<'_>) -> Dict {
    Pruning { schema, faults }.table("", typed, schema)
}

struct Pruning<'a, 'b> {
    schema: &'a Json,
    faults: &'a mut Faults<'b>,
}

impl Pruning<'_, '_> {
    fn table(&mut self, at: &str, typed: &Dict, node: &Json) -> Dict {
        let mut kept = Dict::new();
        // Keys of a section that has no name are reported once.
        let mut nameless = false;
        for (key, value) in typed {
            let path = join(at, key);
            let below = match (
                node["properties"].as_object(),
                &node["additionalProperties"],
            ) {
                (Some(properties), _) => properties.get(key),
                (None, named) if is_name(key) => Some(named),
                (None, _) => {
                    self.faults.refuse(
                        &path,
                        "expected a name of a-z, 0-9 and single _, that begins with a letter",
                    );
                    continue;
                }
            };
            match (below, value) {
                (None, _) if is_credential(key) => {
                    let why = "no such key: credentials are never given in a file; name a \
                               secret, a role or a profile in [account.NAME]";
                    self.faults.refuse_unshown(&path, why);
                }
                (None, _) => {
                    let section = at.split('.').next().unwrap_or_default();
                    let why = unknown(key, (section, node), self.schema);
                    self.faults.refuse(&path, why);
                }
                (Some(below), Value::Dict(tag, inner)) if is_table(below) => {
                    kept.insert(
                        key.clone(),
                        Value::Dict(*tag, self.table(&path, inner, below)),
                    );
                }
                (Some(below), value) if is_table(below) => {
                    let why = no_section(&path, value, (at, key), below);
                    if !(is_map(node) && std::mem::replace(&mut nameless, true)) {
                        self.faults.refuse(&path, why);
                    }
                }
                (Some(below), value) => {
                    // Also if it was refused: a key that must be there is not missing too.
                    kept.extend(
                        self.leaf(&path, key, value, below)
                            .map(|value| (key.clone(), value)),
                    );
                }
            }
        }
        kept
    }

    /// The value in the form that serde reads; if it has none, another that could stand there.
    fn leaf(&mut self, path: &str, key: &str, value: &Value, node: &Json) -> Option<Value> {
        match characters::check(value, node) {
            // What stands there may be the secret itself.
            Err(why) if key.contains("secret") => self.faults.refuse_unshown(path, why),
            Err(why) => self.faults.refuse(path, why),
            Ok(()) if is_empty(value) => self.faults.refuse(
                path,
                "is empty: give a value, or leave the key out for its default",
            ),
            Ok(()) => {}
        }
        match coerce(value, node) {
            Ok(value) => {
                if let Err(why) = range::check(&value, node) {
                    self.faults.refuse(path, why);
                }
                Some(value)
            }
            Err(why) => {
                self.faults.refuse(path, why);
                example(node)
            }
        }
    }
}

/// What is wrong with a value where a section should be.
fn no_section(path: &str, value: &Value, (at, key): (&str, &str), node: &Json) -> String {
    let own = |node: &Json| node["properties"].get(key).is_some();
    let example = example_name(if at.is_empty() { key } else { at });
    if !at.is_empty() && (own(node) || matches!(synonyms::key(at, key), Some(Meant::Key(_)))) {
        return format!("[{at}] needs a name of yours: write [{at}.{example}] above it");
    }
    match (is_map(node), value.as_array()) {
        (true, Some(_)) => format!(
            "expected a section, each with a name of yours: write [{path}.{example}], not [[{path}]]"
        ),
        (true, None) => {
            format!("expected a section with a name of yours, such as [{path}.{example}]")
        }
        (false, _) => format!("expected a section, [{path}]"),
    }
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::String(_, text) => text.trim().is_empty(),
        Value::Array(_, items) => items.iter().any(is_empty),
        Value::Char(..) | Value::Bool(..) | Value::Num(..) | Value::Empty(..) | Value::Dict(..) => {
            false
        }
    }
}

/// Whether what is given under this key could be a credential.
pub(crate) fn is_credential(key: &str) -> bool {
    let bare = key.to_ascii_lowercase().replace(['_', '-'], "");
    ["accesskey", "secretkey", "token", "password"]
        .iter()
        .any(|word| bare.contains(word))
}

/// Names the nearest known key: in the same section, else the same word elsewhere.
fn unknown(key: &str, (section, node): (&str, &Json), schema: &Json) -> String {
    match synonyms::key(section, key) {
        Some(Meant::Instead(why)) => return why.into(),
        Some(Meant::Key(meant)) => return format!("no such key; did you mean {meant}?"),
        None => {}
    }
    let here: Vec<&str> = node["properties"]
        .as_object()
        .into_iter()
        .flatten()
        .map(|(key, _)| key.as_str())
        .collect();
    if let Some(near) = nearest(&snake(key), here.iter().copied()) {
        return format!("no such key; did you mean {near}?");
    }
    let mut all = Vec::new();
    collect("", schema, &mut all);
    match all.iter().find(|path| path.rsplit('.').next() == Some(key)) {
        Some(path) => format!("no such key here; did you mean {path}?"),
        None => format!("no such key; known here: {}", here.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use crate::config::{Config, Sources};

    fn said(file: &str) -> String {
        Config::load(&Sources::text("f", file))
            .unwrap_err()
            .to_string()
    }

    #[test]
    fn unknown_keys_are_refused_all_at_once_with_the_nearest_known() {
        let file = r#"
            enviroment = "prod"
            colour = "red"
            [queue.events]
            url = "http://h/q"
            visibility = "1m"
            workers = 3
            [routes.orders]
            from = "s3://one"
            [work]
            retry = { max_attempts = 3 }
        "#;
        insta::assert_snapshot!(said(file), @r#"
        colour in f = "red": no such key; known here: account, admin, aws, catalog, crawler, environment, queue, retry, route, table, version, work
        enviroment in f = "prod": no such key; did you mean environment?
        queue.events.visibility in f = "1m": no such key; did you mean visibility_timeout?
        queue.events.workers in f = 3: no such key here; did you mean work.workers?
        routes in f = {"orders":{"from":"s3://one"}}: no such key; did you mean route?
        work.retry in f = {"max_attempts":3}: no such key; known here: buffer_memory, large_threshold, large_workers, shutdown_timeout, workers
        "#);
    }

    #[test]
    fn names_that_no_variable_could_spell_are_refused() {
        for name in [
            "Orders", "1st", "_a", "a__b", "a-b", "\"a.b\"", "\"\"", "\"é\"",
        ] {
            let file = format!("[crawler.{name}]\ndebounce = \"1s\"");
            let said = said(&file);
            assert!(
                said.contains("expected a name of a-z, 0-9 and single _"),
                "{name}: {said}"
            );
        }
        assert!(Config::load(&Sources::text("f", "[crawler.a1_b]\ndebounce = \"1s\"")).is_ok());
    }

    #[test]
    fn nothing_is_never_a_value() {
        for line in [
            "url = \"\"",
            "region = \" \"",
            "accept = [\"s3\", \"\"]",
            "max_pollers = \"\"",
        ] {
            let mut file = format!("[queue.events]\n{line}");
            if !line.starts_with("url") {
                file.push_str("\nurl = \"http://h/q\"");
            }
            let said = said(&file);
            assert!(
                said.ends_with(": is empty: give a value, or leave the key out for its default"),
                "{line}: {said}"
            );
            assert_eq!(said.lines().count(), 1, "{said}");
        }
    }

    #[test]
    fn a_value_is_no_section() {
        assert_eq!(
            said("queue = \"events\""),
            "queue in f = \"events\": expected a section with a name of yours, such as [queue.events]"
        );
        assert_eq!(
            said("[queue]\nevents = 1"),
            "queue.events in f = 1: expected a section, [queue.events]"
        );
        for (file, want) in [
            (
                "[queue]\nurl = \"http://h/q\"\nregion = \"eu-west-1\"",
                "queue.region in f = \"eu-west-1\": [queue] needs a name of yours: write [queue.events] above it",
            ),
            (
                "[queue]\nqueue_url = \"http://h/q\"",
                "queue.queue_url in f = \"http://h/q\": [queue] needs a name of yours: write [queue.events] above it",
            ),
            (
                "[route]\nfrom = \"s3://a/\"",
                "route.from in f = \"s3://a/\": [route] needs a name of yours: write [route.orders] above it",
            ),
            (
                "[account]\nprofile = \"x\"",
                "account.profile in f = \"x\": [account] needs a name of yours: write [account.partner] above it",
            ),
            (
                "[[route]]\nfrom = \"s3://a/\"",
                "route in f = [{\"from\":\"s3://a/\"}]: expected a section, each with a name of yours: write [route.orders], not [[route]]",
            ),
        ] {
            assert_eq!(said(file), want);
        }
        assert_eq!(
            said("work = 3"),
            "work in f = 3: expected a section, [work]"
        );
    }
}
