//! Makes the tasks of the catalogue, and connects them.
//!
//! ```text
//! without catalog.queue   workers ──mark──▶ crawlers
//! with it                 workers ──▶ sender ──▶ SQS ──▶ drain ──▶ crawlers, of any process
//! ```

use std::collections::BTreeMap;

use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::StartError;
use crate::account::Accounts;
use crate::catalog::{
    Announcer, ArrivalConsumer, AssertionTask, Assertions, Catalog, Crawled, CrawlerTask, Crawlers,
    DurableCrawler, Glue, Report,
};
use crate::config::{Config, Crawler};
use crate::edge::Edge;
use crate::metrics::Metrics;
use crate::queue::{Load, Sqs};
use crate::start;
use crate::supervisor::Supervisor;

/// Arrivals on their way to one crawler's task; what is more waits in the drain.
const INBOX: usize = 64;

/// What the tasks of the catalogue are made of.
#[derive(Debug)]
pub struct Makings<'a> {
    /// As the accounts have settled it.
    pub config: &'a Config,
    /// Whose clients call.
    pub accounts: &'a Accounts,
    /// Clock and randomness.
    pub edge: &'a Edge,
    /// What is counted.
    pub metrics: &'a Metrics,
    /// What the messages of all queues weigh.
    pub load: &'a Load,
}

impl Makings<'_> {
    /// Starts all tasks; `worked` is when nothing can arrive any more.
    pub(super) async fn begin(
        &self,
        worked: &CancellationToken,
        supervisor: &mut Supervisor,
    ) -> Result<(Catalog, Crawlers, Assertions), StartError> {
        let (assertions, listeners) = self.assertions(supervisor);
        let Some(queue) = self.config.catalog.arrivals() else {
            let crawlers = self.in_memory(worked, &listeners, supervisor);
            return Ok((Catalog::in_memory(crawlers.clone()), crawlers, assertions));
        };
        let arrivals = self.accounts.queue(&queue, self.metrics);
        let facts =
            start::attributes("catalog.queue", &queue.url, &arrivals, &self.edge.rng).await?;
        if let Some(advice) = start::advice_on_arrivals(&facts) {
            tracing::warn!(url = queue.url, advice, "catalog.queue may lose arrivals");
        }
        let crawlers = self.durable(&arrivals, &listeners, supervisor);
        let (announcer, sender) = Announcer::new(arrivals, self.edge.clock.clone());
        supervisor.spawn("sender of arrivals", async move {
            sender.run().await;
            Ok(())
        });
        Ok((Catalog::announces(announcer), crawlers, assertions))
    }

    /// What is asked after crawls, and how each crawler says that it has succeeded.
    fn assertions(&self, supervisor: &mut Supervisor) -> (Assertions, BTreeMap<String, Crawled>) {
        let (mut tasks, mut listeners) = (Vec::new(), BTreeMap::new());
        for (name, crawler) in &self.config.crawler {
            // Skipped, so that seeded runs draw the same random numbers.
            if crawler.assert_sql.is_none() {
                continue;
            }
            let (account, region) = crawler.asserts_as();
            let athena = self.accounts.of(account);
            let athena = athena.athena(region, self.metrics.clone());
            let rng = fastrand::Rng::with_seed(self.edge.rng.seed());
            let stop = supervisor.stop();
            let task = AssertionTask::new(name, crawler, athena, self.metrics, stop, rng);
            tasks.extend(task);
        }
        let assertions = Assertions::of(&tasks);
        for task in tasks {
            let name = task.crawler().to_owned();
            listeners.insert(name.clone(), task.crawled());
            supervisor.spawn(format!("assertion of crawler {name}"), async move {
                task.run().await;
                Ok(())
            });
        }
        (assertions, listeners)
    }

    fn in_memory(
        &self,
        worked: &CancellationToken,
        listeners: &BTreeMap<String, Crawled>,
        supervisor: &mut Supervisor,
    ) -> Crawlers {
        let mut handles = Vec::new();
        for (name, crawler) in &self.config.crawler {
            let (report, glue) = self.crawler(name, crawler, listeners);
            let (stop, worked) = (supervisor.stop(), worked.clone());
            let task = CrawlerTask::new(report, crawler, glue, stop, worked);
            handles.push(task.handle());
            supervisor.spawn(format!("crawler {name}"), async move {
                task.run().await;
                Ok(())
            });
        }
        handles.into_iter().collect()
    }

    fn durable(
        &self,
        arrivals: &Sqs,
        listeners: &BTreeMap<String, Crawled>,
        supervisor: &mut Supervisor,
    ) -> Crawlers {
        let (mut handles, mut inboxes) = (Vec::new(), BTreeMap::new());
        for (name, crawler) in &self.config.crawler {
            let (sender, inbox) = mpsc::channel(INBOX);
            inboxes.insert(name.clone(), sender);
            let (report, glue) = self.crawler(name, crawler, listeners);
            let task = DurableCrawler::new(
                report,
                crawler,
                glue,
                (arrivals.clone(), inbox),
                supervisor.stop(),
            );
            handles.push(task.handle());
            supervisor.spawn(format!("crawler {name}"), async move {
                task.run().await;
                Ok(())
            });
        }
        let (rng, stop) = (self.edge.rng.clone(), supervisor.stop());
        let consumer =
            ArrivalConsumer::new(arrivals.clone(), self.load.clone(), inboxes, rng, stop);
        supervisor.spawn("drain of arrivals", async move {
            consumer.run().await;
            Ok(())
        });
        handles.into_iter().collect()
    }

    /// Glue where a crawler or a table is, and the region's name for people.
    pub(super) fn glue<'a>(
        &'a self,
        account: Option<&str>,
        region: Option<&'a str>,
    ) -> (Glue, &'a str) {
        let account = self.accounts.of(account);
        let region = region.or(account.aws().region.as_deref());
        let glue = account.glue(region, self.metrics.clone());
        (glue, region.unwrap_or("the SDK's region"))
    }

    /// The client of a crawler, and its region.
    fn crawler(
        &self,
        name: &str,
        crawler: &Crawler,
        listeners: &BTreeMap<String, Crawled>,
    ) -> (Report, Glue) {
        let (glue, region) = self.glue(crawler.account.as_deref(), crawler.region.as_deref());
        let metrics = self.metrics.clone();
        let rng = fastrand::Rng::with_seed(self.edge.rng.seed());
        let clock = self.edge.clock.clone();
        let report = Report::new(name, crawler, region, metrics, (rng, clock));
        let listener = listeners.get(name).cloned().unwrap_or_default();
        (report.telling(listener), glue)
    }
}
