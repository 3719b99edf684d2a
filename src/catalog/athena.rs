//! One query, from its text to its rows.
//!
//! Athena runs a query in the background and keeps its result in S3: start, ask until it has
//! ended, then read the result page by page. Everything comes as text; a missing text is NULL.

use std::io::{self, Write};
use std::time::Duration;

use aws_sdk_athena::Client;
use aws_sdk_athena::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_athena::types::{
    QueryExecution, QueryExecutionContext, QueryExecutionState, ResultConfiguration, Row,
    StatementType,
};
use serde::Serialize;

/// Most queries take seconds: ask often at first, then ever less.
const FIRST_WAIT: Duration = Duration::from_millis(200);
const LONGEST_WAIT: Duration = Duration::from_secs(2);

/// What to ask.
#[derive(Debug, Clone)]
pub struct Query {
    /// One statement.
    pub sql: String,
    /// Where tables without a database are looked for.
    pub database: Option<String>,
    /// Whose limits and settings hold.
    pub workgroup: String,
    /// `s3://…` for the result; needed unless the workgroup names one.
    pub output: Option<String>,
}

/// A query that gave no rows.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AthenaError {
    /// Athena ran it and says what is wrong.
    #[error("the query failed: {reason}")]
    Failed {
        /// Athena's words.
        reason: String,
    },
    /// Someone, or a limit of the workgroup, stopped it.
    #[error("the query was cancelled: {reason}")]
    Cancelled {
        /// Athena's words.
        reason: String,
    },
    /// A call was refused or found no answer.
    #[error("{op}: {why}")]
    Call {
        /// The operation.
        op: &'static str,
        /// What Athena or the connection said.
        why: String,
    },
}

/// The rows of a query, as text.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Table {
    /// The names of the columns, as asked for.
    pub columns: Vec<String>,
    /// `None` is NULL.
    pub rows: Vec<Vec<Option<String>>>,
}

/// Runs a query and reads all its rows.
///
/// Failed calls are not repeated here: that is the client's retry policy. A repeated start is
/// known to Athena by its token and runs once.
///
/// # Errors
/// When a call failed or the query did.
pub async fn run_query(
    client: &Client,
    query: &Query,
    dice: &mut fastrand::Rng,
) -> Result<Table, AthenaError> {
    let id = start(client, query, dice).await?;
    let execution = ended(client, &id).await?;
    rows(client, &id, execution.statement_type.as_ref()).await
}

async fn start(
    client: &Client,
    Query {
        sql,
        database,
        workgroup,
        output,
    }: &Query,
    dice: &mut fastrand::Rng,
) -> Result<String, AthenaError> {
    const OP: &str = "StartQueryExecution";
    let context = QueryExecutionContext::builder()
        .set_database(database.clone())
        .build();
    let result = output.as_ref().map(|output| {
        ResultConfiguration::builder()
            .output_location(output)
            .build()
    });
    let answer = client
        .start_query_execution()
        .query_string(sql)
        .query_execution_context(context)
        .set_result_configuration(result)
        .work_group(workgroup)
        .client_request_token(format!("brigade-{:032x}", dice.u128(..)))
        .send()
        .await
        .map_err(|error| call(OP, &error))?;
    answer.query_execution_id.ok_or_else(|| empty(OP))
}

/// Waits until the query has succeeded.
async fn ended(client: &Client, id: &str) -> Result<QueryExecution, AthenaError> {
    const OP: &str = "GetQueryExecution";
    let mut wait = FIRST_WAIT;
    loop {
        let answer = client
            .get_query_execution()
            .query_execution_id(id)
            .send()
            .await;
        let execution = answer
            .map_err(|error| call(OP, &error))?
            .query_execution
            .ok_or_else(|| empty(OP))?;
        let status = execution.status.as_ref().ok_or_else(|| empty(OP))?;
        let reason = || one_line(status.state_change_reason.as_deref().unwrap_or("no reason"));
        match &status.state {
            Some(QueryExecutionState::Succeeded) => return Ok(execution),
            Some(QueryExecutionState::Failed) => {
                return Err(AthenaError::Failed { reason: reason() });
            }
            Some(QueryExecutionState::Cancelled) => {
                return Err(AthenaError::Cancelled { reason: reason() });
            }
            // Queued, running, or back in the queue.
            _ => tokio::time::sleep(wait).await,
        }
        wait = (wait * 2).min(LONGEST_WAIT);
    }
}

async fn rows(
    client: &Client,
    id: &str,
    statement: Option<&StatementType>,
) -> Result<Table, AthenaError> {
    const OP: &str = "GetQueryResults";
    let mut table = Table::default();
    let mut next = None;
    loop {
        let page = client
            .get_query_results()
            .query_execution_id(id)
            .set_next_token(next)
            .send();
        let page = page.await.map_err(|error| call(OP, &error))?;
        let result = page
            .result_set
            .unwrap_or_else(|| aws_sdk_athena::types::ResultSet::builder().build());
        if table.columns.is_empty() {
            let columns = result.result_set_metadata.and_then(|told| told.column_info);
            table.columns = columns
                .unwrap_or_default()
                .into_iter()
                .map(|column| column.name)
                .collect();
        }
        table
            .rows
            .extend(result.rows.unwrap_or_default().into_iter().map(values));
        next = page.next_token;
        if next.is_none() {
            break;
        }
    }
    if has_header(&table, statement) {
        table.rows.remove(0);
    }
    Ok(table)
}

fn values(row: Row) -> Vec<Option<String>> {
    row.data
        .unwrap_or_default()
        .into_iter()
        .map(|datum| datum.var_char_value)
        .collect()
}

/// The first row of a SELECT repeats the names of the columns; that of a SHOW is a result, even
/// if it reads the same.
fn has_header(table: &Table, statement: Option<&StatementType>) -> bool {
    !matches!(statement, Some(StatementType::Ddl | StatementType::Utility))
        && table.rows.first().is_some_and(|row| {
            row.iter()
                .map(Option::as_deref)
                .eq(table.columns.iter().map(|name| Some(&**name)))
        })
}

fn call<E>(op: &'static str, error: &SdkError<E>) -> AthenaError
where
    E: ProvideErrorMetadata + std::error::Error + 'static,
{
    AthenaError::Call {
        op,
        why: super::told(error),
    }
}

fn empty(op: &'static str) -> AthenaError {
    AthenaError::Call {
        op,
        why: "an empty answer".into(),
    }
}

impl Table {
    /// Draws the table for a terminal.
    ///
    /// # Errors
    /// When `out` cannot be written.
    pub fn show(&self, out: &mut impl Write) -> io::Result<()> {
        if !self.columns.is_empty() {
            let mut drawn = comfy_table::Table::new();
            drawn.load_style(comfy_table::presets::UTF8_FULL_CONDENSED);
            drawn.set_header(self.columns.iter().map(|name| printable(name)));
            drawn.add_rows(self.rows.iter().map(|row| {
                row.iter()
                    .map(|value| value.as_deref().map_or_else(|| "NULL".into(), printable))
            }));
            writeln!(out, "{drawn}")?;
        }
        let rows = self.rows.len();
        writeln!(out, "{rows} {}", if rows == 1 { "row" } else { "rows" })
    }
}

/// Values come from anybody's files: a terminal must not obey them.
fn printable(text: &str) -> String {
    let mut printable = String::with_capacity(text.len());
    for c in text.chars() {
        if c.is_control() {
            printable.extend(c.escape_default());
        } else {
            printable.push(c);
        }
    }
    printable
}

/// Athena draws arrows under the statement; a log has one line.
fn one_line(reason: &str) -> String {
    printable(&reason.split_whitespace().collect::<Vec<_>>().join(" "))
}

#[cfg(test)]
mod tests;
