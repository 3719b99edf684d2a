//! S3: strongly consistent, conditional, versioned, and strict about what it is sent.
//!
//! A request passes the same checks in the same order as on AWS: the signature's key, the endpoint's
//! region, the bucket, its region, its owner, the permission, and only then the operation.

mod access_point;
mod address;
mod archive;
mod body;
mod bucket;
mod checksum;
mod conditions;
mod content;
mod copy;
mod copy_source;
mod encryption;
mod error;
mod event;
mod history;
mod list;
mod object;
mod operation;
mod read;
mod seed;
mod tagging;
mod upload;
mod versioning;
mod view;
mod write;
mod xml;

use std::collections::BTreeMap;

use jiff::Timestamp;

use self::address::Ask;
use self::bucket::Deleted;
use self::copy_source::Named;
use self::error::S3Error;
use self::event::Change;
use self::history::Source;
pub(crate) use self::object::Object;
use self::operation::Operation;
use super::Scene;
use super::access::partition;
use super::reply::Reply;
use super::request::Request;

pub(crate) use archive::Restore;
pub(crate) use bucket::{Bucket, Version};
pub(crate) use checksum::Algorithm;
pub(crate) use history::{What, Write};
pub(crate) use seed::TestObject;

/// All buckets of all regions, and what they have to tell.
#[derive(Debug, Default)]
pub(super) struct S3 {
    buckets: BTreeMap<String, Bucket>,
    /// Access points, and the buckets behind them.
    access_points: BTreeMap<access_point::AccessPoint, String>,
    reign: u64,
    /// Queue URL and body.
    outbox: Vec<(String, String)>,
    /// To a Complete that may come again.
    answers: upload::Answers,
}

/// What a request is, for the log: operation, bucket, key.
pub(super) fn describe(request: &Request) -> (String, String, String) {
    match Ask::of(request) {
        Ok(ask) => (format!("{:?}", ask.operation), ask.bucket, ask.key),
        Err(_) => (
            "Unknown".to_owned(),
            request.host.clone(),
            request.path.clone(),
        ),
    }
}

/// An error thrown in from outside.
pub(super) fn refusal(status: u16, code: &'static str, why: &str) -> Reply {
    S3Error::new(status, code, why).reply()
}

pub(super) fn handle(s3: &mut S3, scene: &mut Scene<'_>, request: &Request) -> Reply {
    let ask = Ask::of(request).and_then(|ask| ask.behind_its_access_point(s3));
    let reply = ask.and_then(|ask| perform(s3, scene, &ask));
    let mut reply = reply.unwrap_or_else(|error| error.reply());
    // Neither HEAD nor 304 has a body, not even with an error (RFC 9110).
    if request.method == "HEAD" || reply.status == 304 {
        reply.body.clear();
    }
    reply.header("x-amz-request-id", format!("{:016X}", scene.rng.u64(..)))
}

/// What a copy reads of its source, if it may: S3 reads first and writes later, and only the write
/// is one moment.
pub(super) fn read_ahead(
    s3: &S3,
    scene: &Scene<'_>,
    request: &Request,
) -> Option<Box<(Version, Object)>> {
    let ask = Ask::of(request).ok()?.behind_its_access_point(s3).ok()?;
    let read = Named::of(s3, &ask).ok()?.find(s3, scene, &ask).ok()?;
    Some(Box::new(read))
}

fn perform(s3: &mut S3, scene: &mut Scene<'_>, ask: &Ask<'_>) -> Result<Reply, S3Error> {
    ask.check_known()?;
    let bucket = ask.enter(s3, scene)?;
    match ask.operation {
        Operation::HeadBucket => {
            ask.allow_on(scene, "s3:ListBucket", &ask.bucket)?;
            Ok(read::bucket(bucket))
        }
        Operation::ListObjectsV2 => list::list(bucket, scene, ask),
        Operation::GetObject | Operation::HeadObject => read::object(bucket, scene, ask),
        Operation::PutObject => write::put(s3, scene, ask),
        Operation::CopyObject => copy::copy(s3, scene, ask),
        Operation::DeleteObject => write::delete(s3, scene, ask),
        Operation::CreateMultipartUpload => upload::create(s3, scene, ask),
        Operation::UploadPart => upload::part(s3, scene, ask),
        Operation::UploadPartCopy => upload::part_copy(s3, scene, ask),
        Operation::CompleteMultipartUpload => upload::complete(s3, scene, ask),
        Operation::AbortMultipartUpload => upload::abort(s3, scene, ask),
        Operation::ListParts => upload::parts(bucket, scene, ask),
        Operation::ListMultipartUploads => upload::uploads(bucket, scene, ask),
        Operation::RestoreObject => archive::restore(s3, scene, ask),
        Operation::GetObjectTagging => tagging::get(s3, scene, ask),
        Operation::PutObjectTagging => tagging::put(s3, scene, ask),
        Operation::DeleteObjectTagging => tagging::delete(s3, scene, ask),
        Operation::Unknown => Err(S3Error::not_implemented(&ask.request.method)),
    }
}

impl Ask<'_> {
    /// The checks before any operation.
    fn enter<'s>(&self, s3: &'s S3, scene: &Scene<'_>) -> Result<&'s Bucket, S3Error> {
        let caller = &self.request.caller;
        let known = scene.access.known(&caller.access_key, &caller.region);
        known.map_err(|refusal| S3Error::refused(refusal, "", ""))?;
        // Error responses, AuthorizationHeaderMalformed.
        if let Some(region) = self
            .endpoint_region
            .as_ref()
            .filter(|region| **region != caller.region)
        {
            let why = format!(
                "The authorization header is malformed; the region '{}' is wrong; expecting '{region}'",
                caller.region
            );
            let error = S3Error::new(400, "AuthorizationHeaderMalformed", why);
            return Err(error.element("Region", region));
        }
        if self.key.len() > 1024 {
            return Err(S3Error::new(400, "KeyTooLongError", "Your key is too long"));
        }
        let bucket = s3.bucket(&self.bucket)?;
        if partition(&bucket.region) != partition(&caller.region) {
            return Err(S3Error::no_such_bucket(&self.bucket));
        }
        if bucket.region != caller.region {
            return Err(elsewhere(bucket));
        }
        access_point::admits(bucket, self.access_point)?;
        self.owned_by(bucket, "x-amz-expected-bucket-owner")?;
        self.paid(scene, bucket)?;
        Ok(bucket)
    }

    /// User guide, "Using Requester Pays buckets": all but the owner must say that they know.
    fn paid(&self, scene: &Scene<'_>, bucket: &Bucket) -> Result<(), S3Error> {
        let caller = &self.request.caller;
        let known = scene.access.known(&caller.access_key, &caller.region);
        let account = known.ok().and_then(|arn| arn.split(':').nth(4));
        let owner = account == Some(bucket.owner.as_str());
        if !bucket.requester_pays || owner || self.header("x-amz-request-payer").is_some() {
            return Ok(());
        }
        Err(S3Error::new(403, "AccessDenied", "Access Denied"))
    }

    /// User guide, "Verifying bucket ownership with bucket owner condition".
    fn owned_by(&self, bucket: &Bucket, header: &str) -> Result<(), S3Error> {
        match self.header(header) {
            Some(owner) if owner != bucket.owner => {
                Err(S3Error::new(403, "AccessDenied", "Access Denied"))
            }
            Some(_) | None => Ok(()),
        }
    }

    /// Whether the caller may do this to the object asked for.
    fn allow(&self, scene: &Scene<'_>, action: &str) -> Result<(), S3Error> {
        self.allow_on(scene, action, &format!("{}/{}", self.bucket, self.key))
    }

    fn allow_on(&self, scene: &Scene<'_>, action: &str, resource: &str) -> Result<(), S3Error> {
        let caller = &self.request.caller;
        let arn = format!("arn:{}:s3:::{resource}", partition(&caller.region));
        let who = (caller.access_key.as_str(), caller.region.as_str());
        let checked = scene.access.check(who, action, resource);
        checked.map_err(|refusal| S3Error::refused(refusal, action, &arn))
    }
}

/// User guide, "Making requests using the REST API: redirects". The header is what a client can
/// use, on HEAD it is all there is.
fn elsewhere(bucket: &Bucket) -> S3Error {
    let why = "The bucket you are attempting to access must be addressed using the specified \
               endpoint. Please send all future requests to this endpoint.";
    let endpoint = format!("{}.s3.{}.amazonaws.com", bucket.name, bucket.region);
    S3Error::new(301, "PermanentRedirect", why)
        .element("Endpoint", &endpoint)
        .element("Bucket", &bucket.name)
        .header("x-amz-bucket-region", &bucket.region)
}

impl S3 {
    fn bucket(&self, name: &str) -> Result<&Bucket, S3Error> {
        self.buckets
            .get(name)
            .filter(|bucket| !bucket.hidden)
            .ok_or_else(|| S3Error::no_such_bucket(name))
    }

    fn bucket_mut(&mut self, name: &str) -> Result<&mut Bucket, S3Error> {
        self.buckets
            .get_mut(name)
            .ok_or_else(|| S3Error::no_such_bucket(name))
    }

    fn store(
        &mut self,
        scene: &mut Scene<'_>,
        ask: &Ask<'_>,
        object: Object,
        source: Option<Source>,
        event: &'static str,
    ) -> Result<Version, S3Error> {
        self.put((&ask.bucket, &ask.key), object, source, event, scene)
    }

    fn put(
        &mut self,
        (bucket, key): (&str, &str),
        object: Object,
        source: Option<Source>,
        event: &'static str,
        scene: &mut Scene<'_>,
    ) -> Result<Version, S3Error> {
        let at = self.moment(scene.now);
        let found = self.bucket_mut(bucket)?;
        let version = found.store(key, Some(object), source, at, scene.rng);
        self.announce(
            bucket,
            event,
            (key, version.id.as_deref()),
            Some(&version),
            at,
        );
        Ok(version)
    }

    fn delete(
        &mut self,
        scene: &mut Scene<'_>,
        bucket: &str,
        key: &str,
        version_id: Option<&str>,
    ) -> Result<Deleted, S3Error> {
        let at = self.moment(scene.now);
        let found = self.bucket_mut(bucket)?;
        let deleted = found.delete(key, version_id, at, scene.rng);
        if let Some(event) = deleted.event {
            self.announce(
                bucket,
                event,
                (key, deleted.version_id.as_deref()),
                None,
                at,
            );
        }
        Ok(deleted)
    }

    /// Whether there is one, wherever.
    pub(super) fn has_bucket(&self, name: &str) -> bool {
        self.bucket(name).is_ok()
    }

    /// Changes so far.
    pub(super) fn moments(&self) -> u64 {
        self.reign
    }

    fn moment(&mut self, now: Timestamp) -> (Timestamp, u64) {
        self.reign += 1;
        (now, self.reign)
    }

    fn announce(
        &mut self,
        bucket: &str,
        name: &'static str,
        (key, version_id): (&str, Option<&str>),
        version: Option<&Version>,
        (now, reign): (Timestamp, u64),
    ) {
        let bucket = &self.buckets[bucket];
        for queue in &bucket.notify {
            let change = Change {
                name,
                key,
                version_id,
                version,
                now,
                reign,
            };
            self.outbox
                .push((queue.clone(), event::notification(bucket, &change)));
        }
    }

    /// Takes what is to be delivered to queues: URL and body.
    pub(super) fn announced(&mut self) -> Vec<(String, String)> {
        std::mem::take(&mut self.outbox)
    }
}
