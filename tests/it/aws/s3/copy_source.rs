//! Where a copy comes from: the name in `x-amz-copy-source`, and the checks before the object.
//!
//! `CopyObject` and `UploadPartCopy` share them (API reference, both operations).

use percent_encoding::percent_decode_str;

use crate::aws::Scene;
use crate::aws::access::partition;

use super::address::Ask;
use super::bucket::Version;
use super::error::S3Error;
use super::history::Source;
use super::object::Object;
use super::write::FIVE_GB;
use super::{S3, access_point, conditions, read};

/// What `x-amz-copy-source` names.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Named {
    pub(super) bucket: String,
    /// It was named by its access point.
    access_point: bool,
    pub(super) key: String,
    pub(super) version_id: Option<String>,
}

impl Named {
    /// The value must be URL-encoded (API reference). S3 decodes a plus as a space, and proxies in
    /// between disagree: here a bare one is refused, like everything else that needed encoding
    /// (stricter).
    pub(super) fn of(s3: &S3, ask: &Ask<'_>) -> Result<Self, S3Error> {
        let header = ask.header("x-amz-copy-source").unwrap_or_default();
        let why = "Copy Source must mention the source bucket and key: sourcebucket/sourcekey";
        let refused = || S3Error::invalid_argument(why);
        let (path, version_id) = match header.split_once("?versionId=") {
            Some((path, id)) => (path, Some(id.to_owned())),
            None => (header, None),
        };
        let path = path.strip_prefix('/').unwrap_or(path);
        let plain = |c: u8| c.is_ascii_alphanumeric() || b"-._~/!*'()".contains(&c);
        let mut bytes = path.bytes();
        while let Some(byte) = bytes.next() {
            let mut hex = || bytes.next().is_some_and(|c| c.is_ascii_hexdigit());
            let encoded = byte == b'%' && hex() && hex();
            if !encoded && !plain(byte) {
                return Err(refused());
            }
        }
        let decoded = percent_decode_str(path)
            .decode_utf8()
            .map_err(|_| refused())?;
        if let Some(named) = access_point::named(&decoded) {
            let (access_point, key) = named?;
            return Ok(Self {
                bucket: s3.behind(&access_point)?,
                access_point: true,
                key,
                version_id,
            });
        }
        let (bucket, key) = decoded
            .split_once('/')
            .filter(|(_, key)| !key.is_empty())
            .ok_or_else(refused)?;
        Ok(Self {
            bucket: bucket.to_owned(),
            access_point: false,
            key: key.to_owned(),
            version_id,
        })
    }

    pub(super) fn resource(&self) -> String {
        format!("{}/{}", self.bucket, self.key)
    }

    /// The version it named, for the history of what is written.
    pub(super) fn at(self, version: &Version) -> Source {
        Source {
            bucket: self.bucket,
            key: self.key,
            reign: version.reign,
        }
    }

    /// The object, if the caller may read it and the conditions on it hold.
    pub(super) fn find(
        &self,
        s3: &S3,
        scene: &Scene<'_>,
        ask: &Ask<'_>,
    ) -> Result<(Version, Object), S3Error> {
        if let Some(read) = &ask.request.read {
            return Ok(*read.clone());
        }
        let bucket = s3.bucket(&self.bucket)?;
        if partition(&bucket.region) != partition(&ask.request.caller.region) {
            return Err(S3Error::no_such_bucket(&self.bucket));
        }
        access_point::admits(bucket, self.access_point)?;
        access_point::spans(
            self.access_point || ask.access_point,
            bucket,
            s3.bucket(&ask.bucket)?,
        )?;
        ask.owned_by(bucket, "x-amz-source-expected-bucket-owner")?;
        ask.paid(scene, bucket)?;
        let id = self.version_id.as_deref();
        let action = match id {
            Some(_) => "s3:GetObjectVersion",
            None => "s3:GetObject",
        };
        ask.allow_on(scene, action, &self.resource())?;
        let named = id.and_then(|id| bucket.version(&self.key, id));
        if named.is_some_and(|version| version.object.is_none()) {
            let why = "The source of a copy request may not specifically refer to a delete marker \
                       by version id.";
            return Err(S3Error::invalid_request(why));
        }
        let may_list = ask.allow_on(scene, "s3:ListBucket", &self.bucket);
        let (version, object) = read::find(bucket, &self.key, id, may_list)?;
        object.check_key()?;
        conditions::source(ask, &object.etag, version.modified)?;
        Ok((version.clone(), object.clone()))
    }
}

/// The most that one copy takes (user guide, "limits").
pub(super) fn fits(length: u64) -> Result<(), S3Error> {
    if length <= FIVE_GB {
        return Ok(());
    }
    let why = "The specified copy source is larger than the maximum allowable size for a copy \
               source: 5368709120";
    Err(S3Error::invalid_request(why))
}
