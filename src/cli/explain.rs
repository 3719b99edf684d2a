//! `brigade explain`: an event in; routes and near misses, destination keys, plan, reasons and
//! calls out. Touches nothing: what only a look at S3 can tell is said as such. Keys are anybody's,
//! so that a terminal is shown no control characters.

mod plan;
#[cfg(test)]
mod tests;

use std::fs;
use std::io::{self, Read, Write};
use std::path::PathBuf;

use anyhow::Context;
use bytesize::ByteSize;
use serde::Serialize;

use crate::account::Accounts;
use crate::catalog::{named_folders, printable};
use crate::config::{Config, Encryption, Envelope, Properties, TagPolicy};
use crate::copy::{Hint, Means, copy_max};
use crate::edge::Edge;
use crate::event::{Event, Kind, Parsed, Record, parse};
use crate::metrics::Metrics;
use crate::queue::Terms;
use crate::route::{Route, Routes};
use crate::s3::ETag;

/// Tell what would be done about an event; touches nothing
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  brigade explain event.json
  aws sqs receive-message --queue-url URL --query 'Messages[0].Body' --output text | brigade explain -")]
pub(super) struct Explain {
    /// The body of an SQS message; - or nothing: standard input
    file: Option<PathBuf>,
    /// As if it came through this [queue.NAME]
    #[arg(long, value_name = "NAME")]
    queue: Option<String>,
    /// As if it had been received before
    #[arg(long)]
    again: bool,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Serialize)]
struct Told {
    event: String,
    object: String,
    size: Option<u64>,
    routes: Vec<RouteTold>,
}

#[derive(Debug, Serialize)]
struct RouteTold {
    route: String,
    taken: bool,
    /// Why it is not taken.
    miss: Option<String>,
    to: Option<String>,
    plan: Option<String>,
    /// What the copy is made with, if the route says.
    with: Option<String>,
    why: Option<String>,
    calls: Option<String>,
    /// What becomes of the original.
    then: Option<String>,
    /// The folders from which the partition is read, if the route fills tables.
    partition: Option<String>,
}

impl Explain {
    /// Reads the event and tells.
    pub(super) async fn run(self, config: Config, out: &mut impl Write) -> anyhow::Result<()> {
        // The SDK's chain may name regions and a stand-in too, which decide about ways and
        // conditions; no call is made.
        let metrics = Metrics::new(&config.environment).0;
        let accounts = Accounts::open(&config, &Edge::real(), &metrics).await?;
        let config = &accounts.settle(&config);
        config.check_regions()?;
        self.tell(config, &self.body()?, out)
    }

    fn tell(&self, config: &Config, body: &str, out: &mut impl Write) -> anyhow::Result<()> {
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
                return Ok(writeln!(out, "s3:TestEvent: deleted, counted as skipped")?);
            }
            Ok(Parsed::Newer { version }) => {
                return Ok(writeln!(
                    out,
                    "work message of version {version}: left for a newer release"
                )?);
            }
            Err(e) => {
                let why = printable(&e.to_string());
                anyhow::bail!("the message would be parked as malformed: {why}")
            }
        };
        let mut told = Vec::new();
        for record in records {
            match record {
                Record::Event(event) => told.push(self.event(config, &event)),
                Record::Ignored { name } if !self.json => {
                    let name = printable(&name);
                    writeln!(out, "{name}: means nothing here; skipped, counted")?;
                }
                Record::Ignored { .. } => {}
            }
        }
        if self.json {
            serde_json::to_writer_pretty(&mut *out, &told)?;
            return Ok(writeln!(out)?);
        }
        for told in &told {
            told.print(out)?;
        }
        Ok(())
    }

    fn body(&self) -> anyhow::Result<String> {
        match &self.file {
            Some(path) if path.as_os_str() != "-" => {
                fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))
            }
            Some(_) | None => {
                let mut body = String::new();
                io::stdin()
                    .read_to_string(&mut body)
                    .context("cannot read standard input")?;
                Ok(body)
            }
        }
    }

    fn event(&self, config: &Config, event: &Event) -> Told {
        let routes = Routes::compile(config);
        let routes = routes.iter().map(|route| {
            let queue = self.queue.as_deref();
            match route.takes(queue, &event.bucket, &event.key, event.size) {
                Ok(()) => self.route(config, route, event),
                Err(miss) => RouteTold {
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
        Told {
            event: event.name.clone(),
            object: format!("s3://{}/{}", event.bucket, event.key),
            size: event.size,
            routes: routes.collect(),
        }
    }

    fn route(&self, config: &Config, route: &Route, event: &Event) -> RouteTold {
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
        let means = Means {
            way: route.way,
            apart: route.apart,
            conditional: config.aws_of(route.to_account.as_deref()).conditional(),
            kms_target: route.properties.sse.is_some_and(Encryption::is_kms),
            strict: route.properties.strict,
            follows: route.follows,
            copy_max: copy_max(Terms::new(visibility.unwrap_or_default()), route.parts),
            part_size: route.parts.size,
        };
        let target = route.destination(&event.key, None);
        let partition = target.as_ref().ok().and_then(|key| partition(route, key));
        let to = match target {
            Ok(key) => format!("s3://{}/{key}", route.to.bucket),
            Err(e) => format!("s3://{}/{} ({e})", route.to.bucket, route.to.key),
        };
        let plan = plan::plan(&plan::Asked {
            means,
            hint,
            dated: route.is_dated(),
            tags: route.properties.tags != TagPolicy::Skip,
        });
        RouteTold {
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
    let told = if route.moves {
        "the original is deleted once every route that takes it has it: a look at each copy and one at the \
         source, and the delete"
    } else if route.follows {
        "if the source is gone, its copy is deleted"
    } else {
        return None;
    };
    Some(told.into())
}

/// The partition that the route's tables get, as far as the key tells.
fn partition(route: &Route, key: &str) -> Option<String> {
    let tables = route.tables.join(", ");
    let told = match named_folders(key) {
        _ if tables.is_empty() => return None,
        none if none.is_empty() => format!("no partition to {tables}: it has no folder NAME=VALUE"),
        named => format!("partition {named} to {tables}, if these are its partition keys"),
    };
    Some(told)
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

impl Told {
    fn print(&self, out: &mut impl Write) -> io::Result<()> {
        let size = self
            .size
            .map(|size| format!(" ({})", ByteSize(size)))
            .unwrap_or_default();
        let (event, object) = (printable(&self.event), printable(&self.object));
        writeln!(out, "{event} of {object}{size}")?;
        if !self.routes.iter().any(|route| route.taken) {
            writeln!(out, "  no route takes it: deleted, counted as skipped")?;
        }
        for route in &self.routes {
            match &route.miss {
                Some(miss) => writeln!(out, "  route {}: no: {}", route.route, printable(miss))?,
                None => writeln!(out, "  route {}:", route.route)?,
            }
            let lines = [
                ("to", &route.to),
                ("plan", &route.plan),
                ("with", &route.with),
                ("why", &route.why),
                ("calls", &route.calls),
                ("then", &route.then),
                ("adds", &route.partition),
            ];
            for (name, value) in lines {
                if let Some(value) = value {
                    writeln!(out, "    {name:<6}{}", printable(value))?;
                }
            }
        }
        Ok(())
    }
}
