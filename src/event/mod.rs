//! What happened: a message body in, events out. Pure.
//!
//! A queue may be fed in several ways, and each wraps the same news differently:
//!
//! ```text
//! S3 ─────────────────────▶ SQS   Records: […]          several records, keys form-encoded
//! S3 ──▶ SNS ─────────────▶ SQS   Type, Message: "…"    the same as a string, unless delivery is raw
//! S3 ──▶ EventBridge ─────▶ SQS   source: "aws.s3"      one event, key plain; may come by SNS too
//! S3 ──▶ CloudTrail ──▶ EventBridge ▶ SQS  the same     one call, key plain, no size and no ETag
//! Security Lake ──────────▶ SQS   source: "aws.s3"      as EventBridge, without a detail-type
//! backfill, repair, people ▶ SQS  brigade: 1            our own work message, key percent-encoded
//! ```
//!
//! The rules:
//! * the envelope is told by its shape, and only one the queue accepts is opened;
//! * a body is untrusted: unknown fields are skipped unread, at most one SNS wrapper is taken
//!   off, and an error repeats little of what it read;
//! * what an event says about its object is a hint for later stages, so what may be missing may
//!   be missing; but a record without a bucket or a key is refused;
//! * a message of a newer release of ours is no error: it is left for a process that knows it.

mod clip;
mod cloudtrail;
mod error;
mod eventbridge;
mod key;
mod notification;
mod object;
mod shape;
mod work;

use jiff::{RoundMode, Timestamp, TimestampRound, Unit};

pub(crate) use self::clip::clipped;
pub use self::error::ParseError;
pub(crate) use self::key::{from_form, to_percent};
use self::shape::{Outer, Shape};
pub use self::work::work_message;
use crate::config::Envelope;

/// One object about which something was said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// Where the object is, or was.
    pub bucket: String,
    /// Decoded: as the object is called in S3.
    pub key: String,
    /// What was said.
    pub kind: Kind,
    /// In bytes. Unknown for removals and work messages.
    pub size: Option<u64>,
    /// Without quotes.
    pub etag: Option<String>,
    /// Where the bucket is versioned; `null` where versioning is suspended.
    pub version_id: Option<String>,
    /// When S3 finished the request; the start of the lag.
    pub time: Option<Timestamp>,
    /// Where the bucket is.
    pub region: Option<String>,
    /// The type as sent, such as `ObjectCreated:Put` or `Object Created`; fit for a log.
    pub name: String,
}

/// What an event says: a hint which key to work on. What to do follows from its current state.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// The object was written.
    Created,
    /// The object, a version of it, or its delete marker was removed.
    Removed,
    /// The object was archived, and can be read for a while.
    Restored,
    /// Nothing happened; a work message asks for the key.
    Asked,
}

/// One entry of a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Record {
    /// An object to work on.
    Event(Event),
    /// An event type that means nothing here: counted and skipped.
    Ignored {
        /// The type as sent; fit for a log.
        name: String,
    },
}

impl Record {
    /// What it takes in memory, roughly: no allocation is smaller than 16 bytes.
    #[must_use]
    pub fn weight(&self) -> usize {
        let text = |text: &str| text.len() + 16;
        let texts = match self {
            Self::Ignored { name } => text(name),
            Self::Event(event) => {
                let stated = [&event.etag, &event.version_id, &event.region];
                let stated = stated.into_iter().flatten().map(|stated| text(stated));
                text(&event.bucket) + text(&event.key) + text(&event.name) + stated.sum::<usize>()
            }
        };
        size_of::<Self>() + texts
    }
}

/// What a body turned out to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Parsed {
    /// `s3:TestEvent`, sent whenever a bucket's notifications are configured.
    Test,
    /// Our own envelope from a newer release: left visible, never dead-lettered.
    Newer {
        /// The version it states.
        version: u64,
    },
    /// Zero or more records.
    Records {
        /// The outermost envelope.
        envelope: Envelope,
        /// In the order sent.
        records: Vec<Record>,
    },
}

/// S3's longest key, in bytes of UTF-8.
pub const LONGEST_KEY: usize = crate::config::LONGEST_KEY;

/// S3's longest name of a bucket: 63, and of old ones in us-east-1 this.
const LONGEST_BUCKET: usize = 255;

/// No `ETag` of S3 is half as long.
const LONGEST_ETAG: usize = 128;

/// S3's longest id of a version (user guide, "How S3 Versioning works").
const LONGEST_VERSION: usize = 1_024;

/// Reads a message body that came in one of the envelopes in `accept`.
///
/// What SNS wraps must be accepted by itself as well, except for S3 notifications: that is what
/// accepting SNS means.
///
/// # Errors
/// When the body can never be worked as written. One bad record refuses the message.
pub fn parse(body: &str, accept: &[Envelope]) -> Result<Parsed, ParseError> {
    let message = match Outer::of(body)? {
        Outer::Bare(shape) => return open(body, shape, None, accept),
        Outer::Sns { message } => message,
    };
    accepted(Envelope::Sns, accept)?;
    match Outer::of(&message)? {
        Outer::Bare(shape) => open(&message, shape, Some(Envelope::Sns), accept),
        Outer::Sns { .. } => Err(ParseError::TooNested),
    }
}

fn open(
    body: &str,
    shape: Shape<'_>,
    outer: Option<Envelope>,
    accept: &[Envelope],
) -> Result<Parsed, ParseError> {
    let (envelope, records) = match shape {
        Shape::Test => {
            accepted(outer.unwrap_or(Envelope::S3), accept)?;
            return Ok(Parsed::Test);
        }
        Shape::S3 { records } => {
            accepted(outer.unwrap_or(Envelope::S3), accept)?;
            (Envelope::S3, notification::records(records)?)
        }
        Shape::EventBridge { name } => {
            accepted(Envelope::Eventbridge, accept)?;
            (
                Envelope::Eventbridge,
                vec![eventbridge::record(body, name.as_deref())?],
            )
        }
        Shape::Own { version } => {
            let version = work::version(version)?;
            // Before anything else: what a newer release means is not for this one to judge.
            if version > work::VERSION {
                return Ok(Parsed::Newer { version });
            }
            accepted(Envelope::Work, accept)?;
            (Envelope::Work, vec![work::record(body)?])
        }
    };
    Ok(Parsed::Records {
        envelope: outer.unwrap_or(envelope),
        records,
    })
}

fn accepted(envelope: Envelope, accept: &[Envelope]) -> Result<(), ParseError> {
    if accept.contains(&envelope) {
        Ok(())
    } else {
        Err(ParseError::NotAccepted(envelope))
    }
}

impl Event {
    /// The latest Last-Modified that its version may have: S3 counts in whole seconds.
    #[must_use]
    pub fn modified_by(&self) -> Option<Timestamp> {
        let up = TimestampRound::new()
            .smallest(Unit::Second)
            .mode(RoundMode::Ceil);
        self.time.map(|time| time.round(up).unwrap_or(time))
    }

    /// Checks what every record must say.
    fn named(self, index: usize) -> Result<Record, ParseError> {
        if self.bucket.is_empty() {
            return Err(ParseError::record(index, "the bucket name is empty"));
        }
        if self.bucket.len() > LONGEST_BUCKET {
            let why = format!(
                "the bucket name has {} bytes, S3 takes {LONGEST_BUCKET}",
                self.bucket.len()
            );
            return Err(ParseError::record(index, why));
        }
        if self.key.is_empty() {
            return Err(ParseError::record(index, "the key is empty"));
        }
        if self.key.len() > LONGEST_KEY {
            let why = format!(
                "the key has {} bytes, S3 takes {LONGEST_KEY}",
                self.key.len()
            );
            return Err(ParseError::record(index, why));
        }
        Ok(Record::Event(self))
    }
}

/// An empty text states nothing.
fn stated(text: Option<String>) -> Option<String> {
    text.filter(|text| !text.is_empty())
}

/// What cannot be an id of a version states nothing.
fn version(id: Option<String>) -> Option<String> {
    stated(id).filter(|id| id.len() <= LONGEST_VERSION)
}

/// Some senders keep the quotes that an `ETag` wears in HTTP. What cannot be one states nothing.
fn unquoted(etag: Option<String>) -> Option<String> {
    let etag = stated(etag.map(|etag| etag.trim_matches('"').to_owned()));
    etag.filter(|etag| etag.len() <= LONGEST_ETAG && etag.bytes().all(|b| b.is_ascii_graphic()))
}

#[cfg(test)]
mod anything;
#[cfg(test)]
mod tests;
