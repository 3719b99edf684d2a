//! The two calls of Glue for crawlers, with errors named by what the caller should do about them.

mod table;

use aws_sdk_glue::Client;
use aws_sdk_glue::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_glue::types::{CrawlerState, LastCrawlStatus};

use crate::cause::{self, status};
use crate::metrics::Metrics;

pub use self::table::{Layout, TableError};
pub(super) use self::table::{MOST, Made};

/// A failed call.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum GlueError {
    /// No crawler of this name here: a wrong name, a wrong region, or not created yet.
    #[error("{op}: no such crawler: {why}")]
    Missing {
        /// The operation.
        op: &'static str,
        /// What Glue said.
        why: String,
    },
    /// Refused until a person changes the credentials or their policy.
    #[error("{op}: access denied: {why}")]
    Denied {
        /// The operation.
        op: &'static str,
        /// What Glue said.
        why: String,
    },
    /// Throttled, unreachable, or broken: worth another try.
    #[error("{op}: unavailable: {why}")]
    Unavailable {
        /// The operation.
        op: &'static str,
        /// What Glue or the connection said.
        why: String,
    },
}

/// The answer to a start.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Start {
    /// A run of ours is under way.
    Granted,
    /// Another run is; nothing was queued.
    Busy,
}

/// How the last run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum CrawlResult {
    /// What it found is in the catalogue.
    Succeeded,
    /// It broke.
    Failed,
    /// Someone stopped it.
    Cancelled,
}

/// What a crawler is doing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CrawlerReading {
    /// A run is under way or stopping.
    Running,
    /// No run is.
    Ready {
        /// What the last run is known by: runs do not begin at the same time.
        id: Option<String>,
        /// `None` if it never ran, or the result is of a kind unknown here.
        last: Option<CrawlResult>,
        /// Why the last run failed.
        message: Option<String>,
    },
}

/// Glue, as the crawlers of one region need it. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Glue {
    client: Client,
    metrics: Metrics,
}

impl CrawlResult {
    /// As metrics and the log call it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Succeeded => "succeeded",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
        }
    }
}

impl Glue {
    /// Takes a client of the crawlers' region.
    #[must_use]
    pub fn new(client: Client, metrics: Metrics) -> Self {
        Self { client, metrics }
    }

    /// Asks for a run.
    ///
    /// # Errors
    /// When Glue did not answer, or answered with neither a start nor "already running".
    pub async fn start(&self, crawler: &str) -> Result<Start, GlueError> {
        const OP: &str = "StartCrawler";
        let answer = self.client.start_crawler().name(crawler).send().await;
        self.metrics.call("glue", OP, status(&answer));
        match answer {
            Ok(_) => Ok(Start::Granted),
            Err(error) if error.code() == Some("CrawlerRunningException") => Ok(Start::Busy),
            Err(error) => Err(named(OP, &error)),
        }
    }

    /// Looks what a crawler is doing.
    ///
    /// # Errors
    /// When Glue did not say.
    pub async fn state(&self, crawler: &str) -> Result<CrawlerReading, GlueError> {
        const OP: &str = "GetCrawler";
        let answer = self.client.get_crawler().name(crawler).send().await;
        self.metrics.call("glue", OP, status(&answer));
        let answer = answer.map_err(|error| named(OP, &error))?;
        let Some(crawler) = answer.crawler else {
            return Err(GlueError::Unavailable {
                op: OP,
                why: "an empty answer".into(),
            });
        };
        if crawler.state != Some(CrawlerState::Ready) {
            return Ok(CrawlerReading::Running);
        }
        let last = crawler
            .last_crawl
            .as_ref()
            .and_then(|last| match last.status {
                Some(LastCrawlStatus::Succeeded) => Some(CrawlResult::Succeeded),
                Some(LastCrawlStatus::Failed) => Some(CrawlResult::Failed),
                Some(LastCrawlStatus::Cancelled) => Some(CrawlResult::Cancelled),
                _ => None,
            });
        let id = crawler.last_crawl.as_ref().map(|last| {
            let began = last.start_time.as_ref().map(ToString::to_string);
            format!(
                "{} {}",
                began.unwrap_or_default(),
                last.message_prefix().unwrap_or_default()
            )
        });
        Ok(CrawlerReading::Ready {
            id,
            last,
            message: crawler.last_crawl.and_then(|last| last.error_message),
        })
    }
}

fn named<E>(op: &'static str, error: &SdkError<E>) -> GlueError
where
    E: ProvideErrorMetadata + std::error::Error + 'static,
{
    let why = cause::describe(error);
    match error.code() {
        Some("EntityNotFoundException") => GlueError::Missing { op, why },
        Some(code) if super::is_denial(code) => GlueError::Denied { op, why },
        Some(_) | None => GlueError::Unavailable { op, why },
    }
}
