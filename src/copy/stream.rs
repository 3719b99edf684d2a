//! An object through this process in one piece: one GET, one PUT.
//!
//! Its body is held whole, and so within the [memory](super::memory) there is for bodies. Before that, it waits for
//! the lines it travels on, where they are bounded. What was read is compared with what S3 says of the source before
//! it is sent, and what S3 says has arrived with what was sent.

use bytes::Bytes;

use super::composite;
use super::copier::Copier;
use super::error::CopyError;
use super::memory::Held;
use super::sum::sum;
use super::tagging::Tagging;
use super::verify::{verify_body, verify_sent};
use super::write::WriteRequest;
use crate::plan::ExpectedCopy;
use crate::queue::WriteLease;
use crate::route::Route;
use crate::s3::{
    Algorithm, Bandwidth, BucketClient, Checksum, ETag, Object, PutObject, S3, S3Error, Written,
};

/// A source that was read.
#[derive(Debug)]
pub struct Read<'a> {
    /// What was read.
    pub object: Object,
    /// All of it.
    pub body: Held<'a>,
}

impl Copier {
    pub(super) async fn stream(
        &self,
        request: WriteRequest<'_>,
        tagging: &Tagging,
        write_lease: &WriteLease,
    ) -> Result<Written, CopyError> {
        let expected = request.seen()?;
        let source = expected.source();
        let read;
        let body = if let Some(body) = request.body {
            body
        } else {
            let clients = (request.from, request.to.s3);
            read = self
                .read(
                    request.route,
                    clients,
                    request.key,
                    (&request.copy.pin, source.size),
                )
                .await?;
            read.body.bytes()
        };
        verify_body(source, body)?;
        if source.composite.is_some() {
            Box::pin(composite::verify_whole(
                request.from,
                request.key,
                source,
                body,
            ))
            .await?;
        }
        let checksum = checksum(request, expected, body);
        let compares = |sum: &Checksum| request.to.s3.compares(request.to.bucket, sum.algorithm);
        let is_compared = checksum.as_ref().is_some_and(compares);
        let md5 = (!is_compared).then(|| ETag::md5(body));
        let metadata = request.metadata(tagging, md5.as_ref());
        let put = PutObject {
            bucket: request.to.bucket,
            key: request.target,
            condition: &request.copy.condition,
            attributes: expected.attributes(&metadata, tagging.header()),
            properties: &request.route.properties,
            checksum: checksum.as_ref(),
            is_compared,
            body: body.clone(),
        };
        let written = request.to.s3.put(&put, write_lease).await?;
        if written.etag != request.copy.pin {
            verify_sent(checksum.as_ref(), md5.as_ref(), &written)?;
        }
        Ok(written)
    }

    /// Reads a source that is no larger than one part, and all that a look would show of it.
    ///
    /// # Errors
    /// [`S3Error`]; `Kind::Precondition` when the source has moved on.
    pub async fn read(
        &self,
        route: &Route,
        (BucketClient { s3, bucket }, to): (BucketClient<'_>, &S3),
        key: &str,
        (pin, size): (&ETag, u64),
    ) -> Result<Read<'_>, S3Error> {
        may_travel(route.bandwidth.as_ref(), (s3, to), size).await;
        let room = self.memory.room(size).await;
        let buffer = room.buffer(usize::try_from(size).expect("a part fits in memory"));
        let (object, body) = s3.get(bucket, key, pin, size, buffer).await?;
        let body = Held::new(body, room);
        Ok(Read { object, body })
    }
}

/// What S3 shall compare the body with: the source's own checksum, else one in its algorithm. An endpoint that is not
/// AWS's may not know that, and gets the source's own only.
fn checksum(request: WriteRequest<'_>, copy: ExpectedCopy<'_>, body: &Bytes) -> Option<Checksum> {
    let computed = || {
        let algorithm = copy.source().algorithm().unwrap_or(Algorithm::Crc64Nvme);
        let value = sum(algorithm, body);
        Checksum { algorithm, value }
    };
    let own = copy.checksum().cloned();
    own.or_else(|| request.to.s3.knows_checksums().then(computed))
}

/// Waits until so many bytes may travel for the route, and to and from its accounts. It comes before there is
/// [memory](super::memory) for them: what waits for a slow line must not keep others from a free one.
pub(super) async fn may_travel(bandwidth: Option<&Bandwidth>, (from, to): (&S3, &S3), bytes: u64) {
    if let Some(bandwidth) = bandwidth {
        bandwidth.carry(bytes).await;
    }
    from.may_read(bytes).await;
    to.may_write(bytes).await;
}
