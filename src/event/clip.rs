//! What a stranger wrote, made fit for a log: short, in one line, and nothing that a terminal obeys.

/// Enough to recognise it by, in characters as printed.
const LONGEST: usize = 200;

/// What a log line repeats of a text that others wrote.
#[must_use]
pub(crate) fn clipped(text: &str) -> String {
    clip(text, LONGEST)
}

/// At most `longest` characters as printed, control characters escaped.
pub(super) fn clip(text: &str, longest: usize) -> String {
    let mut clipped = String::new();
    let mut room = longest.saturating_sub(1);
    for escaped in text.chars().map(visible) {
        let Some(left) = room.checked_sub(escaped.chars().count()) else {
            clipped.push('…');
            break;
        };
        room = left;
        clipped.push_str(&escaped);
    }
    clipped
}

fn visible(c: char) -> String {
    match c {
        // Harmless, and serde_json's own sentences are full of them.
        '"' | '\'' | '\\' => c.to_string(),
        c => c.escape_debug().to_string(),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_a_stranger_wrote_is_shortened_and_made_visible() {
        let long = "x".repeat(1 << 20);
        let cut = format!("{}…", "x".repeat(LONGEST - 1));
        for (why, text, want) in [
            ("plain text stays", "in/a b.csv", "in/a b.csv"),
            (
                "a terminal's orders are not passed on",
                "\u{1b}[2J",
                "\\u{1b}[2J",
            ),
            ("a line stays one line", "a\r\nb", "a\\r\\nb"),
            (
                "nor is the reading order turned",
                "a\u{202e}b",
                "a\\u{202e}b",
            ),
            ("quotes stay as they are", "a \"b\"", "a \"b\""),
            ("a long text is cut", &long, &cut),
        ] {
            assert_eq!(clipped(text), want, "{why}");
        }
        assert_eq!(
            clip(&"\u{1b}".repeat(99), 80).chars().count(),
            6 * 13 + 1,
            "never amid an escape"
        );
    }

    proptest! {
        #[test]
        fn any_text_is_one_short_line(text in "(?s).{0,300}") {
            let reported = clipped(&text);
            prop_assert!(reported.chars().count() <= LONGEST && !reported.chars().any(char::is_control));
        }
    }
}
