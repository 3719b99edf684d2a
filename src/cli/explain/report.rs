//! What is said of one record, as JSON or for a terminal.

use std::io::{self, Write};

use bytesize::ByteSize;
use serde::Serialize;

use crate::catalog::printable;

#[derive(Debug, Serialize)]
pub(super) struct EventReport {
    /// None where the message has no record.
    pub(super) event: Option<String>,
    pub(super) object: Option<String>,
    pub(super) size: Option<u64>,
    /// How it ends, where no route is asked.
    pub(super) ends: Option<String>,
    pub(super) routes: Vec<RouteReport>,
}

#[derive(Debug, Serialize)]
pub(super) struct RouteReport {
    pub(super) route: String,
    pub(super) taken: bool,
    /// Why it is not taken.
    pub(super) miss: Option<String>,
    pub(super) to: Option<String>,
    pub(super) plan: Option<String>,
    /// What the copy is made with, if the route says.
    pub(super) with: Option<String>,
    pub(super) why: Option<String>,
    pub(super) calls: Option<String>,
    /// What becomes of the source object.
    pub(super) then: Option<String>,
    /// The folders from which the partition is read, if the route fills tables.
    pub(super) partition: Option<String>,
}

impl EventReport {
    /// What no route is asked about.
    pub(super) fn unrouted(event: Option<String>, ends: &str) -> Self {
        Self {
            event,
            object: None,
            size: None,
            ends: Some(ends.into()),
            routes: Vec::new(),
        }
    }

    pub(super) fn print(&self, out: &mut impl Write) -> io::Result<()> {
        let event = printable(self.event.as_deref().unwrap_or("no record"));
        if let Some(ends) = &self.ends {
            return writeln!(out, "{event}: {ends}");
        }
        let size = self
            .size
            .map(|size| format!(" ({})", ByteSize(size)))
            .unwrap_or_default();
        let object = printable(self.object.as_deref().unwrap_or_default());
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
