//! `brigade crawl NAME`: start a crawler now, whatever the daemon's schedule says.

use std::io::{self, Write};
use std::time::Duration;

use fastrand::Rng;
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;

use super::signals::Interrupted;
use super::spinner::spin;
use crate::catalog::{CrawlResult, CrawlerReading, Glue, GlueError, Start};

const READING_EVERY: Duration = Duration::from_secs(2);

/// A run takes minutes: some calls without an answer are no reason to give up on it.
const TRIES: u32 = 6;

/// Start a crawler
#[derive(Debug, Clone, clap::Args)]
#[command(after_help = "Examples:
  brigade crawl orders
  brigade crawl orders --wait && brigade query 'SELECT count(*) FROM orders'

Ctrl-C ends the waiting, not the crawl.")]
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
    #[error("crawler {crawler} ended {}: {message}", ended_how(*result))]
    Failed {
        /// Its name in Glue.
        crawler: String,
        /// How; `None` if Glue does not say.
        result: Option<CrawlResult>,
        /// What Glue says about it.
        message: String,
    },
    /// The waiting was ended; says what goes on without it.
    #[error("interrupted: {0}")]
    Interrupted(String),
    /// No way to print.
    #[error("cannot print")]
    Print(#[from] io::Error),
}

/// An interruption is no failure.
pub(super) fn ended(error: CrawlError) -> anyhow::Error {
    match error {
        CrawlError::Interrupted(reported) => Interrupted(reported).into(),
        error @ (CrawlError::Glue(_)
        | CrawlError::Busy { .. }
        | CrawlError::Failed { .. }
        | CrawlError::Print(_)) => error.into(),
    }
}

impl Crawl {
    /// Starts the crawler that Glue calls `crawler`. `stop` ends the waiting.
    ///
    /// # Errors
    /// When no run was started or, having waited, it did not succeed.
    pub async fn run(
        self,
        glue: &Glue,
        crawler: &str,
        stop: &CancellationToken,
        rng: &mut Rng,
        out: &mut impl Write,
    ) -> Result<(), CrawlError> {
        let mut waiting = Waiting {
            glue,
            crawler,
            stop,
            rng,
        };
        while waiting.start().await? == Start::Busy {
            if !self.wait {
                return Err(CrawlError::Busy {
                    crawler: crawler.into(),
                });
            }
            writeln!(out, "{crawler}: another run is under way, waiting for it")?;
            let ended = spin(|| format!("{crawler}: another's run"), waiting.ready()).await?;
            if ended.is_none() {
                return Err(CrawlError::Interrupted("no run was started".into()));
            }
        }
        writeln!(out, "{crawler}: started")?;
        if !self.wait {
            return Ok(());
        }
        let begun = Instant::now();
        match spin(|| format!("{crawler}: running"), waiting.ready()).await? {
            None => Err(CrawlError::Interrupted(format!(
                "the run of crawler {crawler} goes on without being waited for"
            ))),
            Some((Some(CrawlResult::Succeeded), _)) => {
                let seconds = begun.elapsed().as_secs();
                writeln!(out, "{crawler}: succeeded after {seconds} s")?;
                Ok(())
            }
            Some((
                result @ (Some(CrawlResult::Failed | CrawlResult::Cancelled) | None),
                message,
            )) => {
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

/// How the last run ended, and why.
type Ended = (Option<CrawlResult>, Option<String>);

/// For one crawler.
struct Waiting<'a> {
    glue: &'a Glue,
    crawler: &'a str,
    stop: &'a CancellationToken,
    rng: &'a mut Rng,
}

impl Waiting<'_> {
    async fn start(&mut self) -> Result<Start, CrawlError> {
        let mut tries = 1;
        loop {
            match self.glue.start(self.crawler).await {
                Ok(start) => return Ok(start),
                Err(error) => {
                    if self.again(error, &mut tries).await?.is_none() {
                        let reported = "no run was started, as far as is known";
                        return Err(CrawlError::Interrupted(reported.into()));
                    }
                }
            }
        }
    }

    /// Waits until no run is under way; none when that was interrupted.
    async fn ready(&mut self) -> Result<Option<Ended>, CrawlError> {
        let mut tries = 1;
        let mut waited = self.pause(READING_EVERY).await;
        while waited.is_some() {
            match self.glue.state(self.crawler).await {
                Ok(CrawlerReading::Ready { last, message, .. }) => {
                    return Ok(Some((last, message)));
                }
                Ok(CrawlerReading::Running) => {
                    tries = 1;
                    waited = self.pause(READING_EVERY).await;
                }
                Err(error) => waited = self.again(error, &mut tries).await?,
            }
        }
        Ok(None)
    }

    /// Waits for another try after a call without an answer, ever longer.
    async fn again(&mut self, error: GlueError, tries: &mut u32) -> Result<Option<()>, CrawlError> {
        match error {
            GlueError::Unavailable { .. } if *tries < TRIES => {
                let wait = READING_EVERY / 2 * 2_u32.pow(*tries - 1);
                *tries += 1;
                let spread = 0.5 + self.rng.f64() / 2.0;
                Ok(self.pause(wait.mul_f64(spread)).await)
            }
            error @ (GlueError::Unavailable { .. }
            | GlueError::Missing { .. }
            | GlueError::Denied { .. }) => Err(error.into()),
        }
    }

    /// None when asked to stop.
    async fn pause(&self, wait: Duration) -> Option<()> {
        self.stop.run_until_cancelled(sleep(wait)).await
    }
}

fn ended_how(result: Option<CrawlResult>) -> &'static str {
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

    fn slow() -> Answer {
        Answer::Error("ThrottlingException")
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
            ("missing",              false, vec![Answer::Error("EntityNotFoundException")],      "StartCrawler: no such crawler: EntityNotFoundException: so it is"),
            ("throttled",            true,  vec![slow(), granted(), running(), slow(), slow(), running(), good()], "c: started\nc: succeeded after 8 s\n"),
            ("throttled throughout", true,  vec![slow(), slow(), slow(), slow(), slow(), slow()], "StartCrawler: unavailable: ThrottlingException: so it is"),
            ("denied",               false, vec![Answer::Error("AccessDeniedException")],        "StartCrawler: access denied: AccessDeniedException: so it is"),
        ] {
            let mut out = Vec::new();
            let crawl = Crawl { name: "orders".into(), wait };
            let (stop, mut rng) = (CancellationToken::new(), Rng::with_seed(7));
            let reported = match crawl.run(&glue(answers).glue(), "c", &stop, &mut rng, &mut out).await {
                Ok(()) => String::from_utf8(out).unwrap(),
                Err(error) => error.to_string(),
            };
            assert_eq!(reported, want, "{why}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn an_interrupted_wait_says_what_goes_on() {
        let forever = || {
            Scripted::new(|op, _| match op {
                "StartCrawler" => granted(),
                _ => state("RUNNING", None),
            })
        };
        let anothers = || {
            Scripted::new(|op, _| match op {
                "StartCrawler" => busy(),
                _ => state("RUNNING", None),
            })
        };
        for (glue, want) in [
            (
                forever(),
                "the run of crawler c goes on without being waited for",
            ),
            (anothers(), "no run was started"),
        ] {
            let crawl = Crawl {
                name: "orders".into(),
                wait: true,
            };
            let (stop, mut rng) = (CancellationToken::new(), Rng::with_seed(7));
            let (glue, mut out) = (glue.glue(), Vec::new());
            let run = crawl.run(&glue, "c", &stop, &mut rng, &mut out);
            let (ended, ()) = tokio::join!(run, async {
                sleep(Duration::from_mins(3)).await;
                stop.cancel();
            });
            let ended = ended.unwrap_err();
            assert_eq!(ended.to_string(), format!("interrupted: {want}"));
            assert!(super::ended(ended).is::<Interrupted>(), "not a failure");
        }
    }
}
