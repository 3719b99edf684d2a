//! `brigade version`: what this binary was built from.

use std::io::{self, Write};

use serde_json::json;

/// The release.
pub(super) const NUMBER: &str = env!("CARGO_PKG_VERSION");

/// Of the source; `unknown` outside of a repository and in a development build.
pub(super) const COMMIT: &str = env!("BUILD_COMMIT");

/// The commit's date, in UTC.
const DATE: &str = env!("BUILD_DATE");

/// For which machine.
const TARGET: &str = env!("BUILD_TARGET");

/// What `--version` prints behind the name; `-V` prints the number only.
pub(super) const LONG: &str = concat!(
    env!("CARGO_PKG_VERSION"),
    "\ncommit: ",
    env!("BUILD_COMMIT"),
    "\ndate: ",
    env!("BUILD_DATE"),
    "\ntarget: ",
    env!("BUILD_TARGET"),
);

/// Print the version, with commit, date and target
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  brigade version
  brigade version --json | jq -r .commit")]
pub(super) struct Version {
    /// Print JSON: {"version": …, "commit": …, "date": …, "target": …}
    #[arg(long)]
    json: bool,
}

impl Version {
    pub(super) fn print(&self, out: &mut impl Write) -> io::Result<()> {
        if self.json {
            let reported =
                json!({ "version": NUMBER, "commit": COMMIT, "date": DATE, "target": TARGET });
            writeln!(out, "{reported:#}")
        } else {
            writeln!(out, "brigade {LONG}")
        }
    }
}
