//! What a check of a route has found.

use super::reason::Reason;

/// What a check of a route has found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Finding {
    /// Source and destination answer as they should.
    Works {
        /// An object of the source could be read.
        read: bool,
    },
    /// No message can succeed.
    Broken(Reason, String),
    /// It cannot be seen without a message's object.
    Unknown,
    /// The check's own requests were throttled or not answered.
    Unavailable,
}

impl Finding {
    pub(super) fn is_broken(&self) -> bool {
        matches!(self, Self::Broken(..))
    }
}
