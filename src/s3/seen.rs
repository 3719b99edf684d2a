//! What the answer to a HEAD or a GET shows of an object: the two have no trait in common.

use aws_sdk_s3::types::{ChecksumType, ServerSideEncryption};

use super::object::{Algorithm, Checksum};

/// Makes an [`Object`](super::Object) of an answer.
macro_rules! object {
    ($op:expr, $answer:expr, $archive:expr) => {{
        use aws_sdk_s3::types::ObjectLockLegalHoldStatus;
        use jiff::Timestamp;

        use $crate::s3::object::{Aside, Headers};
        use $crate::s3::{ETag, Kind, Object, S3Error};
        let head = $answer;
        let seen = || -> Result<Object, S3Error> {
            let lacks = |what: &str| {
                let message = format!("the answer has no {what}");
                S3Error::with($op, Kind::Unanswered, message).about(head)
            };
            let last_modified = head.last_modified().ok_or_else(|| lacks("Last-Modified"))?;
            Ok(Object {
                etag: ETag::new(head.e_tag().ok_or_else(|| lacks("ETag"))?),
                size: head
                    .content_length()
                    .and_then(|length| length.try_into().ok())
                    .ok_or_else(|| lacks("Content-Length"))?,
                version_id: head.version_id().map(Into::into),
                last_modified: Timestamp::from_second(last_modified.secs())
                    .map_err(|_| lacks("Last-Modified in range"))?,
                headers: Headers {
                    content_type: head.content_type().map(Into::into),
                    content_encoding: head.content_encoding().map(Into::into),
                    content_language: head.content_language().map(Into::into),
                    content_disposition: head.content_disposition().map(Into::into),
                    cache_control: head.cache_control().map(Into::into),
                    expires: head.expires_string().map(Into::into),
                },
                metadata: head
                    .metadata()
                    .into_iter()
                    .flatten()
                    .map(|(k, v)| (k.clone(), v.clone()))
                    .collect(),
                checksum: $crate::s3::seen::whole(
                    head.checksum_type(),
                    $crate::s3::seen::attribute!(head),
                ),
                composite: $crate::s3::seen::composite(
                    head.checksum_type(),
                    $crate::s3::seen::attribute!(head),
                ),
                kms: head
                    .server_side_encryption()
                    .is_some_and($crate::s3::seen::is_kms),
                archive: $archive,
                aside: Aside {
                    missing_metadata: head.missing_meta().is_some_and(|count| count > 0),
                    locked: head.object_lock_mode().is_some()
                        || head.object_lock_legal_hold_status()
                            == Some(&ObjectLockLegalHoldStatus::On),
                    redirects: head.website_redirect_location().is_some(),
                    other_checksum: [
                        head.checksum_sha512(),
                        head.checksum_md5(),
                        head.checksum_xxhash64(),
                        head.checksum_xxhash3(),
                        head.checksum_xxhash128(),
                    ]
                    .iter()
                    .any(Option::is_some),
                },
                tag_count: head.tag_count().and_then(|count| count.try_into().ok()),
            })
        };
        seen()
    }};
}

/// The checksums in an answer, the strongest first.
macro_rules! attribute {
    ($answer:expr) => {{
        use $crate::s3::object::Algorithm;
        let answer = &$answer;
        [
            (Algorithm::Sha256, answer.checksum_sha256()),
            (Algorithm::Crc64Nvme, answer.checksum_crc64_nvme()),
            (Algorithm::Sha1, answer.checksum_sha1()),
            (Algorithm::Crc32C, answer.checksum_crc32_c()),
            (Algorithm::Crc32, answer.checksum_crc32()),
        ]
    }};
}

pub(super) use {attribute, object};

/// The strongest checksum over the whole object; a composite one covers parts, not bytes.
pub(super) fn whole(
    kind: Option<&ChecksumType>,
    attribute: [(Algorithm, Option<&str>); 5],
) -> Option<Checksum> {
    if kind == Some(&ChecksumType::Composite) {
        return None;
    }
    attribute
        .into_iter()
        // Where the type is missing, a `-N` says that it is composite.
        .find_map(|(algorithm, value)| Some((algorithm, value.filter(|v| !v.contains('-'))?)))
        .map(|(algorithm, value)| Checksum {
            algorithm,
            value: value.to_owned(),
        })
}

/// The algorithm of the parts' checksums, where there is none over the whole object.
pub(super) fn composite(
    kind: Option<&ChecksumType>,
    attribute: [(Algorithm, Option<&str>); 5],
) -> Option<Algorithm> {
    if whole(kind, attribute).is_some() {
        return None;
    }
    attribute
        .into_iter()
        .find_map(|(algorithm, value)| value.map(|_| algorithm))
}

pub(super) fn is_kms(sse: &ServerSideEncryption) -> bool {
    matches!(
        sse,
        ServerSideEncryption::AwsKms | ServerSideEncryption::AwsKmsDsse
    )
}
