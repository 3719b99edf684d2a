//! The calls of Athena, with errors named by what the caller should do about them.
//!
//! Athena runs a query in the background and keeps its result in S3: start it, ask until it has ended, read the result
//! page by page. Every value is text; a missing text is NULL.

mod query;
mod shape;
mod value;

use aws_sdk_athena::Client;
use aws_sdk_athena::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_athena::types::{
    QueryExecutionContext, QueryExecutionState, ResultConfiguration, StatementType, WorkGroupState,
};

pub use self::query::{Asking, Rows, run_query};
pub use self::value::{Column, Kind, Value};
use crate::cause::{self, status};
use crate::metrics::Metrics;

/// What to ask.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Query {
    /// One statement.
    pub sql: String,
    /// The database of tables that name none.
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
        /// Whether Athena thinks that the same query might succeed another time.
        retryable: bool,
    },
    /// Someone else, or a limit of the workgroup, stopped it.
    #[error("the query was cancelled: {reason}")]
    Cancelled {
        /// Athena's words.
        reason: String,
    },
    /// We were asked to stop; says what became of the query.
    #[error("interrupted: {0}")]
    Interrupted(String),
    /// Refused until a person changes the credentials or their policy.
    #[error("{op}: access denied: {why}")]
    Denied {
        /// The operation.
        op: &'static str,
        /// What Athena said.
        why: String,
    },
    /// Refused until a person changes what is asked: no such workgroup, no place for the result.
    #[error("{op}: {why}")]
    Refused {
        /// The operation.
        op: &'static str,
        /// What Athena said.
        why: String,
    },
    /// Throttled, unreachable, or broken: worth another try.
    #[error("{op}: unavailable: {why}")]
    Unavailable {
        /// The operation.
        op: &'static str,
        /// What Athena or the connection said.
        why: String,
    },
}

/// How far a query is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum QueryState {
    /// Waits for its turn; also again, when Athena itself repeats it.
    Queued,
    /// At work.
    Running,
    /// Its rows can be read.
    Succeeded,
    /// It has not worked. Athena may still put it back into its queue.
    Failed,
    /// It was stopped.
    Cancelled,
}

impl QueryState {
    /// Athena's own word.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Queued => "QUEUED",
            Self::Running => "RUNNING",
            Self::Succeeded => "SUCCEEDED",
            Self::Failed => "FAILED",
            Self::Cancelled => "CANCELLED",
        }
    }
}

/// A query as Athena shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Execution {
    /// How far it is.
    pub state: QueryState,
    /// Why it is there, in one line.
    pub reason: String,
    /// Whether the same query might succeed another time.
    pub retryable: bool,
    /// Whether it is of the kind whose result begins with the names of its columns.
    pub has_header: bool,
    /// What kind of statement it is in particular, where Athena says so: `INSERT`, `SHOW_TABLES`, …
    pub kind: Option<String>,
    /// What Athena bills.
    pub scanned_bytes: u64,
}

/// One page of a result.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Page {
    /// All columns; every page has them.
    pub columns: Vec<Column>,
    /// `None` is NULL.
    pub rows: Vec<Row>,
    /// Where the next page begins.
    pub next: Option<String>,
    /// How many rows the statement wrote; 0 or nothing where it writes none.
    pub update_count: Option<u64>,
}

/// One row of a result: `None` is NULL.
pub type Row = Vec<Option<String>>;

/// A workgroup, as far as a query depends on it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WorkGroup {
    /// Whether it takes queries.
    pub enabled: bool,
    /// Whether results have a place without one being named.
    pub has_output: bool,
    /// Whether a place that is named counts for nothing.
    pub enforced: bool,
}

/// Athena of one region. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Athena {
    client: Client,
    metrics: Metrics,
}

impl Athena {
    /// Takes a client of the region.
    #[must_use]
    pub fn new(client: Client, metrics: Metrics) -> Self {
        Self { client, metrics }
    }

    /// Starts a query; the same token never starts a second one.
    ///
    /// # Errors
    /// When Athena did not name the query. It may run even so, if there was no answer.
    pub async fn start(&self, query: &Query, token: &str) -> Result<String, AthenaError> {
        const OP: &str = "StartQueryExecution";
        let context = QueryExecutionContext::builder()
            .set_database(query.database.clone())
            .build();
        let result = query.output.as_ref().map(|output| {
            ResultConfiguration::builder()
                .output_location(output)
                .build()
        });
        let answer = self
            .client
            .start_query_execution()
            .query_string(&query.sql)
            .query_execution_context(context)
            .set_result_configuration(result)
            .work_group(&query.workgroup)
            .client_request_token(token)
            .send()
            .await;
        let answer = self.reported(OP, answer)?;
        answer.query_execution_id.ok_or_else(|| empty(OP))
    }

    /// Looks how far a query is.
    ///
    /// # Errors
    /// When Athena did not say.
    pub async fn execution(&self, id: &str) -> Result<Execution, AthenaError> {
        const OP: &str = "GetQueryExecution";
        let call = self.client.get_query_execution().query_execution_id(id);
        let answer = self.reported(OP, call.send().await)?;
        let execution = answer.query_execution.ok_or_else(|| empty(OP))?;
        let status = execution.status.ok_or_else(|| empty(OP))?;
        let state = match status.state {
            Some(QueryExecutionState::Queued) => QueryState::Queued,
            Some(QueryExecutionState::Succeeded) => QueryState::Succeeded,
            Some(QueryExecutionState::Failed) => QueryState::Failed,
            Some(QueryExecutionState::Cancelled) => QueryState::Cancelled,
            // A state unknown here is not the end.
            _ => QueryState::Running,
        };
        let error = status.athena_error;
        let reason = status.state_change_reason.filter(|why| !why.is_empty());
        let reason = reason.or_else(|| error.as_ref()?.error_message.clone());
        let no_rows = [StatementType::Ddl, StatementType::Utility];
        let scanned = execution.statistics.and_then(|s| s.data_scanned_in_bytes);
        Ok(Execution {
            state,
            reason: one_line(reason.as_deref().unwrap_or("no reason given")),
            retryable: error.is_some_and(|error| error.retryable),
            has_header: execution
                .statement_type
                .is_none_or(|statement| !no_rows.contains(&statement)),
            kind: execution.substatement_type,
            scanned_bytes: scanned.and_then(|n| n.try_into().ok()).unwrap_or(0),
        })
    }

    /// Reads one page of a result, at most a thousand rows.
    ///
    /// # Errors
    /// When Athena did not give it.
    pub async fn page(&self, id: &str, from: Option<&str>) -> Result<Page, AthenaError> {
        const OP: &str = "GetQueryResults";
        let call = self.client.get_query_results().query_execution_id(id);
        let answer = call.set_next_token(from.map(Into::into)).send().await;
        let answer = self.reported(OP, answer)?;
        if from.is_some() && answer.next_token.as_deref() == from {
            let why = "its pages do not come to an end".into();
            return Err(AthenaError::Refused { op: OP, why });
        }
        let update_count = answer.update_count.and_then(|n| n.try_into().ok());
        let Some(result) = answer.result_set else {
            return Ok(Page {
                update_count,
                ..Page::default()
            });
        };
        let columns = result
            .result_set_metadata
            .and_then(|reported| reported.column_info);
        let rows = result.rows.unwrap_or_default().into_iter().map(|row| {
            let values = row.data.unwrap_or_default().into_iter();
            values.map(|datum| datum.var_char_value).collect()
        });
        Ok(Page {
            columns: columns
                .unwrap_or_default()
                .into_iter()
                .map(|column| Column::new(column.name, column.r#type))
                .collect(),
            rows: rows.collect(),
            next: answer.next_token,
            update_count,
        })
    }

    /// Requests that a query is stopped; its state shows whether it was.
    ///
    /// # Errors
    /// When Athena did not take it in.
    pub async fn stop(&self, id: &str) -> Result<(), AthenaError> {
        const OP: &str = "StopQueryExecution";
        let call = self.client.stop_query_execution().query_execution_id(id);
        self.reported(OP, call.send().await).map(drop)
    }

    /// Looks at a workgroup.
    ///
    /// # Errors
    /// When there is none of the name, or Athena did not show it.
    pub async fn workgroup(&self, name: &str) -> Result<WorkGroup, AthenaError> {
        const OP: &str = "GetWorkGroup";
        let answer = self.client.get_work_group().work_group(name).send().await;
        let answer = self.reported(OP, answer)?;
        let group = answer.work_group.ok_or_else(|| empty(OP))?;
        let settings = group.configuration;
        let settings = settings.as_ref();
        let named = settings
            .and_then(|s| s.result_configuration.as_ref()?.output_location.as_ref())
            .is_some_and(|place| !place.is_empty());
        let managed = settings
            .and_then(|s| s.managed_query_results_configuration.as_ref())
            .is_some_and(|managed| managed.enabled);
        Ok(WorkGroup {
            enabled: group.state != Some(WorkGroupState::Disabled),
            has_output: named || managed,
            enforced: settings
                .and_then(|s| s.enforce_work_group_configuration)
                .unwrap_or(false),
        })
    }

    /// Counts an answer, and names what was wrong with it.
    fn reported<T, E>(
        &self,
        op: &'static str,
        answer: Result<T, SdkError<E>>,
    ) -> Result<T, AthenaError>
    where
        E: ProvideErrorMetadata + std::error::Error + 'static,
    {
        self.metrics.call("athena", op, status(&answer));
        answer.map_err(|error| {
            let why = one_line(&cause::describe(&error));
            match error.code() {
                Some(code) if super::is_denial(code) => AthenaError::Denied { op, why },
                Some(
                    "InvalidRequestException" | "ResourceNotFoundException" | "ValidationException",
                ) => AthenaError::Refused { op, why },
                Some(_) | None => AthenaError::Unavailable { op, why },
            }
        })
    }
}

fn empty(op: &'static str) -> AthenaError {
    AthenaError::Unavailable {
        op,
        why: "an empty answer".into(),
    }
}

/// What a terminal or a log can show: values come from anybody's files, and nobody shall obey them.
/// Control characters are escaped, and what reorders the text around it.
#[must_use]
pub fn printable(text: &str) -> String {
    let reorders = |c| matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    let mut printable = String::with_capacity(text.len());
    for c in text.chars() {
        if c.is_control() || reorders(c) {
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
mod tests {
    use super::*;

    #[test]
    fn what_is_printed_commands_no_terminal() {
        for (text, want) in [
            ("plain é 漢", "plain é 漢"),
            ("\u{1b}[2J\n\t\u{7}\u{9b}", r"\u{1b}[2J\n\t\u{7}\u{9b}"),
            ("a\u{202e}vsc.exe", r"a\u{202e}vsc.exe"),
        ] {
            assert_eq!(printable(text), want);
        }
    }
}
