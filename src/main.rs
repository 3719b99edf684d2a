//! The `brigade` command.

use std::process::ExitCode;

fn main() -> ExitCode {
    brigade::cli::main()
}
