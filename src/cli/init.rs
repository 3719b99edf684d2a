//! `brigade init`: a starter configuration from three answers.

use std::io::{self, BufRead, Write};
use std::path::PathBuf;

use clap::Args;

use crate::config::{Config, Refusal, Sources};

/// `brigade init`.
#[derive(Debug, Clone, Args)]
pub struct InitArgs {
    /// SQS queue URL; asked for on a terminal if left out, as the other two
    #[arg(long, value_name = "URL")]
    pub queue: Option<String>,
    /// Where objects are taken from: `s3://BUCKET/PREFIX`
    #[arg(long, value_name = "PLACE")]
    pub from: Option<String>,
    /// Where they are brought to: `s3://BUCKET/PREFIX/`, or a key template
    #[arg(long, value_name = "PLACE")]
    pub to: Option<String>,
    /// The file to write
    #[arg(long, value_name = "FILE", default_value = "config.toml")]
    pub output: PathBuf,
    /// Overwrite the file if it is there
    #[arg(long)]
    pub force: bool,
}

/// Why no configuration was written.
#[derive(Debug, thiserror::Error)]
pub enum InitError {
    /// The file is the operator's.
    #[error("{0} is already there; --force overwrites it")]
    Exists(PathBuf),
    /// Nobody to ask.
    #[error("{0} is missing, and there is no terminal to ask on")]
    Missing(&'static str),
    /// The answers make no valid configuration.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// The file failed.
    #[error("cannot write {path}")]
    Write {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The terminal failed.
    #[error("cannot use this terminal")]
    Terminal(#[source] io::Error),
}

/// Writes a starter configuration, asking on a terminal for what flags did not give.
///
/// # Errors
/// When a file is in the way, an answer is missing or no good, or something cannot be written.
pub fn init(
    args: &InitArgs,
    is_terminal: bool,
    input: &mut impl BufRead,
    out: &mut impl Write,
) -> Result<(), InitError> {
    // Before asking: nobody should answer in vain.
    if !args.force && args.output.exists() {
        return Err(InitError::Exists(args.output.clone()));
    }
    let mut answer = |flag: &'static str, given: &Option<String>, question: &str| match given {
        Some(given) => Ok(given.clone()),
        None if is_terminal => ask(flag, question, input, out),
        None => Err(InitError::Missing(flag)),
    };
    let queue = answer("--queue", &args.queue, "SQS queue URL")?;
    let from = answer(
        "--from",
        &args.from,
        "Take objects from (s3://BUCKET/PREFIX/)",
    )?;
    let to = answer("--to", &args.to, "Bring them to (s3://BUCKET/PREFIX/)")?;
    let text = starter(&queue, &from, &to);
    let name = args.output.display().to_string();
    Config::load(&Sources::text(&name, &text))?;
    write(args, &text).map_err(|source| InitError::Write {
        path: args.output.clone(),
        source,
    })?;
    writeln!(out, "wrote {name}; next: brigade check --config {name}").map_err(InitError::Terminal)
}

/// A starter configuration. Answers that make no valid one are told when it is loaded.
#[must_use]
pub fn starter(queue: &str, from: &str, to: &str) -> String {
    // JSON's way of quoting is TOML's.
    let quote = |text: &str| serde_json::Value::from(text).to_string();
    format!(
        "# All settings with where they come from: brigade config show\n\
         version = 1\n\
         environment = \"dev\"                 # goes on every log line and into metrics\n\
         \n\
         [queue.events]\n\
         url = {}\n\
         \n\
         [route.orders]\n\
         from = {}\n\
         to = {}\n",
        quote(queue),
        quote(from),
        quote(to),
    )
}

fn ask(
    flag: &'static str,
    question: &str,
    input: &mut impl BufRead,
    out: &mut impl Write,
) -> Result<String, InitError> {
    write!(out, "{question}: ")
        .and_then(|()| out.flush())
        .map_err(InitError::Terminal)?;
    let mut line = String::new();
    let read = input.read_line(&mut line).map_err(InitError::Terminal)?;
    if read == 0 {
        return Err(InitError::Missing(flag));
    }
    Ok(line.trim().into())
}

/// `create_new` closes the gap between looking and writing.
fn write(args: &InitArgs, text: &str) -> io::Result<()> {
    let mut open = std::fs::OpenOptions::new();
    if args.force {
        open.write(true).create(true).truncate(true);
    } else {
        open.write(true).create_new(true);
    }
    open.open(&args.output)?.write_all(text.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    const QUEUE: &str = "https://sqs.eu-west-1.amazonaws.com/1111/events";

    struct Scratch(PathBuf);

    impl Scratch {
        fn new(name: &str) -> Self {
            let path = std::env::temp_dir().join(format!("brigade-{}-{name}", std::process::id()));
            let _ = std::fs::remove_file(&path);
            Self(path)
        }

        fn args(&self, queue: Option<&str>) -> InitArgs {
            InitArgs {
                queue: queue.map(Into::into),
                from: Some("s3://raw/in/".into()),
                to: Some("s3://lake/\"odd\"/".into()),
                output: self.0.clone(),
                force: false,
            }
        }
    }

    impl Drop for Scratch {
        fn drop(&mut self) {
            // Nothing is lost if it stays.
            let _ = std::fs::remove_file(&self.0);
        }
    }

    #[test]
    fn a_starter_loads_and_can_run() {
        let scratch = Scratch::new("starter");
        let mut out = Vec::new();
        init(
            &scratch.args(Some(QUEUE)),
            false,
            &mut io::empty(),
            &mut out,
        )
        .unwrap();
        let sources = Sources {
            files: vec![scratch.0.clone()],
            ..Sources::default()
        };
        let config = Config::load(&sources).unwrap().config;
        assert_eq!(config.can_run(), Ok(()));
        assert_eq!(config.queue["events"].url, QUEUE);
        assert_eq!(
            config.route["orders"].to.to_string(),
            "s3://lake/\"odd\"/{path}"
        );
        assert!(String::from_utf8(out).unwrap().starts_with("wrote "));
    }

    #[test]
    fn what_flags_did_not_give_is_asked_on_a_terminal() {
        let scratch = Scratch::new("asked");
        let mut out = Vec::new();
        let mut input = io::Cursor::new(format!("  {QUEUE}\n"));
        init(&scratch.args(None), true, &mut input, &mut out).unwrap();
        assert!(
            String::from_utf8(out)
                .unwrap()
                .starts_with("SQS queue URL: wrote ")
        );
        assert!(std::fs::read_to_string(&scratch.0).unwrap().contains(QUEUE));
    }

    #[test]
    fn nothing_is_written_without_good_answers() {
        let scratch = Scratch::new("refused");
        let table = [
            (
                "no terminal",
                None,
                false,
                "--queue is missing, and there is no terminal to ask on",
            ),
            (
                "no answer",
                None,
                true,
                "--queue is missing, and there is no terminal to ask on",
            ),
            (
                "an empty answer",
                Some(""),
                false,
                "queue.events.url in FILE = \"\": is empty: give a value, or leave the key out for its default",
            ),
            (
                "a bad answer",
                Some("events"),
                false,
                "queue.events.url in FILE = \"events\": is a name: expected the queue's URL, which `aws sqs get-queue-url --queue-name events` prints",
            ),
        ];
        for (why, queue, is_terminal, want) in table {
            let args = scratch.args(queue);
            let said = init(&args, is_terminal, &mut io::empty(), &mut Vec::new()).unwrap_err();
            let file = scratch.0.display().to_string();
            assert_eq!(said.to_string().replace(&file, "FILE"), want, "{why}");
            assert!(!scratch.0.exists(), "{why}");
        }
    }

    #[test]
    fn a_file_that_is_there_is_overwritten_only_by_force() {
        let scratch = Scratch::new("there");
        std::fs::write(&scratch.0, "mine").unwrap();
        let mut args = scratch.args(Some(QUEUE));
        let said = init(&args, true, &mut io::empty(), &mut Vec::new()).unwrap_err();
        assert!(matches!(said, InitError::Exists(_)), "{said}");
        assert_eq!(std::fs::read_to_string(&scratch.0).unwrap(), "mine");
        args.force = true;
        init(&args, false, &mut io::empty(), &mut Vec::new()).unwrap();
        assert!(std::fs::read_to_string(&scratch.0).unwrap().contains(QUEUE));
    }
}
