//! `brigade crawl NAME`: start a crawler now, whatever the daemon's schedule says.

use std::io::{self, Write};
use std::time::Duration;

use tokio::time::{Instant, sleep};

use crate::catalog::{CrawlResult, Glue, GlueError, Look, Start};

const LOOK_EVERY: Duration = Duration::from_secs(2);

/// Start a crawler
#[derive(Debug, Clone, clap::Args)]
#[command(after_help = "Examples:
  brigade crawl orders
  brigade crawl orders --wait && brigade query 'SELECT count(*) FROM orders'")]
pub struct Crawl {
    /// The crawler, by the name of its section: [crawler.NAME]
    pub name: String,
    /// Wait until the run has ended; if another run is in the way, wait for it first
    #[arg(long)]
    pub wait: bool,
}

/// A crawl that did not start, or did not succeed.
#[derive(Debug, thiserror::Error)]
pub enum CrawlError {
    /// Glue refused or did not answer.
    #[error(transparent)]
    Glue(#[from] GlueError),
    /// Another run is under way; Glue queues nothing.
    #[error("crawler {crawler} is already running; --wait runs it once more after that")]
    Busy {
        /// Its name in Glue.
        crawler: String,
    },
    /// The run ended badly.
    #[error("crawler {crawler} ended {}: {message}", ended(*result))]
    Failed {
        /// Its name in Glue.
        crawler: String,
        /// How; `None` if Glue does not say.
        result: Option<CrawlResult>,
        /// What Glue says about it.
        message: String,
    },
    /// No way to print.
    #[error("cannot print")]
    Print(#[from] io::Error),
}

impl Crawl {
    /// Starts the crawler that Glue calls `crawler`.
    ///
    /// # Errors
    /// When no run was started or, having waited, it did not succeed.
    pub async fn run(
        self,
        glue: &Glue,
        crawler: &str,
        out: &mut impl Write,
    ) -> Result<(), CrawlError> {
        while glue.start(crawler).await? == Start::Busy {
            if !self.wait {
                return Err(CrawlError::Busy {
                    crawler: crawler.into(),
                });
            }
            writeln!(out, "{crawler}: another run is under way, waiting for it")?;
            ready(glue, crawler).await?;
        }
        writeln!(out, "{crawler}: started")?;
        if !self.wait {
            return Ok(());
        }
        let begun = Instant::now();
        match ready(glue, crawler).await? {
            (Some(CrawlResult::Succeeded), _) => {
                writeln!(
                    out,
                    "{crawler}: succeeded after {} s",
                    begun.elapsed().as_secs()
                )?;
                Ok(())
            }
            (result @ (Some(CrawlResult::Failed | CrawlResult::Cancelled) | None), message) => {
                let message = message.unwrap_or_else(|| "no reason given".into());
                Err(CrawlError::Failed {
                    crawler: crawler.into(),
                    result,
                    message,
                })
            }
        }
    }
}

async fn ready(
    glue: &Glue,
    crawler: &str,
) -> Result<(Option<CrawlResult>, Option<String>), GlueError> {
    loop {
        sleep(LOOK_EVERY).await;
        match glue.look(crawler).await? {
            Look::Running => {}
            Look::Ready { last, message, .. } => return Ok((last, message)),
        }
    }
}

fn ended(result: Option<CrawlResult>) -> &'static str {
    match result {
        Some(CrawlResult::Succeeded) => "well",
        Some(CrawlResult::Failed) => "in failure",
        Some(CrawlResult::Cancelled) => "cancelled",
        None => "without a result",
    }
}

#[cfg(test)]
mod tests {
    use std::collections::VecDeque;

    use serde_json::json;

    use super::*;
    use crate::catalog::scripted::{Answer, Scripted};

    /// Glue that gives these answers, one after the other.
    fn glue(answers: Vec<Answer>) -> Scripted {
        let mut answers = VecDeque::from(answers);
        Scripted::new(move |_, _| answers.pop_front().expect("asked no further"))
    }

    fn granted() -> Answer {
        Answer::Is(json!({}))
    }

    fn busy() -> Answer {
        Answer::Error("CrawlerRunningException")
    }

    fn state(state: &str, last: Option<&str>) -> Answer {
        let last = last.map(|last| json!({"Status": last, "ErrorMessage": "no role"}));
        Answer::Is(json!({"Crawler": {"State": state, "LastCrawl": last}}))
    }

    #[tokio::test(start_paused = true)]
    #[rustfmt::skip]
    async fn a_crawl_is_started_and_waited_for_if_asked() {
        let (running, good) = (|| state("RUNNING", None), || state("READY", Some("SUCCEEDED")));
        let bad = || state("READY", Some("FAILED"));
        for (why, wait, answers, want) in [
            ("started",              false, vec![granted()],                                     "c: started\n"),
            ("waited for",           true,  vec![granted(), running(), running(), good()],       "c: started\nc: succeeded after 6 s\n"),
            ("another in the way",   true,  vec![busy(), running(), bad(), granted(), good()],   "c: another run is under way, waiting for it\nc: started\nc: succeeded after 2 s\n"),
            ("not waited for",       false, vec![busy()],                                        "crawler c is already running; --wait runs it once more after that"),
            ("failed",               true,  vec![granted(), bad()],                              "crawler c ended in failure: no role"),
            ("no result",            true,  vec![granted(), state("READY", None)],               "crawler c ended without a result: no reason given"),
            ("missing",              false, vec![Answer::Error("EntityNotFoundException")],      "StartCrawler: no such crawler"),
            ("denied",               false, vec![Answer::Error("AccessDeniedException")],        "StartCrawler: access denied: AccessDeniedException: so it is"),
        ] {
            let mut out = Vec::new();
            let crawl = Crawl { name: "orders".into(), wait };
            let told = match crawl.run(&glue(answers).glue(), "c", &mut out).await {
                Ok(()) => String::from_utf8(out).unwrap(),
                Err(error) => error.to_string(),
            };
            assert_eq!(told, want, "{why}");
        }
    }
}
