//! Which bucket and key a request is about, at which region's door, and what it wants.

use percent_encoding::percent_decode_str;

use crate::aws::request::Request;

use super::error::S3Error;

/// What S3 is asked to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Operation {
    HeadBucket,
    ListObjectsV2,
    PutObject,
    CopyObject,
    GetObject,
    HeadObject,
    DeleteObject,
    Unknown,
}

/// A request and what it is about.
#[derive(Debug)]
pub(super) struct Ask<'a> {
    pub(super) request: &'a Request,
    pub(super) operation: Operation,
    pub(super) bucket: String,
    pub(super) key: String,
    /// The region in the host's name; `None` for an endpoint that is not Amazon's.
    pub(super) endpoint_region: Option<String>,
}

impl<'a> Ask<'a> {
    /// Path-style and virtual-host addressing (user guide, "Virtual hosting of buckets").
    pub(super) fn of(request: &'a Request) -> Result<Self, S3Error> {
        let (in_host, endpoint_region) = host(&request.host);
        let path = request.path.trim_start_matches('/');
        let (bucket, key) = match in_host {
            Some(bucket) => (bucket, path),
            None => path.split_once('/').unwrap_or((path, "")),
        };
        // '+' in a path is a plus: only percent-encoding is undone here.
        let key = percent_decode_str(key).decode_utf8();
        let key =
            key.map_err(|_| S3Error::new(400, "InvalidURI", "Couldn't parse the specified URI."))?;
        let (bucket, key) = (bucket.to_owned(), key.into_owned());
        let operation = operation(request, &key);
        Ok(Self {
            request,
            operation,
            bucket,
            key,
            endpoint_region,
        })
    }

    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.request.header(name)
    }

    pub(super) fn version_id(&self) -> Option<&str> {
        self.request.query.get("versionId").map(String::as_str)
    }

    /// Refuses what this world would otherwise ignore in silence.
    pub(super) fn check_known(&self) -> Result<(), S3Error> {
        let (queries, headers) = self.operation.known();
        for name in self.request.query.keys() {
            if name != "x-id" && !queries.contains(&name.as_str()) {
                return Err(S3Error::not_implemented(name));
            }
        }
        for name in self.request.headers.keys() {
            let condition = name.starts_with("if-") || name == "range";
            let suspect =
                condition || name.starts_with("x-amz-") && !SIGNING.contains(&name.as_str());
            let meta = name.starts_with("x-amz-meta-") && self.operation.carries_metadata();
            if suspect && !meta && !headers.contains(&name.as_str()) {
                return Err(S3Error::not_implemented(name));
            }
        }
        Ok(())
    }
}

/// On every request; part of signing, or checked for all operations in one place.
const SIGNING: [&str; 6] = [
    "x-amz-date",
    "x-amz-content-sha256",
    "x-amz-user-agent",
    "x-amz-security-token",
    "x-amz-expected-bucket-owner",
    "x-amz-request-payer",
];

const LIST: [&str; 7] = [
    "list-type",
    "prefix",
    "delimiter",
    "start-after",
    "continuation-token",
    "max-keys",
    "encoding-type",
];
const READ: [&str; 4] = ["if-match", "if-none-match", "range", "x-amz-checksum-mode"];
const PUT: [&str; 14] = [
    "if-match",
    "if-none-match",
    "x-amz-acl",
    "x-amz-tagging",
    "x-amz-storage-class",
    "x-amz-server-side-encryption",
    "x-amz-server-side-encryption-aws-kms-key-id",
    "x-amz-sdk-checksum-algorithm",
    "x-amz-checksum-crc32",
    "x-amz-checksum-crc32c",
    "x-amz-checksum-crc64nvme",
    "x-amz-checksum-type",
    "x-amz-trailer",
    "x-amz-decoded-content-length",
];
const COPY: [&str; 14] = [
    "if-match",
    "if-none-match",
    "x-amz-acl",
    "x-amz-tagging",
    "x-amz-tagging-directive",
    "x-amz-metadata-directive",
    "x-amz-storage-class",
    "x-amz-server-side-encryption",
    "x-amz-server-side-encryption-aws-kms-key-id",
    "x-amz-checksum-algorithm",
    "x-amz-copy-source",
    "x-amz-copy-source-if-match",
    "x-amz-copy-source-if-none-match",
    "x-amz-source-expected-bucket-owner",
];

impl Operation {
    /// The query names and headers it understands.
    fn known(self) -> (&'static [&'static str], &'static [&'static str]) {
        match self {
            Self::HeadBucket | Self::Unknown => (&[], &[]),
            Self::ListObjectsV2 => (&LIST, &[]),
            Self::PutObject => (&[], &PUT),
            Self::CopyObject => (&[], &COPY),
            Self::GetObject | Self::HeadObject => (&["versionId"], &READ),
            Self::DeleteObject => (&["versionId"], &["if-match"]),
        }
    }

    fn carries_metadata(self) -> bool {
        matches!(self, Self::PutObject | Self::CopyObject)
    }
}

fn operation(request: &Request, key: &str) -> Operation {
    let copies = request.header("x-amz-copy-source").is_some();
    let plain = request
        .query
        .keys()
        .all(|name| ["x-id", "versionId"].contains(&name.as_str()));
    let lists = request.query.get("list-type").is_some_and(|v| v == "2");
    match (request.method.as_str(), key.is_empty()) {
        ("GET", true) if lists => Operation::ListObjectsV2,
        _ if !plain => Operation::Unknown,
        ("HEAD", true) => Operation::HeadBucket,
        ("PUT", false) if copies => Operation::CopyObject,
        ("PUT", false) => Operation::PutObject,
        ("GET", false) => Operation::GetObject,
        ("HEAD", false) => Operation::HeadObject,
        ("DELETE", false) => Operation::DeleteObject,
        _ => Operation::Unknown,
    }
}

/// The bucket and the region in a host's name.
fn host(host: &str) -> (Option<&str>, Option<String>) {
    let name = host.split(':').next().unwrap_or(host);
    let amazon = name
        .strip_suffix(".amazonaws.com.cn")
        .or(name.strip_suffix(".amazonaws.com"));
    let Some(name) = amazon else {
        return (None, None);
    };
    let (bucket, service) = match name.rfind(".s3") {
        Some(at) => (Some(&name[..at]), &name[at + 1..]),
        None => (None, name),
    };
    // The endpoint without a region is us-east-1's (AWS General Reference, S3 endpoints).
    let region = service
        .split('.')
        .next_back()
        .filter(|last| !last.starts_with("s3"));
    (bucket, Some(region.unwrap_or("us-east-1").to_owned()))
}
