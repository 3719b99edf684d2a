//! Every relative link leads to a file and a heading, and every command that is shown is one.

use std::collections::HashSet;
use std::path::Path;

use clap::CommandFactory;
use clap::error::ErrorKind;

use super::{pages, shown};
use crate::cli::Cli;

#[test]
fn every_link_leads_somewhere() {
    let pages = pages();
    let mut broken = Vec::new();
    for (path, text) in &pages {
        for link in links(text) {
            let (file, anchor) = link.split_once('#').unwrap_or((link, ""));
            let target = if file.is_empty() {
                path.clone()
            } else {
                path.parent().expect("a folder").join(file)
            };
            let found = target.exists() && (anchor.is_empty() || has_anchor(&target, anchor));
            if !found {
                broken.push(format!("{}: {link}", shown(path)));
            }
        }
    }
    assert!(broken.is_empty(), "broken links:\n{}", broken.join("\n"));
}

#[test]
fn every_command_shown_is_one() {
    let (mut wrong, mut seen) = (Vec::new(), 0);
    for (path, text) in pages() {
        for (line, whole) in commands(&text) {
            seen += 1;
            let error = Cli::command().try_get_matches_from(words(&line)).err();
            // Prose may name a command without its arguments.
            let named = [
                ErrorKind::MissingRequiredArgument,
                ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand,
            ];
            let fine = |kind| {
                matches!(kind, ErrorKind::DisplayHelp | ErrorKind::DisplayVersion)
                    || (!whole && named.contains(&kind))
            };
            if let Some(error) = error.filter(|error| !fine(error.kind())) {
                let why = error.to_string();
                wrong.push(format!(
                    "{}: {line}: {}",
                    shown(&path),
                    why.lines().next().unwrap_or_default()
                ));
            }
        }
    }
    assert!(seen > 20, "{seen} commands are shown");
    assert!(wrong.is_empty(), "no such commands:\n{}", wrong.join("\n"));
}

/// The lines of a page without its fences, each with whether it is code.
fn lines(text: &str) -> impl Iterator<Item = (bool, &str)> {
    let mut fenced = false;
    text.lines().filter_map(move |line| {
        let fence = line.trim_start().starts_with("```");
        fenced ^= fence;
        (!fence).then_some((fenced, line))
    })
}

/// The targets of relative links.
fn links(text: &str) -> Vec<&str> {
    let prose = lines(text).filter(|(code, _)| !code);
    let links = prose.flat_map(|(_, line)| {
        let behind = line.split("](").skip(1);
        behind.filter_map(|rest| rest.split(')').next())
    });
    links
        .filter(|link| !link.contains("://") && !link.starts_with("mailto:"))
        .collect()
}

/// Whether a page has a heading, or an anchor of its own, of this name.
fn has_anchor(page: &Path, anchor: &str) -> bool {
    let text = std::fs::read_to_string(page).unwrap_or_default();
    let headings = text.lines().filter(|line| line.starts_with('#'));
    let names: HashSet<String> = headings.map(slug).collect();
    names.contains(anchor)
        || text.contains(&format!("id=\"{anchor}\""))
        || text.contains(&format!("name=\"{anchor}\""))
}

/// A heading's anchor, as GitHub makes it.
fn slug(heading: &str) -> String {
    let text = heading.trim_start_matches('#').trim().to_lowercase();
    let kept = text.chars().filter_map(|c| match c {
        ' ' => Some('-'),
        '-' | '_' => Some(c),
        c if c.is_alphanumeric() => Some(c),
        _ => None,
    });
    kept.collect()
}

/// The commands in code blocks, which must be whole, and in code spans.
fn commands(text: &str) -> Vec<(String, bool)> {
    let joined = text.replace("\\\n", " ");
    let mut found = Vec::new();
    for (code, line) in lines(&joined) {
        if !code && !line.starts_with("    ") {
            let spans = line.split('`').skip(1).step_by(2);
            let commands = spans.filter(|span| span.starts_with("brigade "));
            found.extend(commands.map(|command| (one_command(command), false)));
            continue;
        }
        let line = line.trim_start().trim_start_matches("$ ");
        if let Some(at) = starts(line) {
            found.push((one_command(&line[at..]), true));
        }
    }
    found
}

/// Where `brigade` begins, at the beginning of a line or behind a pipe or a condition.
fn starts(line: &str) -> Option<usize> {
    let begins = |before: &str| {
        before.is_empty()
            || ["| ", "&& ", "; ", "./", "target/release/"]
                .iter()
                .any(|end| before.ends_with(end))
    };
    line.match_indices("brigade ")
        .map(|(at, _)| at)
        .find(|at| begins(&line[..*at]))
}

/// The command up to a pipe, a redirection, a comment or a condition.
fn one_command(line: &str) -> String {
    let (mut quote, mut kept) = (None, String::new());
    for c in line.chars() {
        match (quote, c) {
            (Some(open), c) if c == open => quote = None,
            (None, '\'' | '"') => quote = Some(c),
            (None, '|' | '>' | '<' | ';' | '&') => break,
            (None, '#') if kept.ends_with(' ') => break,
            _ => {}
        }
        kept.push(c);
    }
    kept.trim().to_owned()
}

/// The words of a command, without their quotes.
fn words(line: &str) -> Vec<String> {
    let (mut quote, mut words, mut word) = (None, Vec::new(), None::<String>);
    for c in line.chars() {
        match (quote, c) {
            (Some(open), c) if c == open => quote = None,
            (None, '\'' | '"') => {
                quote = Some(c);
                word.get_or_insert_default();
            }
            (None, ' ') => words.extend(word.take()),
            (_, c) => word.get_or_insert_default().push(c),
        }
    }
    words.extend(word);
    words
}
