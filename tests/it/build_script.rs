//! `build.rs`: what `brigade --version` says of a build.

#[expect(dead_code, reason = "its main runs when cargo builds")]
#[path = "../../build.rs"]
mod script;

use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};

use script::{Repository, date};

#[test]
fn seconds_are_told_as_a_day() {
    for (seconds, day) in [
        ("0", Some("1970-01-01")),
        ("951782399", Some("2000-02-28")),
        ("951782400", Some("2000-02-29")),
        ("951868800", Some("2000-03-01")),
        ("1735689599", Some("2024-12-31")),
        ("1772323200", Some("2026-03-01")),
        ("4107542400", Some("2100-03-01")),
        ("soon", None),
        ("", None),
    ] {
        assert_eq!(date(seconds).as_deref(), day, "{seconds}");
    }
}

fn folder(name: &str) -> PathBuf {
    let folder = env::temp_dir().join(format!("brigade-build-{}-{name}", std::process::id()));
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).expect("a folder");
    folder
}

fn git(folder: &Path, arguments: &[&str]) {
    let done = Command::new("git")
        .args(["-c", "user.name=t", "-c", "user.email=t@example.invalid"])
        .args(arguments)
        .current_dir(folder)
        .env("GIT_COMMITTER_DATE", "2026-03-01T12:00:00Z")
        .output()
        .expect("git is there");
    assert!(done.status.success(), "{done:?}");
}

#[test]
fn the_commit_is_that_of_the_source_and_of_no_repository_around_it() {
    let ours = folder("ours");
    fs::write(ours.join("build.rs"), "").expect("written");
    assert!(Repository::of(&ours).is_none(), "no repository");
    git(&ours, &["init", "-q", "-b", "main"]);
    assert!(
        Repository::of(&ours).is_none(),
        "a repository around an unpacked archive"
    );
    git(&ours, &["add", "build.rs"]);
    git(&ours, &["commit", "-q", "-m", "one"]);

    let of = Repository::of(&ours).expect("it is its repository");
    let commit = of.commit().expect("there is one");
    assert!(
        commit.len() >= 12 && commit.chars().all(|c| c.is_ascii_hexdigit()),
        "{commit}"
    );
    assert_eq!(
        date(&of.committed().expect("a date")).as_deref(),
        Some("2026-03-01")
    );

    let watched = |of: &Repository<'_>| -> Vec<_> {
        let files = of.changes_with_a_commit();
        files
            .iter()
            .map(|file| fs::read(ours.join(file)).expect("only what is there"))
            .collect()
    };
    let before = watched(&of);
    git(&ours, &["commit", "-q", "--allow-empty", "-m", "two"]);
    assert_ne!(watched(&of), before, "the next commit is seen");
    assert_ne!(of.commit(), Some(commit));
    fs::remove_dir_all(&ours).expect("removed");
}
