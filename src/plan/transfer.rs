//! How bytes travel from source to destination. Pure.

use std::fmt;
use std::time::Duration;

use super::layout::{self, Layout, ONE_PART};
use crate::s3::SLOWEST;

/// The parts of a stream: as large as may be buffered, as small as keeps many under way.
const BUFFERED: (u64, u64) = (8 << 20, ONE_PART);

/// Where an upload would need too many of those: none is buffered.
const STREAMED: (u64, u64) = (ONE_PART, layout::MOST);

/// The parts that S3 copies itself: each costs a request, and none costs memory.
const COPIED: (u64, u64) = (64 << 20, layout::MOST);

/// How bytes travel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TransferMethod {
    /// One `CopyObject`.
    ServerSide,
    /// `UploadPartCopy`, many at once.
    ServerSideParts,
    /// One GET and one PUT, through this process.
    Stream,
    /// Ranged GETs and `UploadPart`, many at once, through this process.
    StreamParts,
}

impl TransferMethod {
    /// The name in metrics and logs.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::ServerSide => "server_side",
            Self::ServerSideParts => "server_side_parts",
            Self::Stream => "stream",
            Self::StreamParts => "stream_parts",
        }
    }

    /// Whether headers, tags and all must be set by hand, so that the copy carries our provenance metadata too.
    #[must_use]
    pub fn is_by_hand(self) -> bool {
        self != Self::ServerSide
    }

    /// Whether it is an upload in parts.
    #[must_use]
    pub fn in_parts(self) -> bool {
        match self {
            Self::ServerSideParts | Self::StreamParts => true,
            Self::ServerSide | Self::Stream => false,
        }
    }

    /// How long one write of so many bytes may take where an earlier try was perhaps cut off, as the line is
    /// slow, or S3 is. Parts have their own time.
    #[must_use]
    pub fn patience(self, bytes: u64) -> Duration {
        let slowest = match self {
            Self::ServerSide => 4 << 20,
            Self::Stream => SLOWEST,
            Self::ServerSideParts | Self::StreamParts => return Duration::ZERO,
        };
        Duration::from_secs(bytes / slowest)
    }

    /// How it cuts an object: in parts of the size that was said, else into the source's own, else as
    /// suits it. `None`: it is larger than S3 takes.
    #[must_use]
    pub fn layout(self, size: u64, said: Option<u64>, source: Option<u64>) -> Option<Layout> {
        match (said, self) {
            (Some(said), _) => Layout::of(size, (said, layout::MOST), None),
            (None, Self::ServerSide | Self::ServerSideParts) => Layout::of(size, COPIED, source),
            (None, Self::Stream | Self::StreamParts) => {
                Layout::of(size, BUFFERED, source).or_else(|| Layout::of(size, STREAMED, source))
            }
        }
    }
}

impl fmt::Display for TransferMethod {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::ServerSide => "CopyObject",
            Self::ServerSideParts => "UploadPartCopy",
            Self::Stream => "GetObject → PutObject",
            Self::StreamParts => "GetObject → UploadPart",
        })
    }
}
