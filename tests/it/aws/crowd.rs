//! What a bucket bears at once: more calls are refused with 503 `SlowDown`.
//!
//! S3 counts requests a second for a partition of keys (S3 user guide, "Best practices design
//! patterns: optimizing S3 performance") and says so by refusing. Where calls take time, calls at
//! once are the same thing.

use std::collections::BTreeMap;

use super::Aws;

/// The places that do not bear everything.
#[derive(Debug, Default)]
pub(super) struct Crowds(BTreeMap<String, Crowd>);

#[derive(Debug)]
struct Crowd {
    most: usize,
    inside: usize,
}

/// A call that is let in, until dropped.
pub(super) struct Inside {
    aws: Aws,
    place: String,
}

impl Aws {
    /// From now on a bucket answers so many calls at once, and refuses what is more.
    pub(crate) fn bears(&self, bucket: &str, most: usize) {
        self.with(|state, _| {
            let crowd = Crowd { most, inside: 0 };
            let old = state.crowds.0.insert(bucket.to_owned(), crowd);
            assert!(
                old.is_none_or(|old| old.inside == 0),
                "change it while it is quiet"
            );
        });
    }
}

impl Crowds {
    /// Lets a call in; `Err` when there are too many.
    pub(super) fn enter(&mut self, aws: &Aws, place: &str) -> Result<Option<Inside>, ()> {
        let Some(crowd) = self.0.get_mut(place) else {
            return Ok(None);
        };
        if crowd.inside >= crowd.most {
            return Err(());
        }
        crowd.inside += 1;
        let (aws, place) = (aws.clone(), place.to_owned());
        Ok(Some(Inside { aws, place }))
    }
}

impl Drop for Inside {
    fn drop(&mut self) {
        self.aws.with(|state, _| {
            let crowd = state.crowds.0.get_mut(&self.place);
            crowd.expect("it was entered").inside -= 1;
        });
    }
}
