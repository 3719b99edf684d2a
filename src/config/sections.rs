//! The configuration as a whole: its sections.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::config::read::fault::{Fault, Refusal};
use crate::config::route::Route;
use crate::config::{
    account::Account, admin::Admin, aws::Aws, catalog::Catalog, crawler::Crawler, queue::Queue,
    retry::Retry, table::Table, work::Work,
};

/// Everything the operator can set.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Layout version of the file; only 1 exists.
    pub version: u32,
    /// Goes on every log line and into metrics, so that two installations can be told apart.
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

    /// Whether there is anything to do: a queue to receive from and a route.
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
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Sources;

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
