//! `[crawler.NAME]`: Glue crawlers to run after arrivals.

use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::config::read::faults::Faults;
use crate::config::value::{duration, location::Location, region, sql::is_select};

/// `[crawler.NAME]`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Crawler {
    /// The crawler's name in Glue; default: the section's name.
    pub name: Option<String>,
    /// Default: the region of its account.
    #[serde(deserialize_with = "region::optional")]
    pub region: Option<String>,
    /// Whose it is. Default: home.
    pub account: Option<String>,
    /// Start when nothing has arrived for this long, at least 1s. Longer: fewer runs for a burst
    /// that comes in drops, and rows that can be queried later.
    #[serde(with = "duration")]
    #[schemars(with = "duration::Text", extend("x-minimum" = "1s", "x-maximum" = "168h"))]
    pub debounce: Duration,
    /// Never start more often, and under steady arrivals about this often. Longer: cheaper, later.
    #[serde(with = "duration")]
    #[schemars(with = "duration::Text", extend("x-minimum" = "1s", "x-maximum" = "168h"))]
    pub at_most_every: Duration,
    /// A run that takes longer is reported as stuck, and still waited for; at least 1m.
    #[serde(with = "duration")]
    #[schemars(with = "duration::Text", extend("x-minimum" = "1m", "x-maximum" = "168h"))]
    pub stuck_after: Duration,
    /// Asked of Athena after each run of ours that has succeeded: a SELECT whose answer is one row
    /// with one boolean. Anything but true is a failed assertion.
    #[schemars(extend("contentMediaType" = "application/sql"))]
    pub assert_sql: Option<String>,
    /// The database of tables that name none.
    pub assert_database: Option<String>,
    /// The workgroup whose limits and settings hold. Default: primary.
    pub assert_workgroup: Option<String>,
    /// Where Athena puts the answer. Default: where the workgroup says.
    pub assert_output: Option<Location>,
    /// Where Athena is asked. Default: the crawler's region, or that of `assert_account`.
    #[serde(deserialize_with = "region::optional")]
    pub assert_region: Option<String>,
    /// The account that queries. Default: the crawler's.
    pub assert_account: Option<String>,
}

impl Default for Crawler {
    fn default() -> Self {
        Self {
            name: None,
            region: None,
            account: None,
            debounce: Duration::from_secs(30),
            at_most_every: Duration::from_mins(10),
            stuck_after: Duration::from_hours(2),
            assert_sql: None,
            assert_database: None,
            assert_workgroup: None,
            assert_output: None,
            assert_region: None,
            assert_account: None,
        }
    }
}

impl Crawler {
    /// The account and region of `assert_sql`; no region is the account's.
    #[must_use]
    pub fn asserts_as(&self) -> (Option<&str>, Option<&str>) {
        let region = self.assert_region.as_deref();
        match self.assert_account.as_deref() {
            None => (self.account.as_deref(), region.or(self.region.as_deref())),
            account @ Some(_) => (account, region),
        }
    }

    pub(crate) fn check(&self, at: &str, faults: &mut Faults<'_>) {
        if self.debounce > self.at_most_every {
            let every = duration::show(&self.at_most_every);
            faults.refuse(
                &format!("{at}.debounce"),
                format!("expected at most at_most_every, {every}"),
            );
        }
        self.check_assertion(at, faults);
    }

    fn check_assertion(&self, at: &str, faults: &mut Faults<'_>) {
        if let Some(sql) = &self.assert_sql {
            if !is_select(sql) {
                let why = "expected a SELECT that gives one row with one boolean: it is run after \
                           every crawl, and again where Athena has failed, so it must not write";
                faults.refuse(&format!("{at}.assert_sql"), why);
            }
            return;
        }
        for (key, given) in [
            ("assert_database", self.assert_database.is_some()),
            ("assert_workgroup", self.assert_workgroup.is_some()),
            ("assert_output", self.assert_output.is_some()),
            ("assert_region", self.assert_region.is_some()),
            ("assert_account", self.assert_account.is_some()),
        ] {
            if given {
                let why = "belongs to assert_sql, which is not given";
                faults.refuse(&format!("{at}.{key}"), why);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::config::{Config, Sources};

    #[test]
    fn what_makes_no_sense_is_refused() {
        let select = "expected a SELECT that gives one row with one boolean: it is run after every \
                      crawl, and again where Athena has failed, so it must not write";
        let drop = format!("crawler.c.assert_sql in f = \"DROP TABLE t\": {select}");
        #[rustfmt::skip]
        let table = [
            ("no SELECT", "assert_sql = \"DROP TABLE t\"", drop.as_str()),
            ("no account", "assert_sql = \"SELECT true\"\nassert_account = \"x\"",
             "crawler.c.assert_account in f = \"x\": there is no [account.x]: add it"),
            ("no place", "assert_sql = \"SELECT true\"\nassert_output = \"lake/results\"",
             "crawler.c.assert_output in f = \"lake/results\": expected s3://BUCKET/PREFIX: write \"s3://lake/results\""),
            ("nothing to ask", "assert_output = \"s3://lake/results/\"",
             "crawler.c.assert_output in f = \"s3://lake/results/\": belongs to assert_sql, which is not given"),
            ("no quiet", "debounce = \"0s\"", "crawler.c.debounce in f = \"0s\": expected 1s to 168h"),
            ("quiet longer than the period", "debounce = \"11m\"", "crawler.c.debounce in f = \"11m\": expected at most at_most_every, 10m"),
            ("stuck at once", "stuck_after = \"5s\"", "crawler.c.stuck_after in f = \"5s\": expected 1m to 168h"),
            ("too seldom", "at_most_every = \"200h\"", "crawler.c.at_most_every in f = \"200h\": expected 1s to 168h"),
        ];
        for (why, line, want) in table {
            let said =
                Config::load(&Sources::text("f", &format!("[crawler.c]\n{line}"))).unwrap_err();
            assert_eq!(said.to_string(), want, "{why}");
        }
    }

    #[test]
    fn an_assertion_is_made_where_the_crawler_is_unless_it_says_otherwise() {
        let (theirs, west, east) = (Some("theirs"), Some("eu-west-1"), Some("us-east-1"));
        #[rustfmt::skip]
        let table = [
            ("",                                                            (None, None)),
            ("account = \"theirs\"\nregion = \"eu-west-1\"",               (theirs, west)),
            ("region = \"eu-west-1\"\nassert_region = \"us-east-1\"",      (None, east)),
            ("region = \"eu-west-1\"\nassert_account = \"theirs\"",        (theirs, None)),
            ("assert_account = \"theirs\"\nassert_region = \"us-east-1\"", (theirs, east)),
        ];
        for (lines, want) in table {
            let file = format!(
                "account.theirs = {{}}\n[crawler.c]\nassert_sql = \"SELECT true\"\n{lines}"
            );
            let config = Config::load(&Sources::text("f", &file)).unwrap().config;
            assert_eq!(config.crawler["c"].asserts_as(), want, "{lines}");
        }
    }
}
