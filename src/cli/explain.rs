//! `brigade explain`: an event in; routes and near misses, destination keys, plan, reasons and
//! calls out. Touches nothing: what only a HEAD of S3 can tell is said as such. Keys are anybody's,
//! so that a terminal is shown no control characters.

mod plan;
mod report;
#[cfg(test)]
mod tests;

use std::fs;
use std::io::{self, IsTerminal, Read, Write};
use std::path::PathBuf;

use anyhow::Context;

use self::report::{EventReport, RouteReport};
use crate::account::Accounts;
use crate::catalog::{named_folders, printable};
use crate::config::{Config, Encryption, Envelope, Properties, TagPolicy};
use crate::edge::Edge;
use crate::event::{Event, Kind, Parsed, Record, parse};
use crate::metrics::Metrics;
use crate::plan::{Capabilities, Hint};
use crate::queue::Terms;
use crate::route::{Route, Routes};
use crate::s3::ETag;

/// Tell what would be done about an event; touches nothing
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  brigade explain event.json
  aws sqs receive-message --queue-url URL --query 'Messages[0].Body' --output text | brigade explain -")]
pub(super) struct Explain {
    /// The body of an SQS message; - or nothing: standard input, until its end (Ctrl-D on a terminal)
    file: Option<PathBuf>,
    /// As if it came through this [queue.NAME]
    #[arg(long, value_name = "NAME")]
    queue: Option<String>,
    /// As if it had been received before
    #[arg(long)]
    again: bool,
    /// Print JSON: [{"event", "object", "size", "ends", "routes": […]}, …], an entry a record
    #[arg(long)]
    json: bool,
}

impl Explain {
    /// Reads the event and prints the report.
    pub(super) async fn run(
        self,
        config: Config,
        edge: &Edge,
        out: &mut impl Write,
    ) -> anyhow::Result<()> {
        // The environment and the SDK's files may name regions and another endpoint, which decide
        // about ways and conditions; no call is made.
        let metrics = Metrics::new(&config.environment).0;
        let accounts = Accounts::open_offline(&config, edge, &metrics).await?;
        let config = &accounts.settle(&config);
        config.check_regions()?;
        self.print(config, &self.body()?, out)
    }

    fn print(&self, config: &Config, body: &str, out: &mut impl Write) -> anyhow::Result<()> {
        let reports = self.reports(config, body)?;
        if self.json {
            serde_json::to_writer_pretty(&mut *out, &reports)?;
            return Ok(writeln!(out)?);
        }
        for reports in &reports {
            reports.print(out)?;
        }
        Ok(())
    }

    fn reports(&self, config: &Config, body: &str) -> anyhow::Result<Vec<EventReport>> {
        let all = [
            Envelope::S3,
            Envelope::Sns,
            Envelope::Eventbridge,
            Envelope::Work,
        ];
        let accept = match &self.queue {
            None => all.to_vec(),
            Some(name) => super::section("queue", name, &config.queue)?.accept.clone(),
        };
        let records = match parse(body, &accept) {
            Ok(Parsed::Records { records, .. }) => records,
            Ok(Parsed::Test) => {
                let ends = "deleted, counted as skipped";
                return Ok(vec![EventReport::unrouted(
                    Some("s3:TestEvent".into()),
                    ends,
                )]);
            }
            Ok(Parsed::Newer { version }) => {
                let name = format!("work message of version {version}");
                return Ok(vec![EventReport::unrouted(
                    Some(name),
                    "left for a newer release",
                )]);
            }
            Err(e) => {
                let why = printable(&e.to_string());
                anyhow::bail!("the message would be dead-lettered as malformed: {why}")
            }
        };
        if records.is_empty() {
            let ends = "deleted, counted as skipped (empty)";
            return Ok(vec![EventReport::unrouted(None, ends)]);
        }
        let reports = records.into_iter().map(|record| match record {
            Record::Event(event) => self.event(config, &event),
            Record::Ignored { name } => {
                EventReport::unrouted(Some(name), "means nothing here; skipped, counted")
            }
        });
        Ok(reports.collect())
    }

    fn body(&self) -> anyhow::Result<String> {
        match &self.file {
            Some(path) if path.as_os_str() != "-" => {
                fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))
            }
            Some(_) | None => {
                let (mut body, input) = (String::new(), io::stdin());
                if input.is_terminal() {
                    // Without a file and on a terminal, the command would seem to hang.
                    let _ = writeln!(
                        io::stderr(),
                        "reading the body of a message from standard input, until Ctrl-D"
                    );
                }
                input
                    .lock()
                    .read_to_string(&mut body)
                    .context("cannot read standard input")?;
                Ok(body)
            }
        }
    }

    fn event(&self, config: &Config, event: &Event) -> EventReport {
        let routes = Routes::compile(config);
        let routes = routes.iter().map(|route| {
            let queue = self.queue.as_deref();
            match route.takes(queue, &event.bucket, &event.key, event.size) {
                Ok(()) => self.route(config, route, event),
                Err(miss) => RouteReport {
                    route: route.name.clone(),
                    taken: false,
                    miss: Some(miss.to_string()),
                    to: None,
                    plan: None,
                    with: None,
                    why: None,
                    calls: None,
                    then: None,
                    partition: None,
                },
            }
        });
        EventReport {
            event: Some(event.name.clone()),
            object: Some(format!("s3://{}/{}", event.bucket, event.key)),
            size: event.size,
            ends: None,
            routes: routes.collect(),
        }
    }

    fn route(&self, config: &Config, route: &Route, event: &Event) -> RouteReport {
        let etag = event.etag.as_deref().map(ETag::new);
        let hint = Hint {
            size: event.size,
            bounded: route.has_size_limits(),
            etag: etag.as_ref(),
            created: event.kind == Kind::Created,
            received_before: self.again,
        };
        // The queue it came through decides how long a copy may take.
        let queues = config.queue.iter().filter(|(name, _)| {
            self.queue
                .as_ref()
                .or(route.queue.as_ref())
                .is_none_or(|only| only == *name)
        });
        let visibility = queues.map(|(_, queue)| queue.visibility_timeout).min();
        let terms = Terms::new(visibility.unwrap_or_default());
        let conditional = config.aws_of(route.to_account.as_deref()).conditional();
        let kms = route.properties.sse.is_some_and(Encryption::is_kms);
        let capabilities = Capabilities::of(route, terms, (conditional, kms));
        let target = route.destination(&event.key, None);
        let partition = target.as_ref().ok().and_then(|key| partition(route, key));
        let to = match target {
            Ok(key) => format!("s3://{}/{key}", route.to.bucket),
            Err(e) => format!("s3://{}/{} ({e})", route.to.bucket, route.to.key),
        };
        let plan = match event.kind {
            Kind::Removed => plan::removal(route.follows, route.source_missing),
            Kind::Created | Kind::Restored | Kind::Asked => plan::plan(&plan::Asked {
                capabilities,
                hint,
                dated: route.is_dated(),
                tags: route.properties.tags != TagPolicy::Skip,
            }),
        };
        RouteReport {
            route: route.name.clone(),
            taken: true,
            miss: None,
            to: Some(to),
            plan: Some(plan.steps),
            with: with(&route.properties),
            why: Some(plan.why),
            calls: Some(plan.calls),
            then: then(route),
            partition,
        }
    }
}

/// What is taken away, and when.
fn then(route: &Route) -> Option<String> {
    let reports = if route.moves {
        "the source object is deleted once every route that takes it has it: a HEAD of each copy and one of the \
         source, and the delete"
    } else if route.follows {
        "if the source is gone, its copy is deleted"
    } else {
        return None;
    };
    Some(reports.into())
}

/// The partition that the route's tables get, as far as the key shows.
fn partition(route: &Route, key: &str) -> Option<String> {
    let tables = route.tables.join(", ");
    let reports = match named_folders(key) {
        _ if tables.is_empty() => return None,
        none if none.is_empty() => format!("no partition to {tables}: it has no folder NAME=VALUE"),
        named => format!("partition {named} to {tables}, if these are its partition keys"),
    };
    Some(reports)
}

/// What the route says of its copies, as headers and their values.
fn with(properties: &Properties) -> Option<String> {
    let said = serde_json::to_value(properties).ok()?;
    let said = said
        .as_object()?
        .iter()
        .filter(|(_, value)| !value.is_null());
    let said: Vec<_> = said
        .map(|(key, value)| format!("{key} = {value}"))
        .collect();
    (!said.is_empty()).then(|| said.join(", "))
}
