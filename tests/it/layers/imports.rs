//! Which files a file imports, read from its text.

use std::collections::{BTreeMap, BTreeSet};

/// The crate's files, by path.
pub(super) struct Files {
    pub(super) texts: BTreeMap<String, String>,
}

impl Files {
    pub(super) fn new(files: Vec<(String, String)>) -> Self {
        let ours = files
            .into_iter()
            .filter(|(file, _)| !file.contains("/tests/"));
        Self {
            texts: ours.map(|(file, text)| (file, code(&text))).collect(),
        }
    }

    /// The files that a file names in `use`, or as `crate::…` or `super::…` anywhere, without itself. What it
    /// only passes on by `pub use` is not among them.
    pub(super) fn imported_by(&self, file: &str) -> BTreeSet<String> {
        let (own, text) = (module_path(file), &self.texts[file]);
        let statement = |at: usize| text[..at].rsplit(['\n', ';', '{']).next().unwrap_or("");
        let mut found = BTreeSet::new();
        for start in ["use ", "crate::", "super::"] {
            for (at, _) in text.match_indices(start) {
                let before = statement(at);
                let inside_word =
                    before.ends_with(|c: char| c.is_alphanumeric() || ":_".contains(c));
                let passes_on = before.trim_start().starts_with("pub")
                    && (start == "use " || before.contains(" use "));
                if inside_word || passes_on || before.ends_with("(in ") {
                    continue;
                }
                let tree = text[at..].trim_start_matches("use ");
                found.extend(self.named(&own, tree));
            }
        }
        found.remove(file);
        found
    }

    /// The files of all paths of a tree `a::{b, c::d}` at the beginning of a text.
    fn named(&self, own: &[String], tree: &str) -> BTreeSet<String> {
        let paths = paths(tree).into_iter();
        paths
            .filter_map(|path| self.resolve(&absolute(own, &path)?, 0))
            .collect()
    }

    /// The file that a path's item is in: where its module only passes it on, the file that has it.
    fn resolve(&self, path: &[String], depth: usize) -> Option<String> {
        let mut lengths = (1..=path.len()).rev();
        let (length, file) = lengths.find_map(|n| Some((n, self.of_module(&path[..n])?)))?;
        let (Some(item), true) = (path.get(length), depth < 8) else {
            return Some(file);
        };
        for statement in self.texts[&file].split(';') {
            let passes_on = |(visible, _): &(&str, &str)| visible.trim_start().starts_with("pub");
            let Some((_, tree)) = statement.rsplit_once("use ").filter(passes_on) else {
                continue;
            };
            for passed_on in paths(tree) {
                let renamed = passed_on.iter().position(|word| word == "as");
                let from = &passed_on[..renamed.unwrap_or(passed_on.len())];
                if passed_on.last() == Some(item) {
                    let whole = absolute(&path[..length], from)?;
                    return self.resolve(&whole, depth + 1).or(Some(file));
                }
            }
        }
        Some(file)
    }

    fn of_module(&self, path: &[String]) -> Option<String> {
        let base = format!("src/{}", path.join("/"));
        let files = [format!("{base}.rs"), format!("{base}/mod.rs")];
        files.into_iter().find(|file| self.texts.contains_key(file))
    }
}

/// The text without its tests and remarks.
fn code(text: &str) -> String {
    let tests = "#[cfg(test)]\nmod tests {";
    let text = text.split(tests).next().unwrap_or(text);
    let lines = text
        .lines()
        .filter(|line| !line.trim_start().starts_with("//"));
    lines.collect::<Vec<_>>().join("\n")
}

fn module_path(file: &str) -> Vec<String> {
    let path = file.trim_start_matches("src/").trim_end_matches(".rs");
    let path = path.trim_end_matches("/mod");
    let words = path
        .split('/')
        .filter(|word| !["lib", "main"].contains(word));
    words.map(str::to_owned).collect()
}

/// A path from the crate's root; a bare word is a child of the module, or another crate.
fn absolute(own: &[String], path: &[String]) -> Option<Vec<String>> {
    let mut base = own.to_vec();
    let mut rest = path;
    match path.first()?.as_str() {
        "crate" => {
            base.clear();
            rest = &path[1..];
        }
        "self" => rest = &path[1..],
        _ => {}
    }
    while rest.first().is_some_and(|word| word == "super") {
        base.pop()?;
        rest = &rest[1..];
    }
    base.extend(rest.iter().cloned());
    Some(base)
}

/// The paths of `a::{b, c::d as e}` in words, up to where the tree ends.
fn paths(tree: &str) -> Vec<Vec<String>> {
    let mut all = Vec::new();
    let mut open: Vec<Vec<String>> = Vec::new();
    let (mut path, mut word) = (Vec::new(), String::new());
    for c in tree.chars().chain([';']) {
        if c.is_alphanumeric() || c == '_' {
            word.push(c);
            continue;
        }
        if !word.is_empty() {
            path.push(std::mem::take(&mut word));
        }
        match c {
            ':' => {}
            c if c.is_whitespace() => {}
            '{' => open.push(path.clone()),
            ',' | '}' if !open.is_empty() => {
                if open.last() != Some(&path) {
                    all.push(path);
                }
                path = open.last().cloned().unwrap_or_default();
                if c == '}' {
                    open.pop();
                }
            }
            _ => break,
        }
        if open.is_empty() && c == '}' {
            break;
        }
    }
    if open.is_empty() && all.is_empty() {
        all.push(path);
    }
    for path in &mut all {
        // `a::{self}` is `a`.
        if path.len() > 1 && path.last().is_some_and(|word| word == "self") {
            path.pop();
        }
    }
    all
}

/// Sets of files each of which reaches the others.
pub(super) fn circles(graph: &BTreeMap<String, BTreeSet<String>>) -> Vec<Vec<String>> {
    let reach = |from: &String| {
        let mut seen = BTreeSet::new();
        let mut next = vec![from];
        while let Some(file) = next.pop() {
            let new = graph.get(file).into_iter().flatten();
            next.extend(new.filter(|to| seen.insert((*to).clone())));
        }
        seen
    };
    let reached: BTreeMap<&String, BTreeSet<String>> =
        graph.keys().map(|file| (file, reach(file))).collect();
    let mut found = BTreeSet::new();
    for (file, to) in &reached {
        let back = |other: &&String| reached.get(other).is_some_and(|to| to.contains(*file));
        if to.contains(*file) {
            found.insert(to.iter().filter(back).cloned().collect::<Vec<_>>());
        }
    }
    found.into_iter().collect()
}

#[test]
fn imports_are_resolved_to_files() {
    let files = [
        ("src/lib.rs", "mod a; mod z;"),
        (
            "src/a/mod.rs",
            "mod b;\npub mod c;\npub use b::{B, c::deep as D};\nuse c::C;",
        ),
        (
            "src/a/b.rs",
            "use super::c::{self, C};\nuse crate::z::Z;\n#[cfg(test)]\nmod tests { use super::super::b2; }",
        ),
        (
            "src/a/c.rs",
            "use crate::a::{B, b::{X, Y}};\nfn f() { super::super::z::f() }\n// crate::a::b2",
        ),
        ("src/a/b/c.rs", ""),
        ("src/a/b2.rs", "use self::inner::Q;\nuse std::fmt;"),
        ("src/z.rs", "use crate::a::D;"),
    ];
    let files = files.map(|(file, text)| (file.to_owned(), text.to_owned()));
    let files = Files::new(files.to_vec());
    #[rustfmt::skip]
    let table = [
        ("what a file only passes on is not imported", "src/a/mod.rs", vec!["src/a/c.rs"]),
        ("a test's imports are its own",               "src/a/b.rs",   vec!["src/a/c.rs", "src/z.rs"]),
        ("what is passed on is in its own file",       "src/a/c.rs",   vec!["src/a/b.rs", "src/z.rs"]),
        ("other crates are none of ours",              "src/a/b2.rs",  vec![]),
        ("through two folders and a new name",         "src/z.rs",     vec!["src/a/b/c.rs"]),
    ];
    for (why, file, want) in table {
        assert_eq!(Vec::from_iter(files.imported_by(file)), want, "{why}");
    }
    let graph = files
        .texts
        .keys()
        .map(|file| (file.clone(), files.imported_by(file)));
    assert_eq!(circles(&graph.collect()), [["src/a/b.rs", "src/a/c.rs"]]);
}
