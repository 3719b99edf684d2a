//! One run of a statement: the states it passes through, and how it ends.

use std::time::Duration;

use serde_json::{Value, json};

/// What a run is until it ends, and for how long.
type Passes = Vec<(&'static str, Duration)>;

/// How a statement goes, once.
#[derive(Debug, Clone)]
pub(crate) struct Run {
    passes: Passes,
    end: End,
    /// `DML`, `DDL` or `UTILITY`.
    statement: &'static str,
    /// `SubstatementType`.
    kind: Option<&'static str>,
    wrote: Option<u64>,
    scans: u64,
}

#[derive(Debug, Clone)]
enum End {
    Rows {
        /// Names and types.
        columns: Vec<(String, String)>,
        rows: Vec<Vec<Option<String>>>,
    },
    Failed {
        reason: String,
        category: u8,
        retryable: bool,
    },
    Cancelled(String),
}

impl Run {
    fn new(end: End) -> Self {
        let passes = vec![
            ("QUEUED", Duration::from_millis(300)),
            ("RUNNING", Duration::from_millis(900)),
        ];
        Self {
            passes,
            end,
            statement: "DML",
            kind: None,
            wrote: None,
            scans: 0,
        }
    }

    /// A SELECT that gives these rows.
    pub(crate) fn rows(columns: &[(&str, &str)], rows: &[&[Option<&str>]]) -> Self {
        let owned = |text: &&str| (*text).to_owned();
        let columns = columns
            .iter()
            .map(|(name, kind)| (owned(name), owned(kind)));
        let rows = rows.iter().map(|row| {
            let values = row.iter();
            values.map(|value| value.as_ref().map(owned)).collect()
        });
        Self::new(End::Rows {
            columns: columns.collect(),
            rows: rows.collect(),
        })
    }

    /// A SELECT that gives one value.
    pub(crate) fn value(kind: &str, value: Option<&str>) -> Self {
        Self::rows(&[("_col0", kind)], &[&[value]])
    }

    /// One that fails; the category is 1 system, 2 user, 3 other (SDK model, `AthenaError`).
    pub(crate) fn failed(reason: &str, category: u8, retryable: bool) -> Self {
        Self::new(End::Failed {
            reason: reason.to_owned(),
            category,
            retryable,
        })
    }

    /// One that somebody else stops.
    pub(crate) fn cancelled(reason: &str) -> Self {
        Self::new(End::Cancelled(reason.to_owned()))
    }

    /// Runs for so long.
    pub(crate) fn takes(mut self, time: Duration) -> Self {
        self.passes.push(("RUNNING", time));
        self
    }

    /// Athena puts it back into its queue once, from RUNNING or from FAILED (SDK model,
    /// `QueryExecutionStatus.State`).
    pub(crate) fn repeated_from(mut self, state: &'static str) -> Self {
        let again = self.passes.clone();
        self.passes.push((state, Duration::from_secs(1)));
        self.passes.extend(again);
        self
    }

    /// Not a SELECT: `UTILITY` or `DDL`.
    pub(crate) fn is(mut self, statement: &'static str) -> Self {
        self.statement = statement;
        self
    }

    /// A statement of this kind that writes: no row, a column `rows`, and how many if that is told
    /// (pyathena-dev/PyAthena#443: of Iceberg tables).
    pub(crate) fn wrote(statement: &'static str, kind: &'static str, rows: Option<u64>) -> Self {
        Self {
            kind: Some(kind),
            wrote: rows,
            ..Self::rows(&[("rows", "bigint")], &[]).is(statement)
        }
    }

    /// What it bills.
    pub(crate) fn scans(mut self, bytes: u64) -> Self {
        self.scans = bytes;
        self
    }

    pub(super) fn statement(&self) -> &'static str {
        self.statement
    }

    pub(super) fn kind(&self) -> Option<&'static str> {
        self.kind
    }

    /// What is not told is 0 of some statements and missing of others; it never is of a SELECT.
    pub(super) fn update_count(&self) -> Option<u64> {
        self.wrote
            .or((self.statement == "DML" && self.kind.is_none()).then_some(0))
    }

    fn time(&self) -> Duration {
        self.passes.iter().map(|(_, time)| *time).sum()
    }

    pub(super) fn has_ended(&self, after: Duration) -> bool {
        after >= self.time()
    }

    pub(super) fn state(&self, after: Duration) -> &'static str {
        let mut passed = Duration::ZERO;
        for (state, time) in &self.passes {
            passed += *time;
            if after < passed {
                return state;
            }
        }
        match self.end {
            End::Rows { .. } => "SUCCEEDED",
            End::Failed { .. } => "FAILED",
            End::Cancelled(_) => "CANCELLED",
        }
    }

    /// What is said of a state that is no success; a failure on the way may be repeated.
    pub(super) fn why(&self) -> (Option<String>, Value) {
        let (reason, category, retryable) = match &self.end {
            End::Cancelled(reason) => return (Some(reason.clone()), Value::Null),
            End::Failed {
                reason,
                category,
                retryable,
            } => (reason.as_str(), *category, *retryable),
            End::Rows { .. } => ("Query exhausted resources at this scale factor", 1, true),
        };
        let error = json!({
            "ErrorCategory": category, "ErrorType": 0, "Retryable": retryable, "ErrorMessage": reason,
        });
        (Some(reason.to_owned()), error)
    }

    /// Known at the end only.
    pub(super) fn scanned(&self, state: &str) -> Option<u64> {
        (state == "SUCCEEDED").then_some(self.scans)
    }

    /// Rows from a place on, and where the next page begins. Of a SELECT the first row repeats the
    /// names of the columns; of nothing else, and a row may be one text with tabs, or have no columns (speee/go-athena#6, lishenxydlgzs/aws-athena-mcp#5).
    /// The columns are told on every page, and NULL has no text (SDK model, `Datum`).
    pub(super) fn page(&self, from: usize, most: usize) -> (Value, Option<usize>) {
        let End::Rows { columns, rows } = &self.end else {
            return (json!({}), None);
        };
        let header: Vec<_> = columns.iter().map(|(name, _)| Some(name.clone())).collect();
        let header = (self.statement == "DML" && self.wrote.is_none()).then_some(&header);
        let all: Vec<_> = header.into_iter().chain(rows).collect();
        let datum = |value: &Option<String>| match value {
            Some(text) => json!({ "VarCharValue": text }),
            None => json!({}),
        };
        let page = all.iter().skip(from).take(most);
        let page: Vec<_> = page
            .map(|row| json!({ "Data": row.iter().map(datum).collect::<Vec<_>>() }))
            .collect();
        let columns: Vec<_> = columns
            .iter()
            .map(|(name, kind)| json!({ "Name": name, "Type": kind }))
            .collect();
        let next = from + page.len();
        let page = json!({ "Rows": page, "ResultSetMetadata": { "ColumnInfo": columns } });
        (page, (next < all.len()).then_some(next))
    }
}
