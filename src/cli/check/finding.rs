//! What `brigade check` found: collected first, then printed as text or JSON.

use std::io::{self, Write};

use serde::Serialize;
use serde_json::json;

use crate::catalog::printable;
use crate::obstacle::Obstacle;

/// How bad a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Level {
    /// It works, as far as a check can tell.
    Ok,
    /// It works, but something should be changed.
    Warn,
    /// It cannot work.
    Fail,
    /// It was not checked, because it depends on something that failed.
    Skipped,
}

/// One thing that was checked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct Finding {
    pub(super) what: String,
    pub(super) level: Level,
    pub(super) why: Option<String>,
    /// What to do about it.
    pub(super) fix: Option<String>,
}

impl Finding {
    pub(super) fn ok(what: impl Into<String>) -> Self {
        Self {
            what: what.into(),
            level: Level::Ok,
            why: None,
            fix: None,
        }
    }

    pub(super) fn warn(self, why: impl Into<String>) -> Self {
        self.with(Level::Warn, why)
    }

    pub(super) fn fail(self, why: impl Into<String>) -> Self {
        self.with(Level::Fail, why)
    }

    /// Not checked: `account` has no credentials.
    pub(super) fn skipped(self, account: &str) -> Self {
        let why = format!("account {account} has no usable credentials");
        self.with(Level::Skipped, why)
    }

    pub(super) fn fix(self, fix: impl Into<String>) -> Self {
        Self {
            fix: Some(fix.into()),
            ..self
        }
    }

    /// The same, if something stands in its way.
    pub(super) fn unless(self, obstacle: Option<Obstacle>) -> Self {
        match obstacle {
            None => self,
            Some(Obstacle::Fails(why)) => self.fail(why),
            Some(Obstacle::Warns(why)) => self.warn(why),
        }
    }

    fn with(self, level: Level, why: impl Into<String>) -> Self {
        Self {
            level,
            why: Some(why.into()),
            ..self
        }
    }
}

/// All findings, in the order of the checks.
#[derive(Debug, Default)]
pub(super) struct Report(pub(super) Vec<Finding>);

impl Report {
    pub(super) fn count(&self, level: Level) -> usize {
        let all = self.0.iter();
        all.filter(|finding| finding.level == level).count()
    }

    pub(super) fn text(&self, out: &mut impl Write) -> io::Result<()> {
        for finding in &self.0 {
            let level = match finding.level {
                Level::Ok => "ok  ",
                Level::Warn => "warn",
                Level::Fail => "FAIL",
                Level::Skipped => "skip",
            };
            write!(out, "{level}  {}", printable(&finding.what))?;
            if let Some(why) = &finding.why {
                write!(out, ": {}", printable(why))?;
            }
            if let Some(fix) = &finding.fix {
                write!(out, "; {}", printable(fix))?;
            }
            writeln!(out)?;
        }
        writeln!(out, "{}", self.counts())
    }

    pub(super) fn json(&self, out: &mut impl Write) -> io::Result<()> {
        let report = json!({
            "findings": self.0,
            "ok": self.count(Level::Ok),
            "warn": self.count(Level::Warn),
            "fail": self.count(Level::Fail),
            "skipped": self.count(Level::Skipped),
        });
        serde_json::to_writer_pretty(&mut *out, &report)?;
        writeln!(out)
    }

    /// `12 ok, 1 warning, 2 failed`.
    fn counts(&self) -> String {
        let warnings = self.count(Level::Warn);
        let mut counts = vec![
            format!("{} ok", self.count(Level::Ok)),
            counted(warnings, "warning"),
            format!("{} failed", self.count(Level::Fail)),
        ];
        let skipped = self.count(Level::Skipped);
        if skipped > 0 {
            counts.push(format!("{skipped} skipped"));
        }
        counts.join(", ")
    }
}

/// `1 queue`, `2 queues`.
pub(super) fn counted(count: usize, noun: &str) -> String {
    let plural = if count == 1 { "" } else { "s" };
    format!("{count} {noun}{plural}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report() -> Report {
        let denied = Finding::ok("route.r.from bucket raw").fail("needs s3:ListBucket");
        Report(vec![
            Finding::ok("configuration: 1 queue, 2 routes"),
            Finding::ok("queue.q https://sqs/1/q").warn("the redrive policy is too short"),
            denied.fix("allow it\u{1b}[2J"),
            Finding::ok("crawler.c lake").skipped("home"),
        ])
    }

    #[test]
    fn a_person_reads_a_line_a_finding_and_a_line_of_counts() {
        let mut out = Vec::new();
        report().text(&mut out).unwrap();
        insta::assert_snapshot!(String::from_utf8(out).unwrap(), @r"
        ok    configuration: 1 queue, 2 routes
        warn  queue.q https://sqs/1/q: the redrive policy is too short
        FAIL  route.r.from bucket raw: needs s3:ListBucket; allow it\u{1b}[2J
        skip  crawler.c lake: account home has no usable credentials
        1 ok, 1 warning, 1 failed, 1 skipped
        ");
    }

    #[test]
    fn a_program_reads_the_same_as_json() {
        let mut out = Vec::new();
        report().json(&mut out).unwrap();
        let read: serde_json::Value = serde_json::from_slice(&out).unwrap();
        let fixed = json!({
            "what": "route.r.from bucket raw", "level": "fail",
            "why": "needs s3:ListBucket", "fix": "allow it\u{1b}[2J",
        });
        assert_eq!(read["findings"][2], fixed);
        assert_eq!(read["findings"][0]["why"], serde_json::Value::Null);
        let counts = ["ok", "warn", "fail", "skipped"].map(|level| read[level].as_u64());
        assert_eq!(counts, [Some(1); 4]);
    }

    #[test]
    fn nothing_is_one_queues() {
        assert_eq!(counted(1, "queue"), "1 queue");
        assert_eq!(counted(0, "queue"), "0 queues");
        assert_eq!(counted(2, "queue"), "2 queues");
    }
}
