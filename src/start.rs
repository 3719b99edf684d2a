//! Checks each queue before the daemon starts.
//!
//! A queue that does not exist is refused, and so is one without a dead-letter queue, because messages that can never
//! succeed would be lost or return for ever. If SQS does not answer, the start waits for it.

use std::time::Duration;

use crate::config::{Queue, Refusal};
use crate::edge::Rng;
use crate::queue::{Facts, Sqs, SqsError};

const FIRST_BACKOFF: Duration = Duration::from_millis(500);
const LONGEST_BACKOFF: Duration = Duration::from_secs(15);

/// Deploys that an arrival should outlive.
const ARRIVALS_REDRIVE: u32 = 100;

/// Why the daemon does not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// What the SDK's chain says of regions contradicts the configuration, or a file that it names
    /// cannot be read.
    #[error(transparent)]
    Config(#[from] Refusal),
    /// The URL names no queue.
    #[error("{key} = \"{url}\": {}; {}", self.why(), self.fix().unwrap_or_default())]
    NoQueue {
        /// As it is called in the configuration.
        key: String,
        /// As configured.
        url: String,
    },
    /// Nowhere to dead-letter poison.
    #[error("queue.{name} has {}: {}", self.why(), self.fix().unwrap_or_default())]
    NoDeadLetterQueue {
        /// The `[queue.NAME]`.
        name: String,
    },
    /// Credentials or permissions are missing.
    #[error("{key} = \"{url}\": {}; {}", self.why(), self.fix().unwrap_or_default())]
    Refused {
        /// As it is called in the configuration.
        key: String,
        /// As configured.
        url: String,
        /// In the service's words.
        error: SqsError,
    },
}

impl StartError {
    /// What is wrong, without the key and the URL that it is about.
    #[must_use]
    pub fn why(&self) -> String {
        match self {
            Self::Config(refusal) => refusal.to_string(),
            Self::NoQueue { .. } => {
                "no such queue (in this region and for these credentials)".into()
            }
            Self::NoDeadLetterQueue { .. } => {
                "no dead-letter queue, so a message that can never work could only be lost or loop"
                    .into()
            }
            Self::Refused { error, .. } => error.to_string(),
        }
    }

    /// What to do about it.
    #[must_use]
    pub fn fix(&self) -> Option<String> {
        match self {
            Self::Config(_) => None,
            Self::NoQueue { .. } => Some("create it or correct the URL".into()),
            Self::NoDeadLetterQueue { name } => Some(format!(
                "give the queue a redrive policy, or set queue.{name}.dead_letter_queue_url"
            )),
            Self::Refused { .. } => Some(
                "the daemon needs sqs:GetQueueAttributes, sqs:ReceiveMessage, sqs:DeleteMessage \
                 and sqs:ChangeMessageVisibility there"
                    .into(),
            ),
        }
    }

    /// Whether it is refused as it is written, so that starting again cannot help. Credentials and permissions
    /// may be there a minute later: a role is attached after the process started, a secret is mounted late.
    #[must_use]
    pub fn is_configuration(&self) -> bool {
        match self {
            Self::Config(_) | Self::NoQueue { .. } | Self::NoDeadLetterQueue { .. } => true,
            Self::Refused { .. } => false,
        }
    }
}

/// A queue that exists, and where its poison goes.
#[derive(Debug)]
pub struct Linked {
    /// The queue.
    pub queue: Sqs,
    /// Its dead-letter queue.
    pub dead: Sqs,
    /// What its redrive policy says.
    pub facts: Facts,
}

/// Looks at a queue until SQS has answered.
///
/// # Errors
/// [`StartError`].
pub async fn link(name: &str, queue: &Queue, sqs: Sqs, rng: &Rng) -> Result<Linked, StartError> {
    let facts = attributes(&format!("queue.{name}.url"), &queue.url, &sqs, rng).await?;
    let dead = queue
        .dead_letter_queue_url
        .clone()
        .or_else(|| beside(&queue.url, facts.dead_letter_arn.as_deref()?))
        .ok_or_else(|| StartError::NoDeadLetterQueue { name: name.into() })?;
    if let Some(advice) = advice(queue, &facts) {
        tracing::warn!(
            queue = name,
            advice,
            "SQS moves messages before they get a reason"
        );
    }
    Ok(Linked {
        dead: sqs.other(dead),
        queue: sqs,
        facts,
    })
}

/// Looks at a queue, named by its key in the configuration, until SQS has answered.
///
/// # Errors
/// [`StartError`].
pub async fn attributes(key: &str, url: &str, sqs: &Sqs, rng: &Rng) -> Result<Facts, StartError> {
    let mut wait = FIRST_BACKOFF;
    let (key, url) = (key.to_owned(), url.to_owned());
    loop {
        match sqs.facts().await {
            Ok(facts) => return Ok(facts),
            Err(error @ (SqsError::Unavailable { .. } | SqsError::NoMemory { .. })) => {
                tracing::warn!(key, url, %error, "waiting for SQS");
                tokio::time::sleep(rng.spread(wait)).await;
                wait = (wait * 2).min(LONGEST_BACKOFF);
            }
            Err(SqsError::NoQueue { .. }) => return Err(StartError::NoQueue { key, url }),
            Err(error @ (SqsError::Refused { .. } | SqsError::Contents { .. })) => {
                return Err(StartError::Refused { key, url, error });
            }
        }
    }
}

/// What is wrong between our count and the redrive policy's.
#[must_use]
pub fn advice(queue: &Queue, facts: &Facts) -> Option<String> {
    let ours = queue.max_attempts;
    let theirs = facts.redrive_after.filter(|&theirs| theirs <= ours)?;
    Some(format!(
        "the redrive policy moves messages after {theirs} receives, before max_attempts = \
         {ours} can dead-letter them with a reason: set its maxReceiveCount to {} or more (receives \
         while a route is paused count there too)",
        ours.saturating_mul(10).clamp(100, 1_000)
    ))
}

/// What is wrong with the redrive policy of the queue of arrivals: each deploy receives those that wait once more.
#[must_use]
pub fn advice_on_arrivals(facts: &Facts) -> Option<String> {
    let theirs = facts
        .redrive_after
        .filter(|&theirs| theirs < ARRIVALS_REDRIVE)?;
    Some(format!(
        "the redrive policy moves arrivals after {theirs} receives, and what is moved is not crawled: \
         take the policy away, or set its maxReceiveCount to {ARRIVALS_REDRIVE} or more"
    ))
}

/// A redrive policy names its target by ARN; it is of the same account and region, so its URL is
/// the queue's with another name. No call, no permission.
fn beside(url: &str, arn: &str) -> Option<String> {
    let name = arn.rsplit(':').next().filter(|name| !name.is_empty())?;
    let (stem, _) = url.trim_end_matches('/').rsplit_once('/')?;
    Some(format!("{stem}/{name}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dead_letter_queue_is_found_beside_its_queue() {
        let arn = "arn:aws:sqs:eu-west-1:111122223333:events-dead";
        for (url, want) in [
            (
                "https://sqs.eu-west-1.amazonaws.com/111122223333/events",
                "https://sqs.eu-west-1.amazonaws.com/111122223333/events-dead",
            ),
            (
                "http://127.0.0.1:4566/000000000000/events/",
                "http://127.0.0.1:4566/000000000000/events-dead",
            ),
        ] {
            assert_eq!(beside(url, arn).as_deref(), Some(want), "{url}");
        }
    }

    #[test]
    fn a_redrive_policy_must_leave_arrivals_where_they_are() {
        for (theirs, warned) in [(None, false), (Some(3), true), (Some(100), false)] {
            let facts = Facts {
                redrive_after: theirs,
                ..Facts::default()
            };
            assert_eq!(advice_on_arrivals(&facts).is_some(), warned, "{theirs:?}");
        }
    }

    #[test]
    fn a_redrive_policy_must_leave_us_time_to_say_why() {
        let queue = Queue::new("https://sqs.eu-west-1.amazonaws.com/1/events");
        for (theirs, warned) in [
            (None, false),
            (Some(3), true),
            (Some(10), true),
            (Some(11), false),
        ] {
            let facts = Facts {
                redrive_after: theirs,
                ..Facts::default()
            };
            assert_eq!(advice(&queue, &facts).is_some(), warned, "{theirs:?}");
        }
    }
}
