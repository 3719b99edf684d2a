//! Why a message body could not be read, in one line fit for a log and a dead-letter attribute.
//!
//! A body is written by strangers: at most [`CLIP`] characters of it are ever repeated, and none
//! that a terminal would obey.

use crate::config::Envelope;

/// How much of a body an error may repeat, in characters as printed.
const CLIP: usize = 80;

/// A body that can never be worked as written. Trying again cannot help.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ParseError {
    /// The body, or the message inside an SNS notification, is not JSON.
    #[error("expected a JSON body, but at line {line} column {column}: {why}")]
    NotJson {
        /// Counted from 1.
        line: usize,
        /// Counted from 1; 0 before the first character.
        column: usize,
        /// What the JSON grammar misses there.
        why: String,
    },
    /// JSON, but none of the envelopes known here.
    #[error("expected an S3, SNS or EventBridge event or a work message, but {hint}")]
    Foreign {
        /// What was found, or what to mend.
        hint: String,
    },
    /// A known envelope that the queue's `accept` leaves out.
    #[error("expected an envelope named in the queue's accept, but this is {}", named(*.0))]
    NotAccepted(Envelope),
    /// One record lacks what every record must have; the others are not parsed.
    #[error("expected a usable record, but record {index}: {why}")]
    BadRecord {
        /// Counted from 0.
        index: usize,
        /// What is missing or wrong.
        why: String,
    },
    /// The key does not decode to UTF-8, which every S3 key is.
    #[error("expected a key that decodes to UTF-8, but record {index} has \"{key}\"")]
    BadKey {
        /// Counted from 0.
        index: usize,
        /// The key as sent, clipped and escaped.
        key: String,
    },
    /// A notification inside a notification inside a notification. Nobody sends that.
    #[error("expected an event inside the SNS notification, but it holds another notification")]
    TooNested,
}

impl ParseError {
    /// Distinguishes JSON that ends or breaks from JSON of another shape.
    pub(super) fn from_json(error: &serde_json::Error) -> Self {
        let reported = error.to_string();
        // serde_json repeats the position at the end of its sentence.
        let why = reported
            .rsplit_once(" at line ")
            .map_or(reported.as_str(), |(why, _)| why);
        if error.is_data() {
            return Self::Foreign {
                hint: format!("found {}", clip(why)),
            };
        }
        Self::NotJson {
            line: error.line(),
            column: error.column(),
            why: clip(why),
        }
    }

    /// Says what one record lacks.
    pub(super) fn record(index: usize, why: impl Into<String>) -> Self {
        Self::BadRecord {
            index,
            why: why.into(),
        }
    }
}

/// What an error repeats of a body.
pub(super) fn clip(text: &str) -> String {
    super::clip::clip(text, CLIP)
}

fn named(envelope: Envelope) -> &'static str {
    match envelope {
        Envelope::S3 => "s3",
        Envelope::Sns => "sns",
        Envelope::Eventbridge => "eventbridge",
        Envelope::Work => "work",
    }
}
