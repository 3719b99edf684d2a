//! HEAD requests, and reading a whole object.

use std::error::Error;
use std::iter::successors;
use std::ops::Range;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use aws_sdk_s3::types::ChecksumMode;
use aws_smithy_checksums::body::validate;
use aws_smithy_types::byte_stream::{self, ByteStream};
use bytes::{Bytes, BytesMut};

use super::archive::Archive;
use super::attempt::Attempt;
use super::bucket::Bucket;
use super::client::S3;
use super::error::Retry;
use super::error::{Kind, S3Error};
use super::object::{ETag, Object, ObjectLocation};
use super::sdk::{about, paying};
use super::seen::object;
use super::stack::{Call, Effect, guard};
use crate::lock::locked;

pub(super) const HEAD_TIMEOUT: Duration = Duration::from_secs(10);

/// A whole body of at most one part, on a line that carries [`SLOWEST`] at least; the SDK's stall guard
/// watches it meanwhile.
const GET_TIMEOUT: Duration = Duration::from_mins(1);

/// Bytes a second.
pub const SLOWEST: u64 = 128 << 10;

/// What a HEAD of a key found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Found {
    /// The current version.
    Object(Box<Object>),
    /// Nothing for certain: `NoSuchKey`, or a delete marker.
    Gone,
    /// A bare 404: nothing, or no bucket either.
    Nothing,
}

impl S3 {
    /// Looks at the current version of a key.
    ///
    /// # Errors
    /// [`S3Error`]; a missing object is not one of them.
    pub async fn head(&self, bucket: &Bucket, key: &str) -> Result<Found, S3Error> {
        let found = match self.ask_head(bucket, key).await {
            // A HEAD is refused without a word; the GET that needs the same right is not.
            Err(silent) if silent.is_silent() => match self.probe(bucket, key).await {
                // Credentials or rights have come meanwhile.
                Ok(()) => self.ask_head(bucket, key).await,
                Err(S3Error {
                    kind: Kind::Gone, ..
                }) => Ok(Found::Gone),
                Err(reported) => Err(reported),
            },
            answer => answer,
        };
        self.learn(bucket, found)
    }

    async fn ask_head(&self, bucket: &Bucket, key: &str) -> Result<Found, S3Error> {
        let client = self.client(bucket).await?;
        let call = Call {
            op: "HeadObject",
            effect: Effect::Repeatable,
        };
        let answer = guard(&self.limits, &bucket.name, call, HEAD_TIMEOUT, || {
            let attempt = Attempt::start(self.limits.metrics(), call.op);
            let request = paying!(client.head_object(), bucket).key(key);
            let request = request.checksum_mode(ChecksumMode::Enabled);
            async move { attempt.end(request.send().await) }
        });
        match answer.await {
            Ok(head) => {
                let object = object!(call.op, &head, Archive::of(&head))?;
                Ok(Found::Object(Box::new(object)))
            }
            Err(S3Error {
                kind: Kind::Gone, ..
            }) => Ok(Found::Gone),
            Err(S3Error {
                kind: Kind::NotFound,
                ..
            }) => Ok(Found::Nothing),
            Err(other) => Err(other),
        }
    }

    /// Looks at a source key until it is certain whether it is there: a bare 404 could hide a
    /// missing bucket, and a GET's answer has the body that shows it.
    ///
    /// # Errors
    /// [`S3Error`]; `Kind::NoBucket` when the bucket is missing.
    pub async fn head_for_certain(
        &self,
        bucket: &Bucket,
        key: &str,
    ) -> Result<Option<Object>, S3Error> {
        match self.head(bucket, key).await? {
            Found::Object(object) => Ok(Some(*object)),
            Found::Gone => Ok(None),
            Found::Nothing => match self.probe(bucket, key).await {
                // It came into being between the two calls.
                Ok(()) => match self.head(bucket, key).await? {
                    Found::Object(object) => Ok(Some(*object)),
                    Found::Gone | Found::Nothing => Ok(None),
                },
                Err(S3Error {
                    kind: Kind::Gone, ..
                }) => Ok(None),
                Err(other) => self.learn(bucket, Err(other)),
            },
        }
    }

    /// Reads one byte of an object, which needs the same permissions as reading it; an archived one is there.
    ///
    /// # Errors
    /// [`S3Error`].
    pub async fn probe(&self, bucket: &Bucket, key: &str) -> Result<(), S3Error> {
        let client = self.client(bucket).await?;
        let call = Call {
            op: "GetObject",
            effect: Effect::Repeatable,
        };
        guard(&self.limits, &bucket.name, call, HEAD_TIMEOUT, || {
            let attempt = Attempt::start(self.limits.metrics(), call.op);
            let request = paying!(client.get_object(), bucket)
                .key(key)
                .range("bytes=0-0");
            async move {
                match attempt.end(request.send().await) {
                    // An empty object has no first byte, an archived one none to read: they are there.
                    Err(e) if e.is_refused_as("InvalidRange") || e.kind == Kind::Archived => Ok(()),
                    answer => answer.map(drop),
                }
            }
        })
        .await
    }

    /// Reads a range of an object, pinned to `pin`, into an empty buffer. A body that breaks is taken up at
    /// its byte, as often as that brings it further.
    ///
    /// # Errors
    /// [`S3Error`]; `Kind::Precondition` when the source has moved on.
    pub async fn get_range(
        &self,
        bucket: &Bucket,
        (key, pin): (&str, &ETag),
        range: Range<u64>,
        buffer: BytesMut,
    ) -> Result<Bytes, S3Error> {
        let client = self.client(bucket).await?;
        let call = Call {
            op: "GetObject",
            effect: Effect::Repeatable,
        };
        let length = usize::try_from(range.end - range.start).expect("a part fits in memory");
        // What has arrived, over all attempts.
        let arrived = Mutex::new(buffer);
        let so_far = || locked(&arrived).len();
        let send = || {
            let attempt = Attempt::start(self.limits.metrics(), call.op);
            let had = so_far();
            let request = paying!(client.get_object(), bucket)
                .key(key)
                .if_match(pin.quoted())
                .range(bytes(&(range.start + had as u64..range.end)));
            let arrived = &arrived;
            async move {
                let body = attempt.end(request.send().await)?.body;
                drain(body, |chunk| {
                    let mut arrived = locked(arrived);
                    if arrived.len() + chunk.len() > length {
                        return Err(broken("more bytes than were asked for"));
                    }
                    arrived.extend_from_slice(chunk);
                    Ok(())
                })
                .await
            }
        };
        loop {
            let had = so_far();
            let answer = guard(&self.limits, &bucket.name, call, GET_TIMEOUT, send).await;
            match answer {
                Err(e) if e.retry() != Retry::Never && so_far() > had => {}
                answer => break self.learn(bucket, answer)?,
            }
        }
        let arrived = arrived.into_inner().unwrap_or_else(PoisonError::into_inner);
        if arrived.len() == length {
            return Ok(arrived.freeze());
        }
        Err(broken(format!("{} of {length} bytes", arrived.len())))
    }

    /// Reads a whole object of `size` bytes, pinned to `pin`, into `buffer`, and what a look would
    /// show of it. The SDK checks length and checksum on the way.
    ///
    /// # Errors
    /// [`S3Error`]; `Kind::Precondition` when the source has moved on.
    pub async fn get(
        &self,
        bucket: &Bucket,
        key: &str,
        pin: &ETag,
        size: u64,
        buffer: BytesMut,
    ) -> Result<(Object, Bytes), S3Error> {
        let client = self.client(bucket).await?;
        let call = Call {
            op: "GetObject",
            effect: Effect::Repeatable,
        };
        let timeout = GET_TIMEOUT.max(Duration::from_secs(size / SLOWEST));
        let whole = Mutex::new(buffer);
        let arrived = || locked(&whole);
        let answer = guard(&self.limits, &bucket.name, call, timeout, || {
            let attempt = Attempt::start(self.limits.metrics(), call.op);
            let request = paying!(client.get_object(), bucket).key(key);
            let request = request
                .if_match(pin.quoted())
                .checksum_mode(ChecksumMode::Enabled);
            let arrived = &arrived;
            async move {
                let answer = attempt.end(request.send().await)?;
                let object = object!(call.op, &answer, Archive::Readable)?;
                if object.size != size {
                    // The object's size differs from the expected one.
                    return Err(S3Error::new(call.op, Kind::Precondition));
                }
                arrived().clear();
                drain(answer.body, |chunk| {
                    let mut arrived = arrived();
                    if (arrived.len() + chunk.len()) as u64 > size {
                        return Err(broken("more bytes than the object has"));
                    }
                    arrived.extend_from_slice(chunk);
                    Ok(())
                })
                .await?;
                Ok(object)
            }
        });
        let object = self.learn(bucket, answer.await)?;
        let whole = whole.into_inner().unwrap_or_else(PoisonError::into_inner);
        Ok((object, whole.freeze()))
    }
}

/// Takes a body to its end.
async fn drain(
    mut body: ByteStream,
    mut take: impl FnMut(&[u8]) -> Result<(), S3Error>,
) -> Result<(), S3Error> {
    while let Some(chunk) = body.next().await {
        take(&chunk.map_err(|e| ended(&e))?)?;
    }
    Ok(())
}

/// Why a body ended too early.
fn ended(e: &byte_stream::error::Error) -> S3Error {
    let mut causes = successors(e.source(), |cause| (*cause).source());
    match causes.find_map(|cause| cause.downcast_ref::<validate::Error>()) {
        Some(corrupt) => S3Error::with("GetObject", Kind::Corrupt, corrupt.to_string()),
        None => broken(e.to_string()),
    }
}

/// A body that is not what was asked for.
fn broken(message: impl Into<Box<str>>) -> S3Error {
    S3Error::with("GetObject", Kind::Unanswered, message)
}

/// A range as requests name it: its last byte included.
pub(super) fn bytes(range: &Range<u64>) -> String {
    format!("bytes={}-{}", range.start, range.end - 1)
}

impl ObjectLocation {
    /// This key in its bucket.
    #[must_use]
    pub fn new(bucket: &Bucket, key: &str) -> Self {
        Self {
            bucket: bucket.name.clone(),
            key: key.to_owned(),
        }
    }
}
