//! What can go wrong with a call to S3, named by what the caller should do about it.
//!
//! Three questions decide: was the request sent, what did the server say, and does that answer
//! show whether the effect took place. A 200 whose body is an error is throttling; a 500, a reset
//! or an empty 200 shows nothing, so a write that got one is *unanswered* and is verified, not
//! guessed.
//!
//! What every failure has in common stands in [`S3Error`]: the request ids that AWS support asks
//! for, how often the call was sent and how long it took. [`guard`](super::stack) fills in the latter.

use std::fmt;
use std::time::Duration;

/// A failed S3 call.
#[derive(Debug, Clone)]
pub struct S3Error {
    /// Which operation failed, as AWS names it.
    pub op: &'static str,
    /// What to do about it.
    pub kind: Kind,
    /// In S3's words, or the cause; empty where the kind says it all.
    pub message: Box<str>,
    /// `x-amz-request-id` of the answer, if there was one.
    pub request_id: Option<Box<str>>,
    /// `x-amz-id-2` of the answer, which AWS support calls the host id.
    pub extended_request_id: Option<Box<str>>,
    /// How often the call was sent; 0 where none was.
    pub attempts: u32,
    /// From before the first attempt to the end of the last one.
    pub elapsed: Duration,
}

/// What kind of failure it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kind {
    /// 404 `NoSuchKey`, or a delete marker: the object is gone for certain.
    Gone,
    /// A bare 404, as HEAD gives it: the object is gone, or its bucket is.
    NotFound,
    /// 404 `NoSuchBucket`: nothing on this route can work until a person acts.
    NoBucket,
    /// 412: source or destination is not what the decision was made from.
    Precondition,
    /// 409: another write to the same key is under way.
    Conflict,
    /// 403: this object, or all of them, until a person acts.
    Denied,
    /// The credentials are missing, unknown, expired or of another partition.
    Credentials(Flaw),
    /// The KMS key is disabled, gone or in another region.
    Key,
    /// The bucket is in another region than the one asked, and S3 may say in which.
    Region(Option<Box<str>>),
    /// `InvalidObjectState`, `ObjectNotInActiveTierError`: must be restored first.
    Archived,
    /// 503 `SlowDown`, 429, or a 200 whose body says so. Nothing took effect.
    Throttled(Throttle),
    /// The request never left. Nothing took effect.
    NotSent,
    /// Sent, but no answer shows whether it took effect.
    Unanswered,
    /// The lease is too short for another write; nothing was sent.
    Lease,
    /// The bytes that arrived do not have the checksum they were sent with.
    Corrupt,
    /// A good answer to a HEAD or a GET with a header that cannot be read: so it will be next time.
    Unreadable,
    /// 501, 405: the endpoint does not know what is asked of it, on any object.
    NotImplemented,
    /// Any other refusal: the same request cannot succeed.
    Refused {
        /// S3's code, or the status where it names none.
        code: Box<str>,
    },
}

/// Which service asks for fewer requests.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Throttle {
    /// S3.
    S3,
    /// KMS, through S3: only what needs the key is too much.
    Kms,
}

/// What is wrong with credentials.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Flaw {
    /// Nobody has this access key there: deleted, or of another partition.
    Unknown,
    /// A key or a session that was good once; newer ones may be.
    Outdated,
    /// There are none, or no others would do.
    Other,
}

/// What a failure calls for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Retry {
    /// Nothing took effect; the same request may succeed after a wait.
    Wait,
    /// Nobody knows what took effect: a read may be sent again, a write must be verified.
    Look,
    /// The answer will not change.
    Never,
}

impl S3Error {
    /// A failure whose kind says it all.
    #[must_use]
    pub fn new(op: &'static str, kind: Kind) -> Self {
        Self::with(op, kind, "")
    }

    /// A failure, and what S3 or its cause says.
    #[must_use]
    pub fn with(op: &'static str, kind: Kind, message: impl Into<Box<str>>) -> Self {
        Self {
            op,
            kind,
            message: message.into(),
            request_id: None,
            extended_request_id: None,
            attempts: 0,
            elapsed: Duration::ZERO,
        }
    }

    /// The action that a denial names as missing. Those about other accounts' resources name none.
    #[must_use]
    pub fn denied_action(&self) -> Option<&str> {
        let (_, action) = self.message.split_once("perform: ")?;
        action.split_whitespace().next()
    }

    /// Whether a write was refused for what stands there, or is no more: deciding again may do
    /// better.
    #[must_use]
    pub fn is_lost_race(&self) -> bool {
        match &self.kind {
            Kind::Precondition | Kind::Conflict | Kind::Gone => true,
            Kind::NotFound
            | Kind::NoBucket
            | Kind::Denied
            | Kind::Credentials(_)
            | Kind::Key
            | Kind::Region(_)
            | Kind::Archived
            | Kind::Throttled(_)
            | Kind::NotSent
            | Kind::Unanswered
            | Kind::Lease
            | Kind::Corrupt
            | Kind::Unreadable
            | Kind::NotImplemented
            | Kind::Refused { .. } => false,
        }
    }

    /// Classifies the failure. Exhaustive on purpose: a new kind does not compile until
    /// someone has decided about it.
    #[must_use]
    pub fn retry(&self) -> Retry {
        match &self.kind {
            Kind::Throttled(_) | Kind::NotSent => Retry::Wait,
            Kind::Unanswered => Retry::Look,
            Kind::Gone
            | Kind::NotFound
            | Kind::NoBucket
            | Kind::Precondition
            | Kind::Conflict
            | Kind::Denied
            | Kind::Credentials(_)
            | Kind::Key
            | Kind::Region(_)
            | Kind::Archived
            | Kind::Lease
            | Kind::Corrupt
            | Kind::Unreadable
            | Kind::NotImplemented
            | Kind::Refused { .. } => Retry::Never,
        }
    }

    /// Whether a HEAD was refused for a reason that only a body could name: a missing right, or a
    /// bare 400, as an expired token gets.
    #[must_use]
    pub fn is_silent(&self) -> bool {
        match &self.kind {
            Kind::Denied => true,
            Kind::Refused { code } => &**code == "400",
            Kind::Gone
            | Kind::NotFound
            | Kind::NoBucket
            | Kind::Precondition
            | Kind::Conflict
            | Kind::Credentials(_)
            | Kind::Key
            | Kind::Region(_)
            | Kind::Archived
            | Kind::Throttled(_)
            | Kind::NotSent
            | Kind::Unanswered
            | Kind::Lease
            | Kind::Corrupt
            | Kind::Unreadable
            | Kind::NotImplemented => false,
        }
    }

    /// Whether the server has said that the request had no effect, or that none can follow.
    #[must_use]
    pub fn is_answer(&self) -> bool {
        match self.retry() {
            Retry::Wait | Retry::Never => true,
            Retry::Look => false,
        }
    }

    /// Whether it was refused with this code.
    #[must_use]
    pub fn is_refused_as(&self, code: &str) -> bool {
        matches!(&self.kind, Kind::Refused { code: said } if **said == *code)
    }
}

impl std::error::Error for S3Error {}

impl fmt::Display for S3Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.op, self.kind)?;
        if !self.message.is_empty() {
            write!(f, ": {}", self.message)?;
        }
        let mut about = Vec::new();
        about.extend(
            self.request_id
                .as_ref()
                .map(|id| format!("request id {id}")),
        );
        let host = self.extended_request_id.as_ref();
        about.extend(host.map(|id| format!("host id {id}")));
        if self.attempts > 0 {
            let plural = if self.attempts == 1 { "" } else { "s" };
            about.push(format!("{} attempt{plural}", self.attempts));
            let whole =
                Duration::from_millis(self.elapsed.as_millis().try_into().unwrap_or(u64::MAX));
            about.push(format!("{whole:?}"));
        }
        if about.is_empty() {
            return Ok(());
        }
        write!(f, " ({})", about.join(", "))
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Gone => "no such object",
            Self::NotFound => "not found",
            Self::NoBucket => "no such bucket",
            Self::Precondition => "precondition failed",
            Self::Conflict => "a concurrent write is under way",
            Self::Denied => "access denied",
            Self::Credentials(_) => "credentials refused",
            Self::Key => "the KMS key cannot be used",
            Self::Region(Some(region)) => return write!(f, "the bucket is in {region}"),
            Self::Region(None) => "the bucket is in another region",
            Self::Archived => "the object is archived and must be restored first",
            Self::Throttled(_) => "throttled",
            Self::NotSent => "not sent",
            Self::Unanswered => "no clear answer",
            Self::Lease => "not sent: the lease is too short for a write to land within it",
            Self::Corrupt => "the bytes that arrived are corrupt",
            Self::Unreadable => "the answer cannot be read",
            Self::NotImplemented => "not implemented there",
            Self::Refused { code } => return write!(f, "refused: {code}"),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_shows_its_request_ids_and_attempts_in_one_line() {
        let bare = S3Error::with("PutObject", Kind::Denied, "no");
        assert_eq!(bare.to_string(), "PutObject: access denied: no");
        let reported = S3Error {
            request_id: Some("ABC".into()),
            extended_request_id: Some("DEF".into()),
            attempts: 3,
            elapsed: Duration::from_micros(1_200_400),
            ..bare
        };
        assert_eq!(
            reported.to_string(),
            "PutObject: access denied: no (request id ABC, host id DEF, 3 attempts, 1.2s)"
        );
        let sent = S3Error {
            attempts: 1,
            elapsed: Duration::from_millis(12),
            ..S3Error::new("HeadObject", Kind::Gone)
        };
        assert_eq!(
            sent.to_string(),
            "HeadObject: no such object (1 attempt, 12ms)"
        );
    }

    #[test]
    fn an_error_is_small_enough_to_be_returned() {
        assert!(size_of::<S3Error>() <= 112, "{}", size_of::<S3Error>());
    }
}
