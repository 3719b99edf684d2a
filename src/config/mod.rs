//! What the operator says: `config.toml`, the environment, and the rules both must keep.
//!
//! One file a section. A [`Config`] that came out of [`Config::load`] is valid: every value was
//! read, every range and every rule between sections holds. What was wrong is refused all at
//! once, each fault naming its key as the operator typed it.

mod access_point;
mod account;
mod address;
mod admin;
mod advice;
#[cfg(test)]
mod anything;
mod apart;
mod archived;
mod arn;
mod aws;
mod catalog;
mod characters;
mod collision;
mod crawler;
#[cfg(test)]
mod example;
mod fault;
mod glob;
mod graph;
mod known;
mod layer;
mod load;
mod location;
mod notify;
mod origins;
mod partition;
mod parts;
mod properties;
mod queue;
mod queue_url;
mod rate;
mod removal;
mod retry;
mod route;
mod shown;
mod sources;
mod sql;
mod suggest;
mod synonyms;
mod syntax;
mod table;
mod template;
mod text;
mod variables;
mod work;

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use access_point::AccessPoint;
pub use account::{Account, HOME};
pub use admin::Admin;
pub use advice::Advice;
pub use apart::Apart;
pub use archived::{Archived, Glacier, Restore, RestoreTier};
pub use aws::{Aws, ConditionalWrites};
pub use catalog::Catalog;
pub use crawler::Crawler;
use fault::Faults;
pub use fault::{Fault, Refusal};
pub(crate) use glob::globs;
pub use known::schema;
pub use load::Loaded;
pub use location::{LONGEST_KEY, Location, Target};
pub use notify::{Notify, NotifyKind};
pub use origins::{Origin, Origins};
pub use partition::Partition;
pub use parts::Parts;
pub use properties::{Acl, Encryption, Properties, StorageClass, TagPolicy};
pub use queue::{Envelope, Queue};
pub use rate::Rate;
pub use removal::{Deletes, Original};
pub use retry::Retry;
pub use route::{Collisions, Route, SourceMissing, Way};
pub use sources::Sources;
pub use sql::is_select;
pub use table::Table;
pub use template::{NeedsDate, Part, Template};
pub use work::Work;

/// Everything the operator can set.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Layout version of the file; only 1 exists.
    #[serde(deserialize_with = "text::one")]
    pub version: u32,
    /// Goes on every log line and into metrics, so that two installations can be told apart.
    #[serde(deserialize_with = "text::one")]
    pub environment: String,
    /// `[aws]`.
    pub aws: Aws,
    /// `[account.NAME]`.
    pub account: BTreeMap<String, Account>,
    /// `[queue.NAME]`.
    pub queue: BTreeMap<String, Queue>,
    /// `[work]`.
    pub work: Work,
    /// `[retry]`.
    pub retry: Retry,
    /// `[route.NAME]`.
    pub route: BTreeMap<String, Route>,
    /// `[catalog]`.
    pub catalog: Catalog,
    /// `[crawler.NAME]`.
    pub crawler: BTreeMap<String, Crawler>,
    /// `[table.NAME]`.
    pub table: BTreeMap<String, Table>,
    /// `[admin]`.
    pub admin: Admin,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            version: 1,
            environment: "dev".into(),
            aws: Aws::default(),
            account: BTreeMap::new(),
            queue: BTreeMap::new(),
            work: Work::default(),
            retry: Retry::default(),
            route: BTreeMap::new(),
            catalog: Catalog::default(),
            crawler: BTreeMap::new(),
            table: BTreeMap::new(),
            admin: Admin::default(),
        }
    }
}

impl Config {
    /// The same sections, each key at its default; a key without default is what nobody can write.
    #[must_use]
    pub fn with_defaults(&self) -> Self {
        fn each<T, D: Clone>(sections: &BTreeMap<String, T>, default: &D) -> BTreeMap<String, D> {
            let names = sections.keys().cloned();
            names.map(|name| (name, default.clone())).collect()
        }
        // No setting takes a control character.
        let nowhere = "s3://none/\0";
        let mut defaults = Self {
            account: each(&self.account, &Account::default()),
            queue: each(&self.queue, &Queue::new("")),
            crawler: each(&self.crawler, &Crawler::default()),
            table: each(&self.table, &Table::new("")),
            ..Self::default()
        };
        if let Ok(route) = Route::new(nowhere, nowhere) {
            defaults.route = each(&self.route, &route);
        }
        defaults
    }

    /// Tells whether there is anything to do: a queue to listen to and a route to take.
    ///
    /// Apart from [`Config::load`], because looking at a configuration needs neither.
    ///
    /// # Errors
    /// Names what is missing and the three variables that deploy a pipeline.
    pub fn can_run(&self) -> Result<(), Refusal> {
        let missing = match (self.queue.is_empty(), self.route.is_empty()) {
            (false, false) => return Ok(()),
            (true, true) => "there is no queue to listen to and no route to take",
            (true, false) => "there is no queue to listen to",
            (false, true) => "there is no route to take",
        };
        let why = format!(
            "{missing}: fill in config.toml, or set BRIGADE_QUEUE__EVENTS__URL, \
             BRIGADE_ROUTE__ORDERS__FROM and BRIGADE_ROUTE__ORDERS__TO"
        );
        Err(Refusal(vec![Fault {
            key: "configuration".into(),
            value: None,
            why,
        }]))
    }

    /// Checks ranges, then what sections say about each other.
    fn check(&self, faults: &mut Faults<'_>) {
        if self.version != 1 {
            faults.refuse("version", "expected 1, the only layout this program knows");
        }
        self.aws.check(faults);
        self.work.check(faults);
        self.admin.check(faults);
        self.retry.check(faults);
        for (name, account) in &self.account {
            account.check(name, self, faults);
        }
        for (name, queue) in &self.queue {
            queue.check(&format!("queue.{name}"), self, faults);
        }
        self.catalog.check(self, faults);
        for (name, crawler) in &self.crawler {
            crawler.check(&format!("crawler.{name}"), self, faults);
        }
        for (name, table) in &self.table {
            table.check(&format!("table.{name}"), self, faults);
        }
        for (name, route) in &self.route {
            route.check(&format!("route.{name}"), self, faults);
        }
        queue::check_urls_differ(&self.queue, faults);
        queue::check_parking_ends(&self.queue, faults);
        graph::check(self, faults);
        for (key, why) in self.region_faults() {
            faults.refuse(&key, why);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_other_than_one_is_refused() {
        let refusal = Config::load(&Sources::text("config.toml", "version = 2")).unwrap_err();
        assert_eq!(
            refusal.to_string(),
            "version in config.toml = 2: expected 1, the only layout this program knows"
        );
    }

    #[test]
    fn without_queue_and_route_it_loads_but_cannot_run() {
        let config = Config::load(&Sources::default()).unwrap().config;
        assert_eq!(config, Config::default());
        insta::assert_snapshot!(config.can_run().unwrap_err(), @"configuration: there is no queue to listen to and no route to take: fill in config.toml, or set BRIGADE_QUEUE__EVENTS__URL, BRIGADE_ROUTE__ORDERS__FROM and BRIGADE_ROUTE__ORDERS__TO");
    }

    #[test]
    fn three_variables_deploy_a_pipeline() {
        let env = [
            (
                "BRIGADE_QUEUE__EVENTS__URL",
                "https://sqs.eu-west-1.amazonaws.com/1111/events",
            ),
            ("BRIGADE_ROUTE__ORDERS__FROM", "s3://raw/incoming/"),
            ("BRIGADE_ROUTE__ORDERS__TO", "s3://lake/orders/"),
        ];
        let config = Config::load(&Sources::variables(env)).unwrap().config;
        assert_eq!(config.can_run(), Ok(()));
        assert_eq!(
            config.route["orders"].to.to_string(),
            "s3://lake/orders/{path}"
        );
    }
}
