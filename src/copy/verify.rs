//! Comparing what was read with the source, before it is written; and what S3 answers, afterwards.

use std::fmt;

use super::error::CopyError;
use super::sum::joined;
use crate::plan::{ExpectedCopy, Identity};
use crate::s3::{Checksum, ETag, Kind, Object, Part, S3Error, Written};

/// Compares S3's answer to a write with what the copy has to be, if its source was seen, and with the `ETag` the source
/// was pinned to. True if they are proven equal, false if they cannot be compared.
///
/// # Errors
/// [`CopyError::Integrity`] when they differ.
pub(super) fn verify(
    pin: &ETag,
    expected: Option<&ExpectedCopy<'_>>,
    written: &Written,
) -> Result<bool, CopyError> {
    if expected.is_some_and(|copy| copy.identity() != Identity::SameBytes) {
        // What was sent has been compared with what arrived, and there is nothing else to compare.
        return Ok(false);
    }
    let source = expected.map(ExpectedCopy::source);
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
            return Err(unequal("checksum", &source.value, &target.value));
        }
        return Ok(true);
    }
    if source.is_some_and(Object::is_md5) && written.is_md5() {
        return Err(unequal("ETag", pin, &written.etag));
    }
    Ok(false)
}

/// Compares the checksum of the parts with the source's, where both have the same kind:
/// for an endpoint that compares nothing itself.
///
/// # Errors
/// `Kind::Corrupt` when they differ.
pub(super) fn verify_parts(source: &Object, parts: &[Part]) -> Result<(), S3Error> {
    let Some(want) = &source.checksum else {
        return Ok(());
    };
    match joined(want.algorithm, parts) {
        Some(got) if got != want.value => Err(corrupt("checksum", &want.value, got)),
        Some(_) | None => Ok(()),
    }
}

/// Compares what S3 says has arrived with what was sent; by its MD5, where nobody was known to compare a checksum.
///
/// # Errors
/// [`CopyError::Integrity`] when they differ.
pub(super) fn verify_sent(
    checksum: Option<&Checksum>,
    md5: Option<&ETag>,
    written: &Written,
) -> Result<(), CopyError> {
    if let (Some(sent), Some(reported)) = (checksum, &written.checksum)
        && reported.algorithm == sent.algorithm
    {
        return if reported == sent {
            Ok(())
        } else {
            Err(unequal("checksum", &sent.value, &reported.value))
        };
    }
    match md5 {
        Some(md5) if written.is_md5() && written.etag != *md5 => {
            Err(unequal("ETag", md5, &written.etag))
        }
        Some(_) | None => Ok(()),
    }
}

/// Compares bytes that were read with their source, where only its `ETag` shows what they must be:
/// a body with a checksum has been compared on its way.
///
/// # Errors
/// `Kind::Corrupt` when they differ.
pub(super) fn verify_body(source: &Object, body: &[u8]) -> Result<(), S3Error> {
    if source.checksum.is_some() || !source.is_md5() {
        return Ok(());
    }
    let got = ETag::md5(body);
    if got != source.etag {
        return Err(corrupt("ETag", &source.etag, got));
    }
    Ok(())
}

fn corrupt(what: &str, want: impl fmt::Display, read: impl fmt::Display) -> S3Error {
    let message = format!("the source has the {what} {want}, and {read} was read");
    S3Error::with("GetObject", Kind::Corrupt, message)
}

fn unequal(what: &'static str, want: impl fmt::Display, got: impl fmt::Display) -> CopyError {
    CopyError::Integrity {
        what,
        want: want.to_string(),
        got: got.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::samples::{MD5, OTHER, object, sum};
    use crate::s3::{Algorithm, ObjectLocation};

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
            let from = ObjectLocation {
                bucket: "raw".into(),
                key: "a.csv".into(),
            };
            let expected =
                source.map(|source| ExpectedCopy::of(&from, source, Identity::SameBytes));
            let said = verify(&ETag::new(pin), expected.as_ref(), &written);
            assert_eq!(said.ok(), want, "{why}");
        }
    }

    #[test]
    fn an_answer_is_compared_with_what_was_sent() {
        let other = || Checksum {
            algorithm: Algorithm::Crc32,
            value: "y".into(),
        };
        for (why, etag, kms, reported, is_sent) in [
            ("the same sum", OTHER, true, Some(sum("x")), true),
            ("another", MD5, false, Some(sum("y")), false),
            ("none: its ETag tells", MD5, false, None, true),
            ("none: another ETag tells", OTHER, false, None, false),
            ("one of another kind", OTHER, false, Some(other()), false),
            ("none, and a KMS key", OTHER, true, None, true),
            (
                "none, and an ETag of another kind",
                "ab-2",
                false,
                None,
                true,
            ),
        ] {
            let written = Written {
                etag: ETag::new(etag),
                source_version: None,
                checksum: reported,
                kms,
                version: None,
            };
            let said = verify_sent(Some(&sum("x")), Some(&ETag::new(MD5)), &written);
            assert_eq!(said.is_ok(), is_sent, "{why}");
        }
    }
}
