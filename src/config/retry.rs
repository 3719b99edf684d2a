//! `[retry]`: how one S3 call is tried again. Messages come back through SQS, not through this.

use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::config::read::faults::Faults;
use crate::config::value::duration;

/// `[retry]`: one S3 call.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Retry {
    /// Attempts per call, 2 to 10. More: longer disturbances pass while the message is in flight.
    #[schemars(range(min = 2, max = 10))]
    pub max_attempts: u32,
    /// The longest first wait; doubled each time, the real wait is a random part of it.
    #[serde(with = "duration")]
    #[schemars(with = "duration::Text", extend("x-minimum" = "1ms", "x-maximum" = "5m"))]
    pub initial_backoff: Duration,
    /// No wait is longer, 1ms to 5m.
    #[serde(with = "duration")]
    #[schemars(with = "duration::Text", extend("x-minimum" = "1ms", "x-maximum" = "5m"))]
    pub max_backoff: Duration,
}

impl Default for Retry {
    fn default() -> Self {
        Self {
            max_attempts: 3,
            initial_backoff: Duration::from_millis(100),
            max_backoff: Duration::from_secs(20),
        }
    }
}

impl Retry {
    pub(crate) fn check(&self, faults: &mut Faults<'_>) {
        if self.initial_backoff > self.max_backoff {
            let why = format!(
                "expected at most retry.max_backoff, {}",
                duration::show(&self.max_backoff)
            );
            faults.refuse("retry.initial_backoff", why);
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::config::{Config, Sources};

    #[test]
    fn backoffs_that_make_no_sense_are_refused() {
        #[rustfmt::skip]
        let table = [
            ("one attempt is no retry", "max_attempts = 1", "retry.max_attempts in f = 1: expected 2 to 10"),
            ("too many", "max_attempts = 11", "retry.max_attempts in f = 11: expected 2 to 10"),
            ("no wait", "initial_backoff = \"0s\"", "retry.initial_backoff in f = \"0s\": expected 1ms to 5m"),
            ("too long", "max_backoff = \"6m\"", "retry.max_backoff in f = \"6m\": expected 1ms to 5m"),
            ("against each other", "initial_backoff = \"30s\"", "retry.initial_backoff in f = \"30s\": expected at most retry.max_backoff, 20s"),
            ("against the default", "max_backoff = \"10ms\"", "retry.initial_backoff: expected at most retry.max_backoff, 10ms"),
        ];
        for (why, line, want) in table {
            let said = Config::load(&Sources::text("f", &format!("[retry]\n{line}"))).unwrap_err();
            assert_eq!(said.to_string(), want, "{why}");
        }
    }
}
