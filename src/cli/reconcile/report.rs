//! How objects ended on their routes, printed as they end.

use std::collections::BTreeMap;
use std::io::{self, Write};

use serde_json::json;

use super::what::What;
use crate::catalog::printable;
use crate::work::{Outcome, Skip};

/// One object on one route.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Row {
    object: String,
    route: String,
    outcome: &'static str,
    /// More about it.
    why: Option<String>,
    /// What went wrong.
    error: Option<String>,
}

impl Row {
    pub(super) fn new(object: &str, route: String, outcome: &'static str) -> Self {
        Self {
            object: object.to_owned(),
            route,
            outcome,
            why: None,
            error: None,
        }
    }

    /// A line that names no object.
    pub(super) fn unclear(why: String) -> Self {
        Self::new("", "none".into(), "unclear").failed(why)
    }

    pub(super) fn because(self, why: impl Into<String>) -> Self {
        Self {
            why: Some(why.into()),
            ..self
        }
    }

    pub(super) fn failed(self, error: impl Into<String>) -> Self {
        Self {
            error: Some(error.into()),
            ..self
        }
    }
}

/// What has been printed so far.
pub(super) struct Report<'o, W> {
    pub(super) out: &'o mut W,
    json: bool,
    what: &'o What,
    rows: usize,
    failed: usize,
    outcomes: BTreeMap<&'static str, usize>,
    /// Something stands at a destination that a crawler should see.
    pub(super) brought: bool,
}

impl<'o, W: Write> Report<'o, W> {
    pub(super) fn new(what: &'o What, json: bool, out: &'o mut W) -> Self {
        Self {
            out,
            json,
            what,
            rows: 0,
            failed: 0,
            outcomes: BTreeMap::new(),
            brought: false,
        }
    }

    /// Of many objects each line names its own.
    fn is_of_many(&self) -> bool {
        !matches!(self.what, What::Object(_))
    }

    pub(super) fn begin(&mut self) -> io::Result<()> {
        if self.json {
            write!(self.out, "[")?;
        }
        Ok(())
    }

    /// All rows of one object.
    pub(super) fn rows(&mut self, rows: Vec<Row>) -> io::Result<()> {
        for row in rows {
            *self.outcomes.entry(row.outcome).or_default() += 1;
            let arrived = [Outcome::Done.name(), Skip::AlreadyThere.name()];
            self.brought |= arrived.contains(&row.outcome);
            let unrouted = row.outcome == Skip::NoRoute.name();
            if unrouted && matches!(self.what, What::Below(_)) {
                // A prefix holds what no route takes, too: counted, not listed.
                continue;
            }
            let row = if unrouted && self.is_of_many() {
                row.failed("no route takes it")
            } else {
                row
            };
            self.failed += usize::from(row.error.is_some());
            self.print(&row)?;
            self.rows += 1;
        }
        Ok(())
    }

    fn print(&mut self, row: &Row) -> io::Result<()> {
        if self.json {
            let comma = if self.rows == 0 { "" } else { "," };
            let row = json!({
                "object": row.object, "route": row.route, "outcome": row.outcome,
                "why": row.why, "error": row.error,
            });
            return write!(self.out, "{comma}{row}");
        }
        if self.is_of_many() && !row.object.is_empty() {
            write!(self.out, "{}  ", printable(&row.object))?;
        }
        write!(self.out, "route {}: {}", row.route, row.outcome)?;
        if let Some(more) = row.error.as_ref().or(row.why.as_ref()) {
            write!(self.out, ": {}", printable(more))?;
        }
        writeln!(self.out)
    }

    pub(super) fn end(&mut self) -> io::Result<()> {
        if self.json {
            return writeln!(self.out, "]");
        }
        if self.is_of_many() {
            let counts = self.outcomes.iter();
            let counts: Vec<_> = counts
                .map(|(name, count)| format!("{count} {name}"))
                .collect();
            if !counts.is_empty() {
                writeln!(self.out, "{}", counts.join(", "))?;
            }
        }
        Ok(())
    }

    /// Whether no route takes anything of it.
    pub(super) fn is_unrouted(&self) -> bool {
        self.outcomes.keys().eq([&Skip::NoRoute.name()])
    }

    /// Whether all is well.
    pub(super) fn verdict(&self) -> anyhow::Result<()> {
        match self.what {
            What::Below(location) if self.outcomes.is_empty() => {
                anyhow::bail!("there is no object below {location}")
            }
            What::Object(_) | What::Below(_) | What::List => {}
        }
        let (failed, rows) = (self.failed, self.rows);
        let noun = if self.is_of_many() { "lines" } else { "routes" };
        anyhow::ensure!(failed == 0, "{failed} of {rows} {noun} failed");
        Ok(())
    }
}
