//! Crawlers.

use std::time::Duration;

use aws_sdk_glue::types::{CrawlerState, LastCrawlStatus};
use tokio::time::advance;

use super::reported;
use crate::aws::{Aws, Crawler, Ending};

#[tokio::test(start_paused = true)]
async fn a_crawler_runs_its_time_refuses_another_start_and_ends_as_scripted() {
    let aws = Aws::new(1);
    let crawler = Crawler::new("orders", "eu-west-1", Duration::from_secs(90));
    aws.create_crawler(crawler.script([Ending::Failed("no table".into())]));
    let glue = aws_sdk_glue::Client::new(&aws.sdk("eu-west-1"));
    let start = async |name: &str| reported(&glue.start_crawler().name(name).send().await);
    let see = async || {
        let crawler = glue
            .get_crawler()
            .name("orders")
            .send()
            .await
            .unwrap()
            .crawler
            .unwrap();
        let last = crawler
            .last_crawl
            .map(|last| (last.status.unwrap(), last.error_message));
        (crawler.state.unwrap(), last)
    };
    assert_eq!(start("invoices").await, "400 EntityNotFoundException");
    assert_eq!(see().await, (CrawlerState::Ready, None), "never run");
    assert_eq!(start("orders").await, "ok");
    advance(Duration::from_millis(89_999)).await;
    assert_eq!(start("orders").await, "400 CrawlerRunningException");
    assert_eq!(see().await, (CrawlerState::Running, None));
    advance(Duration::from_millis(1)).await;
    let failed = Some((LastCrawlStatus::Failed, Some("no table".into())));
    assert_eq!(see().await, (CrawlerState::Ready, failed.clone()));
    assert_eq!(start("orders").await, "ok");
    assert_eq!(
        see().await,
        (CrawlerState::Running, failed),
        "the last one that ended"
    );
    advance(Duration::from_secs(90)).await;
    assert_eq!(
        see().await,
        (
            CrawlerState::Ready,
            Some((LastCrawlStatus::Succeeded, None))
        )
    );
    assert_eq!(aws.crawler("eu-west-1", "orders").starts().len(), 2);
    let elsewhere = aws_sdk_glue::Client::new(&aws.sdk("us-east-1"));
    let start = elsewhere.start_crawler().name("orders").send().await;
    assert_eq!(
        reported(&start),
        "400 EntityNotFoundException",
        "another region"
    );
}
