//! `[crawler.NAME]`: Glue crawlers to run after arrivals.

use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::account::check_account;
use super::fault::Faults;
use super::{Config, shown, text};

const WAIT: std::ops::RangeInclusive<Duration> = Duration::from_secs(1)..=Duration::from_hours(168);

/// Shorter than Glue needs to begin one; longer than it lets one run.
const STUCK: std::ops::RangeInclusive<Duration> =
    Duration::from_mins(1)..=Duration::from_hours(168);

/// `[crawler.NAME]`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Crawler {
    /// The crawler's name in Glue; default: the section's name.
    #[serde(deserialize_with = "text::optional")]
    pub name: Option<String>,
    /// Default: the region of its account.
    #[serde(deserialize_with = "text::optional")]
    pub region: Option<String>,
    /// Whose it is. Default: home.
    #[serde(deserialize_with = "text::optional")]
    pub account: Option<String>,
    /// Start when nothing has arrived for this long, at least 1s. Longer: fewer runs for a burst
    /// that comes in drops, and rows that can be queried later.
    #[serde(deserialize_with = "text::one", serialize_with = "shown::duration")]
    #[schemars(with = "shown::DurationText")]
    pub quiet: Duration,
    /// Never start more often, and under steady arrivals about this often. Longer: cheaper, later.
    #[serde(deserialize_with = "text::one", serialize_with = "shown::duration")]
    #[schemars(with = "shown::DurationText")]
    pub at_most_every: Duration,
    /// A run that takes longer is told of as stuck, and waited for all the same; at least 1m.
    #[serde(deserialize_with = "text::one", serialize_with = "shown::duration")]
    #[schemars(with = "shown::DurationText")]
    pub stuck_after: Duration,
}

impl Default for Crawler {
    fn default() -> Self {
        Self {
            name: None,
            region: None,
            account: None,
            quiet: Duration::from_secs(30),
            at_most_every: Duration::from_mins(10),
            stuck_after: Duration::from_hours(2),
        }
    }
}

impl Crawler {
    pub(super) fn check(&self, at: &str, config: &Config, faults: &mut Faults<'_>) {
        if let Some(account) = &self.account {
            check_account(&format!("{at}.account"), account, config, faults);
        }
        let quiet = format!("{at}.quiet");
        faults.within(&quiet, &self.quiet, &WAIT, shown::show_duration);
        let most = format!("{at}.at_most_every");
        faults.within(&most, &self.at_most_every, &WAIT, shown::show_duration);
        let stuck = format!("{at}.stuck_after");
        faults.within(&stuck, &self.stuck_after, &STUCK, shown::show_duration);
        if self.quiet > self.at_most_every {
            let every = shown::show_duration(&self.at_most_every);
            faults.refuse(&quiet, format!("expected at most at_most_every, {every}"));
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::config::{Config, Sources};

    #[test]
    fn waits_that_make_no_sense_are_refused() {
        #[rustfmt::skip]
        let table = [
            ("no quiet", "quiet = \"0s\"", "crawler.c.quiet in f = \"0s\": expected 1s to 168h"),
            ("quiet longer than the period", "quiet = \"11m\"", "crawler.c.quiet in f = \"11m\": expected at most at_most_every, 10m"),
            ("stuck at once", "stuck_after = \"5s\"", "crawler.c.stuck_after in f = \"5s\": expected 1m to 168h"),
            ("too seldom", "at_most_every = \"200h\"", "crawler.c.at_most_every in f = \"200h\": expected 1s to 168h"),
        ];
        for (why, line, want) in table {
            let said =
                Config::load(&Sources::text("f", &format!("[crawler.c]\n{line}"))).unwrap_err();
            assert_eq!(said.to_string(), want, "{why}");
        }
    }
}
