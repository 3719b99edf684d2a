//! Gives each value the form that its key wants.
//!
//! The environment knows only text, and TOML writers quote or don't. So `workers = 64`,
//! `workers = "64"` and `BRIGADE_WORK__WORKERS=64` are the same: the schema says whether a whole number,
//! a word, a list or text is wanted, and each is made of whatever was typed, before serde reads it. What
//! text means beyond that, its type reads.

use figment::value::{Num, Value};
use serde_json::Value as Json;

use crate::config::read::synonyms;
use crate::config::value::list::split;

/// What is expected where any text may stand.
pub(crate) const TEXT: &str = "text, in quotes";

/// What the schema says of a value.
pub(crate) enum Wanted<'s> {
    Whole,
    YesOrNo,
    Text,
    Word(Vec<&'s str>),
    List(&'s Json),
}

impl<'s> Wanted<'s> {
    pub(crate) fn of(node: &'s Json) -> Self {
        let many = |key: &str| node[key].as_array().map(Vec::as_slice).unwrap_or_default();
        if let Some(list) = many("anyOf").iter().find(|one| one["type"] == "array") {
            return Self::List(&list["items"]);
        }
        if let Some(given) = many("anyOf").iter().find(|one| one["type"] != "null") {
            return Self::of(given);
        }
        let consts = many("oneOf").iter().map(|one| &one["const"]);
        let words = consts.chain(many("enum")).filter_map(Json::as_str);
        let words: Vec<_> = words.collect();
        let is = |name: &str| node["type"] == name || many("type").contains(&name.into());
        match () {
            () if !words.is_empty() => Self::Word(words),
            () if is("boolean") => Self::YesOrNo,
            () if is("integer") && !is("string") => Self::Whole,
            () => Self::Text,
        }
    }

    fn name(&self) -> &'static str {
        match self {
            Self::Whole => "a whole number",
            Self::YesOrNo => "true or false",
            Self::Word(_) => "one word",
            Self::Text | Self::List(_) => TEXT,
        }
    }
}

/// The value in the form that the schema wants.
///
/// # Errors
/// Says what was expected.
pub(crate) fn coerce(value: &Value, node: &Json) -> Result<Value, String> {
    let wanted = Wanted::of(node);
    let expected = || format!("expected {}", wanted.name());
    if let Wanted::List(item) = wanted {
        return list(value, item);
    }
    let Some(text) = text_of(value) else {
        // Its type says better what it should have been.
        let is_text = matches!(wanted, Wanted::Text);
        return if is_text {
            Ok(value.clone())
        } else {
            Err(expected())
        };
    };
    match &wanted {
        Wanted::Whole => text.parse::<u32>().map(Value::from).map_err(|_| expected()),
        Wanted::YesOrNo => text
            .parse::<bool>()
            .map(Value::from)
            .map_err(|_| expected()),
        Wanted::Word(known) if !known.contains(&text.as_str()) => {
            let near = synonyms::value(&text, known);
            let near = near.map_or(String::new(), |near| format!("; did you mean {near}?"));
            Err(format!(
                "expected one of {}, not {text}{near}",
                known.join(", ")
            ))
        }
        Wanted::Word(_) | Wanted::Text | Wanted::List(_) => Ok(Value::from(text)),
    }
}

fn list(value: &Value, item: &Json) -> Result<Value, String> {
    if let Value::Array(_, items) = value {
        let items: Result<Vec<_>, _> = items.iter().map(|value| one(value, item)).collect();
        return items.map(Value::from);
    }
    let text = text_of(value).filter(|_| !matches!(value, Value::Bool(..)));
    let Some(text) = text else {
        return Err(format!(
            "expected {} or a list of it",
            Wanted::of(item).name()
        ));
    };
    let items = split(&text);
    if let [_] = items.as_slice() {
        return one(&Value::from(text.as_str()), item).map(|value| Value::from(vec![value]));
    }
    if items.iter().any(|item| item.trim().is_empty()) {
        return Err(
            "is empty between two commas: text with commas is a list; for a comma that is part of a value \
             write [\"…\"]"
                .into(),
        );
    }
    let items = items
        .iter()
        .map(|text| one(&Value::from(text.trim()), item));
    items.collect::<Result<Vec<_>, _>>().map(Value::from)
}

/// An item of a list.
fn one(value: &Value, node: &Json) -> Result<Value, String> {
    if text_of(value).is_none() {
        return Err(format!("expected {}", Wanted::of(node).name()));
    }
    coerce(value, node)
}

/// What was typed, as text; none of a fraction, a list or a table.
pub(crate) fn text_of(value: &Value) -> Option<String> {
    match value {
        Value::String(_, text) => Some(text.clone()),
        Value::Bool(_, yes) => Some(yes.to_string()),
        Value::Num(_, number) if !matches!(number, Num::F32(_) | Num::F64(_)) => {
            let signed = number.to_i128().map(|number| number.to_string());
            signed.or_else(|| number.to_u128().map(|number| number.to_string()))
        }
        Value::Num(..)
        | Value::Char(..)
        | Value::Empty(..)
        | Value::Dict(..)
        | Value::Array(..) => None,
    }
}
