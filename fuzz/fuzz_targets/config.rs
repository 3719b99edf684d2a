//! A configuration file and an environment, whatever they are: a configuration that can be used,
//! or faults that each name a key in one line.
//!
//! The input is the file's text, then a zero byte and `NAME=value` for each variable.
#![no_main]

use brigade::config::{Config, Sources};
use brigade::route::Routes;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| {
    let input = String::from_utf8_lossy(input);
    let mut pieces = input.split('\0');
    let text = pieces.next().unwrap_or_default();
    let env = pieces.map(|piece| piece.split_once('=').unwrap_or((piece, "")));
    let mut sources = Sources::variables(env);
    // Would read a file of this machine.
    sources.env.retain(|(name, _)| name != "BRIGADE_CONFIG");
    sources.texts.push(("f".into(), text.into()));
    match Config::load(&sources) {
        Ok(loaded) => {
            let routes = Routes::compile(&loaded.config);
            // What is moved aside is a route of its own.
            assert!(routes.iter().count() >= loaded.config.route.len());
            let shown = serde_json::to_value(&loaded.config).expect("can be shown");
            no_controls("", &shown);
            let _ = loaded.config.advice();
            for route in routes.iter() {
                let key = format!("{}a/b.csv", route.from.prefix);
                let _ = route.takes(None, &route.from.bucket, &key, None);
            }
        }
        Err(refusal) => {
            assert!(!refusal.0.is_empty());
            for fault in &refusal.0 {
                assert!(!fault.key.trim().is_empty(), "{fault:?}");
                let told = fault.to_string();
                assert!(!told.contains(char::is_control), "{told:?}");
                assert!(told.chars().count() < 2300, "{told}");
            }
        }
    }
});

/// What was accepted can be sent and matched: only a statement has lines.
fn no_controls(at: &str, value: &serde_json::Value) {
    match value {
        serde_json::Value::Object(fields) => fields
            .iter()
            .for_each(|(key, value)| no_controls(key, value)),
        serde_json::Value::Array(items) => items.iter().for_each(|item| no_controls(at, item)),
        serde_json::Value::String(text) => {
            let lines = |c: char| at == "assert_sql" && matches!(c, '\n' | '\r' | '\t');
            assert!(
                !text.contains(|c: char| c.is_control() && !lines(c)),
                "{at} = {text:?}"
            );
        }
        serde_json::Value::Null | serde_json::Value::Bool(_) | serde_json::Value::Number(_) => {}
    }
}
