//! What proves that a copy equals its source. Size and date never do.

use std::fmt;

use super::expected::ExpectedCopy;
use super::provenance::{Provenance, without};
use crate::s3::Object;

/// Why two objects are equal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Proof {
    /// The same `ETag`.
    ETag,
    /// The same checksum over all bytes.
    Checksum,
    /// Our mark says that the copy was made from this very version.
    Provenance,
}

impl fmt::Display for Proof {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::ETag => "equal ETag",
            Self::Checksum => "equal full-object checksum",
            Self::Provenance => "our marker",
        })
    }
}

impl ExpectedCopy<'_> {
    /// Proves that `target` is this copy: the same bytes, content headers and user metadata.
    #[must_use]
    pub fn proof(&self, target: &Object) -> Option<Proof> {
        let source = self.source();
        let alike = source.headers == target.headers
            && without(&source.metadata).eq(without(&target.metadata))
            && (source.size == target.size || !self.has_same_bytes());
        if !alike {
            return None;
        }
        if self.has_same_bytes() {
            if source.etag == target.etag {
                return Some(Proof::ETag);
            }
            // Two checksums of one algorithm that differ prove a corrupt copy, whatever its metadata says. So do two
            // MD5s.
            if let (Some(source), Some(target)) = (&source.checksum, &target.checksum)
                && source.algorithm == target.algorithm
            {
                return (source == target).then_some(Proof::Checksum);
            }
            if source.is_md5() && target.is_md5() {
                return None;
            }
        }
        Provenance::of(self)
            .is_on(target)
            .then_some(Proof::Provenance)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use jiff::Timestamp;

    use super::super::expected::{Identity, RulesHash};
    use super::super::samples::{OTHER, object, sum};
    use super::*;
    use crate::s3::{ETag, Headers, Spot};

    fn already_there(spot: &Spot, source: &Object, target: &Object) -> Option<Proof> {
        ExpectedCopy::of(spot, source, Identity::SameBytes).proof(target)
    }

    fn of(spot: &Spot, source: &Object) -> Provenance {
        Provenance::of(&ExpectedCopy::of(spot, source, Identity::SameBytes))
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
        of(&spot(), source).put_into(&mut copy.metadata);
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
            ("our mark", s.clone(), marked(&s), Some(Proof::Provenance)),
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
                Some(Proof::Provenance),
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

    #[test]
    fn only_the_same_rules_on_the_same_version_prove_a_derived_copy() {
        let (spot, source) = (spot(), object());
        let derived = |rules| Identity::DerivedBy(RulesHash([rules; 32]));
        let copy = |identity, source: &Object| {
            let expected = ExpectedCopy::of(&spot, source, identity);
            Object {
                etag: ETag::new(OTHER),
                size: 9,
                metadata: expected.metadata(Some(&Provenance::of(&expected))),
                ..object()
            }
        };
        let overwritten = Object {
            etag: ETag::new("ff"),
            ..object()
        };
        for (why, target, want) in [
            (
                "the same rules",
                copy(derived(1), &source),
                Some(Proof::Provenance),
            ),
            ("other rules", copy(derived(2), &source), None),
            ("no rules", copy(Identity::SameBytes, &source), None),
            ("another version", copy(derived(1), &overwritten), None),
            ("the source's own bytes", object(), None),
        ] {
            let expected = ExpectedCopy::of(&spot, &source, derived(1));
            assert_eq!(expected.proof(&target), want, "{why}");
        }
    }
}
