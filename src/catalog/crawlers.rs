//! The handles of the crawlers' tasks: a signal that something has arrived, and the state that others read.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::Serialize;
use tokio::sync::{Notify, watch};
use tokio::time::Instant;
use tracing::error;

use super::glue::CrawlResult;

/// All crawlers of the configuration, by the names of their sections.
#[derive(Debug, Clone, Default)]
pub struct Crawlers(Arc<BTreeMap<String, Handle>>);

impl FromIterator<Handle> for Crawlers {
    fn from_iter<T: IntoIterator<Item = Handle>>(handles: T) -> Self {
        Self(Arc::new(
            handles
                .into_iter()
                .map(|handle| (handle.section.clone(), handle))
                .collect(),
        ))
    }
}

impl Crawlers {
    /// Signals that something arrived for `[crawler.NAME]`. Never blocks; signals coalesce.
    pub fn arrived(&self, crawler: &str) {
        let Some(handle) = self.0.get(crawler) else {
            return error!(crawler, "no such crawler in the configuration");
        };
        if let Some(signal) = &handle.signal {
            signal.notify_one();
        }
    }

    /// What every crawler is doing, for `/status.json`.
    #[must_use]
    pub fn snapshot(&self) -> BTreeMap<String, Snapshot> {
        self.0
            .iter()
            .map(|(name, handle)| (name.clone(), handle.snapshot()))
            .collect()
    }
}

/// The other tasks' end of one [`CrawlerTask`](super::CrawlerTask).
#[derive(Debug, Clone)]
pub struct Handle {
    pub(super) section: String,
    /// None where arrivals come through a queue.
    pub(super) signal: Option<Arc<Notify>>,
    pub(super) seen: watch::Receiver<Seen>,
}

impl Handle {
    /// What the crawler is doing.
    #[must_use]
    pub fn snapshot(&self) -> Snapshot {
        let Seen {
            mut snapshot,
            started,
            due,
        } = self.seen.borrow().clone();
        snapshot.last_started_seconds_ago = started.map(|at| at.elapsed().as_secs());
        let wait = |at: Instant| at.saturating_duration_since(Instant::now()).as_secs();
        snapshot.next_start_in_seconds = due.map(wait);
        snapshot
    }
}

/// One crawler, as `/status.json` shows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Snapshot {
    /// Its name in Glue.
    pub crawler: String,
    /// Where it is.
    pub region: String,
    /// What it is doing.
    pub state: State,
    /// Whether anything arrived that no run covers, not even the one under way.
    pub dirty: bool,
    /// Messages in flight until a crawl covers them.
    pub waiting: usize,
    /// How our last run ended.
    pub last_result: Option<CrawlResult>,
    /// How long ago our last run started.
    pub last_started_seconds_ago: Option<u64>,
    /// When the next start is due, if one is owed and no run is under way.
    pub next_start_in_seconds: Option<u64>,
    /// The failure that is being waited out.
    pub error: Option<String>,
}

/// What a crawler is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// Nothing is owed.
    Idle,
    /// A start is owed and not due yet.
    Waiting,
    /// A run of ours is under way.
    Running,
    /// A run of someone else is under way; one of ours follows.
    Busy,
}

#[derive(Debug, Clone)]
pub(super) struct Seen {
    pub(super) snapshot: Snapshot,
    pub(super) started: Option<Instant>,
    pub(super) due: Option<Instant>,
}
