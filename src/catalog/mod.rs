//! After arrivals: tables, crawlers, and the check of what they made known.
//!
//! ```text
//!            ┌─▶ Tables ──▶ TableTask       a partition, made before the message ends
//! Catalog ───┼─▶ Crawlers ─▶ CrawlerTask    in memory; every crawler runs once after a start
//!            │   or Announcer ─▶ SQS ─▶ ArrivalConsumer ─▶ DurableCrawler    a message, in flight until it is crawled
//!            └─▶ notify::Notifications ─▶ NotificationTask    sent before the message ends
//! ```
//!
//! One task per crawler turns any number of arrivals into as few runs as the configuration allows. After a successful
//! run Athena is asked whether what arrived is as it should be, if the configuration says what to ask
//! ([`AssertionTask`]).

mod announce;
mod arrival_consumer;
mod arrivals;
mod assertion;
mod athena;
mod crawler;
mod crawlers;
mod durable;
mod glue;
mod hive;
mod ledger;
mod rehearsal;
mod report;
mod schedule;
#[cfg(test)]
pub(crate) mod scripted;
mod strangers;
mod tables;

pub use self::announce::Catalog;
pub use self::arrival_consumer::ArrivalConsumer;
pub use self::arrivals::{Announcer, Arrived, Sender, Unreadable};
pub use self::assertion::{Assertion, AssertionTask, Assertions, Crawled, Judgement};
pub use self::athena::{
    Asking, Athena, AthenaError, Column, Kind, Query, QueryState, Row, Rows, Value, WorkGroup,
    printable, run_query,
};
pub use self::crawler::CrawlerTask;
pub use self::crawlers::{Crawlers, Handle, Snapshot, State};
pub use self::durable::{DurableCrawler, LeasedArrival};
pub use self::glue::{CrawlResult, CrawlerReading, Glue, GlueError, Layout, Start, TableError};
pub use self::hive::named_folders;
pub use self::rehearsal::rehearse;
pub use self::report::Report;
pub use self::schedule::{Ending, Schedule};
pub use self::tables::{TableHandle, TableStatus, TableTask, Tables, TablesSeen, table};

/// Whether an error's code says that only a person can help: credentials, or what they may do.
fn is_denial(code: &str) -> bool {
    matches!(
        code,
        "AccessDeniedException"
            | "ExpiredTokenException"
            | "IncompleteSignatureException"
            | "InvalidClientTokenId"
            | "InvalidSignatureException"
            | "MissingAuthenticationTokenException"
            | "OptInRequired"
            | "UnrecognizedClientException"
    )
}
