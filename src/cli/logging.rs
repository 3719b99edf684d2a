//! The global flags that say what is logged, and how.

use std::env;

use clap::{ArgAction, Args};
use tracing_subscriber::EnvFilter;

use crate::panics;
use crate::telemetry::{self, Format};

/// This crate, and libraries only where something is wrong.
const DEFAULT: &str = "warn,brigade=info";

const LEVELS: [&str; 6] = ["off", "error", "warn", "info", "debug", "trace"];

/// What is logged, and how. A flag is obeyed before `RUST_LOG`, and that before the default.
#[derive(Debug, Default, Args)]
#[command(next_help_heading = "Logging")]
pub(super) struct Logging {
    /// Log more: -v every object, -vv also what libraries report
    #[arg(long, short, global = true, action = ArgAction::Count, conflicts_with_all = ["quiet", "log_level"])]
    verbose: u8,
    /// Log less: -q warnings and errors, -qq errors
    #[arg(long, short, global = true, action = ArgAction::Count, conflicts_with = "log_level")]
    quiet: u8,
    /// Log from this level (error, warn, info, debug, trace; off), or by a filter as in `RUST_LOG`
    #[arg(long, global = true, value_name = "LEVEL|FILTER", value_parser = filter)]
    log_level: Option<String>,
    /// Log as JSON or as text [default: text on a terminal, else JSON]
    #[arg(long, global = true, value_name = "FORMAT")]
    log_format: Option<Format>,
}

impl Logging {
    /// Sets up logging for this process.
    pub(super) fn start(&self, environment: &str) {
        #[expect(
            clippy::disallowed_methods,
            reason = "the command line reads the environment"
        )]
        let variable = env::var("RUST_LOG")
            .ok()
            .filter(|filter| !filter.is_empty());
        let (filter, refused) = self.filter(variable.as_deref());
        telemetry::start(filter, self.format(), environment);
        panics::log_all();
        if let Some(error) = refused {
            tracing::warn!(error, "RUST_LOG is not a filter and is ignored");
        }
    }

    /// How lines are written.
    pub(super) fn format(&self) -> Format {
        self.log_format.unwrap_or_else(telemetry::usual_format)
    }

    /// What is logged, and why `RUST_LOG` is not obeyed if it should be.
    fn filter(&self, variable: Option<&str>) -> (EnvFilter, Option<String>) {
        let flag = match (&self.log_level, self.verbose, self.quiet) {
            (Some(filter), ..) => Some(&**filter),
            (None, 0, 0) => None,
            (None, 0, 1) => Some("warn"),
            (None, 0, _) => Some("error"),
            (None, 1, _) => Some("warn,brigade=debug"),
            (None, ..) => Some("info,brigade=trace"),
        };
        match (flag, variable) {
            (None, Some(variable)) => match EnvFilter::try_new(variable) {
                Ok(filter) => (filter, None),
                Err(error) => (EnvFilter::new(DEFAULT), Some(error.to_string())),
            },
            (flag, _) => (EnvFilter::new(flag.unwrap_or(DEFAULT)), None),
        }
    }
}

/// A level is this crate's; libraries never say more than warnings for it.
fn filter(text: &str) -> Result<String, String> {
    let level = text.to_ascii_lowercase();
    match level.as_str() {
        "off" | "error" | "warn" => return Ok(level),
        "info" | "debug" | "trace" => return Ok(format!("warn,brigade={level}")),
        _ => {}
    }
    // The library takes a word that is no level for the name of a module, and logs nothing.
    let words = text.split(',').map(str::trim);
    let unknown = words.filter(|word| !word.contains(['=', '[']));
    for word in unknown {
        if !LEVELS.contains(&&*word.to_ascii_lowercase()) {
            let levels = LEVELS.join(", ");
            return Err(format!(
                "{word:?} is no level ({levels}); a filter is like brigade=debug"
            ));
        }
    }
    EnvFilter::try_new(text).map_err(|e| e.to_string())?;
    Ok(text.to_owned())
}

#[cfg(test)]
mod tests {
    use clap::{CommandFactory, Parser};

    use super::*;

    #[derive(Debug, Parser)]
    struct Line {
        #[command(flatten)]
        logging: Logging,
    }

    #[test]
    fn a_flag_wins_over_the_variable_and_that_over_the_default() {
        Line::command().debug_assert();
        for (why, line, variable, want) in [
            ("nothing", &[][..], None, "brigade=info,warn"),
            ("the variable", &[], Some("aws=debug"), "aws=debug"),
            ("more", &["-v"], Some("error"), "brigade=debug,warn"),
            ("still more", &["-vv"], None, "brigade=trace,info"),
            ("less", &["--quiet"], Some("debug"), "warn"),
            ("still less", &["-qq"], None, "error"),
            (
                "a level",
                &["--log-level", "DEBUG"],
                Some("error"),
                "brigade=debug,warn",
            ),
            ("a low one", &["--log-level=error"], None, "error"),
            (
                "a filter",
                &["--log-level", "brigade::work=trace,info"],
                None,
                "brigade::work=trace,info",
            ),
        ] {
            let line = Line::try_parse_from([&["x"], line].concat()).unwrap();
            let (filter, refused) = line.logging.filter(variable);
            assert_eq!((&*filter.to_string(), refused), (want, None), "{why}");
        }
    }

    #[test]
    fn a_variable_that_is_no_filter_is_reported() {
        let (filter, refused) = Logging::default().filter(Some("brigade=loud"));
        assert_eq!(filter.to_string(), "brigade=info,warn");
        assert!(refused.is_some());
    }

    #[test]
    fn a_flag_that_is_no_filter_is_refused() {
        for (line, reported) in [
            (&["--log-level", "debgu"][..], "\"debgu\" is no level"),
            (&["--log-level", "brigade=loud"], "invalid"),
            (&["--log-level", ""], "\"\" is no level"),
            (&["-v", "-q"], "cannot be used with"),
            (&["-q", "--log-level", "info"], "cannot be used with"),
            (&["--log-format", "xml"], "json, text"),
        ] {
            let refused = Line::try_parse_from([&["x"], line].concat()).unwrap_err();
            assert!(
                refused.to_string().contains(reported),
                "{line:?}: {refused}"
            );
        }
    }
}
