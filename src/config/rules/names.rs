//! Names in one section that are those of other sections.

use crate::config::read::faults::Faults;
use crate::config::{account::DEFAULT_ACCOUNT, nearest::nearest, sections::Config};

/// Refuses names that no section has.
pub(crate) fn check(config: &Config, faults: &mut Faults<'_>) {
    for (key, account) in accounts(config) {
        check_name(&key, "account", account, config.account.keys(), faults);
    }
    for (name, route) in &config.route {
        let at = |key: &str| format!("route.{name}.{key}");
        if let Some(queue) = &route.queue {
            check_name(&at("queue"), "queue", queue, config.queue.keys(), faults);
        }
        for crawler in &route.crawlers {
            let known = config.crawler.keys();
            check_name(&at("crawlers"), "crawler", crawler, known, faults);
        }
        for table in &route.tables {
            check_name(&at("tables"), "table", table, config.table.keys(), faults);
        }
    }
    for (name, account) in &config.account {
        let reader = account.secret_account.as_ref();
        let reader = reader.and_then(|reader| config.account.get(reader));
        if name != DEFAULT_ACCOUNT && reader.is_some_and(|reader| reader.secret.is_some()) {
            let why = "expected an account that needs no secret itself";
            faults.refuse(&format!("account.{name}.secret_account"), why);
        }
    }
}

/// Every key that names an account, and the account.
fn accounts(config: &Config) -> Vec<(String, &str)> {
    let mut all = vec![("catalog.account".to_owned(), &config.catalog.account)];
    for (name, account) in config
        .account
        .iter()
        .filter(|(name, _)| *name != DEFAULT_ACCOUNT)
    {
        all.push((
            format!("account.{name}.secret_account"),
            &account.secret_account,
        ));
    }
    for (name, queue) in &config.queue {
        all.push((format!("queue.{name}.account"), &queue.account));
    }
    for (name, crawler) in &config.crawler {
        let asker = &crawler.assert_account;
        all.push((format!("crawler.{name}.account"), &crawler.account));
        all.push((format!("crawler.{name}.assert_account"), asker));
    }
    for (name, table) in &config.table {
        all.push((format!("table.{name}.account"), &table.account));
    }
    for (name, route) in &config.route {
        all.push((format!("route.{name}.from_account"), &route.from_account));
        all.push((format!("route.{name}.to_account"), &route.to_account));
        all.push((
            format!("route.{name}.notify_account"),
            &route.notify_account,
        ));
    }
    all.into_iter()
        .filter_map(|(key, account)| Some((key, account.as_deref()?)))
        .collect()
}

fn check_name<'k>(
    key: &str,
    section: &str,
    name: &str,
    known: impl Iterator<Item = &'k String>,
    faults: &mut Faults<'_>,
) {
    let known: Vec<&str> = known.map(String::as_str).collect();
    if known.contains(&name) {
        return;
    }
    faults.refuse(
        key,
        match nearest(name, known.iter().copied()) {
            Some(near) => format!("there is no [{section}.{name}]; did you mean {near}?"),
            None if known.is_empty() => format!("there is no [{section}.{name}]: add it"),
            None => format!(
                "there is no [{section}.{name}]: add it, or use one of {}",
                known.join(", ")
            ),
        },
    );
}
