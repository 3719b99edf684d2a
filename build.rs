//! What a build is of, for `brigade --version`: commit, date and target.
//!
//! * `SOURCE_COMMIT` and `SOURCE_DATE_EPOCH` win, for builds without a repository (a container, a package). Else git is asked. Where
//!   neither knows, it is `unknown`; the build goes on.
//! * The date is the commit's, so that equal sources make equal binaries.
//! * A development build (`dev`, `test`) asks nobody, or each commit would compile everything again.

use std::env;
use std::path::Path;
use std::process::Command;

const UNKNOWN: &str = "unknown";

fn main() {
    say("cargo::rerun-if-changed=build.rs");
    for variable in ["SOURCE_COMMIT", "SOURCE_DATE_EPOCH"] {
        say(&format!("cargo::rerun-if-env-changed={variable}"));
    }
    let here = Path::new(".");
    // Every profile that inherits `release` is called so.
    let repository =
        Repository::of(here).filter(|_| given("PROFILE").as_deref() == Some("release"));
    for file in repository
        .iter()
        .flat_map(Repository::changes_with_a_commit)
    {
        say(&format!("cargo::rerun-if-changed={file}"));
    }
    let commit = given("SOURCE_COMMIT").or_else(|| repository.as_ref()?.commit());
    let seconds = given("SOURCE_DATE_EPOCH").or_else(|| repository.as_ref()?.committed());
    let date = seconds.and_then(|seconds| date(&seconds));
    for (name, value) in [
        ("COMMIT", commit),
        ("DATE", date),
        ("TARGET", given("TARGET")),
    ] {
        let value = value.unwrap_or_else(|| UNKNOWN.to_owned());
        say(&format!("cargo::rustc-env=BUILD_{name}={value}"));
    }
}

/// The repository that this source is of; not one that merely has it somewhere inside.
pub(crate) struct Repository<'a>(&'a Path);

impl<'a> Repository<'a> {
    /// The repository of the source in `folder`, if it is there and git is.
    pub(crate) fn of(folder: &'a Path) -> Option<Self> {
        let this = Self(folder);
        this.git(&["ls-files", "--error-unmatch", "build.rs"])?;
        Some(this)
    }

    /// Short, as people quote it.
    pub(crate) fn commit(&self) -> Option<String> {
        self.git(&["rev-parse", "--short=12", "HEAD"])
    }

    /// When, in seconds since 1970.
    pub(crate) fn committed(&self) -> Option<String> {
        self.git(&["show", "--no-patch", "--format=%ct", "HEAD"])
    }

    /// Files one of which changes when `HEAD` is another commit. A file that is not there would make cargo run this each time.
    pub(crate) fn changes_with_a_commit(&self) -> Vec<String> {
        let branch = self.git(&["symbolic-ref", "--quiet", "HEAD"]);
        let names = ["HEAD", "logs/HEAD", "packed-refs"].map(str::to_owned);
        let paths = names
            .into_iter()
            .chain(branch)
            .filter_map(|name| self.git(&["rev-parse", "--git-path", &name]));
        paths.filter(|path| self.0.join(path).exists()).collect()
    }

    fn git(&self, arguments: &[&str]) -> Option<String> {
        let asked = Command::new("git")
            .arg("-C")
            .arg(self.0)
            .args(arguments)
            .output()
            .ok()?;
        let told = String::from_utf8(asked.stdout).ok()?;
        let told = told.trim();
        (asked.status.success() && !told.is_empty()).then(|| told.to_owned())
    }
}

/// The day of these seconds since 1970, as `YYYY-MM-DD` in UTC.
pub(crate) fn date(seconds: &str) -> Option<String> {
    let days = seconds.parse::<u32>().ok()? / 86_400;
    // Howard Hinnant's `civil_from_days`, for days since 1970: years begin in March, so that a leap day is the last.
    let from_march = days + 719_468;
    let (era, day) = (from_march / 146_097, from_march % 146_097);
    let year = (day - day / 1_460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    let month = (5 * day + 2) / 153;
    let day = day - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    let year = era * 400 + year + u32::from(month <= 2);
    Some(format!("{year:04}-{month:02}-{day:02}"))
}

/// A variable that says something.
#[allow(
    clippy::disallowed_methods,
    reason = "cargo tells a build script everything so"
)]
fn given(name: &str) -> Option<String> {
    env::var(name).ok().filter(|value| !value.trim().is_empty())
}

#[allow(clippy::print_stdout, reason = "how a build script answers cargo")]
fn say(line: &str) {
    println!("{line}");
}
