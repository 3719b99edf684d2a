//! What S3 is asked to do, and which queries and headers each operation understands.

use crate::aws::request::Request;

/// What S3 is asked to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Operation {
    HeadBucket,
    ListObjectsV2,
    ListMultipartUploads,
    PutObject,
    CopyObject,
    GetObject,
    HeadObject,
    DeleteObject,
    CreateMultipartUpload,
    UploadPart,
    UploadPartCopy,
    CompleteMultipartUpload,
    AbortMultipartUpload,
    ListParts,
    GetObjectTagging,
    PutObjectTagging,
    DeleteObjectTagging,
    RestoreObject,
    Unknown,
}

/// Queries that make a request one about something else than the object or the bucket.
const SUBRESOURCES: [&str; 5] = ["uploads", "uploadId", "tagging", "list-type", "restore"];

const LIST: [&str; 7] = [
    "list-type",
    "prefix",
    "delimiter",
    "start-after",
    "continuation-token",
    "max-keys",
    "encoding-type",
];
const LIST_UPLOADS: [&str; 6] = [
    "uploads",
    "prefix",
    "key-marker",
    "upload-id-marker",
    "max-uploads",
    "encoding-type",
];
const LIST_PARTS: [&str; 3] = ["uploadId", "max-parts", "part-number-marker"];
const READ: [&str; 4] = ["if-match", "if-none-match", "range", "x-amz-checksum-mode"];
/// What a body may be sent with.
const BODY: [&str; 8] = [
    "x-amz-sdk-checksum-algorithm",
    "x-amz-checksum-crc32",
    "x-amz-checksum-crc32c",
    "x-amz-checksum-crc64nvme",
    "x-amz-checksum-sha1",
    "x-amz-checksum-sha256",
    "x-amz-trailer",
    "x-amz-decoded-content-length",
];
/// What an object may be made with.
const MAKE: [&str; 7] = [
    "x-amz-acl",
    "x-amz-tagging",
    "x-amz-storage-class",
    "x-amz-server-side-encryption",
    "x-amz-server-side-encryption-aws-kms-key-id",
    "x-amz-server-side-encryption-context",
    "x-amz-server-side-encryption-bucket-key-enabled",
];
const CONDITIONS: [&str; 2] = ["if-match", "if-none-match"];
const SOURCE: [&str; 6] = [
    "x-amz-copy-source",
    "x-amz-copy-source-if-match",
    "x-amz-copy-source-if-none-match",
    "x-amz-copy-source-if-modified-since",
    "x-amz-copy-source-if-unmodified-since",
    "x-amz-source-expected-bucket-owner",
];
const COPY: [&str; 3] = [
    "x-amz-tagging-directive",
    "x-amz-metadata-directive",
    "x-amz-checksum-algorithm",
];
const CREATE: [&str; 2] = ["x-amz-checksum-algorithm", "x-amz-checksum-type"];
/// Of a complete upload: over all of it, not over the list of parts that is sent.
const COMPLETE: [&str; 7] = [
    "x-amz-checksum-crc32",
    "x-amz-checksum-crc32c",
    "x-amz-checksum-crc64nvme",
    "x-amz-checksum-sha1",
    "x-amz-checksum-sha256",
    "x-amz-checksum-type",
    "x-amz-mp-object-size",
];

/// The query names, and the headers in groups.
type Known = (&'static [&'static str], &'static [&'static [&'static str]]);

impl Operation {
    pub(super) fn of(request: &Request, key: &str) -> Self {
        let copies = request.header("x-amz-copy-source").is_some();
        let lists = request.query.get("list-type").is_some_and(|v| v == "2");
        let asked = |name: &&str| request.query.contains_key(*name);
        let subresource = SUBRESOURCES.into_iter().find(asked).unwrap_or_default();
        match (request.method.as_str(), !key.is_empty(), subresource) {
            ("HEAD", false, "") => Self::HeadBucket,
            ("GET", false, "list-type") if lists => Self::ListObjectsV2,
            ("GET", false, "uploads") => Self::ListMultipartUploads,
            ("PUT", true, "") if copies => Self::CopyObject,
            ("PUT", true, "") => Self::PutObject,
            ("GET", true, "") => Self::GetObject,
            ("HEAD", true, "") => Self::HeadObject,
            ("DELETE", true, "") => Self::DeleteObject,
            ("POST", true, "uploads") => Self::CreateMultipartUpload,
            ("PUT", true, "uploadId") if copies => Self::UploadPartCopy,
            ("PUT", true, "uploadId") => Self::UploadPart,
            ("POST", true, "uploadId") => Self::CompleteMultipartUpload,
            ("DELETE", true, "uploadId") => Self::AbortMultipartUpload,
            ("GET", true, "uploadId") => Self::ListParts,
            ("GET", true, "tagging") => Self::GetObjectTagging,
            ("PUT", true, "tagging") => Self::PutObjectTagging,
            ("POST", true, "restore") => Self::RestoreObject,
            ("DELETE", true, "tagging") => Self::DeleteObjectTagging,
            _ => Self::Unknown,
        }
    }

    /// The query names and headers it understands.
    pub(super) fn known(self) -> Known {
        match self {
            Self::HeadBucket | Self::Unknown => (&[], &[]),
            Self::ListObjectsV2 => (&LIST, &[]),
            Self::ListMultipartUploads => (&LIST_UPLOADS, &[]),
            Self::PutObject => (&[], &[&MAKE, &BODY, &CONDITIONS, &["x-amz-checksum-type"]]),
            Self::CopyObject => (&[], &[&MAKE, &SOURCE, &CONDITIONS, &COPY]),
            Self::GetObject | Self::HeadObject => (&["versionId", "partNumber"], &[&READ]),
            Self::DeleteObject => (&["versionId"], &[&["if-match"]]),
            Self::CreateMultipartUpload => (&["uploads"], &[&MAKE, &CREATE]),
            Self::UploadPart => (&["uploadId", "partNumber"], &[&BODY]),
            Self::UploadPartCopy => (
                &["uploadId", "partNumber"],
                &[&SOURCE, &["x-amz-copy-source-range"]],
            ),
            Self::CompleteMultipartUpload => (&["uploadId"], &[&COMPLETE, &CONDITIONS]),
            Self::AbortMultipartUpload => (&["uploadId"], &[]),
            Self::ListParts => (&LIST_PARTS, &[]),
            Self::GetObjectTagging | Self::DeleteObjectTagging => (&["tagging", "versionId"], &[]),
            Self::RestoreObject => (&["restore", "versionId"], &[&BODY]),
            Self::PutObjectTagging => (&["tagging", "versionId"], &[&BODY]),
        }
    }

    pub(super) fn carries_metadata(self) -> bool {
        matches!(
            self,
            Self::PutObject | Self::CopyObject | Self::CreateMultipartUpload
        )
    }
}
