//! What was written to a key, and where it came from, so that staleness can be proved.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::bucket::Version;

/// Every change of one key, oldest first.
#[derive(Debug, Clone, Default)]
pub(crate) struct History(pub(crate) Vec<Write>);

/// One change.
#[derive(Debug, Clone)]
pub(crate) struct Write {
    pub(crate) at: Timestamp,
    /// Counts the changes of all buckets: what came before what.
    pub(crate) moment: u64,
    /// Of the new content; `None` for a delete.
    pub(crate) etag: Option<String>,
    /// Of the new content, also where the `ETag` is something else: a streamed copy names no
    /// source, so a test has to find it by content.
    pub(crate) md5: Option<String>,
    pub(crate) what: What,
    /// What the key has from then on, if that is an object.
    pub(crate) current: Option<Version>,
}

/// How a key changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum What {
    Put,
    Copy(Source),
    /// A delete marker.
    Marker,
    /// A version, or the object of a bucket without versions, was removed for good.
    Removed {
        current: bool,
    },
}

/// The version a copy was made of.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Source {
    pub(crate) bucket: String,
    pub(crate) key: String,
    pub(crate) reign: u64,
}

impl History {
    /// Copies that carried an older version of their source than an earlier copy did.
    pub(crate) fn regressions(&self) -> Vec<&Write> {
        let mut newest: BTreeMap<(&str, &str), u64> = BTreeMap::new();
        let mut stale = Vec::new();
        for write in &self.0 {
            let What::Copy(source) = &write.what else {
                continue;
            };
            let seen = newest.entry((&source.bucket, &source.key)).or_default();
            if source.reign < *seen {
                stale.push(write);
            }
            *seen = source.reign.max(*seen);
        }
        stale
    }
}
