//! `brigade reconcile s3://BUCKET/KEY`: one object through its routes, now.

use std::io::Write;
use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use crate::account::Accounts;
use crate::app::{Makings, worker};
use crate::catalog::Catalog;
use crate::config::Config;
use crate::edge::Edge;
use crate::event::{Event, Kind};
use crate::metrics::Metrics;
use crate::queue::{Terms, Window};
use crate::supervisor::Supervisor;
use crate::work::{End, Lanes, Outcome, Received, Seat, Skip};

/// Nobody else holds this work, so it may take its time: *W* is five minutes.
const TERMS: Duration = Duration::from_mins(20);

/// Take one object through its routes, now
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  brigade reconcile s3://raw/incoming/orders.csv

The key is given as it is, not percent-encoded. Safe to repeat, also beside a running daemon:
what is already there is proved and left alone.")]
pub(super) struct Reconcile {
    /// `s3://BUCKET/KEY`
    #[arg(value_parser = object)]
    object: (String, String),
    /// Print JSON: [{"route": …, "outcome": …, "error": …}]
    #[arg(long)]
    json: bool,
}

impl Reconcile {
    /// Reconciles, and says how each route ended.
    pub(super) async fn run(self, config: &Config, out: &mut impl Write) -> anyhow::Result<()> {
        let edge = Edge::real();
        let metrics = Metrics::new(&config.environment).0;
        let accounts = Accounts::open(config, &edge, &metrics).await?;
        let config = &accounts.settle(config);
        config.check_regions()?;
        let lanes = Lanes::new(&config.work, metrics.clone(), CancellationToken::new());
        // Its tasks end with it.
        let mut supervisor = Supervisor::default();
        let makings = Makings {
            config,
            accounts: &accounts,
            edge: &edge,
            metrics: &metrics,
        };
        let catalog = Catalog::default()
            .with_tables(makings.tables(&mut supervisor))
            .with_notices(makings.notices(&mut supervisor));
        let worker = worker(config, &accounts, &edge, metrics, Arc::new(catalog), lanes);
        let (bucket, key) = self.object;
        let event = Event {
            bucket,
            key,
            kind: Kind::Asked,
            size: None,
            etag: None,
            version_id: None,
            time: None,
            region: None,
            name: "brigade reconcile".into(),
        };
        let window = Window::unleased(Terms::new(TERMS));
        let seat = Seat::apart();
        let ends = worker
            .event(&event, None, Received::FIRST, &window, &seat)
            .await;

        let mut failed = 0;
        let mut rows = Vec::new();
        for End { route, outcome, .. } in ends {
            let error = match &outcome {
                Outcome::Done | Outcome::Skip(_) => None,
                Outcome::Poison(cause) | Outcome::RetryAfter(_, cause) => Some(cause.error.clone()),
            };
            failed += u32::from(error.is_some());
            let route = route.map_or_else(|| "none".into(), |route| route.name.clone());
            rows.push((route, outcome.name(), error));
        }
        if self.json {
            let json: Vec<_> = rows
                .iter()
                .map(|(route, outcome, error)| {
                    serde_json::json!({ "route": route, "outcome": outcome, "error": error })
                })
                .collect();
            writeln!(out, "{}", serde_json::Value::from(json))?;
        } else {
            for (route, outcome, error) in &rows {
                match error {
                    None => writeln!(out, "route {route}: {outcome}")?,
                    Some(error) => writeln!(out, "route {route}: {outcome}: {error}")?,
                }
            }
        }
        if rows
            .iter()
            .all(|(_, outcome, _)| *outcome == Skip::NoRoute.name())
        {
            for route in worker.routes.iter() {
                if let Err(miss) = route.matches(&event.bucket, &event.key, None) {
                    writeln!(out, "  route {} does not take it: {miss}", route.name)?;
                }
            }
            anyhow::bail!("no route takes s3://{}/{}", event.bucket, event.key);
        }
        let arrived = rows.iter().any(|(_, outcome, _)| *outcome == "done");
        if arrived && !config.crawler.is_empty() && !self.json {
            writeln!(out, "no crawler was started: brigade crawl does that")?;
        }
        anyhow::ensure!(failed == 0, "{failed} of {} routes failed", rows.len());
        Ok(())
    }
}

fn object(text: &str) -> Result<(String, String), String> {
    let place = text
        .strip_prefix("s3://")
        .and_then(|rest| rest.split_once('/'));
    match place {
        Some((bucket, key)) if !bucket.is_empty() && !key.is_empty() => {
            Ok((bucket.to_owned(), key.to_owned()))
        }
        Some(_) | None => Err("expected s3://BUCKET/KEY".into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_object_is_a_bucket_and_a_key() {
        for (text, want) in [
            ("s3://raw/a/b c+%.csv", Some(("raw", "a/b c+%.csv"))),
            ("s3://raw//", Some(("raw", "/"))),
            ("s3://raw/", None),
            ("s3://raw", None),
            ("raw/a", None),
        ] {
            let want = want.map(|(bucket, key)| (bucket.to_owned(), key.to_owned()));
            assert_eq!(object(text).ok(), want, "{text}");
        }
    }
}
