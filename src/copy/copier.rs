//! What all copies of a process share.

use std::collections::HashSet;
use std::sync::{Arc, Mutex};

use super::memory::Memory;
use super::progress::Progress;
use super::tag_rights::Rights;
use crate::lock::locked;
use crate::plan::DroppedAttribute;
use crate::route::Route;

/// Carries plans out. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Copier {
    pub(super) memory: Memory,
    /// Buckets that were seen to encrypt with a KMS key: copies into them need provenance metadata.
    kms: Arc<Mutex<HashSet<String>>>,
    progress: Progress,
    pub(super) rights: Rights,
    /// What was warned about, on which route.
    warned: Arc<Mutex<HashSet<(String, DroppedAttribute)>>>,
}

impl Copier {
    /// A copier that holds at most `memory` bytes of bodies.
    #[must_use]
    pub fn new(memory: u64) -> Self {
        Self {
            memory: Memory::new(memory),
            kms: Arc::default(),
            progress: Progress::default(),
            rights: Rights::default(),
            warned: Arc::default(),
        }
    }

    /// How far the copies in parts have come.
    #[must_use]
    pub fn progress(&self) -> &Progress {
        &self.progress
    }

    /// Whether a bucket was seen to encrypt with a KMS key.
    #[must_use]
    pub fn is_kms(&self, bucket: &str) -> bool {
        locked(&self.kms).contains(bucket)
    }

    /// Remembers a bucket that encrypts with a KMS key.
    pub(super) fn learn_kms(&self, bucket: &str) {
        locked(&self.kms).insert(bucket.to_owned());
    }

    /// Warns, once a route, of what its copies leave behind.
    pub fn warn(&self, route: &Route, key: &str, left: &[DroppedAttribute]) {
        let mut warned = locked(&self.warned);
        for what in left {
            if warned.insert((route.name.clone(), *what)) {
                let route = route.name.as_str();
                tracing::warn!(route, key, %what, "attribute not copied (logged once per route)");
            }
        }
    }
}
