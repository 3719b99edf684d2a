//! The `brigade` command.

use std::process::ExitCode;

/// A third less CPU for an object than with the system's, which locks and returns what is asked for
/// again at once: docs/performance.md.
#[global_allocator]
static HEAP: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    brigade::cli::main()
}
