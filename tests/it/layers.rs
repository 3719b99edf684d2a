//! Imports point one way: main ▸ cli, app ▸ {intake, settle, catalog, admin} ▸ work ▸ reconcile ▸
//! copy ▸ plan ▸ route ▸ s3 ▸ event; `queue`, `config`, `metrics`, `edge` and `supervisor` are leaves.

mod imports;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use imports::{Files, circles};

/// Lower numbers may not import higher ones.
const LAYERS: [(&str, u32); 36] = [
    ("edge", 0),
    ("backoff", 0),
    ("cause", 0),
    ("hex", 0),
    ("lock", 0),
    ("metrics", 0),
    ("obstacle", 0),
    ("panics", 0),
    ("supervisor", 0),
    ("telemetry", 0),
    ("config", 0),
    ("transform", 0),
    ("credentials", 1),
    ("cgroup", 1),
    ("queue", 1),
    ("event", 1),
    ("s3", 2),
    ("route", 3),
    ("plan", 4),
    ("copy", 5),
    ("reconcile", 6),
    ("work", 7),
    ("batch", 8),
    ("notify", 8),
    ("account", 8),
    ("forward", 8),
    ("catalog", 8),
    ("start", 8),
    ("intake", 8),
    ("settle", 9),
    ("admin", 9),
    ("app", 10),
    ("cli", 11),
    ("lib", 12),
    ("docs", 12),
    ("main", 12),
];

/// What knows neither tokio nor AWS.
const PURE: [&str; 6] = [
    "src/event",
    "src/route",
    "src/plan",
    "src/transform",
    "src/work/outcome.rs",
    "src/catalog/schedule.rs",
];

fn sources(folder: &Path, found: &mut Vec<(String, String)>) {
    for entry in fs::read_dir(folder).expect("a folder of the crate") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|ext| ext == "rs") && !path.ends_with("tests.rs") {
            let text = fs::read_to_string(&path).expect("UTF-8");
            found.push((path.to_string_lossy().replace('\\', "/"), text));
        }
    }
}

fn all() -> Vec<(String, String)> {
    let mut found = Vec::new();
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    sources(&root.join("src"), &mut found);
    for (path, _) in &mut found {
        *path = path
            .trim_start_matches(&*root.to_string_lossy())
            .trim_start_matches('/')
            .into();
    }
    found
}

fn module(path: &str) -> &str {
    let path = path.trim_start_matches("src/");
    path.split('/')
        .next()
        .unwrap_or(path)
        .trim_end_matches(".rs")
}

/// The modules that a file names as `crate::…`, tests left out.
fn imports(text: &str) -> BTreeSet<String> {
    let code = text.split("#[cfg(test)]").next().unwrap_or(text);
    let code = code
        .lines()
        .filter(|line| !line.trim_start().starts_with("//"));
    let mut found = BTreeSet::new();
    for line in code {
        for rest in line.split("crate::").skip(1) {
            found.insert(
                rest.split(|c: char| !c.is_alphanumeric() && c != '_')
                    .next()
                    .unwrap_or("")
                    .into(),
            );
        }
    }
    found
}

#[test]
fn imports_point_one_way() {
    let layers = BTreeMap::from(LAYERS);
    for (path, text) in all() {
        let from = module(&path);
        let layer = layers
            .get(from)
            .unwrap_or_else(|| panic!("{from} has no layer"));
        for to in imports(&text) {
            let Some(target) = layers.get(&*to) else {
                continue;
            };
            assert!(
                to == from || target <= layer,
                "{path}: {from} may not import {to}"
            );
        }
    }
}

#[test]
fn no_two_modules_import_each_other() {
    let mut graph: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for (path, text) in all() {
        graph
            .entry(module(&path).into())
            .or_default()
            .extend(imports(&text));
    }
    for (from, imported) in &graph {
        for to in imported.iter().filter(|to| *to != from) {
            let back = graph
                .get(to)
                .is_some_and(|imported| imported.contains(from));
            assert!(!back, "{from} and {to} import each other");
        }
    }
}

#[test]
fn what_decides_knows_neither_tokio_nor_aws() {
    for (path, text) in all() {
        if PURE.iter().any(|pure| path.starts_with(pure)) {
            let code = text.split("#[cfg(test)]").next().unwrap_or(&text);
            for foreign in ["tokio", "aws_", "axum"] {
                let named = code
                    .lines()
                    .any(|l| l.trim_start().starts_with(&format!("use {foreign}")));
                assert!(!named, "{path} imports {foreign}");
            }
        }
    }
}

#[test]
fn no_files_import_each_other_in_a_circle() {
    let files = Files::new(all());
    let graph: BTreeMap<_, _> = files
        .texts
        .keys()
        .map(|file| (file.clone(), files.imported_by(file)))
        .collect();
    let found: usize = graph.values().map(BTreeSet::len).sum();
    assert!(found > graph.len(), "imports are found");
    assert_eq!(circles(&graph), Vec::<Vec<String>>::new());
}
