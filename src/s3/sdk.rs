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

/// Says until when the object may be cached in the source's own words: the SDK would send dates only, and
/// S3 keeps whatever it is sent, including [header values that are not UTF-8](super::raw).
macro_rules! expiring {
    ($request:expr, $expires:expr) => {{
        let expires = $expires.map(str::to_owned);
        $request.customize().mutate_request(move |request| {
            let headers = request.headers_mut();
            if let Some(expires) = &expires {
                // What came in a header can go in one.
                let _ = headers.try_insert("expires", expires.clone());
            }
            $crate::s3::raw::send(headers);
        })
    }};
}

/// Leaves the body out of the signature where it is known that S3 compares it with a checksum: digesting
/// it twice costs more than everything else that is done with it.
macro_rules! unsigned {
    ($request:expr, $is_compared:expr) => {{
        let request = $request;
        if $is_compared {
            request.disable_payload_signing()
        } else {
            request
        }
    }};
}

/// The checksum of an algorithm in an answer, if it has one.
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

/// Sets content headers, user metadata and tags on the request that makes an object; `Expires` comes
/// last, by [`expiring`].
macro_rules! dressed {
    ($request:expr, $attributes:expr) => {{
        let headers = $attributes.headers;
        $request
            .set_metadata(Some($attributes.metadata.clone().into_iter().collect()))
            .set_content_type(headers.content_type.clone())
            .set_content_encoding(headers.content_encoding.clone())
            .set_content_language(headers.content_language.clone())
            .set_content_disposition(headers.content_disposition.clone())
            .set_cache_control(headers.cache_control.clone())
            .set_tagging($attributes.tagging.map(str::to_owned))
    }};
}

/// Names the bucket that a request is about, and whose it must be.
macro_rules! about {
    ($request:expr, $bucket:expr) => {
        $request
            .bucket($bucket.address())
            .set_expected_bucket_owner($bucket.owner.clone())
    };
}

/// The same of a request about an object, which somebody pays for.
macro_rules! paying {
    ($request:expr, $bucket:expr) => {
        about!($request, $bucket).set_request_payer($crate::s3::sdk::payer($bucket))
    };
}

/// Names the source of a copy, its owner and its payer.
macro_rules! copying {
    ($request:expr, $bucket:expr, $key:expr) => {
        $request
            .copy_source($crate::s3::copy_source::copy_source($bucket, $key))
            .set_expected_source_bucket_owner($bucket.owner.clone())
            .set_request_payer($crate::s3::sdk::payer($bucket))
    };
}

/// Sets what the route makes its copies with on the request that makes an object.
macro_rules! made_with {
    ($request:expr, $properties:expr) => {
        $request
            .set_storage_class(
                $properties
                    .storage_class
                    .map($crate::s3::sdk::storage_class),
            )
            .set_server_side_encryption($properties.sse.map($crate::s3::sdk::sse))
            .set_ssekms_key_id($properties.kms_key_id.clone())
            .set_ssekms_encryption_context($properties.kms_context.clone())
            .set_bucket_key_enabled($properties.bucket_key_enabled)
            .set_acl($properties.acl.map($crate::s3::sdk::acl))
    };
}

pub(super) use {
    about, checksum_of, copying, dressed, expiring, made_with, paying, unsigned, with_checksum,
};

use aws_sdk_s3::types::{ObjectCannedAcl, RequestPayer, ServerSideEncryption, StorageClass};

use super::bucket::Bucket;
use crate::config;

/// The requester pays, if it is not the bucket's owner.
pub(super) fn payer(bucket: &Bucket) -> Option<RequestPayer> {
    bucket.requester_pays.then_some(RequestPayer::Requester)
}

pub(super) fn storage_class(class: config::StorageClass) -> StorageClass {
    match class {
        config::StorageClass::Standard => StorageClass::Standard,
        config::StorageClass::StandardIa => StorageClass::StandardIa,
        config::StorageClass::OnezoneIa => StorageClass::OnezoneIa,
        config::StorageClass::IntelligentTiering => StorageClass::IntelligentTiering,
        config::StorageClass::GlacierIr => StorageClass::GlacierIr,
        config::StorageClass::Glacier => StorageClass::Glacier,
        config::StorageClass::DeepArchive => StorageClass::DeepArchive,
        config::StorageClass::ReducedRedundancy => StorageClass::ReducedRedundancy,
    }
}

pub(super) fn sse(sse: config::Encryption) -> ServerSideEncryption {
    match sse {
        config::Encryption::S3 => ServerSideEncryption::Aes256,
        config::Encryption::Kms => ServerSideEncryption::AwsKms,
        config::Encryption::Dsse => ServerSideEncryption::AwsKmsDsse,
    }
}

pub(super) fn acl(acl: config::Acl) -> ObjectCannedAcl {
    match acl {
        config::Acl::Private => ObjectCannedAcl::Private,
        config::Acl::PublicRead => ObjectCannedAcl::PublicRead,
        config::Acl::PublicReadWrite => ObjectCannedAcl::PublicReadWrite,
        config::Acl::AuthenticatedRead => ObjectCannedAcl::AuthenticatedRead,
        config::Acl::AwsExecRead => ObjectCannedAcl::AwsExecRead,
        config::Acl::BucketOwnerRead => ObjectCannedAcl::BucketOwnerRead,
        config::Acl::BucketOwnerFullControl => ObjectCannedAcl::BucketOwnerFullControl,
    }
}
