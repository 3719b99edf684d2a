//! A bucket, and what the configuration says about it.

use crate::config::Route;

/// A bucket, and what the operator says of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bucket {
    /// Bucket name.
    pub name: String,
    /// Found out from the bucket itself when absent.
    pub region: Option<String>,
    /// The account it must belong to, or every call fails.
    pub owner: Option<String>,
    /// Whoever asks for its objects pays for that.
    pub requester_pays: bool,
    /// The ARN of the access point that calls go through.
    pub access_point: Option<String>,
}

impl Bucket {
    /// A bucket of any owner, who pays for requests.
    #[must_use]
    pub fn new(name: &str, region: Option<&str>) -> Self {
        Self {
            name: name.to_owned(),
            region: region.map(str::to_owned),
            owner: None,
            requester_pays: false,
            access_point: None,
        }
    }

    /// The bucket of a route's source.
    #[must_use]
    pub fn source(route: &Route) -> Self {
        Self {
            owner: route.from_expected_bucket_owner.clone(),
            requester_pays: route.request_payer,
            access_point: route.from_access_point.as_ref().map(ToString::to_string),
            ..Self::new(&route.from.bucket, route.source_region())
        }
    }

    /// The bucket of a route's destination.
    #[must_use]
    pub fn destination(route: &Route) -> Self {
        Self {
            owner: route.to_expected_bucket_owner.clone(),
            // What is moved aside stays in the source's bucket.
            requester_pays: route.request_payer && route.to.bucket == route.from.bucket,
            access_point: route.to_access_point.as_ref().map(ToString::to_string),
            ..Self::new(&route.to.bucket, route.destination_region())
        }
    }

    /// What calls name it by.
    pub(super) fn address(&self) -> &str {
        self.access_point.as_deref().unwrap_or(&self.name)
    }
}
