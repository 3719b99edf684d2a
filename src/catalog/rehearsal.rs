//! Checks an assertion before the first crawl.
//!
//! `EXPLAIN` needs what the assertion needs: permissions, workgroup, database, tables, columns, a place for the result.
//! It reads no data, so Athena does not bill it (user guide, "Using EXPLAIN and EXPLAIN ANALYZE").

use super::assertion::question;
use super::athena::{Asking, AthenaError, Query, run_query};
use crate::config;
use crate::obstacle::Obstacle;

/// Rehearses the assertion of `[crawler.NAME]`.
pub async fn rehearse(asking: Asking, name: &str, config: &config::Crawler) -> Option<Obstacle> {
    let query = question(config)?;
    let group = &query.workgroup;
    let mut warning = None;
    match asking.athena.workgroup(group).await {
        Ok(found) if !found.enabled => {
            return Some(Obstacle::Fails(format!("workgroup {group} is disabled")));
        }
        Ok(found) if !found.has_output && query.output.is_none() => {
            return Some(Obstacle::Fails(format!(
                "workgroup {group} names no place for results: set crawler.{name}.assert_output"
            )));
        }
        Ok(found) if found.enforced && found.has_output && query.output.is_some() => {
            let why = format!("workgroup {group} insists on its own place, not assert_output");
            warning = Some(Obstacle::Warns(why));
        }
        // The assertion itself never reads its workgroup.
        Ok(_) | Err(AthenaError::Denied { .. }) => {}
        Err(error) => return Some(Obstacle::Fails(error.to_string())),
    }
    let explain = Query {
        sql: format!("EXPLAIN {}", query.sql),
        ..query
    };
    match run_query(asking, &explain).await {
        Ok(_) => warning,
        Err(AthenaError::Failed { reason, .. }) if is_missing(&reason) => Some(Obstacle::Warns(
            format!("{reason}; right only if the first crawl makes it"),
        )),
        Err(error) => Some(Obstacle::Fails(error.to_string())),
    }
}

/// Athena has no code for a table or a database that is not there.
fn is_missing(reason: &str) -> bool {
    ["TABLE_NOT_FOUND", "SCHEMA_NOT_FOUND", "does not exist"]
        .iter()
        .any(|reported| reason.contains(reported))
}
