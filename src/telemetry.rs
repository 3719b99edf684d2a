//! Where log lines go: for a person at a terminal, else one JSON object a line.
//!
//! `RUST_LOG` filters as everywhere in Rust (`RUST_LOG=brigade=debug`); the default is `info` for
//! us and `warn` for the libraries. Lines go to stderr, so that stdout stays parseable.

use std::io::IsTerminal;

use tracing::Span;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::format::FmtSpan;

/// Our crate speaks, the libraries only when something is wrong.
const DEFAULT_FILTER: &str = "warn,brigade=info";

/// Sets up logging for this process. Called once, by the command line.
pub fn start() {
    let filter =
        EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new(DEFAULT_FILTER));
    let lines = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_span_events(FmtSpan::NONE);
    if std::io::stderr().is_terminal() {
        lines.with_target(false).compact().init();
    } else {
        lines
            .json()
            .flatten_event(true)
            .with_current_span(false)
            .init();
    }
}

/// The span inside which everything runs, so that `environment` is on every line.
#[must_use]
pub fn root(environment: &str) -> Span {
    tracing::info_span!("brigade", environment)
}
