//! What may be meant as it is written, and mostly is not. `brigade check` warns of it.
//!
//! A prefix, a suffix and a key are text, and S3 takes nearly any. So a star in a prefix, a folder in capitals
//! of an encoding or a pattern with the prefix repeated cannot be refused; but each of them matches nothing
//! in nearly every bucket, and a route that matches nothing fails in silence.

use std::fmt::Write;

use crate::config::route::Route;
use crate::config::sections::Config;

/// One key that deserves a second reading.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Advice {
    /// The key's dotted path.
    pub key: String,
    /// What it does as it stands, and what to write if that is not meant.
    pub why: String,
}

impl Config {
    /// Every key that is valid and probably does not do what was meant.
    #[must_use]
    pub fn advice(&self) -> Vec<Advice> {
        let routes = self.route.iter();
        routes
            .flat_map(|(name, route)| of_route(name, route))
            .collect()
    }
}

fn of_route(name: &str, route: &Route) -> Vec<Advice> {
    let mut all = Vec::new();
    let mut add = |key: &str, whys: Vec<String>| {
        let key = format!("route.{name}.{key}");
        all.extend(whys.into_iter().map(|why| Advice {
            key: key.clone(),
            why,
        }));
    };
    add("from", of_prefix(route));
    add(
        "suffix",
        route
            .suffix
            .iter()
            .flat_map(|suffix| of_suffix(suffix))
            .collect(),
    );
    for (key, patterns) in [("include", &route.include), ("exclude", &route.exclude)] {
        let whys = patterns
            .iter()
            .filter_map(|pattern| of_pattern(pattern, route));
        add(key, whys.collect());
    }
    add("include", contradiction(route).into_iter().collect());
    add("exclude", takes_all(&route.exclude).into_iter().collect());
    for (key, template) in [
        ("to", Some(&route.to.key)),
        ("move_to", route.move_to.as_ref()),
    ] {
        add(
            key,
            template
                .map(|key| of_key(key.literal_prefix()))
                .unwrap_or_default(),
        );
    }
    all
}

fn of_prefix(route: &Route) -> Vec<String> {
    let prefix = route.from.prefix.as_str();
    let mut whys = Vec::new();
    if prefix.contains(['*', '?']) {
        let dir = prefix.split(['*', '?']).next().unwrap_or_default();
        whys.push(format!(
            "a prefix is text, and takes keys with this very * or ? only: end it before, such as \
             \"s3://{}/{dir}\", and give patterns in include",
            route.from.bucket
        ));
    }
    if prefix.contains(['{', '}']) {
        whys.push("a prefix is text, and takes keys with these very braces only: placeholders belong into `to`".into());
    }
    if !prefix.is_empty() && !prefix.ends_with(['/', '*', '?', '}']) {
        let last = prefix.rsplit('/').next().unwrap_or_default();
        let example = if last.contains('.') {
            "BACKUP"
        } else {
            "-old/a"
        };
        whys.push(format!(
            "has no / at its end, and takes \"{prefix}{example}\" too: write \"{}/\" for the folder alone",
            route.from
        ));
    }
    if prefix.starts_with('/') {
        whys.push(format!(
            "begins with a slash, and takes keys that do only: write \"s3://{}/{}\"",
            route.from.bucket,
            prefix.trim_start_matches('/')
        ));
    }
    if prefix
        .split('/')
        .any(|folder| [".", ".."].contains(&folder))
    {
        whys.push("holds a folder . or .., which hardly any key has".into());
    }
    whys.extend(of_text(prefix));
    whys
}

fn of_suffix(suffix: &str) -> Vec<String> {
    let mut whys = Vec::new();
    if suffix.contains(['*', '?']) {
        let todo = match suffix.trim_start_matches('*') {
            rest if !rest.is_empty() && !rest.contains(['*', '?']) => format!("write \"{rest}\""),
            _ => "give patterns in include".into(),
        };
        whys.push(format!(
            "a suffix is text, and takes keys with this very * or ? only: {todo}"
        ));
    }
    if suffix.contains(',') {
        whys.push(format!(
            "{suffix:?} is one suffix with a comma: of two, each is an item of its own"
        ));
    }
    whys.extend(of_text(suffix));
    whys
}

/// What holds of a pattern alone.
fn of_pattern(pattern: &str, route: &Route) -> Option<String> {
    let prefix = route.from.prefix.as_str();
    let is_folder = prefix.is_empty() || prefix.ends_with('/');
    if pattern.starts_with("s3://") {
        return Some(format!(
            "{pattern:?} is matched against keys after the prefix, which never begin so"
        ));
    }
    if pattern.starts_with('/') && is_folder {
        let rest = pattern.trim_start_matches('/');
        return Some(format!(
            "{pattern:?} begins with a slash, which keys after the prefix do not: write \"{rest}\""
        ));
    }
    let rest = pattern.strip_prefix(prefix).filter(|_| !prefix.is_empty());
    if let Some(rest) = rest {
        return Some(format!(
            "{pattern:?} repeats the prefix of `from`, and is matched against keys after it: write \"{rest}\""
        ));
    }
    of_text(pattern)
}

/// Patterns that no key matches which has one of the suffixes.
fn contradiction(route: &Route) -> Option<String> {
    if route.suffix.is_empty() || route.include.is_empty() {
        return None;
    }
    // Whatever a pattern matches ends like this.
    let tail = |pattern: &str| {
        let special = pattern.rfind(['*', '?', '[', ']', '{', '}', '\\']);
        let tail = &pattern[special.map_or(0, |at| at + 1)..];
        // The slash behind ** may be none.
        tail.trim_start_matches('/').to_owned()
    };
    let agree = route.include.iter().any(|pattern| {
        let tail = tail(pattern);
        let ends = |suffix: &String| tail.ends_with(suffix.as_str()) || suffix.ends_with(&tail);
        route.suffix.iter().any(ends)
    });
    (!agree).then(|| "no key that matches has one of the suffixes, so that nothing is taken".into())
}

fn takes_all(exclude: &[String]) -> Option<String> {
    let all = exclude
        .iter()
        .any(|pattern| ["**", "**/*"].contains(&pattern.as_str()));
    all.then(|| "leaves every key out, so that nothing is taken".into())
}

fn of_key(literal: &str) -> Vec<String> {
    let mut whys = Vec::new();
    if literal.starts_with('/') {
        whys.push(format!(
            "begins with a slash, and so does every key it makes: write \"{}\" behind the bucket",
            literal.trim_start_matches('/')
        ));
    }
    if literal.contains('*') {
        whys.push("holds a *, which every key then has".into());
    }
    whys.extend(of_text(literal));
    whys
}

/// What may be wrong with any text that keys are compared with or made of.
fn of_text(text: &str) -> Option<String> {
    if text.trim() != text {
        return Some(format!("{text:?} begins or ends with a space"));
    }
    if text.trim_start_matches('/').contains("//") {
        return Some(format!("{text:?} holds a folder without a name (//)"));
    }
    if let Some(c) = text.chars().find(|c| is_invisible(*c)) {
        let mut why = format!("{text:?} holds a character that is not seen");
        // Nothing fails that writes into a string.
        let _ = write!(why, " (U+{:04X})", u32::from(c));
        return Some(why);
    }
    is_encoded(text).then(|| {
        format!("{text:?} looks encoded, and is compared with keys that are not: write the characters themselves")
    })
}

/// Invisible characters that are pasted along: zero-width and non-breaking spaces, direction and byte order marks.
fn is_invisible(c: char) -> bool {
    matches!(c, '\u{a0}' | '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202f}' | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fffe}' | '\u{ffff}')
}

/// `%2F`, as addresses and events write characters.
fn is_encoded(text: &str) -> bool {
    text.as_bytes().windows(3).any(|three| {
        three[0] == b'%' && three[1].is_ascii_hexdigit() && three[2].is_ascii_hexdigit()
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use crate::config::{Config, Sources};

    fn advice(lines: &str) -> String {
        let mut file = "[route.r]\n".to_owned();
        for default in ["from = \"s3://raw/in/\"", "to = \"s3://lake/{path}\""] {
            if !lines
                .lines()
                .any(|line| line.split(' ').next() == default.split(' ').next())
            {
                file = format!("{file}{default}\n");
            }
        }
        let loaded = Config::load(&Sources::text("f", &format!("{file}{lines}"))).unwrap();
        let all = loaded.config.advice();
        let all: Vec<_> = all
            .into_iter()
            .map(|one| format!("{}: {}", one.key, one.why))
            .collect();
        all.join("\n")
    }

    #[test]
    fn what_probably_matches_nothing_or_too_much_is_warned_of() {
        #[rustfmt::skip]
        let table = [
            ("from = \"s3://raw/in/*\"",          "route.r.from: a prefix is text, and takes keys with this very * or ? only: end it before, such as \"s3://raw/in/\", and give patterns in include"),
            ("from = \"s3://raw/incoming\"",      "route.r.from: has no / at its end, and takes \"incoming-old/a\" too: write \"s3://raw/incoming/\" for the folder alone"),
            ("from = \"s3://raw/{yyyy}/\"",       "route.r.from: a prefix is text, and takes keys with these very braces only"),
            ("from = \"s3://raw//in/\"",          "route.r.from: begins with a slash, and takes keys that do only: write \"s3://raw/in/\""),
            ("from = \"s3://raw/in//a/\"",        "route.r.from: \"in//a/\" holds a folder without a name (//)"),
            ("from = \"s3://raw/../a/\"",         "route.r.from: holds a folder . or .., which hardly any key has"),
            ("from = \"s3://raw/my%20files/\"",   "route.r.from: \"my%20files/\" looks encoded"),
            ("from = \"s3://raw/in\u{200b}/\"",   "route.r.from: \"in\\u{200b}/\" holds a character that is not seen (U+200B)"),
            ("suffix = \"*.csv\"",                "route.r.suffix: a suffix is text, and takes keys with this very * or ? only: write \".csv\""),
            ("suffix = [\".csv,.json\"]",         "route.r.suffix: \".csv,.json\" is one suffix with a comma"),
            ("suffix = [\".csv \"]",              "route.r.suffix: \".csv \" begins or ends with a space"),
            ("include = \"/2024/*\"",             "route.r.include: \"/2024/*\" begins with a slash, which keys after the prefix do not: write \"2024/*\""),
            ("include = \"in/2024/*\"",           "route.r.include: \"in/2024/*\" repeats the prefix of `from`, and is matched against keys after it: write \"2024/*\""),
            ("exclude = \"/tmp/**\"",             "route.r.exclude: \"/tmp/**\" begins with a slash"),
            ("exclude = \"**\"",                  "route.r.exclude: leaves every key out, so that nothing is taken"),
            ("include = \"*.json\"\nsuffix = \".csv\"", "route.r.include: no key that matches has one of the suffixes, so that nothing is taken"),
            ("to = \"s3://lake//orders/{path}\"", "route.r.to: begins with a slash, and so does every key it makes: write \"orders/\" behind the bucket"),
            ("after_copy = \"move\"\nmove_to = \"/done/\"", "route.r.move_to: begins with a slash"),
        ];
        for (lines, want) in table {
            let said = advice(lines);
            assert!(said.starts_with(want), "{lines}: {said}");
            assert_eq!(said.lines().count(), 1, "{lines}: {said}");
        }
    }

    #[test]
    fn what_is_usual_is_not_warned_of() {
        for lines in [
            "",
            "from = \"s3://raw\"",
            "from = \"s3://raw/in/\"\nsuffix = \".csv,.json\"\ninclude = \"**/*.csv,2024/**\"\nexclude = \"**/_*,tmp/**\"",
            "suffix = \"csv\"\ninclude = \"*.{csv,json}\"",
            "suffix = [\"_SUCCESS\", \".snappy.parquet\"]\ninclude = \"dt=*/*\"",
            "from = \"s3://raw/in\"\ninclude = \"/2024/*\"",
            "to = \"s3://lake/a b/{yyyy}/{path}\"",
            "from = \"s3://raw/Größe 100%/\"",
        ] {
            let said = advice(lines);
            let only_slash = lines.contains("raw/in\"") && said.lines().count() == 1;
            assert!(said.is_empty() || only_slash, "{lines}: {said}");
        }
    }

    proptest! {
        /// A warning that nothing is taken is never said of filters that take something.
        #[test]
        fn what_is_taken_is_not_called_nothing(
            suffix in prop::collection::vec("\\.?[ab]{1,2}", 1..3), include in prop::collection::vec("(\\*\\*/)?[ab.*?/]{0,5}[ab*]?", 1..3),
            path in "[ab./]{1,6}",
        ) {
            let mut route = crate::config::Route::new("s3://raw/", "s3://lake/").unwrap();
            (route.suffix, route.include) = (suffix, include);
            let Ok(set) = crate::config::globs(&route.include) else { return Ok(()) };
            let taken = set.is_match(&path) && route.suffix.iter().any(|suffix| path.ends_with(suffix.as_str()));
            prop_assert!(!(taken && super::contradiction(&route).is_some()), "{route:?} {path}");
        }
    }
}
