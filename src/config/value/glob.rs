//! Globs on keys: `*` and `?` stop at `/`, `**` does not.
//!
//! A list of patterns is compiled when it is checked, the way it is used later: what can be read
//! alone may nest too deeply to compile, or be too much together, and a daemon must not find that
//! out when it starts.

use globset::{GlobBuilder, GlobSet, GlobSetBuilder};

/// Braces in braces cost stack, in the reader as in the compiler. Nobody needs more than two.
const DEEPEST: usize = 10;

/// Compiles the patterns of one list.
///
/// # Errors
/// Names the first pattern that is none, or says that they are too much together.
pub(crate) fn globs(patterns: &[String]) -> Result<GlobSet, String> {
    let mut set = GlobSetBuilder::new();
    for pattern in patterns {
        if depth(pattern) > DEEPEST {
            return Err(format!(
                "{pattern:?} is no glob: its braces nest deeper than {DEEPEST}"
            ));
        }
        let glob = GlobBuilder::new(pattern).literal_separator(true).build();
        set.add(glob.map_err(|why| format!("{pattern:?} is no glob: {}", why.kind()))?);
    }
    set.build().map_err(|why| {
        format!(
            "is too much to match ({}): give fewer or shorter patterns",
            why.kind()
        )
    })
}

/// How deep braces nest. Those that stand for themselves count too, which refuses nothing real.
fn depth(pattern: &str) -> usize {
    let mut open = 0_usize;
    let mut deepest = 0;
    for byte in pattern.bytes() {
        match byte {
            b'{' => open += 1,
            b'}' => open = open.saturating_sub(1),
            _ => {}
        }
        deepest = deepest.max(open);
    }
    deepest
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_cannot_be_compiled_is_refused_before_it_is_used() {
        let nested = |n: usize| vec![format!("{}a{}", "{".repeat(n), "}".repeat(n))];
        let many = |n: usize| {
            (0..n)
                .map(|n| format!("{n}{}*x", "[a-q]?".repeat(40)))
                .collect()
        };
        #[rustfmt::skip]
        let table: [(&str, Vec<String>, Option<&str>); 6] = [
            ("as deep as it may be",  nested(DEEPEST),     None),
            ("one deeper",            nested(DEEPEST + 1), Some("its braces nest deeper than 10")),
            ("no end of braces",      nested(1 << 20),     Some("its braces nest deeper than 10")),
            ("none is closed",        vec!["{".repeat(1 << 20)], Some("its braces nest deeper than 10")),
            ("some",                  many(10),            None),
            ("too many together",     many(3000),          Some("is too much to match")),
        ];
        for (why, patterns, want) in table {
            match (globs(&patterns), want) {
                (Ok(_), None) => {}
                (Err(said), Some(want)) => assert!(said.contains(want), "{why}: {said:.100}"),
                (got, _) => panic!("{why}: {:?}", got.map(|_| ())),
            }
        }
    }

    /// What `*` and `?` mean, by trying every way.
    fn matches(pattern: &[u8], path: &[u8]) -> bool {
        match (pattern, path) {
            ([b'*', rest @ ..], _) if matches(rest, path) => true,
            ([b'*', ..], [first, left @ ..]) => *first != b'/' && matches(pattern, left),
            ([b'?', rest @ ..], [first, left @ ..]) => *first != b'/' && matches(rest, left),
            ([wanted, rest @ ..], [first, left @ ..]) => wanted == first && matches(rest, left),
            ([], []) => true,
            ([], _) | (_, []) => false,
        }
    }

    proptest! {
        #[test]
        fn stars_and_question_marks_mean_what_they_say(
            pattern in "[ab.?/]{0,3}\\*?[ab.?/]{0,3}\\*?[ab?]", path in "[ab./]{0,8}",
        ) {
            prop_assume!(!pattern.contains("**"));
            let want = matches(pattern.as_bytes(), path.as_bytes());
            let set = globs(&[pattern]).unwrap();
            prop_assert_eq!(set.is_match(path), want);
        }

        #[test]
        fn any_list_is_compiled_or_refused_by_name(
            patterns in prop::collection::vec("[a/*?{},\\[\\]!^\\-\\\\é]{0,12}|.*", 0..4), path in ".*",
        ) {
            match globs(&patterns) {
                Ok(set) => prop_assert!(set.matches(path).iter().all(|at| *at < patterns.len())),
                Err(said) => {
                    let named = patterns.iter().any(|pattern| said.contains(&format!("{pattern:?}")));
                    prop_assert!(named, "{said}");
                }
            }
        }
    }
}
