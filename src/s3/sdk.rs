//! What many of the SDK's builders have in common, though no trait says so.

/// Sets the checksum of an algorithm on a request or a part, if there is one.
macro_rules! with_checksum {
    ($builder:expr, $algorithm:expr, $sum:expr) => {
        match ($algorithm, $sum) {
            (None, _) => $builder,
            (Some($crate::s3::Algorithm::Crc64Nvme), sum) => $builder.set_checksum_crc64_nvme(sum),
            (Some($crate::s3::Algorithm::Crc32), sum) => $builder.set_checksum_crc32(sum),
            (Some($crate::s3::Algorithm::Crc32C), sum) => $builder.set_checksum_crc32_c(sum),
            (Some($crate::s3::Algorithm::Sha1), sum) => $builder.set_checksum_sha1(sum),
            (Some($crate::s3::Algorithm::Sha256), sum) => $builder.set_checksum_sha256(sum),
        }
    };
}

/// The checksum of an algorithm that an answer tells, if it does.
macro_rules! checksum_of {
    ($answer:expr, $algorithm:expr) => {
        match $algorithm {
            None => None,
            Some($crate::s3::Algorithm::Crc64Nvme) => $answer.checksum_crc64_nvme,
            Some($crate::s3::Algorithm::Crc32) => $answer.checksum_crc32,
            Some($crate::s3::Algorithm::Crc32C) => $answer.checksum_crc32_c,
            Some($crate::s3::Algorithm::Sha1) => $answer.checksum_sha1,
            Some($crate::s3::Algorithm::Sha256) => $answer.checksum_sha256,
        }
    };
}

/// Sets content headers, user metadata and tags on the request that makes an object.
macro_rules! dressed {
    ($request:expr, $dress:expr) => {{
        let headers = $dress.headers;
        $request
            .set_metadata(Some($dress.metadata.clone().into_iter().collect()))
            .set_content_type(headers.content_type.clone())
            .set_content_encoding(headers.content_encoding.clone())
            .set_content_language(headers.content_language.clone())
            .set_content_disposition(headers.content_disposition.clone())
            .set_cache_control(headers.cache_control.clone())
            .set_expires($crate::s3::sdk::expires(headers))
            .set_tagging($dress.tagging.map(str::to_owned))
    }};
}

pub(super) use {checksum_of, dressed, with_checksum};

use aws_sdk_s3::primitives::DateTime;
use aws_smithy_types::date_time::Format;

use super::object::Headers;

/// An `Expires` that is no date cannot be sent; browsers ignore it anyway.
pub(super) fn expires(headers: &Headers) -> Option<DateTime> {
    DateTime::from_str(headers.expires.as_deref()?, Format::HttpDate).ok()
}
