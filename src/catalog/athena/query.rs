//! One query, from its text to its rows.
//!
//! The rules:
//! * a call without an answer is repeated with backoff; a start carries a token, so that repeating it starts nothing
//!   twice;
//! * a query is run again only if Athena calls its failure retryable and it is a SELECT;
//! * Athena repeats some failures itself, so a failed query is read once more before;
//! * an interruption stops the query at Athena too, and reports what became of it. A start that is under way is waited
//!   for, because without its answer the query could not be stopped.

use std::time::Duration;

use fastrand::Rng;
use tokio::sync::watch;
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;

use super::shape;
use super::{Athena, AthenaError, Column, Execution, Page, Query, QueryState, Row};
use crate::backoff::Backoff;
use crate::config::is_select;

/// Most queries take seconds: ask often at first, then less and less.
const FIRST_WAIT: Duration = Duration::from_millis(200);
const LONGEST_WAIT: Duration = Duration::from_secs(5);

/// One call: half a minute of throttling is waited out.
const CALL_TRIES: usize = 8;
const CALL_BACKOFF: (Duration, Duration) = (Duration::from_millis(500), Duration::from_secs(8));

/// A query that Athena calls worth another try.
const QUERY_TRIES: usize = 3;
const QUERY_BACKOFF: (Duration, Duration) = (Duration::from_secs(2), Duration::from_secs(10));

/// Athena takes a second or two to stop a query; whoever pressed Ctrl-C does not wait for ever.
const STOPS_WITHIN: Duration = Duration::from_secs(10);

/// The kinds of statements that write rows, as Athena names them.
const WRITES: [&str; 6] = [
    "INSERT",
    "UPDATE",
    "DELETE",
    "MERGE",
    "MERGE_INTO",
    "CREATE_TABLE_AS_SELECT",
];

/// The client that asks, and how the query can be stopped and watched.
#[derive(Debug)]
pub struct Asking {
    /// Where.
    pub athena: Athena,
    /// For waits and tokens.
    pub rng: Rng,
    /// Ends the waiting, and the query.
    pub stop: CancellationToken,
    /// How far the query is.
    pub state: watch::Sender<QueryState>,
}

/// The rows of a query that has succeeded, to be read page by page.
#[derive(Debug)]
pub struct Rows {
    asking: Asking,
    id: String,
    execution: Execution,
    /// It reads, whatever else is known of it.
    selects: bool,
    columns: Vec<Column>,
    update_count: Option<u64>,
    /// The first page, until it is handed out.
    first: Option<Vec<Row>>,
    next: Option<String>,
}

/// Runs a query to its first page of rows.
///
/// # Errors
/// When the query did not succeed, or the calls for it.
pub async fn run_query(mut asking: Asking, query: &Query) -> Result<Rows, AthenaError> {
    let (id, execution) = asking.succeeded(query).await?;
    let mut rows = Rows {
        asking,
        id,
        execution,
        selects: is_select(&query.sql),
        columns: Vec::new(),
        update_count: None,
        first: None,
        next: None,
    };
    let mut first = rows.page().await?;
    rows.update_count = first.update_count;
    rows.columns = shape::columns(std::mem::take(&mut first.columns), &first.rows);
    if rows.execution.has_header && repeats(&rows.columns, &first.rows) {
        first.rows.remove(0);
    }
    rows.first = Some(rows.shaped(first.rows));
    Ok(rows)
}

/// The first row of a SELECT repeats the names of the columns; that of a SHOW is a result, even
/// if it reads the same.
fn repeats(columns: &[Column], rows: &[Row]) -> bool {
    rows.first().is_some_and(|row| {
        let names = columns.iter().map(|column| Some(column.name.as_str()));
        row.iter().map(Option::as_deref).eq(names)
    })
}

impl Rows {
    /// What Athena calls the query.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    /// What Athena bills.
    #[must_use]
    pub fn scanned_bytes(&self) -> u64 {
        self.execution.scanned_bytes
    }

    /// How many rows were written, where the statement writes and Athena says so.
    #[must_use]
    pub fn written(&self) -> Option<u64> {
        self.update_count.filter(|_| self.writes())
    }

    /// Whether the statement is one that writes rows. CREATE TABLE AS SELECT is DDL to Athena.
    #[must_use]
    pub fn writes(&self) -> bool {
        match self.execution.kind.as_deref() {
            Some(kind) => WRITES.contains(&kind.to_ascii_uppercase().as_str()),
            None if self.execution.has_header => !self.selects,
            None => self.update_count.is_some_and(|rows| rows > 0),
        }
    }

    /// The columns of all rows; a statement may have none.
    #[must_use]
    pub fn columns(&self) -> &[Column] {
        &self.columns
    }

    /// The next rows; none when all have been read.
    ///
    /// # Errors
    /// When a page could not be read, or reading was interrupted.
    pub async fn next(&mut self) -> Result<Option<Vec<Row>>, AthenaError> {
        if let Some(rows) = self.first.take() {
            return Ok(Some(rows));
        }
        if self.next.is_none() {
            return Ok(None);
        }
        if self.asking.stop.is_cancelled() {
            return Err(unread(&self.id));
        }
        let rows = self.page().await?.rows;
        Ok(Some(self.shaped(rows)))
    }

    /// The rows, each with a value for each column.
    fn shaped(&self, rows: Vec<Row>) -> Vec<Row> {
        let hives = !self.execution.has_header;
        let rows = rows.into_iter();
        rows.map(|row| shape::row(&self.columns, row, hives))
            .collect()
    }

    async fn page(&mut self) -> Result<Page, AthenaError> {
        let mut patience = Patience::new();
        loop {
            let page = self.asking.athena.page(&self.id, self.next.as_deref());
            match page.await {
                Ok(page) => {
                    self.next.clone_from(&page.next);
                    return Ok(page);
                }
                Err(error) => {
                    let wait = patience.wait(error, &mut self.asking.rng)?;
                    if self.asking.pause(wait).await.is_none() {
                        return Err(unread(&self.id));
                    }
                }
            }
        }
    }
}

impl Asking {
    /// Starts a query and waits until one run of it has succeeded.
    async fn succeeded(&mut self, query: &Query) -> Result<(String, Execution), AthenaError> {
        let mut backoff = Backoff::new(QUERY_BACKOFF.0, QUERY_BACKOFF.1);
        let mut left = QUERY_TRIES - 1;
        let mut id = self.start(query).await?;
        loop {
            let execution = self.ended(&id).await?;
            let Execution {
                reason, retryable, ..
            } = execution.clone();
            match execution.state {
                QueryState::Succeeded => return Ok((id, execution)),
                QueryState::Failed if retryable && left > 0 && is_select(&query.sql) => {
                    left -= 1;
                    let wait = backoff.next(&mut self.rng);
                    if self.pause(wait).await.is_none() {
                        return Err(AthenaError::Interrupted(format!("query {id} had failed")));
                    }
                    if self.execution(&id).await?.state == QueryState::Failed {
                        id = self.start(query).await?;
                    }
                }
                QueryState::Failed => return Err(AthenaError::Failed { reason, retryable }),
                QueryState::Cancelled => return Err(AthenaError::Cancelled { reason }),
                QueryState::Queued | QueryState::Running => {}
            }
        }
    }

    async fn start(&mut self, query: &Query) -> Result<String, AthenaError> {
        let token = format!("brigade-{:032x}", self.rng.u128(..));
        let mut patience = Patience::new();
        self.state.send_replace(QueryState::Queued);
        loop {
            match self.athena.start(query, &token).await {
                Ok(id) => return Ok(id),
                Err(error) => {
                    let reported =
                        format!("no query has been started, as far as is known ({error})");
                    let wait = patience.wait(error, &mut self.rng)?;
                    if self.pause(wait).await.is_none() {
                        return Err(AthenaError::Interrupted(reported));
                    }
                }
            }
        }
    }

    /// Waits until a query is neither queued nor running.
    async fn ended(&mut self, id: &str) -> Result<Execution, AthenaError> {
        let mut wait = FIRST_WAIT;
        loop {
            let execution = self.execution(id).await?;
            self.state.send_replace(execution.state);
            match execution.state {
                QueryState::Queued | QueryState::Running => {}
                QueryState::Succeeded | QueryState::Failed | QueryState::Cancelled => {
                    return Ok(execution);
                }
            }
            if self.pause(wait).await.is_none() {
                return Err(self.cancel(id).await);
            }
            wait = (wait * 2).min(LONGEST_WAIT);
        }
    }

    async fn execution(&mut self, id: &str) -> Result<Execution, AthenaError> {
        let mut patience = Patience::new();
        loop {
            match self.athena.execution(id).await {
                Ok(execution) => return Ok(execution),
                Err(error) => {
                    let wait = patience.wait(error, &mut self.rng)?;
                    if self.pause(wait).await.is_none() {
                        return Err(self.cancel(id).await);
                    }
                }
            }
        }
    }

    /// Waits, if it may: none when asked to stop.
    async fn pause(&self, wait: Duration) -> Option<()> {
        self.stop.run_until_cancelled(sleep(wait)).await
    }

    /// Stops a query, and says what became of it.
    async fn cancel(&mut self, id: &str) -> AthenaError {
        let stopped = timeout(STOPS_WITHIN, self.stopped(id)).await;
        AthenaError::Interrupted(match stopped {
            Ok(Ok(QueryState::Cancelled)) => format!("query {id} is cancelled"),
            Ok(Ok(state)) => format!("query {id} had ended before: {}", state.name()),
            Ok(Err(error)) => format!("query {id} may still run: {error}"),
            Err(_) => format!("query {id} may still run: Athena has not confirmed its end"),
        })
    }

    /// Asks for a query's end until it has come; here nothing else ends the waiting.
    async fn stopped(&mut self, id: &str) -> Result<QueryState, AthenaError> {
        let mut patience = Patience::new();
        while let Err(error) = self.athena.stop(id).await {
            sleep(patience.wait(error, &mut self.rng)?).await;
        }
        loop {
            let wait = match self
                .athena
                .execution(id)
                .await
                .map(|execution| execution.state)
            {
                Ok(QueryState::Queued | QueryState::Running) => FIRST_WAIT,
                Ok(
                    state @ (QueryState::Succeeded | QueryState::Failed | QueryState::Cancelled),
                ) => return Ok(state),
                Err(error) => patience.wait(error, &mut self.rng)?,
            };
            sleep(wait).await;
        }
    }
}

fn unread(id: &str) -> AthenaError {
    AthenaError::Interrupted(format!(
        "query {id} has ended, and its rows were not all read"
    ))
}

/// With one call that finds no answer.
struct Patience {
    backoff: Backoff,
    left: usize,
}

impl Patience {
    fn new() -> Self {
        Self {
            backoff: Backoff::new(CALL_BACKOFF.0, CALL_BACKOFF.1),
            left: CALL_TRIES - 1,
        }
    }

    /// How long to wait before the next try; the error itself if there shall be none.
    fn wait(&mut self, error: AthenaError, rng: &mut Rng) -> Result<Duration, AthenaError> {
        match error {
            AthenaError::Unavailable { .. } if self.left > 0 => {
                self.left -= 1;
                Ok(self.backoff.next(rng))
            }
            AthenaError::Unavailable { .. }
            | AthenaError::Failed { .. }
            | AthenaError::Cancelled { .. }
            | AthenaError::Interrupted(_)
            | AthenaError::Denied { .. }
            | AthenaError::Refused { .. } => Err(error),
        }
    }
}
