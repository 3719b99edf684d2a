//! The words that a route's settings take.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How bytes travel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Transfer {
    /// The cheapest that can work.
    #[default]
    Auto,
    /// Only inside S3.
    ServerSide,
    /// Only through this process.
    Stream,
}

/// What a source key that is gone means.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum SourceMissing {
    /// Nothing to do.
    #[default]
    Skip,
    /// Look again later.
    Retry,
    /// Dead-letter the message.
    DeadLetter,
}

/// Whether two source keys may map to one destination key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Collisions {
    /// Refused when the configuration is read.
    #[default]
    Refuse,
    /// The operator knows.
    Allow,
}

/// What becomes of a copy whose source is gone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Deletes {
    /// It stays.
    #[default]
    Ignore,
    /// It is deleted, too.
    Follow,
}

/// What becomes of a source that was copied.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum AfterCopy {
    /// It stays.
    #[default]
    Keep,
    /// It is deleted, once all routes that take it have it.
    Delete,
    /// The same, and it is copied to `move_to` as well.
    Move,
}

/// What becomes of the source's tags.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum TagPolicy {
    /// No copy without its source's tags.
    #[default]
    Require,
    /// A copy without tags where a right to them is missing.
    BestEffort,
    /// Tags are neither read nor written.
    Skip,
}

/// What S3 charges for keeping an object and for reading it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
#[expect(missing_docs, reason = "S3's own words")]
pub enum StorageClass {
    Standard,
    StandardIa,
    OnezoneIa,
    IntelligentTiering,
    GlacierIr,
    Glacier,
    DeepArchive,
    ReducedRedundancy,
}

/// How S3 encrypts an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum Encryption {
    /// With S3's own keys.
    #[serde(rename = "AES256")]
    S3,
    /// With a KMS key.
    #[serde(rename = "aws:kms")]
    Kms,
    /// Twice, with a KMS key.
    #[serde(rename = "aws:kms:dsse")]
    Dsse,
}

/// A canned ACL.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[expect(missing_docs, reason = "S3's own words")]
pub enum Acl {
    Private,
    PublicRead,
    PublicReadWrite,
    AuthenticatedRead,
    AwsExecRead,
    BucketOwnerRead,
    BucketOwnerFullControl,
}

/// What becomes of an archived source.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Glacier {
    /// Dead-letter the message.
    #[default]
    DeadLetter,
    /// Restore it, and copy it then.
    Restore,
    /// Leave it.
    Skip,
}

/// How fast an archived object is restored, and how dear that is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
pub enum RestoreTier {
    /// Within hours.
    #[default]
    Standard,
    /// Within half a day, two from `DEEP_ARCHIVE`.
    Bulk,
    /// Within minutes; not from `DEEP_ARCHIVE`.
    Expedited,
}

impl Encryption {
    /// Whether it leaves an object whose `ETag` is not its content's MD5.
    #[must_use]
    pub fn is_kms(self) -> bool {
        match self {
            Self::S3 => false,
            Self::Kms | Self::Dsse => true,
        }
    }
}
