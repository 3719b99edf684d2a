//! What can go wrong at S3's door, named by what the caller should do about it.
//!
//! Three questions decide: was the request sent, what did the server say, and does that answer
//! tell whether the effect took place. A 200 whose body is an error is throttling; a 500, a reset
//! or an empty 200 tells nothing, so a write that got one is *unanswered* and is looked after, not
//! guessed.

/// A failed S3 call.
#[derive(Debug, Clone, thiserror::Error)]
pub enum S3Error {
    /// 404 `NoSuchKey`, or a delete marker: the object is gone for certain.
    #[error("{op}: no such object")]
    Gone {
        /// Which operation failed.
        op: &'static str,
    },
    /// A bare 404, as HEAD gives it: the object is gone, or its bucket is.
    #[error("{op}: not found")]
    NotFound {
        /// Which operation failed.
        op: &'static str,
    },
    /// 404 `NoSuchBucket`: nothing on this route can work until a person acts.
    #[error("{op}: no such bucket: {message}")]
    NoBucket {
        /// Which operation failed.
        op: &'static str,
        /// In S3's words.
        message: String,
    },
    /// 412: source or destination is not what the decision was made from.
    #[error("{op}: precondition failed")]
    Precondition {
        /// Which operation failed.
        op: &'static str,
    },
    /// 409: another write to the same key is under way.
    #[error("{op}: a concurrent write is under way")]
    Conflict {
        /// Which operation failed.
        op: &'static str,
    },
    /// 403: this object, or all of them, until a person acts.
    #[error("{op}: access denied: {message}")]
    Denied {
        /// Which operation failed.
        op: &'static str,
        /// In S3's words; names the missing action where S3 does.
        message: String,
    },
    /// The credentials are missing, unknown, expired or of another partition.
    #[error("{op}: credentials refused: {message}")]
    Credentials {
        /// Which operation failed.
        op: &'static str,
        /// What is wrong with them.
        flaw: Flaw,
        /// In S3's words.
        message: String,
    },
    /// The KMS key is disabled, gone or in another region.
    #[error("{op}: the KMS key cannot be used: {message}")]
    Key {
        /// Which operation failed.
        op: &'static str,
        /// In S3's words.
        message: String,
    },
    /// The bucket is in another region than the one asked.
    #[error("{op}: the bucket is in {}", region.as_deref().unwrap_or("another region"))]
    Region {
        /// Which operation failed.
        op: &'static str,
        /// Where S3 says it is.
        region: Option<String>,
    },
    /// `InvalidObjectState`, `ObjectNotInActiveTierError`: must be restored first.
    #[error("{op}: the object is archived and must be restored first")]
    Archived {
        /// Which operation failed.
        op: &'static str,
    },
    /// 503 `SlowDown`, 429, or a 200 whose body says so. Nothing took effect.
    #[error("{op}: throttled: {message}")]
    Throttled {
        /// Which operation failed.
        op: &'static str,
        /// Who asks for less.
        by: Throttle,
        /// In S3's words.
        message: String,
    },
    /// The request never left. Nothing took effect.
    #[error("{op}: not sent: {message}")]
    NotSent {
        /// Which operation failed.
        op: &'static str,
        /// The cause.
        message: String,
    },
    /// Sent, but no answer tells whether it took effect.
    #[error("{op}: no clear answer: {message}")]
    Unanswered {
        /// Which operation failed.
        op: &'static str,
        /// The cause.
        message: String,
    },
    /// The lease is too short for another write; nothing was sent.
    #[error("{op}: not sent: the lease is too short for a write to land within it")]
    Lease {
        /// Which operation was not sent.
        op: &'static str,
    },
    /// The bytes that arrived do not have the checksum they were sent with.
    #[error("{op}: the bytes arrived torn: {message}")]
    Torn {
        /// Which operation failed.
        op: &'static str,
        /// In S3's words.
        message: String,
    },
    /// 501, 405: the endpoint does not know what is asked of it, on any object.
    #[error("{op}: not implemented there: {message}")]
    NotImplemented {
        /// Which operation failed.
        op: &'static str,
        /// In S3's words.
        message: String,
    },
    /// Any other refusal: the same request cannot succeed.
    #[error("{op}: refused: {code}: {message}")]
    Refused {
        /// Which operation failed.
        op: &'static str,
        /// S3's code.
        code: String,
        /// In S3's words.
        message: String,
    },
}

/// Who asks for less.
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
    /// Nobody knows what took effect: a read may be sent again, a write must be looked after.
    Look,
    /// The answer will not change.
    Never,
}

impl S3Error {
    /// Whether a write was refused for what stands there, or is no more: deciding again may do
    /// better.
    #[must_use]
    pub fn is_lost_race(&self) -> bool {
        matches!(
            self,
            Self::Precondition { .. } | Self::Conflict { .. } | Self::Gone { .. }
        )
    }

    /// Classifies the failure. Exhaustive on purpose: a new variant does not compile until
    /// someone has decided about it.
    #[must_use]
    pub fn retry(&self) -> Retry {
        match self {
            Self::Throttled { .. } | Self::NotSent { .. } => Retry::Wait,
            Self::Unanswered { .. } => Retry::Look,
            Self::Gone { .. }
            | Self::NotFound { .. }
            | Self::NoBucket { .. }
            | Self::Precondition { .. }
            | Self::Conflict { .. }
            | Self::Denied { .. }
            | Self::Credentials { .. }
            | Self::Key { .. }
            | Self::Region { .. }
            | Self::Archived { .. }
            | Self::Lease { .. }
            | Self::Torn { .. }
            | Self::NotImplemented { .. }
            | Self::Refused { .. } => Retry::Never,
        }
    }

    /// Whether a HEAD was refused for a reason that only a body could tell: a missing right, or a
    /// bare 400, as an expired token gets.
    #[must_use]
    pub fn is_silent(&self) -> bool {
        match self {
            Self::Denied { .. } => true,
            Self::Refused { code, .. } => code == "400",
            Self::Gone { .. }
            | Self::NotFound { .. }
            | Self::NoBucket { .. }
            | Self::Precondition { .. }
            | Self::Conflict { .. }
            | Self::Credentials { .. }
            | Self::Key { .. }
            | Self::Region { .. }
            | Self::Archived { .. }
            | Self::Throttled { .. }
            | Self::NotSent { .. }
            | Self::Unanswered { .. }
            | Self::Lease { .. }
            | Self::Torn { .. }
            | Self::NotImplemented { .. } => false,
        }
    }

    /// Whether the server has told that the request had no effect, or that none can follow.
    #[must_use]
    pub fn is_answer(&self) -> bool {
        self.retry() != Retry::Look
    }
}
