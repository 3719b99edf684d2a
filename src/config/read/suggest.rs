//! Which variable was meant by one that is no setting.
//!
//! Mostly an underscore is missing; so its words are put together anew, first as they are, then by the words of
//! other tools, then by likeness, and last as a key whose section was left out.

use serde_json::Value as Json;

use crate::config::read::{
    synonyms::{self, Meant},
    tree::{collect, example_name, is_name, join},
    variable::{self, PREFIX, is_ours},
};

/// Comparing costs the product of both lengths, and no setting's name is as long.
const LONGEST_NAME: usize = 128;

/// Less alike than this, and a suggestion would only confuse.
pub(crate) const ALIKE: f64 = 0.85;

/// The variable that was probably meant.
pub(crate) fn suggest(name: &str, schema: &Json) -> Option<String> {
    if name.len() > LONGEST_NAME || !is_ours(name) {
        return None;
    }
    let rest = name.get(PREFIX.len()..)?.to_ascii_lowercase();
    let words: Vec<&str> = rest.split('_').filter(|word| !word.is_empty()).collect();
    let mut known = Vec::new();
    collect("", schema, &mut known);
    let known: Vec<Known<'_>> = known.iter().map(|path| Known::of(path)).collect();
    exact(&words, &known)
        .or_else(|| by_synonym(&words, &known))
        .or_else(|| by_likeness(&words, &known))
        .or_else(|| anywhere(&words.join("_"), &known))
}

/// A known key: its section, whether that has a name, and its own name.
#[derive(Debug, Clone, Copy)]
struct Known<'k> {
    section: &'k str,
    named: bool,
    key: &'k str,
}

impl<'k> Known<'k> {
    fn of(path: &'k str) -> Self {
        let (section, key) = path.rsplit_once('.').unwrap_or(("", path));
        let name = section.strip_suffix(".NAME");
        Self {
            section: name.unwrap_or(section),
            named: name.is_some(),
            key,
        }
    }

    /// Its variable, in a section of this name.
    fn variable(&self, name: &str) -> String {
        let section = if self.named {
            &join(self.section, name)
        } else {
            self.section
        };
        variable::of(&join(section, self.key))
    }
}

/// The same words, otherwise put together: of the keys that fit the longest.
fn exact(words: &[&str], known: &[Known<'_>]) -> Option<String> {
    let fitting = known.iter().filter_map(|known| {
        let key: Vec<&str> = known.key.split('_').collect();
        let name = match (known.section, words) {
            ("", words) => words.strip_suffix(key.as_slice())?,
            (section, [first, rest @ ..]) if *first == section => {
                rest.strip_suffix(key.as_slice())?
            }
            _ => return None,
        };
        // A name where none belongs, or none where one does, is another key's.
        let name = match (known.named, name) {
            (false, []) => String::new(),
            (true, []) => example_name(known.section).to_owned(),
            (true, name) => name.join("_"),
            (false, _) => return None,
        };
        (!known.named || is_name(&name)).then(|| (key.len(), known.variable(&name)))
    });
    fitting
        .max_by_key(|(length, _)| *length)
        .map(|(_, meant)| meant)
}

/// A section, perhaps a name, and a word that other tools use for one of its keys.
fn by_synonym(words: &[&str], known: &[Known<'_>]) -> Option<String> {
    let (section, rest) = words.split_first()?;
    let known = |key: &str| {
        known
            .iter()
            .find(|known| known.section == *section && known.key == key)
    };
    (0..rest.len()).find_map(|at| {
        let Meant::Key(key) = synonyms::key(section, &rest[at..].join("_"))? else {
            return None;
        };
        let known = known(key)?;
        let name = match rest[..at].join("_") {
            none if none.is_empty() => example_name(section).to_owned(),
            name => name,
        };
        (known.named || at == 0).then(|| known.variable(&name))
    })
}

/// A section, a name and a key, each at most misspelt.
fn by_likeness(words: &[&str], known: &[Known<'_>]) -> Option<String> {
    let (first, rest) = words.split_first()?;
    let alike = |a: &str, b: &str| Some(strsim::jaro_winkler(a, b)).filter(|alike| *alike >= ALIKE);
    let mut best: Option<(f64, String)> = None;
    for known in known {
        for at in 0..=rest.len() {
            let (name, key) = (rest[..at].join("_"), rest[at..].join("_"));
            let score = match (known.section, known.named) {
                ("", _) if at == 0 => alike(&words.join("_"), known.key),
                (section, named)
                    if !section.is_empty()
                        && named == is_name(&name)
                        && named != name.is_empty() =>
                {
                    let section = alike(first, section);
                    section.and_then(|one| Some(one + alike(&key, known.key)?))
                }
                _ => None,
            };
            if let Some(score) = score
                && best.as_ref().is_none_or(|(other, _)| score > *other)
            {
                best = Some((score, known.variable(&name)));
            }
        }
    }
    best.map(|(_, meant)| meant)
}

/// A key without its section; or one that means something at the top.
fn anywhere(word: &str, known: &[Known<'_>]) -> Option<String> {
    let variable = |known: &Known<'_>| known.variable(example_name(known.section));
    if let Some(Meant::Key(meant)) = synonyms::key("", word) {
        let (section, key) = meant.rsplit_once('.').unwrap_or(("", meant));
        let found = known
            .iter()
            .find(|known| known.section == section && known.key == key);
        if let Some(found) = found {
            return Some(variable(found));
        }
    }
    known.iter().find(|known| known.key == word).map(variable)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::config::{Config, Sources, schema};

    proptest! {
        /// Whichever underscore is forgotten, of whichever setting.
        #[test]
        fn a_setting_with_an_underscore_too_few_is_told_by_its_right_name(at in any::<prop::sample::Index>(), which in any::<prop::sample::Index>()) {
            let mut all = Vec::new();
            collect("", &schema(), &mut all);
            let path: &String = at.get(&all);
            let right = Known::of(path).variable("my_name");
            let places: Vec<usize> = right.match_indices("__").map(|(at, _)| at).collect();
            let place = *which.get(&places);
            let wrong = format!("{}{}", &right[..place], &right[place + 1..]);
            let refused = Config::load(&Sources::variables([(wrong.as_str(), "x")]));
            let said = refused.unwrap_err().to_string();
            prop_assert!(said.contains(&format!("{wrong}: is no setting: did you mean {right}?")), "{said}");
        }
    }
}
