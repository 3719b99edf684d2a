//! `brigade query SQL`: run an Athena query and print the rows.

use std::io::{self, Write};

use aws_sdk_athena::Client;

use crate::catalog::{self, AthenaError, run_query};

/// Run an Athena query and print its rows
#[derive(Debug, Clone, clap::Args)]
#[command(after_help = "Examples:
  brigade query 'SELECT count(*) FROM orders' --database lake
  brigade query 'SHOW TABLES' --database lake --output s3://results/athena/ --json")]
pub struct Query {
    /// One statement
    pub sql: String,
    /// Where tables without a database are looked for
    #[arg(long)]
    pub database: Option<String>,
    /// Whose limits and settings hold
    #[arg(long, default_value = "primary")]
    pub workgroup: String,
    /// Where Athena puts the result; needed unless the workgroup names a place
    #[arg(long, value_name = "S3_URL", value_parser = s3_url)]
    pub output: Option<String>,
    /// Where Athena runs; default: aws.region of the configuration
    #[arg(long)]
    pub region: Option<String>,
    /// Print {"columns": […], "rows": [[…]]} instead of a table
    #[arg(long)]
    pub json: bool,
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
    /// Runs the query with a client of the right region.
    ///
    /// # Errors
    /// When there are no rows to print, or no way to print them.
    pub async fn run(
        self,
        client: &Client,
        dice: &mut fastrand::Rng,
        out: &mut impl Write,
    ) -> Result<(), QueryError> {
        let Self {
            sql,
            database,
            workgroup,
            output,
            region: _,
            json,
        } = self;
        let query = catalog::Query {
            sql,
            database,
            workgroup,
            output,
        };
        let table = run_query(client, &query, dice).await?;
        if json {
            serde_json::to_writer(&mut *out, &table).map_err(io::Error::from)?;
            writeln!(out)?;
        } else {
            table.show(out)?;
        }
        Ok(())
    }
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
            (&*query.workgroup, query.output, query.json),
            ("primary", None, false)
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
    }
}
