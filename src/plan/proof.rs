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
    /// Provenance metadata names this very version.
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
    use crate::s3::{ETag, Headers, ObjectLocation};

    fn already_there(location: &ObjectLocation, source: &Object, target: &Object) -> Option<Proof> {
        ExpectedCopy::of(location, source, Identity::SameBytes).proof(target)
    }

    fn of(location: &ObjectLocation, source: &Object) -> Provenance {
        Provenance::of(&ExpectedCopy::of(location, source, Identity::SameBytes))
    }

    fn location() -> ObjectLocation {
        ObjectLocation {
            bucket: "raw".into(),
            key: "a.csv".into(),
        }
    }

    /// A copy under a KMS key, whose `ETag` shows nothing.
    fn with_provenance(source: &Object) -> Object {
        let mut copy = Object {
            etag: ETag::new(OTHER),
            kms: true,
            ..source.clone()
        };
        of(&location(), source).put_into(&mut copy.metadata);
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
            (
                "our mark",
                s.clone(),
                with_provenance(&s),
                Some(Proof::Provenance),
            ),
            (
                "our mark on torn bytes",
                s.clone(),
                Object {
                    kms: false,
                    ..with_provenance(&s)
                },
                None,
            ),
            (
                "a mark of an older time",
                Object {
                    last_modified: later,
                    ..object()
                },
                with_provenance(&s),
                None,
            ),
            (
                "a mark of this version",
                versioned("2"),
                with_provenance(&versioned("2")),
                Some(Proof::Provenance),
            ),
            (
                "a mark of another version",
                versioned("2"),
                with_provenance(&versioned("1")),
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
                with_provenance(&s),
                with_provenance(&s),
                Some(Proof::ETag),
            ),
        ] {
            assert_eq!(already_there(&location(), &source, &target), want, "{why}");
        }
    }

    #[test]
    fn a_mark_of_another_key_proves_nothing() {
        let elsewhere = ObjectLocation {
            bucket: "raw".into(),
            key: "b.csv".into(),
        };
        assert_eq!(
            already_there(&elsewhere, &object(), &with_provenance(&object())),
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
            let target = summed(with_provenance(&object()), value);
            assert_eq!(
                already_there(&location(), &source, &target),
                want,
                "{value}"
            );
        }
    }

    #[test]
    fn only_the_same_rules_on_the_same_version_prove_a_derived_copy() {
        let (location, source) = (location(), object());
        let derived = |rules| Identity::DerivedBy(RulesHash([rules; 32]));
        let copy = |identity, source: &Object| {
            let expected = ExpectedCopy::of(&location, source, identity);
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
            let expected = ExpectedCopy::of(&location, &source, derived(1));
            assert_eq!(expected.proof(&target), want, "{why}");
        }
    }
}
