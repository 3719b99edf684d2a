//! Whether a bucket keeps versions, and how that changes.
//!
//! What is written while versioning is not on has the version id "null", once there are versions
//! at all; a key has one such version at most (user guide, "Working with objects in a
//! versioning-suspended bucket").

use fastrand::Rng;

use super::bucket::Bucket;
use crate::aws::Aws;

/// The state of a bucket. It never goes back to `Never` (user guide, "Using versioning in S3
/// buckets").
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Versioning {
    Never,
    Enabled,
    Suspended,
}

impl Versioning {
    /// The id of a version that is written now.
    pub(super) fn id(self, rng: &mut Rng) -> Option<String> {
        match self {
            Self::Never => None,
            Self::Enabled => Some(
                std::iter::repeat_with(|| rng.alphanumeric())
                    .take(32)
                    .collect(),
            ),
            Self::Suspended => Some("null".to_owned()),
        }
    }
}

impl Aws {
    /// Turns versioning on, or off again; what is there already becomes a null version.
    pub(crate) fn set_versioning(&self, bucket: &str, enabled: bool) {
        self.with(|state, _| {
            let bucket = state.s3.buckets.get_mut(bucket);
            bucket
                .expect("a test makes the bucket first")
                .set_versioning(enabled);
        });
    }
}

impl Bucket {
    fn set_versioning(&mut self, enabled: bool) {
        self.versioning = if enabled {
            Versioning::Enabled
        } else {
            Versioning::Suspended
        };
        for version in self.keys.values_mut().flatten() {
            version.id.get_or_insert_with(|| "null".to_owned());
        }
    }
}
