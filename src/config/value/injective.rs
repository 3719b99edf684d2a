//! Whether a template keeps keys apart.
//!
//! A route must not bring two objects to one key: the later would silently replace the earlier.
//! So a template that may is refused unless the operator allows it.

use jiff::Timestamp;

use crate::config::value::template::{Part, Template};

impl Template {
    /// Whether two source keys can never make one destination key.
    ///
    /// So it is for one whole key or path among literals and dates, whose width is fixed. Other
    /// templates may be too, but nobody should have to prove it while reading a configuration.
    #[must_use]
    pub fn is_injective(&self) -> bool {
        self.whole().is_some()
    }

    /// What stands before the whole source key if the destination is that and nothing more; for
    /// two routes with the same, no two keys collide.
    #[must_use]
    pub fn constant_before_key(&self, prefix: &str) -> Option<&str> {
        let (at, whole) = self.whole()?;
        let before = match (at, self.parts.first()) {
            (0, _) => "",
            (1, Some(Part::Literal(text))) => text,
            _ => return None,
        };
        match whole {
            [Part::Key] if at + 1 == self.parts.len() => Some(before),
            [Part::Path | Part::Dir, ..] if at + whole.len() == self.parts.len() => {
                before.strip_suffix(prefix)
            }
            _ => None,
        }
    }

    /// Two paths that this template brings to one key, and that key, if a few guesses find them.
    #[must_use]
    pub fn collision(&self, prefix: &str) -> Option<(String, String, String)> {
        const GUESSES: [&str; 7] = [
            "2024/a.csv",
            "2025/a.csv",
            "2024/b.csv",
            "2024/a.json",
            "b.csv",
            "a-b/c",
            "a/b-c",
        ];
        let mut made: Vec<(String, String)> = Vec::new();
        for path in GUESSES {
            let key = format!("{prefix}{path}");
            let destination = self.render(&key, path, Some(Timestamp::UNIX_EPOCH)).ok()?;
            if let Some((other, _)) = made.iter().find(|(_, same)| *same == destination) {
                return Some((other.clone(), key, destination));
            }
            made.push((key, destination));
        }
        None
    }

    /// Where the one whole key or path stands, if everything else is literal or date.
    fn whole(&self) -> Option<(usize, &[Part])> {
        let varies = |part: &Part| !part.is_literal() && !part.is_date();
        let first = self.parts.iter().position(varies)?;
        let last = self.parts.iter().rposition(varies)?;
        let whole = &self.parts[first..=last];
        match whole {
            [Part::Key | Part::Path] => Some((first, whole)),
            [Part::Dir, Part::Literal(slash), Part::Name] if slash == "/" => Some((first, whole)),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn one_whole_key_or_path_keeps_keys_apart() {
        let distinct = [
            "{key}",
            "x/{path}.gz",
            "{yyyy}{path}",
            "{dir}/{name}",
            "a/{dir}/{name}-{hh}",
        ];
        for text in distinct {
            let template = Template::parse(text).unwrap();
            assert!(template.is_injective(), "{text}");
            assert_eq!(template.collision("in/"), None, "{text}");
        }
        let mixed = [
            "{name}",
            "{dir}",
            "{stem}",
            "x.{ext}",
            "{dir}-{name}",
            "{dir}/{stem}",
            "x",
            "{yyyy}/{name}",
        ];
        for text in mixed {
            let template = Template::parse(text).unwrap();
            assert!(!template.is_injective(), "{text}");
            let (a, b, made) = template.collision("in/").expect(text);
            assert_ne!(a, b, "{text} → {made}");
        }
        assert!(
            !Template::parse("{dir}/{yyyy}/{name}")
                .unwrap()
                .is_injective(),
            "not adjacent"
        );
        assert!(
            !Template::parse("{path}{path}").unwrap().is_injective(),
            "only the simple is proved"
        );
    }

    #[test]
    fn a_whole_key_behind_a_constant_is_known() {
        #[rustfmt::skip]
        let table = [
            ("the key",                  "x/{key}",           "in/", Some("x/")),
            ("the key alone",            "{key}",             "in/", Some("")),
            ("the prefix put back",      "x/in/{path}",       "in/", Some("x/")),
            ("put back in two parts",    "in/{dir}/{name}",   "in/", Some("")),
            ("no prefix to put back",    "x/{path}",          "",    Some("x/")),
            ("the prefix is lost",       "x/{path}",          "in/", None),
            ("more behind it",           "{key}.gz",          "in/", None),
            ("a date before it",         "{yyyy}/{key}",      "in/", None),
            ("a date behind it",         "{key}{yyyy}",       "in/", None),
        ];
        for (why, text, prefix, want) in table {
            assert_eq!(
                Template::parse(text).unwrap().constant_before_key(prefix),
                want,
                "{why}"
            );
        }
    }

    proptest! {
        #[test]
        fn different_keys_stay_apart(
            text in "[/a{}]{0,2}(\\{yyyy\\})?(\\{key\\}|\\{path\\}|\\{dir\\}/\\{name\\})[/a]{0,2}(\\{hh\\})?",
            a in "[ab/.]{0,6}", b in "[ab/.]{0,6}",
            then in 0_i64..4_000_000_000, later in 0_i64..4_000_000_000,
        ) {
            prop_assume!(a != b);
            let Ok(template) = Template::parse(&text) else { return Ok(()) };
            prop_assume!(template.is_injective());
            let at = |second| Timestamp::from_second(second).ok();
            let one = template.render(&format!("in/{a}"), &a, at(then)).unwrap();
            let other = template.render(&format!("in/{b}"), &b, at(later)).unwrap();
            prop_assert_ne!(one, other);
        }

        #[test]
        fn whatever_the_template_keys_stay_apart_or_it_says_they_may_not(
            text in "(\\{(key|path|dir|name|stem|ext|yyyy|hh)\\}|\\{dir\\}/\\{name\\}|[a/.]|\\{\\{){1,5}",
            a in "[ab/.]{0,4}", b in "[ab/.]{0,4}", prefix in "|in/|a",
            // The years S3 can say, of which each has four digits.
            then in -62_167_219_200_i64..253_402_207_200, later in 0_i64..100_000_000,
        ) {
            let template = Template::parse(&text).unwrap();
            let made = |path: &str, second| {
                let date = Timestamp::from_second(second).ok();
                template.render(&format!("{prefix}{path}"), path, date).unwrap()
            };
            if template.is_injective() && a != b {
                prop_assert_ne!(made(&a, then), made(&b, later));
            }
            if let Some((one, other, met)) = template.collision(&prefix) {
                prop_assert!(!template.is_injective() && one != other);
                for key in [one, other] {
                    prop_assert_eq!(&made(&key[prefix.len()..], 0), &met);
                }
            }
        }
    }
}
