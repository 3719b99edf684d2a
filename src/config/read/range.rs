//! Ranges of values, as the schema has them: `minimum` and `maximum` of whole numbers and sizes, and
//! `x-minimum` and `x-maximum` of durations and rates, which JSON Schema cannot compare.

use std::time::Duration;

use bytesize::ByteSize;
use figment::value::Value;
use serde_json::Value as Json;

use crate::config::read::coerce::text_of;
use crate::config::value::{rate::Rate, size, text::FromText};

/// Refuses a value out of its range. What cannot be read is left to its type.
///
/// # Errors
/// Says what was expected.
pub(crate) fn check(value: &Value, node: &Json) -> Result<(), String> {
    let bound = |plain: &str, text: &str| node.get(plain).or_else(|| node.get(text));
    let (least, most) = (bound("minimum", "x-minimum"), bound("maximum", "x-maximum"));
    let (Some(text), Some(least)) = (text_of(value), least) else {
        return Ok(());
    };
    let Some(value) = measure(&text, least) else {
        return Ok(());
    };
    let beyond = most.is_some_and(|most| Some(value) > measure(&shown(most, node), most));
    if !beyond && Some(value) >= measure(&shown(least, node), least) {
        return Ok(());
    }
    let is_whole = least.is_number() && !is_size(node);
    let least = shown(least, node);
    Err(match most {
        Some(most) => format!("expected {least} to {}", shown(most, node)),
        None if is_whole => format!("expected {least} or more"),
        None => format!("expected at least {least}"),
    })
}

fn is_size(node: &Json) -> bool {
    node["type"] != "integer"
}

/// A bound as it could have been typed.
fn shown(bound: &Json, node: &Json) -> String {
    match (bound.as_u64(), bound.as_str()) {
        (Some(bytes), _) if is_size(node) => size::show(ByteSize(bytes)),
        (_, Some(text)) => text.to_owned(),
        _ => bound.to_string(),
    }
}

/// What text says, in numbers that can be compared with others of the same bound.
fn measure(text: &str, bound: &Json) -> Option<u128> {
    match bound.as_str() {
        None => ByteSize::from_text(text).ok().map(|size| size.0.into()),
        Some(rate) if rate.ends_with("/s") => {
            Rate::from_text(text).ok().map(|rate| rate.0.0.into())
        }
        Some(_) => Duration::from_text(text).ok().map(|time| time.as_nanos()),
    }
}

#[cfg(test)]
mod tests {
    use crate::config::read::tree::{collect, node};
    use crate::config::{Config, Sources, schema};

    /// What is typed at a bound is taken, and a default is in its range.
    #[test]
    fn every_range_takes_its_bounds() {
        let schema = schema();
        let mut all = Vec::new();
        collect("", &schema, &mut all);
        let mut bounds = 0;
        for path in &all {
            let node = node(path, &schema);
            let (section, key) = path.rsplit_once('.').unwrap_or(("", path));
            let section = section.replace("NAME", "n");
            for bound in ["minimum", "maximum", "x-minimum", "x-maximum"] {
                let Some(bound) = node.get(bound) else {
                    continue;
                };
                bounds += 1;
                let file = format!("[{section}]\n{key} = {bound}");
                let said = Config::load(&Sources::text("f", &file)).map_err(|why| why.to_string());
                let said = said.err().unwrap_or_default();
                assert!(!said.contains(" to "), "{file}: {said}");
            }
            if let (Some(default), Some(_)) = (
                node.get("default"),
                node.get("x-minimum").or(node.get("minimum")),
            ) {
                let value = serde_json::from_value(default.clone()).unwrap();
                assert_eq!(super::check(&value, node), Ok(()), "{path}");
            }
        }
        assert!(bounds >= 30, "{bounds}");
    }
}
