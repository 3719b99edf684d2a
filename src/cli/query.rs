//! `brigade query SQL`: run an Athena query and print the rows.

mod format;

use std::io::{self, Write};

use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use self::format::{As, Ended, Format};
use super::signals::Interrupted;
use super::spinner::spin;
use crate::catalog::{self, Asking, Athena, AthenaError, QueryState, run_query};

/// What Athena bills in most regions; nobody tells the region's own price over the API.
const DOLLARS_PER_TB: f64 = 5.0;
/// A query that reads less is billed as much.
const LEAST_BILLED_BYTES: u64 = 10_000_000;

/// Run an Athena query and print its rows
#[derive(Debug, Clone, clap::Args)]
#[command(after_help = "Examples:
  brigade query 'SELECT count(*) FROM orders' --database lake
  brigade query 'SELECT * FROM orders' --database lake --csv > orders.csv
  brigade query 'SHOW TABLES' --database lake --output s3://results/athena/ --json
  brigade query 'SELECT id FROM orders' --database lake --json | jq '.rows[][0]'

Rows go to stdout, or how many rows a statement has written; what was scanned, and about what that costs, to stderr. Ctrl-C cancels the
query at Athena. JSON has numbers with all their digits: a reader that takes them for floats, as
jq before 1.7 does, rounds those above 2^53.")]
pub struct Query {
    /// One statement
    pub sql: String,
    /// The database of tables that name none
    #[arg(long)]
    pub database: Option<String>,
    /// Whose limits and settings hold
    #[arg(long, default_value = "primary")]
    pub workgroup: String,
    /// Where Athena puts the result; needed unless the workgroup names a place
    #[arg(long, value_name = "S3_URL", value_parser = s3_url)]
    pub output: Option<String>,
    /// Where Athena runs; default: the account's region
    #[arg(long)]
    pub region: Option<String>,
    /// The [account.NAME] that queries; default: the default account
    #[arg(long, value_name = "NAME")]
    pub account: Option<String>,
    /// Print JSON: columns, types, rows, how many rows were written, the query's id, bytes scanned
    #[arg(long, conflicts_with = "csv")]
    pub json: bool,
    /// Print CSV (RFC 4180) with a header; NULL is an empty field
    #[arg(long)]
    pub csv: bool,
}

/// A query without printed rows.
#[derive(Debug, thiserror::Error)]
pub enum QueryError {
    /// No rows.
    #[error(transparent)]
    Athena(#[from] AthenaError),
    /// Rows, but no way to print them.
    #[error("cannot print the rows")]
    Print(#[from] io::Error),
}

impl Query {
    /// Runs the query and prints its rows; `said` gets what it has cost.
    ///
    /// # Errors
    /// When there are no rows to print, or no way to print them.
    pub async fn run(
        self,
        athena: Athena,
        rng: fastrand::Rng,
        stop: &CancellationToken,
        out: &mut impl Write,
        said: &mut impl Write,
    ) -> Result<(), QueryError> {
        let (state, seen) = watch::channel(QueryState::Queued);
        let asking = Asking {
            athena,
            rng,
            stop: stop.clone(),
            state,
        };
        let query = catalog::Query {
            sql: self.sql,
            database: self.database,
            workgroup: self.workgroup,
            output: self.output,
        };
        let reported = || {
            let end = if stop.is_cancelled() {
                ", cancelling"
            } else {
                ""
            };
            format!("{}{end}", seen.borrow().name())
        };
        let mut rows = spin(reported, run_query(asking, &query)).await?;
        let how = match (self.json, self.csv) {
            (true, _) => As::Json,
            (false, true) => As::Csv,
            (false, false) => As::Table,
        };
        let mut format = Format::new(how, out);
        format.begin(rows.columns())?;
        while let Some(page) = rows.next().await? {
            format.rows(rows.columns(), page)?;
        }
        let ended = Ended {
            id: rows.id(),
            scanned_bytes: rows.scanned_bytes(),
            writes: rows.writes(),
            written: rows.written(),
        };
        format.end(rows.columns(), ended)?;
        let scanned = rows.scanned_bytes();
        // The reader is gone, but the rows have been printed.
        let _ = writeln!(said, "{}", cost(scanned));
        Ok(())
    }
}

/// An interruption is no failure.
pub(super) fn ended(error: QueryError) -> anyhow::Error {
    match error {
        QueryError::Athena(AthenaError::Interrupted(reported)) => Interrupted(reported).into(),
        error @ (QueryError::Athena(_) | QueryError::Print(_)) => error.into(),
    }
}

/// What was scanned, and about what that costs. Statements that scan nothing are free.
fn cost(scanned_bytes: u64) -> String {
    if scanned_bytes == 0 {
        return "scanned nothing".into();
    }
    #[expect(clippy::cast_precision_loss, reason = "it is an estimate, in cents")]
    let billed = scanned_bytes.max(LEAST_BILLED_BYTES) as f64;
    let dollars = billed / 1e12 * DOLLARS_PER_TB;
    let scanned = bytesize::ByteSize(scanned_bytes).display().si();
    let digits = if dollars < 0.01 { 5 } else { 2 };
    format!("scanned {scanned}: about ${dollars:.digits$}, at $5 a TB")
}

fn s3_url(text: &str) -> Result<String, String> {
    match text.strip_prefix("s3://") {
        Some(bucket) if !bucket.is_empty() && !bucket.starts_with('/') => Ok(text.to_owned()),
        Some(_) | None => Err("expected s3://BUCKET/PREFIX/".into()),
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        query: Query,
    }

    #[test]
    fn the_flags_are_read() {
        let Line { query } = Line::parse_from(["query", "SELECT 1"]);
        assert_eq!(
            (&*query.workgroup, query.output, query.json, query.csv),
            ("primary", None, false, false)
        );
        for (output, fits) in [
            ("s3://b/p/", true),
            ("s3://b", true),
            ("b/p/", false),
            ("s3://", false),
        ] {
            let read = Line::try_parse_from(["query", "SELECT 1", "--output", output]);
            assert_eq!(read.is_ok(), fits, "{output}");
        }
        let both = Line::try_parse_from(["query", "SELECT 1", "--json", "--csv"]);
        assert!(both.is_err(), "one or the other");
    }

    #[test]
    fn what_was_scanned_has_its_price() {
        #[rustfmt::skip]
        let table = [
            (0,                 "scanned nothing"),
            (1,                 "scanned 1 B: about $0.00005, at $5 a TB"),
            (10_000_000,        "scanned 10.0 MB: about $0.00005, at $5 a TB"),
            (1_500_000_000,     "scanned 1.5 GB: about $0.00750, at $5 a TB"),
            (3_000_000_000_000, "scanned 3.0 TB: about $15.00, at $5 a TB"),
        ];
        for (bytes, want) in table {
            assert_eq!(cost(bytes), want);
        }
    }
}
