//! What is wrong with a configuration, in the operator's words.
//!
//! Faults are collected and told together: fixing one typo at a time costs a deploy each. A fault
//! names the key as it was typed, in a file or as a variable, so that it can be searched for.

use std::fmt;

use crate::config::value::address::masked;

/// A value longer than this is cut in a message.
const LONGEST_VALUE_CHARS: usize = 160;

/// So is a key or a reason; only a stranger's are as long.
const LONGEST_CHARS: usize = 1000;

/// One thing that is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// The key as typed: `work.workers in config.toml` or `BRIGADE_WORK__WORKERS`.
    pub key: String,
    /// The value as typed; none if it is missing.
    pub value: Option<String>,
    /// What was expected and what to do.
    pub why: String,
}

impl Fault {
    /// A fault that stays on its line and repeats no password of an address, whatever was typed.
    pub(crate) fn new(key: &str, value: Option<&str>, why: &str) -> Self {
        Self {
            key: one_line(key, LONGEST_CHARS),
            value: value.map(|value| one_line(&masked(value), LONGEST_VALUE_CHARS)),
            why: one_line(why, LONGEST_CHARS),
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.value {
            Some(value) => write!(f, "{} = {value}: {}", self.key, self.why),
            None => write!(f, "{}: {}", self.key, self.why),
        }
    }
}

/// Why a configuration was refused: everything that is wrong with it, a line each.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal(pub Vec<Fault>);

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, fault) in self.0.iter().enumerate() {
            let end = if i == 0 { "" } else { "\n" };
            write!(f, "{end}{fault}")?;
        }
        Ok(())
    }
}

impl std::error::Error for Refusal {}

/// At most `most` characters, none of which a terminal would obey: they are escaped.
fn one_line(text: &str, most: usize) -> String {
    let mut line = String::new();
    let mut length = 0;
    for c in text.chars() {
        let shown = if c.is_control() {
            c.escape_default().to_string()
        } else {
            c.to_string()
        };
        length += shown.chars().count();
        if length > most {
            line.push('…');
            break;
        }
        line += &shown;
    }
    line
}
