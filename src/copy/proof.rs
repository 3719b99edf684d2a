//! What proves that a copy equals its source. Size and date never do.

use std::collections::BTreeMap;
use std::fmt;

use super::marker;
use crate::s3::{Object, Spot};

/// Why two objects are equal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Proof {
    /// The same `ETag`.
    ETag,
    /// The same checksum over all bytes.
    Checksum,
    /// Our mark says that the copy was made from this very version.
    Marker,
}

impl fmt::Display for Proof {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::ETag => "equal ETag",
            Self::Checksum => "equal full-object checksum",
            Self::Marker => "our marker",
        })
    }
}

/// Proves that `target` is already what a copy of `source` (at `spot`) would be: the same bytes,
/// content headers and user metadata.
#[must_use]
pub fn already_there(spot: &Spot, source: &Object, target: &Object) -> Option<Proof> {
    let dressed = source.headers == target.headers
        && own(&source.metadata).eq(own(&target.metadata))
        && source.size == target.size;
    if !dressed {
        return None;
    }
    if source.etag == target.etag {
        return Some(Proof::ETag);
    }
    // Two checksums of one kind that differ are proof of the contrary, whatever a mark says: the
    // copy is torn. So are two MD5s.
    if let (Some(source), Some(target)) = (&source.checksum, &target.checksum)
        && source.algorithm == target.algorithm
    {
        return (source == target).then_some(Proof::Checksum);
    }
    if source.is_md5() && target.is_md5() {
        return None;
    }
    marker::is_of(target, spot, source).then_some(Proof::Marker)
}

/// User metadata without our mark: a source may itself be a copy that carries one.
fn own(metadata: &BTreeMap<String, String>) -> impl Iterator<Item = (&String, &String)> {
    metadata.iter().filter(|(name, _)| *name != marker::NAME)
}

#[cfg(test)]
pub(in crate::copy) mod tests {
    use jiff::Timestamp;

    use super::super::marker::Marker;
    use super::*;
    use crate::s3::{Algorithm, Archive, Aside, Checksum, ETag, Headers};

    pub(in crate::copy) const MD5: &str = "d41d8cd98f00b204e9800998ecf8427e";
    pub(in crate::copy) const OTHER: &str = "900150983cd24fb0d6963f7d28e17f72";

    pub(in crate::copy) fn object() -> Object {
        Object {
            etag: ETag::new(MD5),
            size: 3,
            version_id: None,
            last_modified: Timestamp::from_second(1_760_000_000).expect("in range"),
            headers: Headers {
                content_type: Some("text/csv".into()),
                ..Headers::default()
            },
            metadata: BTreeMap::from([("owner".into(), "ann".into())]),
            checksum: None,
            composite: None,
            kms: false,
            tag_count: None,
            archive: Archive::Readable,
            aside: Aside::default(),
        }
    }

    pub(in crate::copy) fn sum(value: &str) -> Checksum {
        Checksum {
            algorithm: Algorithm::Crc64Nvme,
            value: value.into(),
        }
    }

    fn spot() -> Spot {
        Spot {
            bucket: "raw".into(),
            key: "a.csv".into(),
        }
    }

    /// A copy under a KMS key, whose `ETag` shows nothing.
    fn marked(source: &Object) -> Object {
        let mut copy = Object {
            etag: ETag::new(OTHER),
            kms: true,
            ..source.clone()
        };
        Marker::of(&spot(), source).put_into(&mut copy.metadata);
        copy
    }

    #[test]
    fn only_a_proof_is_a_reason_to_skip() {
        let s = object();
        let later = Timestamp::from_second(1_760_000_001).expect("in range");
        let versioned = |v: &str| Object {
            version_id: Some(v.into()),
            ..object()
        };
        let other = || Object {
            etag: ETag::new(OTHER),
            ..object()
        };
        for (why, source, target, want) in [
            ("the same ETag", s.clone(), object(), Some(Proof::ETag)),
            ("size and date alone", s.clone(), other(), None),
            (
                "the same checksum",
                Object {
                    checksum: Some(sum("x")),
                    ..object()
                },
                Object {
                    checksum: Some(sum("x")),
                    ..other()
                },
                Some(Proof::Checksum),
            ),
            (
                "another checksum",
                Object {
                    checksum: Some(sum("x")),
                    ..object()
                },
                Object {
                    checksum: Some(sum("y")),
                    ..other()
                },
                None,
            ),
            ("our mark", s.clone(), marked(&s), Some(Proof::Marker)),
            (
                "our mark on torn bytes",
                s.clone(),
                Object {
                    kms: false,
                    ..marked(&s)
                },
                None,
            ),
            (
                "a mark of an older time",
                Object {
                    last_modified: later,
                    ..object()
                },
                marked(&s),
                None,
            ),
            (
                "a mark of this version",
                versioned("2"),
                marked(&versioned("2")),
                Some(Proof::Marker),
            ),
            (
                "a mark of another version",
                versioned("2"),
                marked(&versioned("1")),
                None,
            ),
            (
                "equal bytes, another header",
                Object {
                    headers: Headers::default(),
                    ..object()
                },
                object(),
                None,
            ),
            (
                "equal bytes, other metadata",
                Object {
                    metadata: BTreeMap::new(),
                    ..object()
                },
                object(),
                None,
            ),
            (
                "a source that is itself a marked copy",
                marked(&s),
                marked(&s),
                Some(Proof::ETag),
            ),
        ] {
            assert_eq!(already_there(&spot(), &source, &target), want, "{why}");
        }
    }

    #[test]
    fn a_mark_of_another_key_proves_nothing() {
        let elsewhere = Spot {
            bucket: "raw".into(),
            key: "b.csv".into(),
        };
        assert_eq!(
            already_there(&elsewhere, &object(), &marked(&object())),
            None
        );
    }

    #[test]
    fn a_mark_on_bytes_with_another_checksum_proves_nothing() {
        let summed = |object: Object, value: &str| Object {
            checksum: Some(sum(value)),
            ..object
        };
        let source = summed(object(), "x");
        for (value, want) in [("x", Some(Proof::Checksum)), ("y", None)] {
            let target = summed(marked(&object()), value);
            assert_eq!(already_there(&spot(), &source, &target), want, "{value}");
        }
    }
}
