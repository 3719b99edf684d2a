//! Comparing what was read with the source, before it is written; and what S3 answers, afterwards.

use std::fmt;

use super::act::CopyError;
use super::proof::is_md5;
use super::sum::joined;
use crate::s3::{Checksum, ETag, Object, Part, S3Error, Written};

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
            return Err(landed("checksum", &source.value, &target.value, written));
        }
        return Ok(true);
    }
    if source.is_some_and(is_md5) && written.etag.is_single_part() && !written.kms {
        return Err(landed("ETag", pin, &written.etag, written));
    }
    Ok(false)
}

/// Compares what the parts sum up to with their source, where both tell the same kind of checksum:
/// for an endpoint that compares nothing itself.
///
/// # Errors
/// [`S3Error::Torn`] when they differ.
pub(super) fn verify_parts(source: &Object, parts: &[Part]) -> Result<(), S3Error> {
    let Some(want) = &source.checksum else {
        return Ok(());
    };
    match joined(want.algorithm, parts) {
        Some(got) if got != want.value => Err(torn("checksum", &want.value, got)),
        Some(_) | None => Ok(()),
    }
}

/// Compares what S3 says has arrived with what was sent: an endpoint that keeps no checksums may not have
/// looked at ours.
///
/// # Errors
/// [`CopyError::Integrity`] when they differ.
pub(super) fn verify_sent(
    body: &[u8],
    sent: &Checksum,
    written: &Written,
) -> Result<(), CopyError> {
    if let Some(told) = &written.checksum
        && told.algorithm == sent.algorithm
    {
        return if told == sent {
            Ok(())
        } else {
            Err(landed("checksum", &sent.value, &told.value, written))
        };
    }
    if written.kms || !written.etag.is_single_part() {
        return Ok(());
    }
    let sent = ETag::md5(body);
    if written.etag != sent {
        return Err(landed("ETag", sent, &written.etag, written));
    }
    Ok(())
}

/// Compares bytes that were read with their source, where only its `ETag` tells what they must be:
/// a body with a checksum has been compared on its way.
///
/// # Errors
/// [`S3Error::Torn`] when they differ.
pub(super) fn verify_body(source: &Object, body: &[u8]) -> Result<(), S3Error> {
    if source.checksum.is_some() || !is_md5(source) {
        return Ok(());
    }
    let got = ETag::md5(body);
    if got != source.etag {
        return Err(torn("ETag", &source.etag, got));
    }
    Ok(())
}

fn torn(what: &str, want: impl fmt::Display, read: impl fmt::Display) -> S3Error {
    S3Error::Torn {
        op: "GetObject",
        message: format!("the source has the {what} {want}, and {read} was read"),
    }
}

fn landed(
    what: &'static str,
    want: impl fmt::Display,
    got: impl fmt::Display,
    written: &Written,
) -> CopyError {
    CopyError::Integrity {
        what,
        want: want.to_string(),
        got: got.to_string(),
        etag: written.etag.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::super::proof::tests::{MD5, OTHER, object, sum};
    use super::*;
    use crate::s3::Algorithm;

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

    #[test]
    fn an_answer_is_compared_with_what_was_sent() {
        let body = b"abc";
        // Its MD5.
        let own = OTHER;
        let written = |etag: &str, kms: bool, checksum: Option<Checksum>| Written {
            etag: ETag::new(etag),
            source_version: None,
            checksum,
            kms,
            version: None,
        };
        let other = Checksum {
            algorithm: Algorithm::Crc32,
            value: "y".into(),
        };
        for (why, written, is_sent) in [
            ("the same sum", written(MD5, true, Some(sum("x"))), true),
            ("another", written(own, false, Some(sum("y"))), false),
            ("none: its ETag tells", written(own, false, None), true),
            ("none: another ETag tells", written(MD5, false, None), false),
            (
                "one of another kind: its ETag tells",
                written(MD5, false, Some(other)),
                false,
            ),
            ("none, and a KMS key", written(MD5, true, None), true),
            (
                "none, and an ETag of another kind",
                written("ab-2", false, None),
                true,
            ),
        ] {
            let said = verify_sent(body, &sum("x"), &written);
            assert_eq!(said.is_ok(), is_sent, "{why}");
        }
    }
}
