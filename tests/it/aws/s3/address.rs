//! Which bucket and key a request is about, at which region's access point, and what it wants.

use percent_encoding::percent_decode_str;

use crate::aws::request::Request;

use super::error::S3Error;
use super::operation::Operation;

/// A request and what it is about.
#[derive(Debug)]
pub(super) struct Ask<'a> {
    pub(super) request: &'a Request,
    pub(super) operation: Operation,
    pub(super) bucket: String,
    pub(super) key: String,
    /// It came through an access point, which `bucket` names until it is known what is behind.
    pub(super) access_point: bool,
    /// The region in the host's name; `None` for an endpoint that is not Amazon's.
    pub(super) endpoint_region: Option<String>,
}

impl<'a> Ask<'a> {
    /// Path-style and virtual-host addressing (user guide, "Virtual hosting of buckets").
    pub(super) fn of(request: &'a Request) -> Result<Self, S3Error> {
        let (in_host, access_point, endpoint_region) = host(&request.host);
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
        let operation = Operation::of(request, &key);
        Ok(Self {
            request,
            operation,
            bucket,
            key,
            access_point,
            endpoint_region,
        })
    }

    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.request.header(name)
    }

    /// Empty where it is absent.
    pub(super) fn query(&self, name: &str) -> &str {
        self.request.query.get(name).map_or("", String::as_str)
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
            let known = headers.iter().any(|group| group.contains(&name.as_str()));
            if suspect && !meta && !known {
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

/// The bucket in a host's name, or its access point, whether it is that, and the region.
fn host(host: &str) -> (Option<&str>, bool, Option<String>) {
    let name = host.split(':').next().unwrap_or(host);
    let amazon = name
        .strip_suffix(".amazonaws.com.cn")
        .or(name.strip_suffix(".amazonaws.com"));
    let Some(name) = amazon else {
        return (None, false, None);
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
    let access_point = service.starts_with("s3-accesspoint.");
    let region = region.unwrap_or("us-east-1").to_owned();
    (bucket, access_point, Some(region))
}
