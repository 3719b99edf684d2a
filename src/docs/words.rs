//! The project has a vocabulary (docs/glossary.md): one word for one idea, and that of the field. Words that were given up
//! do not come back.

use super::{shown, texts};

/// A word, what is said instead, and the files in which it means something else.
#[rustfmt::skip]
const GIVEN_UP: [(&str, &str, &[&str]); 17] = [
    ("parked",           "dead-lettered",              &[]),
    ("parking",          "dead-lettering",             &[]),
    ("stand-in",         "AWS emulator",               &[]),
    ("stand-ins",        "AWS emulators",              &[]),
    ("unkept",           "dropped attribute",          &[]),
    ("max_receive_count", "max_attempts",              &["src/config/read/synonyms.rs", "tests/it/aws/sqs/queue.rs"]),
    ("use_fips",         "use_fips_endpoint",          &["src/config/read/synonyms.rs", "src/account/open.rs"]),
    ("use_dualstack",    "use_dualstack_endpoint",     &["src/config/read/synonyms.rs"]),
    ("from_bucket_owner", "from_expected_bucket_owner", &["src/config/read/synonyms.rs"]),
    ("to_bucket_owner",  "to_expected_bucket_owner",   &["src/config/read/synonyms.rs"]),
    ("brigade_route_held", "brigade_route_paused",     &[]),
    ("route_held",       "route_paused",               &[]),
    ("dice",             "randomness, Rng",            &[]),
    ("lanes",            "worker pools",               &[]),
    ("piped",            "streamed",                   &["examples/bench/process.rs"]),
    ("handed over",      "re-queued",                  &[]),
    ("shown again",      "returned to the queue",      &[]),
];

#[test]
fn words_that_were_given_up_do_not_come_back() {
    let folders = ["src", "tests", "docs", "demo", "examples"];
    let files = [
        "README.md",
        "ARCHITECTURE.md",
        "CONTRIBUTING.md",
        "CHANGELOG.md",
        "config.toml",
        "Makefile",
    ];
    let texts = texts(&folders, &["rs", "md", "py", "toml"], &files);
    assert!(texts.len() > 400, "{} files", texts.len());
    let mut found = Vec::new();
    for (path, text) in texts {
        let name = shown(&path);
        for (number, line) in text.lines().enumerate() {
            let words = GIVEN_UP.iter().filter(|(word, _, elsewhere)| {
                has_word(line, word)
                    && !elsewhere.contains(&name.as_str())
                    && name != "src/docs/words.rs"
            });
            found.extend(
                words.map(|(word, now, _)| format!("{name}:{}: {word}: say {now}", number + 1)),
            );
        }
    }
    assert!(
        found.is_empty(),
        "{} places:\n{}",
        found.len(),
        found.join("\n")
    );
}

/// Whether the word stands there by itself, in any case.
fn has_word(line: &str, word: &str) -> bool {
    let line = line.to_lowercase();
    let alone = |c: Option<char>| c.is_none_or(|c| !c.is_alphanumeric() && c != '_');
    line.match_indices(word).any(|(at, _)| {
        alone(line[..at].chars().next_back()) && alone(line[at + word.len()..].chars().next())
    })
}
