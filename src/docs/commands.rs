//! docs/cli.md, from the command line's own definition.

use std::fmt::Write;

use clap::{Command, CommandFactory};

use super::is_up_to_date;
use crate::cli::Cli;

#[test]
fn the_page_of_commands_is_up_to_date() {
    let mut all = Cli::command().term_width(100);
    all.build();
    let mut page = "# Commands\n\nWhat `--help` prints.\n".to_owned();
    section(&mut page, "brigade", &mut all);
    is_up_to_date("cli.md", &page);
}

fn section(page: &mut String, name: &str, command: &mut Command) {
    let help = command.render_long_help().to_string();
    let lines: Vec<_> = help.lines().map(str::trim_end).collect();
    let _ = write!(
        page,
        "\n## `{name}`\n\n```text\n{}\n```\n",
        lines.join("\n")
    );
    for below in command.get_subcommands_mut() {
        if below.get_name() != "help" && !below.is_hide_set() {
            let name = format!("{name} {}", below.get_name());
            section(page, &name, below);
        }
    }
}
