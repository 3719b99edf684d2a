//! Why a copy was not made.

use crate::s3::{Kind, S3Error};

/// Why a copy was not made.
#[derive(Debug, Clone, thiserror::Error)]
pub enum CopyError {
    /// S3 said no.
    #[error(transparent)]
    S3(#[from] S3Error),
    /// The copy that was written is not its source.
    #[error("integrity: the copy has {what} {got}, the source {want}")]
    Integrity {
        /// What was compared: the `ETag` or a checksum.
        what: &'static str,
        /// The source's.
        want: String,
        /// The copy's.
        got: String,
    },
}

impl CopyError {
    /// Whether bytes arrived that are not the source's.
    #[must_use]
    pub fn is_corrupt(&self) -> bool {
        matches!(
            self,
            Self::Integrity { .. }
                | Self::S3(S3Error {
                    kind: Kind::Corrupt,
                    ..
                })
        )
    }
}
