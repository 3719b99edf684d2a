//! How a destination's key is made from its source's.
//!
//! `{path}` is the key after the route's prefix, and `{dir}`, `{name}`, `{stem}`, `{ext}` are parts
//! of it, so that `{dir}/{name}` is `{path}`.

use std::fmt;

use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::config::nearest::nearest;

/// A key with placeholders.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Template {
    /// What the key is put together from, in order.
    pub parts: Vec<Part>,
}

/// One piece of a [`Template`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Part {
    /// Text as it is; `{{` and `}}` were its braces.
    Literal(String),
    /// `{key}`: the whole source key.
    Key,
    /// `{path}`: the key after the route's prefix.
    Path,
    /// `{dir}`: the path up to its last slash, without it. If the path has none, a slash that
    /// follows in the template is dropped.
    Dir,
    /// `{name}`: the path after its last slash.
    Name,
    /// `{stem}`: the name without its extension.
    Stem,
    /// `{ext}`: the name after its last dot, without it; empty for `.hidden`.
    Ext,
    /// `{yyyy}` of the source's Last-Modified in UTC, as the other dates.
    Year,
    /// `{mm}`.
    Month,
    /// `{dd}`.
    Day,
    /// `{hh}`.
    Hour,
}

/// A dated template was asked for a key, and nobody knew the source's Last-Modified.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the destination key holds a date, and the source's last-modified is not known yet")]
pub struct NeedsDate;

const PLACEHOLDERS: [(&str, Part); 10] = [
    ("key", Part::Key),
    ("path", Part::Path),
    ("dir", Part::Dir),
    ("name", Part::Name),
    ("stem", Part::Stem),
    ("ext", Part::Ext),
    ("yyyy", Part::Year),
    ("mm", Part::Month),
    ("dd", Part::Day),
    ("hh", Part::Hour),
];

impl Template {
    /// Reads a template.
    ///
    /// # Errors
    /// Says which placeholder is unknown or which brace has no partner.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut parts = Vec::new();
        let mut literal = String::new();
        let mut rest = text;
        while let Some(at) = rest.find(['{', '}']) {
            let (before, braces) = rest.split_at(at);
            literal.push_str(before);
            if let Some(after) = braces
                .strip_prefix("{{")
                .or_else(|| braces.strip_prefix("}}"))
            {
                literal.push_str(&braces[..1]);
                rest = after;
                continue;
            }
            let Some((name, after)) = braces.strip_prefix('{').and_then(|b| b.split_once('}'))
            else {
                return Err(format!(
                    "{braces:?} holds a brace without its partner; a literal one is written twice, {{{{ or }}}}"
                ));
            };
            if !literal.is_empty() {
                parts.push(Part::Literal(std::mem::take(&mut literal)));
            }
            parts.push(placeholder(name)?);
            rest = after;
        }
        literal.push_str(rest);
        if !literal.is_empty() {
            parts.push(Part::Literal(literal));
        }
        Ok(Self { parts })
    }

    /// Makes the destination's key from the source's whole key and its path.
    ///
    /// # Errors
    /// [`NeedsDate`] when the template holds a date and `date` is none.
    pub fn render(
        &self,
        key: &str,
        path: &str,
        date: Option<Timestamp>,
    ) -> Result<String, NeedsDate> {
        let (dir, name) = match path.rsplit_once('/') {
            Some((dir, name)) => (Some(dir), name),
            None => (None, path),
        };
        let (stem, ext) = match name.rsplit_once('.') {
            Some((stem, ext)) if !stem.is_empty() => (stem, ext),
            _ => (name, ""),
        };
        let date = |show: fn(jiff::civil::DateTime) -> String| {
            Ok(show(TimeZone::UTC.to_datetime(date.ok_or(NeedsDate)?)))
        };
        let mut made = String::new();
        let mut drop_slash = false;
        for part in &self.parts {
            let dropped = std::mem::take(&mut drop_slash);
            match part {
                Part::Literal(text) if dropped => made += text.strip_prefix('/').unwrap_or(text),
                Part::Literal(text) => made += text,
                Part::Key => made += key,
                Part::Path => made += path,
                Part::Dir => {
                    drop_slash = dir.is_none();
                    made += dir.unwrap_or_default();
                }
                Part::Name => made += name,
                Part::Stem => made += stem,
                Part::Ext => made += ext,
                Part::Year => made += &date(|at| format!("{:04}", at.year()))?,
                Part::Month => made += &date(|at| format!("{:02}", at.month()))?,
                Part::Day => made += &date(|at| format!("{:02}", at.day()))?,
                Part::Hour => made += &date(|at| format!("{:02}", at.hour()))?,
            }
        }
        Ok(made)
    }

    /// Whether the key has a date, so that it cannot be made without Last-Modified.
    #[must_use]
    pub fn is_dated(&self) -> bool {
        self.parts.iter().any(Part::is_date)
    }

    /// Whether anything in the key depends on the source.
    #[must_use]
    pub fn has_placeholder(&self) -> bool {
        self.parts.iter().any(|part| !part.is_literal())
    }

    /// A folder `.` or `..` that every key has, if there is one.
    pub(crate) fn dots(&self) -> Option<&'static str> {
        // Stands for what a source brings, which is more than nothing.
        let shape: String = self
            .parts
            .iter()
            .map(|part| match part {
                Part::Literal(text) => text.as_str(),
                Part::Key
                | Part::Path
                | Part::Dir
                | Part::Name
                | Part::Stem
                | Part::Ext
                | Part::Year
                | Part::Month
                | Part::Day
                | Part::Hour => "\0",
            })
            .collect();
        let mut folders = shape.split('/');
        folders.find_map(|folder| ["..", "."].into_iter().find(|dots| *dots == folder))
    }

    /// The fewest bytes a key can have, for source keys of at least `source` bytes.
    pub(crate) fn shortest(&self, source: usize) -> usize {
        let least = |part: &Part| match part {
            Part::Literal(text) => text.len(),
            Part::Key => source,
            Part::Path | Part::Dir | Part::Name | Part::Stem | Part::Ext => 0,
            Part::Year => 4,
            Part::Month | Part::Day | Part::Hour => 2,
        };
        self.parts.iter().map(least).sum()
    }

    /// The text every destination key begins with.
    #[must_use]
    pub fn literal_prefix(&self) -> &str {
        match self.parts.first() {
            Some(Part::Literal(text)) => text,
            _ => "",
        }
    }
}

fn placeholder(name: &str) -> Result<Part, String> {
    if let Some((_, part)) = PLACEHOLDERS.iter().find(|(known, _)| *known == name) {
        return Ok(part.clone());
    }
    let known = PLACEHOLDERS.map(|(known, _)| known);
    Err(match nearest(name, known.into_iter()) {
        Some(near) => format!("no such placeholder: {{{name}}}; did you mean {{{near}}}?"),
        None => format!(
            "no such placeholder: {{{name}}}; there are {{{}}}",
            known.join("} {")
        ),
    })
}

impl Part {
    pub(crate) fn is_literal(&self) -> bool {
        matches!(self, Self::Literal(_))
    }

    pub(crate) fn is_date(&self) -> bool {
        matches!(self, Self::Year | Self::Month | Self::Day | Self::Hour)
    }
}

impl fmt::Display for Template {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for part in &self.parts {
            if let Part::Literal(text) = part {
                f.write_str(&text.replace('{', "{{").replace('}', "}}"))?;
            } else {
                let named = PLACEHOLDERS.iter().find(|(_, known)| known == part);
                let (name, _) = named.expect("every part but a literal is in the table");
                write!(f, "{{{name}}}")?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_template_is_shown_as_it_was_typed() {
        for text in [
            "",
            "a",
            "a/{path}",
            "{dir}/{name}",
            "{yyyy}/{mm}/{dd}/{hh}/{key}",
            "{{x}}{stem}.{ext}",
        ] {
            assert_eq!(Template::parse(text).unwrap().to_string(), text);
        }
    }

    #[test]
    fn a_template_that_makes_no_sense_is_refused() {
        #[rustfmt::skip]
        let table = [
            ("misspelt", "{paht}", "no such placeholder: {paht}; did you mean {path}?"),
            ("unknown", "{bucket}", "no such placeholder: {bucket}; there are {key} {path} {dir} {name} {stem} {ext} {yyyy} {mm} {dd} {hh}"),
            ("case counts", "{KEY}", "no such placeholder: {KEY}; did you mean {key}?"),
            ("open", "a/{path", "\"{path\" holds a brace without its partner; a literal one is written twice, {{ or }}"),
            ("closed", "a}b", "\"}b\" holds a brace without its partner; a literal one is written twice, {{ or }}"),
        ];
        for (why, text, want) in table {
            assert_eq!(Template::parse(text), Err(want.into()), "{why}");
        }
    }

    #[test]
    fn a_template_makes_keys() {
        let date = "2024-03-09T07:59:59Z".parse().ok();
        #[rustfmt::skip]
        let table = [
            ("the whole key",             "x/{key}",                    "2024/a.csv", "x/in/2024/a.csv"),
            ("the path",                  "x/{path}",                   "2024/a.csv", "x/2024/a.csv"),
            ("an empty path",             "x/{path}",                   "",           "x/"),
            ("directory and name",        "{dir}/{name}",               "p/q/a.csv",  "p/q/a.csv"),
            ("no directory, no slash",    "x/{dir}/{name}",             "a.csv",      "x/a.csv"),
            ("an empty directory stays",  "x/{dir}/{name}",             "/a.csv",     "x//a.csv"),
            ("only a following slash",    "{dir}-{name}",               "a.csv",      "-a.csv"),
            ("stem and extension",        "{stem}|{ext}",               "p/a.tar.gz", "a.tar|gz"),
            ("no extension",              "{stem}|{ext}",               "p/a",        "a|"),
            ("a hidden file has none",    "{stem}|{ext}",               ".env",       ".env|"),
            ("dates have fixed widths",   "{yyyy}/{mm}/{dd}/{hh}/{name}", "a",        "2024/03/09/07/a"),
            ("braces",                    "{{{name}}}",                 "a",          "{a}"),
        ];
        for (why, text, path, want) in table {
            let made = Template::parse(text)
                .unwrap()
                .render(&format!("in/{path}"), path, date);
            assert_eq!(made.as_deref(), Ok(want), "{why}");
        }
    }

    #[test]
    fn a_date_is_asked_for_only_where_it_is_needed() {
        let dated = Template::parse("{mm}/{path}").unwrap();
        assert!(dated.is_dated());
        assert_eq!(dated.render("k", "k", None), Err(NeedsDate));
        let plain = Template::parse("{path}").unwrap();
        assert!(!plain.is_dated());
        assert_eq!(plain.render("k", "k", None), Ok("k".into()));
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused_and_shown_as_typed(text in any::<String>()) {
            if let Ok(template) = Template::parse(&text) {
                prop_assert_eq!(template.to_string(), text);
            }
        }

        #[test]
        fn a_refusal_names_the_piece_it_is_about(text in "([{}]|\\{(key|path|nam|é|)\\}|[a/]){0,12}") {
            if let Err(why) = Template::parse(&text) {
                let from_brace = text.match_indices(['{', '}']).map(|(at, _)| &text[at..]);
                let named = from_brace.into_iter().any(|rest| {
                    let placeholder = rest.split_inclusive('}').next().unwrap_or_default();
                    why.contains(&format!("{rest:?}")) || why.contains(&format!(": {placeholder}"))
                });
                prop_assert!(named, "{text}: {why}");
            }
        }

        #[test]
        fn a_key_is_made_of_any_path_and_date_and_no_longer_than_its_parts(
            text in "(\\{(key|path|dir|name|stem|ext|yyyy|mm|dd|hh)\\}|[a/.]|\\{\\{|é){0,8}",
            path in any::<String>(), second in -377_705_023_201_i64..=253_402_207_200,
        ) {
            let template = Template::parse(&text).unwrap();
            let date = Timestamp::from_second(second).ok();
            let made = template.render(&format!("in/{path}"), &path, date).unwrap();
            prop_assert!(made.len() <= text.len() + template.parts.len() * (path.len() + 3), "{made}");
            let parts = Template::parse("{dir}/{name}").unwrap();
            prop_assert_eq!(parts.render(&path, &path, None), Ok(path));
        }
    }
}
