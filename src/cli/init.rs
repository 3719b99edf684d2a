//! `brigade init`: a starter configuration from three answers.

use std::collections::BTreeSet;
use std::io::{self, BufRead, Write};
use std::path::{Path, PathBuf};

use clap::Args;

use crate::catalog::printable;
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
    /// The file to write; default: the --config, or else config.toml
    #[arg(long, value_name = "FILE")]
    pub output: Option<PathBuf>,
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
    #[error("{0}: missing, and there is no terminal to ask on\n{USAGE}")]
    Missing(String),
    /// More than one file is named.
    #[error("one file is written, and {0} are named\n{USAGE}")]
    Files(usize),
    /// The answers make no valid configuration.
    #[error(transparent)]
    Refused(Refusal),
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

/// What makes it run without a terminal.
const USAGE: &str =
    "Usage: brigade init --queue <URL> --from <PLACE> --to <PLACE> [--output <FILE>]";

/// Written where no file is named.
const DEFAULT: &str = "config.toml";

/// Which flag is to blame for which key of the starter.
const FLAGS: [(&str, &str); 3] = [
    ("queue.events.url", "--queue"),
    ("route.orders.from", "--from"),
    ("route.orders.to", "--to"),
];

impl InitError {
    /// Whether the command line is to be corrected.
    #[must_use]
    pub fn is_usage(&self) -> bool {
        match self {
            Self::Missing(_) | Self::Files(_) | Self::Refused(_) => true,
            Self::Exists(_) | Self::Write { .. } | Self::Terminal(_) => false,
        }
    }
}

impl InitArgs {
    /// The file to write: named here, or as every command's `--config`.
    fn file(&self, config: &[PathBuf]) -> Result<PathBuf, InitError> {
        let named: BTreeSet<_> = self.output.iter().chain(config).collect();
        match named.len() {
            0 => Ok(DEFAULT.into()),
            1 => Ok(named.into_iter().next().cloned().unwrap_or_default()),
            many => Err(InitError::Files(many)),
        }
    }
}

/// Writes a starter configuration, asking on a terminal for what flags did not give. `config` are the files
/// of `--config`.
///
/// # Errors
/// When a file is in the way, an answer is missing or no good, or something cannot be written.
pub fn init(
    args: &InitArgs,
    config: &[PathBuf],
    is_terminal: bool,
    input: &mut impl BufRead,
    out: &mut impl Write,
) -> Result<(), InitError> {
    let file = args.file(config)?;
    // Before asking: nobody should answer in vain.
    if !args.force && file.exists() {
        return Err(InitError::Exists(file));
    }
    let asked = [
        ("--queue", &args.queue, "SQS queue URL"),
        (
            "--from",
            &args.from,
            "Take objects from (s3://BUCKET/PREFIX/)",
        ),
        ("--to", &args.to, "Bring them to (s3://BUCKET/PREFIX/)"),
    ];
    if !is_terminal {
        let missing = asked.iter().filter(|(_, given, _)| given.is_none());
        let missing: Vec<_> = missing.map(|(flag, ..)| *flag).collect();
        if !missing.is_empty() {
            return Err(InitError::Missing(missing.join(", ")));
        }
    }
    let mut answers = Vec::new();
    for (flag, given, question) in asked {
        answers.push(match given {
            Some(given) => given.clone(),
            None => ask(flag, question, input, out)?,
        });
    }
    let text = starter(&answers[0], &answers[1], &answers[2]);
    let loaded = Config::load(&Sources::text("the answers", &text));
    loaded.map_err(|refusal| InitError::Refused(blamed(refusal)))?;
    let name = file.display().to_string();
    write(&file, args.force, &text).map_err(|source| InitError::Write {
        path: file.clone(),
        source,
    })?;
    let name = printable(&name);
    writeln!(out, "wrote {name}; next: brigade check --config {name}").map_err(InitError::Terminal)
}

/// The refusal, by flags: no file has been written whose keys could be corrected.
fn blamed(refusal: Refusal) -> Refusal {
    let faults = refusal.0.into_iter().map(|mut fault| {
        let flag = FLAGS.iter().find(|(key, _)| fault.key.starts_with(key));
        if let Some((_, flag)) = flag {
            (*flag).clone_into(&mut fault.key);
        }
        fault
    });
    Refusal(faults.collect())
}

/// A starter configuration. Invalid answers are reported when it is loaded.
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
        return Err(InitError::Missing(flag.into()));
    }
    Ok(line.trim().into())
}

/// `create_new` closes the gap between looking and writing.
fn write(file: &Path, force: bool, text: &str) -> io::Result<()> {
    let mut open = std::fs::OpenOptions::new();
    if force {
        open.write(true).create(true).truncate(true);
    } else {
        open.write(true).create_new(true);
    }
    open.open(file)?.write_all(text.as_bytes())
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
                output: Some(self.0.clone()),
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
            &[],
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
        init(&scratch.args(None), &[], true, &mut input, &mut out).unwrap();
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
        let nobody = "--queue: missing, and there is no terminal to ask on\nUsage: brigade init --queue <URL>";
        #[rustfmt::skip]
        let table = [
            ("no terminal",     None,           false, nobody),
            ("no answer",       None,           true,  nobody),
            ("an empty answer", Some(""),       false, "--queue = \"\": is empty"),
            ("a bad answer",    Some("events"), false, "--queue = \"events\": is a name: expected the queue's URL"),
        ];
        for (why, queue, is_terminal, want) in table {
            let args = scratch.args(queue);
            let mut out = Vec::new();
            let said = init(&args, &[], is_terminal, &mut io::empty(), &mut out).unwrap_err();
            assert!(said.is_usage(), "{why}");
            let said = said.to_string();
            assert!(said.starts_with(want), "{why}: {said}");
            assert!(
                !said.contains("config.toml") && !said.contains(" in "),
                "{why}: {said}"
            );
            assert!(!scratch.0.exists(), "{why}");
        }
    }

    #[test]
    fn all_flags_that_are_missing_are_named_at_once() {
        let args = InitArgs {
            queue: None,
            from: None,
            to: None,
            output: None,
            force: true,
        };
        let said = init(&args, &[], false, &mut io::empty(), &mut Vec::new()).unwrap_err();
        assert!(
            said.to_string()
                .starts_with("--queue, --from, --to: missing"),
            "{said}"
        );
    }

    #[test]
    fn the_file_of_config_is_written() {
        let scratch = Scratch::new("config");
        let args = InitArgs {
            output: None,
            ..scratch.args(Some(QUEUE))
        };
        let files = [scratch.0.clone()];
        init(&args, &files, false, &mut io::empty(), &mut Vec::new()).unwrap();
        assert!(std::fs::read_to_string(&scratch.0).unwrap().contains(QUEUE));

        let other = [scratch.0.with_extension("other")];
        let both = scratch.args(Some(QUEUE));
        for (files, args) in [
            (&other[..], &both),
            (&[files, other.clone()].concat()[..], &args),
        ] {
            let said = init(args, files, false, &mut io::empty(), &mut Vec::new()).unwrap_err();
            assert!(matches!(said, InitError::Files(2)), "{said}");
        }
        assert!(!other[0].exists());
    }

    #[test]
    fn a_file_that_is_there_is_overwritten_only_by_force() {
        let scratch = Scratch::new("there");
        std::fs::write(&scratch.0, "mine").unwrap();
        let mut args = scratch.args(Some(QUEUE));
        let said = init(&args, &[], true, &mut io::empty(), &mut Vec::new()).unwrap_err();
        assert!(matches!(said, InitError::Exists(_)), "{said}");
        assert_eq!(std::fs::read_to_string(&scratch.0).unwrap(), "mine");
        args.force = true;
        init(&args, &[], false, &mut io::empty(), &mut Vec::new()).unwrap();
        assert!(std::fs::read_to_string(&scratch.0).unwrap().contains(QUEUE));
    }
}
