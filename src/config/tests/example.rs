//! Proves that `config.toml` shows every key with its true default.

use std::collections::BTreeSet;

use crate::config::read::tree::collect;
use crate::config::{Account, Config, Crawler, Queue, Route, Sources, Table, schema};

pub(crate) const FILE: &str = include_str!("../../../config.toml");

/// The path of a key that the example shows, with `NAME` for a section's own name.
pub(crate) fn generic(path: &str) -> String {
    let names = [
        ".events.",
        ".orders.",
        ".stock.",
        ".china.",
        ".partner.",
        ".lab.",
    ];
    names
        .iter()
        .fold(path.to_owned(), |path, name| path.replace(name, ".NAME."))
}

/// Uncomments settings: their `#` is followed by no space. `unset` ones have no default.
pub(crate) fn uncomment(with_unset: bool) -> String {
    let mut text = String::new();
    let mut prose = String::new();
    for line in FILE.lines() {
        match line.strip_prefix('#') {
            Some(comment) if comment.is_empty() || comment.starts_with(' ') => prose += comment,
            Some(setting) => {
                if with_unset || !prose.contains("(unset)") {
                    text = format!("{text}{setting}\n");
                }
                prose.clear();
            }
            None => prose.clear(),
        }
    }
    text
}

#[test]
fn the_example_shows_the_defaults() {
    let shown = Config::load(&Sources::text("config.toml", &uncomment(false)))
        .unwrap()
        .config;
    let mut defaults = Config::default();
    for name in ["china", "partner", "lab"] {
        defaults.account.insert(name.into(), Account::default());
    }
    let url = "https://sqs.us-east-1.amazonaws.com/111122223333/events";
    defaults.queue.insert("events".into(), Queue::new(url));
    let route = Route::new("s3://raw/incoming/", "s3://lake/orders/{path}").unwrap();
    defaults.route.insert("orders".into(), route);
    let route = Route::new("s3://raw/stock/", "s3://lake/stock/{path}").unwrap();
    defaults.route.insert("stock".into(), route);
    defaults.crawler.insert("orders".into(), Crawler::default());
    defaults.table.insert("orders".into(), Table::new("lake"));
    assert_eq!(shown, defaults);
}

#[test]
fn the_example_shows_every_key_and_all_of_it_is_valid() {
    let loaded = Config::load(&Sources::text("config.toml", &uncomment(true))).unwrap();
    assert_eq!(loaded.config.can_run(), Ok(()));
    let mut known = Vec::new();
    collect("", &schema(), &mut known);
    let shown: BTreeSet<String> = loaded.origins.paths().map(generic).collect();
    assert_eq!(shown, known.into_iter().collect());
}

#[test]
fn the_example_as_it_is_sets_nothing() {
    let config = Config::load(&Sources::text("config.toml", FILE))
        .unwrap()
        .config;
    assert_eq!(config, Config::default());
    let said = config.can_run().unwrap_err().to_string();
    for variable in [
        "QUEUE__EVENTS__URL",
        "ROUTE__ORDERS__FROM",
        "ROUTE__ORDERS__TO",
    ] {
        assert!(said.contains(&format!("BRIGADE_{variable}")), "{said}");
        assert!(FILE.contains(&format!("BRIGADE_{variable}")));
    }
}
