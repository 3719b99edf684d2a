//! Where arrivals are announced: tables, crawlers, notifications.

use futures_util::FutureExt;
use futures_util::future::BoxFuture;

use super::arrivals::Announcer;
use super::crawlers::Crawlers;
use super::tables::Tables;
use crate::notify::Notifications;
use crate::work::{Announce, Arrival, Occasion, Unannounced};

/// All that follows from an arrival.
#[derive(Debug, Default)]
pub struct Catalog {
    crawlers: Crawling,
    tables: Tables,
    notifications: Notifications,
}

/// How crawlers hear of arrivals.
#[derive(Debug, Default)]
enum Crawling {
    /// Not at all.
    #[default]
    Unheard,
    /// Crawler tasks of this process; after a crash the crawl of the next start makes up for what was lost.
    InMemory(Crawlers),
    /// Through the queue of arrivals.
    Queue(Announcer),
}

impl Catalog {
    /// Marks the crawlers of this process.
    #[must_use]
    pub fn in_memory(crawlers: Crawlers) -> Self {
        Self {
            crawlers: Crawling::InMemory(crawlers),
            ..Self::default()
        }
    }

    /// Sends arrivals to the queue of all processes.
    #[must_use]
    pub fn announces(announcer: Announcer) -> Self {
        Self {
            crawlers: Crawling::Queue(announcer),
            ..Self::default()
        }
    }

    /// Gives these tables their partitions, too.
    #[must_use]
    pub fn with_tables(self, tables: Tables) -> Self {
        Self { tables, ..self }
    }

    /// Notifies these too, when all else is done.
    #[must_use]
    pub fn with_notifications(self, notifications: Notifications) -> Self {
        Self {
            notifications,
            ..self
        }
    }

    async fn crawl(&self, crawler: &str, arrival: &Arrival) -> Result<(), Unannounced> {
        match &self.crawlers {
            Crawling::Unheard => {}
            Crawling::InMemory(crawlers) => crawlers.arrived(crawler),
            Crawling::Queue(announcer) => announcer.announce(crawler, arrival.place()).await?,
        }
        Ok(())
    }
}

impl Announce for Catalog {
    fn arrived<'a>(&'a self, arrival: &'a Arrival) -> BoxFuture<'a, Result<(), Unannounced>> {
        async {
            self.tables.arrived(arrival).await?;
            if arrival.occasion == Occasion::Found {
                return Ok(());
            }
            for crawler in &arrival.route.crawlers {
                self.crawl(crawler, arrival).await?;
            }
            self.notifications.arrived(arrival).await
        }
        .boxed()
    }
}
