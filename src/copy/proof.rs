//! What proves that a copy equals its source. Size and date never do.

use std::collections::BTreeMap;
use std::fmt;

use super::act::CopyError;
use super::marker;
use super::sum::joined;
use crate::s3::{ETag, Object, Part, Spot, Written};

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
    if is_md5(source) && is_md5(target) {
        return None;
    }
    marker::is_of(&target.metadata, spot, source).then_some(Proof::Marker)
}

/// Only an object in one part and without a KMS key has its content's MD5 as `ETag`.
fn is_md5(object: &Object) -> bool {
    object.etag.is_single_part() && !object.kms
}

/// User metadata without our mark: a source may itself be a copy that carries one.
fn own(metadata: &BTreeMap<String, String>) -> impl Iterator<Item = (&String, &String)> {
    metadata.iter().filter(|(name, _)| *name != marker::NAME)
}

/// Compares S3's answer to a write with the source it was pinned to; `source` is what a look at
/// it has shown, if there was one. True if they are proven equal, false if the two cannot be
/// compared.
///
/// # Errors
/// [`CopyError::Integrity`] when they differ.
pub(super) fn verify(
    pin: &ETag,
    source: Option<&Object>,
    written: &Written,
) -> Result<bool, CopyError> {
    if written.etag == *pin {
        return Ok(true);
    }
    let sums = (
        source.and_then(|source| source.checksum.as_ref()),
        written.checksum.as_ref(),
    );
    if let (Some(source), Some(target)) = sums
        && source.algorithm == target.algorithm
    {
        if source != target {
            return Err(differ("checksum", &source.value, &target.value));
        }
        return Ok(true);
    }
    if source.is_some_and(is_md5) && written.etag.is_single_part() && !written.kms {
        return Err(differ("ETag", pin, &written.etag));
    }
    Ok(false)
}

/// Compares what the parts sum up to with their source, where both tell the same kind of checksum:
/// for an endpoint that compares nothing itself.
///
/// # Errors
/// [`CopyError::Integrity`] when they differ.
pub(super) fn verify_parts(source: &Object, parts: &[Part]) -> Result<(), CopyError> {
    let Some(want) = &source.checksum else {
        return Ok(());
    };
    match joined(want.algorithm, parts) {
        Some(got) if got != want.value => Err(differ("checksum", &want.value, got)),
        Some(_) | None => Ok(()),
    }
}

fn differ(what: &'static str, want: impl fmt::Display, got: impl fmt::Display) -> CopyError {
    CopyError::Integrity {
        what,
        want: want.to_string(),
        got: got.to_string(),
    }
}

/// Compares bytes that were read with their source, where only its `ETag` tells what they must be:
/// a body with a checksum has been compared on its way.
///
/// # Errors
/// [`CopyError::Integrity`] when they differ.
pub(super) fn verify_body(source: &Object, body: &[u8]) -> Result<(), CopyError> {
    if source.checksum.is_some() || !is_md5(source) {
        return Ok(());
    }
    let got = ETag::md5(body);
    if got != source.etag {
        return Err(differ("ETag", &source.etag, got));
    }
    Ok(())
}

#[cfg(test)]
pub(in crate::copy) mod tests {
    use jiff::Timestamp;

    use super::super::marker::Marker;
    use super::*;
    use crate::s3::{Algorithm, Archive, Aside, Checksum, Headers};

    const MD5: &str = "d41d8cd98f00b204e9800998ecf8427e";
    const OTHER: &str = "900150983cd24fb0d6963f7d28e17f72";

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
            kms: false,
            tag_count: None,
            archive: Archive::Readable,
            aside: Aside::default(),
        }
    }

    fn sum(value: &str) -> Checksum {
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

    #[test]
    fn an_answer_is_compared_with_the_source() {
        let answer = |etag: &str, kms: bool, checksum: Option<Checksum>| Written {
            etag: ETag::new(etag),
            source_version: None,
            checksum,
            kms,
            version: None,
        };
        let s = object();
        let kms = Object {
            kms: true,
            ..object()
        };
        let multipart = Object {
            etag: ETag::new("ab-2"),
            ..object()
        };
        let summed = Object {
            checksum: Some(sum("x")),
            ..kms.clone()
        };
        for (why, pin, source, written, want) in [
            ("equal", MD5, Some(&s), answer(MD5, false, None), Some(true)),
            ("torn", MD5, Some(&s), answer(OTHER, false, None), None),
            (
                "unseen source",
                MD5,
                None,
                answer(OTHER, false, None),
                Some(false),
            ),
            (
                "a copy in parts",
                MD5,
                Some(&s),
                answer("ab-2", false, None),
                Some(false),
            ),
            (
                "a KMS target",
                MD5,
                Some(&s),
                answer(OTHER, true, None),
                Some(false),
            ),
            (
                "a KMS source",
                MD5,
                Some(&kms),
                answer(OTHER, false, None),
                Some(false),
            ),
            (
                "equal sums",
                MD5,
                Some(&summed),
                answer(OTHER, true, Some(sum("x"))),
                Some(true),
            ),
            (
                "other sums",
                MD5,
                Some(&summed),
                answer(OTHER, true, Some(sum("y"))),
                None,
            ),
            (
                "multipart",
                "ab-2",
                Some(&multipart),
                answer(OTHER, false, None),
                Some(false),
            ),
        ] {
            let said = verify(&ETag::new(pin), source, &written);
            assert_eq!(said.ok(), want, "{why}");
        }
    }
}
