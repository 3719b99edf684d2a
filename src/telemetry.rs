//! Where log lines go: for a person at a terminal, else one JSON object a line.
//!
//! Lines go to stderr, so that stdout stays parseable. What is logged is a filter in the syntax of
//! `RUST_LOG`; the default is `info` for this crate and `warn` for the libraries.

mod line;
#[cfg(test)]
mod sites;
mod structured;

use std::io::{self, IsTerminal};

use tracing::Span;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

pub use line::JsonLines;
pub use structured::Structured;

/// How a log line is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Format {
    /// One JSON object a line, for machines
    Json,
    /// One line of text, for people
    Text,
}

/// Text for a person at a terminal, else JSON.
#[must_use]
pub fn usual_format() -> Format {
    if io::stderr().is_terminal() {
        Format::Text
    } else {
        Format::Json
    }
}

/// Sets up logging for this process. Called once, by the command line.
pub fn start(filter: EnvFilter, format: Format, environment: &str) {
    let lines = tracing_subscriber::registry().with(filter);
    match format {
        Format::Json => lines.with(JsonLines::new(environment, io::stderr)).init(),
        Format::Text => lines
            .with(
                fmt::layer()
                    .with_writer(io::stderr)
                    .with_ansi(io::stderr().is_terminal())
                    .with_target(false)
                    .compact(),
            )
            .init(),
    }
}

/// The span inside which the daemon runs, so that `environment` is on its lines of text, too. An error's
/// level: with `-q` spans of a lower one are off, and what they say is missing on the lines that are left.
#[must_use]
pub fn root(environment: &str) -> Span {
    tracing::error_span!("brigade", environment)
}
