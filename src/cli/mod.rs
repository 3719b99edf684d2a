//! The command line: one file a subcommand.
//!
//! Exit codes: 0 done, 1 failed, 64 refused configuration or usage (`EX_USAGE` of sysexits), 130
//! interrupted, 141 nobody reads on (128 and the number of SIGINT or SIGPIPE, as shells say it).
//! A supervisor does not start again what ended with 64, so it is only for what starting again cannot mend.

mod check;
pub mod config;
pub mod crawl;
mod explain;
mod health;
mod help;
pub mod init;
mod logging;
mod man;
mod out;
pub mod query;
pub mod reconcile;
mod run;
mod signals;
mod spinner;
mod version;

use std::collections::BTreeMap;
use std::io::{self, IsTerminal, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{CommandFactory, Parser, Subcommand};
use clap_complete::Shell;
use tokio_util::sync::CancellationToken;
use tracing::Level;

use self::config::What;
use self::logging::Logging;
use self::out::Out;
use self::signals::{Interrupted, interruptible};
use crate::account::Accounts;
use crate::catalog::printable;
use crate::config::{Config, Fault, Loaded, Refusal, Sources};
use crate::edge::Edge;
use crate::metrics::Metrics;
use crate::start::StartError;
use crate::telemetry::Format;

const FAILED: u8 = 1;

/// `EX_USAGE`.
const USAGE: u8 = 64;

/// Ended by a signal, in order.
const INTERRUPTED: u8 = 130;

/// The reader of the output is gone, as in `… | head`.
const UNREAD: u8 = 141;

/// Event-driven S3 replication in one binary.
#[derive(Debug, Parser)]
#[command(
    name = "brigade",
    version,
    long_version = version::LONG,
    propagate_version = true,
    after_help = help::SHORT,
    after_long_help = help::long()
)]
pub struct Cli {
    /// Configuration file; may be given more than once, later ones win
    #[arg(long, short, global = true, value_name = "FILE")]
    config: Vec<PathBuf>,
    #[command(flatten)]
    logging: Logging,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run the daemon
    #[command(after_help = help::RUN)]
    Run,
    /// Write a starter configuration from three answers
    #[command(after_help = help::INIT)]
    Init(init::InitArgs),
    /// Check whether the daemon can work, and if not, why and what to do
    Check(check::Check),
    /// Explain what would be done about an event; calls nothing
    Explain(explain::Explain),
    /// Copy objects through their routes now, if they are not there yet
    Reconcile(reconcile::Reconcile),
    /// Start a crawler
    Crawl(crawl::Crawl),
    /// Run an Athena query and print its rows
    Query(query::Query),
    /// Ask a running daemon for its health, for container health checks
    Health(health::Health),
    /// Show the configuration or its JSON Schema
    #[command(after_help = help::CONFIG)]
    Config(config::ConfigArgs),
    /// Print the version, with commit, date and target
    Version(version::Version),
    /// Print a manual page
    Man(man::Manual),
    /// Print a completion script
    #[command(after_help = help::COMPLETIONS)]
    Completions {
        /// For which shell
        shell: Shell,
    },
}

/// A command line that is to be corrected.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
struct Usage(String);

/// Runs one command to its exit code.
#[must_use]
pub fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(e) => {
            // Help and version go to stdout, with exit code 0.
            let usage = e.use_stderr();
            let _ = e.print();
            return if usage {
                ExitCode::from(USAGE)
            } else {
                ExitCode::SUCCESS
            };
        }
    };
    let mut out = Out::lock();
    let daemon = matches!(cli.command, Command::Run);
    match cli.command.run(cli.config, &cli.logging, &mut out) {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) if out.is_closed() => ExitCode::from(UNREAD),
        Err(e) => {
            // A daemon that logs JSON reports its failure as JSON too; a refused configuration comes before logging.
            let line = daemon && cli.logging.format() == Format::Json && !e.is::<Refusal>();
            if line && tracing::enabled!(Level::ERROR) {
                tracing::error!(error = format!("{e:#}"), "the daemon failed");
            } else {
                let _ = writeln!(io::stderr(), "brigade: {}", lines(&format!("{e:#}")));
            }
            ExitCode::from(exit_code(&e))
        }
    }
}

fn exit_code(e: &anyhow::Error) -> u8 {
    let refused = match e.downcast_ref::<StartError>() {
        Some(e) => e.is_configuration(),
        None => e.is::<Refusal>() || e.is::<Usage>(),
    };
    if refused {
        USAGE
    } else if e.is::<Interrupted>() {
        INTERRUPTED
    } else {
        FAILED
    }
}

impl Command {
    fn run(self, files: Vec<PathBuf>, logging: &Logging, out: &mut Out) -> anyhow::Result<()> {
        let sources = Sources::from_process(files);
        let read = || Config::load(&sources);
        let load = || {
            let loaded = read()?;
            logging.start(&loaded.config.environment);
            Ok::<_, Refusal>(loaded)
        };
        match self {
            Self::Init(args) => {
                let input = &mut io::stdin().lock();
                let is_terminal = io::stdin().is_terminal();
                match init::init(&args, &sources.files, is_terminal, input, out) {
                    Err(wrong) if wrong.is_usage() => Err(Usage(wrong.to_string()).into()),
                    done => Ok(done?),
                }
            }
            Self::Completions { shell } => {
                // Into memory first: the generator panics on a closed pipe.
                let mut script = Vec::new();
                clap_complete::generate(shell, &mut Cli::command(), "brigade", &mut script);
                Ok(out.write_all(&script)?)
            }
            Self::Config(args) => match args.what {
                What::Show(args) => Ok(config::show(&args, &read()?, out)?),
                What::Schema => Ok(config::schema(out)?),
            },
            Self::Version(args) => Ok(args.print(out)?),
            Self::Man(args) => Ok(args.print(out)?),
            Self::Run => run::run(&runnable(load()?)?),
            Self::Check(args) => wait(args.run(&load()?.config, &Edge::real(), out)),
            Self::Explain(args) => wait(args.run(runnable(load()?)?, &Edge::real(), out)),
            Self::Reconcile(args) => {
                let input = &mut io::BufReader::new(io::stdin());
                wait(args.run(&runnable(load()?)?, &Edge::real(), input, out))
            }
            Self::Crawl(args) => wait(crawl(args, &load()?.config, out)),
            Self::Query(args) => wait(query(args, &load()?.config, out)),
            Self::Health(args) => wait(args.run(&load()?.config, out)),
        }
    }
}

async fn crawl(args: crawl::Crawl, config: &Config, out: &mut impl Write) -> anyhow::Result<()> {
    let crawler = section("crawler", &args.name, &config.crawler)?;
    let metrics = Metrics::new(&config.environment).0;
    let edge = Edge::real();
    let accounts = Accounts::open(config, &edge, &metrics).await?;
    let account = accounts.of(crawler.account.as_deref());
    // At once, and with what to do about it: a call would be repeated in vain.
    account.access_key().await?;
    let name = crawler.name.clone().unwrap_or_else(|| args.name.clone());
    let glue = account.glue(crawler.region.as_deref(), metrics);
    let (stop, mut rng) = (
        CancellationToken::new(),
        fastrand::Rng::with_seed(edge.rng.seed()),
    );
    let run = args.run(&glue, &name, &stop, &mut rng, out);
    interruptible(&stop, Box::pin(async { run.await.map_err(crawl::ended) })).await
}

async fn query(args: query::Query, config: &Config, out: &mut impl Write) -> anyhow::Result<()> {
    if let Some(name) = &args.account {
        section("account", name, &config.account)?;
    }
    let edge = Edge::real();
    let metrics = Metrics::new(&config.environment).0;
    let accounts = Accounts::open(config, &edge, &metrics).await?;
    let account = accounts.of(args.account.as_deref());
    account.access_key().await?;
    let athena = account.athena(args.region.as_deref(), metrics);
    let rng = fastrand::Rng::with_seed(edge.rng.seed());
    let stop = CancellationToken::new();
    let mut said = io::stderr();
    let run = args.run(athena, rng, &stop, out, &mut said);
    interruptible(&stop, Box::pin(async { run.await.map_err(query::ended) })).await
}

/// A section that the command line names.
fn section<'c, T>(
    kind: &str,
    name: &str,
    known: &'c BTreeMap<String, T>,
) -> Result<&'c T, Refusal> {
    known.get(name).ok_or_else(|| {
        let names: Vec<_> = known.keys().map(String::as_str).collect();
        let names = if names.is_empty() {
            "none".into()
        } else {
            names.join(", ")
        };
        Refusal(vec![Fault {
            key: kind.into(),
            value: Some(format!("{name:?}")),
            why: format!("there is no [{kind}.{name}] in the configuration; it has {names}"),
        }])
    })
}

/// A configuration with something to do.
fn runnable(loaded: Loaded) -> Result<Config, Refusal> {
    loaded.config.can_run()?;
    Ok(loaded.config)
}

/// Text of several lines, as a terminal can show it: what a stranger says is in many errors.
fn lines(text: &str) -> String {
    let lines: Vec<_> = text.lines().map(printable).collect();
    lines.join("\n")
}

/// Runs a short command.
fn wait(command: impl Future<Output = anyhow::Result<()>>) -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(command)
}

#[cfg(test)]
mod tests;
