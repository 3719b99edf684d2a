//! Access points: other doors to a bucket, with hosts of their own.
//!
//! They are addressed by virtual host only, copies through them stay in one region, and as the
//! source of a copy they are named by their ARN (user guide, "Access point compatibility"; API
//! reference, `CopyObject`).

use super::S3;
use super::address::Ask;
use super::bucket::Bucket;
use super::error::S3Error;
use crate::aws::Aws;

/// Name and account, as in a host's name, and the region.
pub(super) type AccessPoint = (String, String);

impl Aws {
    /// From now on nobody comes to a bucket but through an access point.
    pub(crate) fn close_bucket(&self, bucket: &str) {
        self.with(|state, _| {
            let bucket = state.s3.buckets.get_mut(bucket);
            bucket.expect("a test makes the bucket first").closed = true;
        });
    }

    /// Opens an access point of the home account to a bucket, in its region; its ARN.
    pub(crate) fn access_point(&self, name: &str, bucket: &str) -> String {
        self.with(|state, _| {
            let found = state.s3.buckets.get(bucket);
            let found = found.expect("a test makes the bucket first");
            let (region, account) = (found.region.clone(), found.owner.clone());
            let access_point = (format!("{name}-{account}"), region.clone());
            state
                .s3
                .access_points
                .insert(access_point, bucket.to_owned());
            format!("arn:aws:s3:{region}:{account}:accesspoint/{name}")
        })
    }
}

impl Ask<'_> {
    /// The same of the bucket that is behind the access point.
    pub(super) fn behind_its_access_point(mut self, s3: &S3) -> Result<Self, S3Error> {
        if self.access_point {
            let region = self.endpoint_region.clone().unwrap_or_default();
            self.bucket = s3.behind(&(self.bucket, region))?;
        }
        Ok(self)
    }
}

impl S3 {
    /// The bucket behind an access point.
    pub(super) fn behind(&self, access_point: &AccessPoint) -> Result<String, S3Error> {
        let bucket = self.access_points.get(access_point).cloned();
        bucket.ok_or_else(|| {
            let why = "The specified accesspoint does not exist";
            S3Error::new(404, "NoSuchAccessPoint", why).element("AccessPointName", &access_point.0)
        })
    }
}

/// The access point and the key that a copy's source names, if it names an ARN.
pub(super) fn named(source: &str) -> Option<Result<(AccessPoint, String), S3Error>> {
    let arn = source.strip_prefix("arn:")?;
    let parts: Vec<&str> = arn.splitn(5, ':').collect();
    let access_point = || {
        let &[_, "s3", region, account, resource] = parts.as_slice() else {
            return None;
        };
        let named = resource.strip_prefix("accesspoint/")?;
        let (name, key) = named.split_once("/object/")?;
        let access_point = (format!("{name}-{account}"), region.to_owned());
        (!key.is_empty()).then(|| (access_point, key.to_owned()))
    };
    let why = "Invalid copy source object key";
    Some(access_point().ok_or_else(|| S3Error::invalid_argument(why)))
}

/// Whoever comes to a bucket without an access point, where it has none but these.
pub(super) fn admits(bucket: &Bucket, by_access_point: bool) -> Result<(), S3Error> {
    if by_access_point || !bucket.closed {
        return Ok(());
    }
    Err(S3Error::new(403, "AccessDenied", "Access Denied"))
}

/// Copies through an access point stay in one region.
pub(super) fn spans(by_access_point: bool, from: &Bucket, to: &Bucket) -> Result<(), S3Error> {
    if !by_access_point || from.region == to.region {
        return Ok(());
    }
    let why = "Cross-region copy through an access point is not supported.";
    Err(S3Error::invalid_request(why))
}
