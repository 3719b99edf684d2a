//! How tags get onto one copy.

use crate::s3::Tags;

/// How tags get onto one copy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Tagging {
    /// S3 copies them itself.
    Copied,
    /// With the write, as a header.
    Sent(String),
    /// After the write.
    Follow(Tags),
    /// Not at all: there are none, or they are not wanted.
    Left,
}

impl Tagging {
    /// As the write's header.
    pub(super) fn header(&self) -> Option<&str> {
        match self {
            Self::Sent(header) => Some(header),
            Self::Copied | Self::Follow(_) | Self::Left => None,
        }
    }

    pub(super) fn follows(&self) -> bool {
        matches!(self, Self::Follow(_))
    }

    /// Whether a write without a right to tags is refused because of it.
    pub(super) fn needs_a_right(&self) -> bool {
        match self {
            Self::Copied | Self::Sent(_) => true,
            Self::Follow(_) | Self::Left => false,
        }
    }
}
