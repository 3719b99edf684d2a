//! `brigade man`: the manual, made from the command line itself.

use std::io::{self, Write};

use clap::{Command, CommandFactory};
use clap_mangen::Man;

use super::Cli;

/// Print a manual page
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  brigade man | man -l -
  brigade man query > brigade-query.1")]
pub(super) struct Manual {
    /// Of this command; default: the page of brigade itself
    #[arg(value_parser = page)]
    command: Option<String>,
}

impl Manual {
    pub(super) fn print(&self, out: &mut impl Write) -> io::Result<()> {
        let mut all = Cli::command();
        // Gives subcommands their full names, `brigade-query`, and the global flags.
        all.build();
        let command = match &self.command {
            None => &all,
            Some(name) => all.find_subcommand(name).unwrap_or(&all),
        };
        // Into memory first, as all output whose reader may go away.
        let mut roff = Vec::new();
        Man::new(command.clone()).render(&mut roff)?;
        out.write_all(&roff)
    }
}

fn page(name: &str) -> Result<String, String> {
    let all = Cli::command();
    let known = |command: &Command| command.get_name() == name;
    if all.get_subcommands().any(known) {
        return Ok(name.to_owned());
    }
    let names: Vec<_> = all.get_subcommands().map(Command::get_name).collect();
    Err(format!("no such command; there are {}", names.join(", ")))
}
