//! What a route says of its copies beside their content: tags, storage class, encryption, ACL.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::text;

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

impl text::Word for TagPolicy {}

/// What a route makes its copies with, whatever their sources have.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Properties {
    /// What becomes of the source's tags.
    pub tags: TagPolicy,
}
