//! `[catalog]`: how arrivals outlive the process that saw them.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::config::queue::Queue;
use crate::config::read::faults::Faults;
use crate::config::value::{queue_url, region};

/// `[catalog]`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Catalog {
    /// URL of an SQS queue of our own that keeps arrivals until a crawl has covered them. Default: none, and
    /// each process runs each of its crawlers once when it starts.
    #[schemars(example = "https://sqs.us-east-1.amazonaws.com/111122223333/arrivals")]
    pub queue: Option<String>,
    /// Default: read from the URL, else that of its account.
    #[serde(deserialize_with = "region::optional")]
    pub region: Option<String>,
    /// Whose credentials may use it. Default: the default account's.
    pub account: Option<String>,
}

impl Catalog {
    /// The queue of arrivals.
    #[must_use]
    pub fn arrivals(&self) -> Option<Queue> {
        let url = self.queue.as_deref()?;
        Some(Queue {
            region: self.region.clone(),
            account: self.account.clone(),
            ..Queue::new(url)
        })
    }

    pub(crate) fn check(&self, faults: &mut Faults<'_>) {
        let Some(url) = &self.queue else {
            for (key, value) in [("region", &self.region), ("account", &self.account)] {
                if value.is_some() {
                    faults.refuse(
                        &format!("catalog.{key}"),
                        "is of catalog.queue, which is not set",
                    );
                }
            }
            return;
        };
        if let Err(why) = queue_url::check(url) {
            faults.refuse("catalog.queue", why);
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::config::{Config, Sources};

    #[test]
    fn a_queue_of_arrivals_is_of_its_own() {
        let events = "queue.events.url = \"https://sqs.eu-west-1.amazonaws.com/1/events\"";
        #[rustfmt::skip]
        let table = [
            ("the events' own", "catalog.queue = \"https://sqs.eu-west-1.amazonaws.com/1/events\"", "catalog.queue in f = \"https://sqs.eu-west-1.amazonaws.com/1/events\": is queue.events.url too: arrivals need a queue of their own"),
            ("a FIFO queue", "catalog.queue = \"https://sqs.eu-west-1.amazonaws.com/1/a.fifo\"", "catalog.queue in f = \"https://sqs.eu-west-1.amazonaws.com/1/a.fifo\": FIFO queues are not supported yet: S3 cannot notify one directly, and their order is not needed, as an event is only a hint; use a standard queue"),
            ("no queue", "catalog.region = \"eu-west-1\"", "catalog.region in f = \"eu-west-1\": is of catalog.queue, which is not set"),
        ];
        for (why, line, want) in table {
            let text = format!("{events}\n{line}");
            let said = Config::load(&Sources::text("f", &text)).unwrap_err();
            assert_eq!(said.to_string(), want, "{why}");
        }
    }
}
