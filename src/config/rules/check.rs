//! Checks each section by itself, then what sections say about each other.

use crate::config::read::faults::Faults;
use crate::config::rules::{graph, leases, names, queues, removal};
use crate::config::sections::Config;

/// Refuses values that cannot be meant. If a value is wrong twice, the first fault is reported.
pub(crate) fn check(config: &Config, faults: &mut Faults<'_>) {
    if config.version != 1 {
        faults.refuse("version", "expected 1, the only layout this program knows");
    }
    config.aws.check(faults);
    config.admin.check(faults);
    config.retry.check(faults);
    for (name, account) in &config.account {
        account.check(name, &config.aws, faults);
    }
    names::check(config, faults);
    for (name, queue) in &config.queue {
        queue.check(&format!("queue.{name}"), faults);
    }
    config.catalog.check(faults);
    for (name, crawler) in &config.crawler {
        crawler.check(&format!("crawler.{name}"), faults);
    }
    for (name, route) in &config.route {
        route.check(&format!("route.{name}"), faults);
    }
    leases::check(config, faults);
    removal::check(config, faults);
    queues::check(config, faults);
    graph::check(config, faults);
    for (key, why) in config.region_faults() {
        faults.refuse(&key, why);
    }
}
