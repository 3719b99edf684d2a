//! Looking at an object, and reading it whole.

use std::ops::Range;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use aws_sdk_s3::operation::head_object::HeadObjectOutput;
use aws_sdk_s3::types::{
    ChecksumMode, ChecksumType, ObjectLockLegalHoldStatus, ServerSideEncryption,
};
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::byte_stream::ByteStream;
use bytes::{Bytes, BytesMut};
use jiff::Timestamp;

use super::archive::Archive;
use super::object::{Algorithm, Aside, Checksum, ETag, Headers, Object, Spot};
use super::sdk::{about, reading};
use super::stack::{Call, Effect, guard};
use super::{Attempt, Bucket, S3, S3Error};

const HEAD_TIMEOUT: Duration = Duration::from_secs(10);

/// A whole body of at most one part; the SDK's stall guard watches it meanwhile.
const GET_TIMEOUT: Duration = Duration::from_mins(1);

/// What a look at a key found.
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
                Err(S3Error::Gone { .. }) => Ok(Found::Gone),
                Err(told) => Err(told),
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
            let request = reading!(client.head_object(), bucket).key(key);
            let request = request.checksum_mode(ChecksumMode::Enabled);
            async move { attempt.end(request.send().await) }
        });
        match answer.await {
            Ok(head) => Ok(Found::Object(Box::new(object(call.op, &head)?))),
            Err(S3Error::Gone { .. }) => Ok(Found::Gone),
            Err(S3Error::NotFound { .. }) => Ok(Found::Nothing),
            Err(other) => Err(other),
        }
    }

    /// Looks at a source key until it is certain whether it is there: a bare 404 could hide a
    /// missing bucket, and a GET's answer has the body that tells.
    ///
    /// # Errors
    /// [`S3Error`]; [`S3Error::NoBucket`] when the bucket is missing.
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
                Err(S3Error::Gone { .. }) => Ok(None),
                Err(other) => self.learn(bucket, Err(other)),
            },
        }
    }

    async fn probe(&self, bucket: &Bucket, key: &str) -> Result<(), S3Error> {
        let client = self.client(bucket).await?;
        let call = Call {
            op: "GetObject",
            effect: Effect::Repeatable,
        };
        guard(&self.limits, &bucket.name, call, HEAD_TIMEOUT, || {
            let attempt = Attempt::start(self.limits.metrics(), call.op);
            let request = reading!(client.get_object(), bucket)
                .key(key)
                .range("bytes=0-0");
            async move {
                match attempt.end(request.send().await) {
                    // An empty object has no first byte.
                    Err(S3Error::Refused { code, .. }) if code == "InvalidRange" => Ok(()),
                    answer => answer.map(drop),
                }
            }
        })
        .await
    }

    /// Reads a range of an object, pinned to `pin`, into memory. A body that breaks is taken up at
    /// its byte.
    ///
    /// # Errors
    /// [`S3Error`]; [`S3Error::Precondition`] when the source has moved on.
    pub async fn get_range(
        &self,
        bucket: &Bucket,
        key: &str,
        pin: &ETag,
        range: Range<u64>,
    ) -> Result<Bytes, S3Error> {
        let client = self.client(bucket).await?;
        let call = Call {
            op: "GetObject",
            effect: Effect::Repeatable,
        };
        let length = usize::try_from(range.end - range.start).expect("a part fits in memory");
        // What has arrived, over all attempts.
        let arrived = Mutex::new(BytesMut::with_capacity(length));
        let answer = guard(&self.limits, &bucket.name, call, GET_TIMEOUT, || {
            let attempt = Attempt::start(self.limits.metrics(), call.op);
            let had = arrived.lock().unwrap_or_else(PoisonError::into_inner).len();
            let request = reading!(client.get_object(), bucket)
                .key(key)
                .if_match(pin.quoted())
                .range(bytes(&(range.start + had as u64..range.end)));
            let arrived = &arrived;
            async move {
                let body = attempt.end(request.send().await)?.body;
                drain(body, |chunk| {
                    let mut arrived = arrived.lock().unwrap_or_else(PoisonError::into_inner);
                    if arrived.len() + chunk.len() > length {
                        return Err(broken("more bytes than were asked for"));
                    }
                    arrived.extend_from_slice(chunk);
                    Ok(())
                })
                .await
            }
        });
        self.learn(bucket, answer.await)?;
        let arrived = arrived.into_inner().unwrap_or_else(PoisonError::into_inner);
        if arrived.len() == length {
            return Ok(arrived.freeze());
        }
        Err(broken(format!("{} of {length} bytes", arrived.len())))
    }

    /// The bytes of an object's first part, as it was uploaded; `None` where nobody knows.
    ///
    /// # Errors
    /// [`S3Error`].
    pub async fn first_part(
        &self,
        bucket: &Bucket,
        key: &str,
        pin: &ETag,
    ) -> Result<Option<u64>, S3Error> {
        let client = self.client(bucket).await?;
        let call = Call {
            op: "HeadObject",
            effect: Effect::Repeatable,
        };
        let answer = guard(&self.limits, &bucket.name, call, HEAD_TIMEOUT, || {
            let attempt = Attempt::start(self.limits.metrics(), call.op);
            let request = reading!(client.head_object(), bucket).key(key);
            let request = request.if_match(pin.quoted()).part_number(1);
            async move { attempt.end(request.send().await) }
        });
        match answer.await {
            Ok(head) => Ok(head
                .content_length()
                .and_then(|length| length.try_into().ok())),
            // A stand-in that knows no part numbers; the copy is then cut as any other.
            Err(S3Error::Refused { .. } | S3Error::NotImplemented { .. }) => Ok(None),
            Err(other) => self.learn(bucket, Err(other)),
        }
    }

    /// Reads a whole object of `size` bytes, pinned to `pin`, into memory that is taken once. The
    /// SDK checks length and checksum on the way.
    ///
    /// # Errors
    /// [`S3Error`]; [`S3Error::Precondition`] when the source has moved on.
    pub async fn get(
        &self,
        bucket: &Bucket,
        key: &str,
        pin: &ETag,
        size: u64,
    ) -> Result<SdkBody, S3Error> {
        let client = self.client(bucket).await?;
        let call = Call {
            op: "GetObject",
            effect: Effect::Repeatable,
        };
        let answer = guard(&self.limits, &bucket.name, call, GET_TIMEOUT, || {
            let attempt = Attempt::start(self.limits.metrics(), call.op);
            let request = reading!(client.get_object(), bucket).key(key);
            let request = request
                .if_match(pin.quoted())
                .checksum_mode(ChecksumMode::Enabled);
            async move {
                let body = attempt.end(request.send().await)?.body;
                let mut whole = Vec::with_capacity(usize::try_from(size).unwrap_or_default());
                drain(body, |chunk| {
                    whole.extend_from_slice(chunk);
                    Ok(())
                })
                .await?;
                Ok(whole)
            }
        });
        self.learn(bucket, answer.await).map(SdkBody::from)
    }
}

/// Takes a body to its end.
async fn drain(
    mut body: ByteStream,
    mut take: impl FnMut(&[u8]) -> Result<(), S3Error>,
) -> Result<(), S3Error> {
    while let Some(chunk) = body.next().await {
        take(&chunk.map_err(|e| broken(e.to_string()))?)?;
    }
    Ok(())
}

/// A body that is not what was asked for.
fn broken(message: impl Into<String>) -> S3Error {
    S3Error::Unanswered {
        op: "GetObject",
        message: message.into(),
    }
}

/// A range as requests name it: its last byte included.
pub(super) fn bytes(range: &Range<u64>) -> String {
    format!("bytes={}-{}", range.start, range.end - 1)
}

impl Spot {
    /// This key in its bucket.
    #[must_use]
    pub fn new(bucket: &Bucket, key: &str) -> Self {
        Self {
            bucket: bucket.name.clone(),
            key: key.to_owned(),
        }
    }
}

fn object(op: &'static str, head: &HeadObjectOutput) -> Result<Object, S3Error> {
    let lacks = |what: &str| S3Error::Unanswered {
        op,
        message: format!("the answer has no {what}"),
    };
    let last_modified = head.last_modified().ok_or_else(|| lacks("Last-Modified"))?;
    Ok(Object {
        etag: ETag::new(head.e_tag().ok_or_else(|| lacks("ETag"))?),
        size: head
            .content_length()
            .and_then(|length| length.try_into().ok())
            .ok_or_else(|| lacks("Content-Length"))?,
        version_id: head.version_id().map(Into::into),
        last_modified: Timestamp::from_second(last_modified.secs())
            .map_err(|_| lacks("Last-Modified in range"))?,
        headers: Headers {
            content_type: head.content_type().map(Into::into),
            content_encoding: head.content_encoding().map(Into::into),
            content_language: head.content_language().map(Into::into),
            content_disposition: head.content_disposition().map(Into::into),
            cache_control: head.cache_control().map(Into::into),
            expires: head.expires_string().map(Into::into),
        },
        metadata: head
            .metadata()
            .into_iter()
            .flatten()
            .map(|(k, v)| (k.clone(), v.clone()))
            .collect(),
        checksum: checksum(head),
        kms: head.server_side_encryption().is_some_and(is_kms),
        archive: Archive::of(head),
        aside: Aside {
            missing_metadata: head.missing_meta().is_some_and(|count| count > 0),
            locked: head.object_lock_mode().is_some()
                || head.object_lock_legal_hold_status() == Some(&ObjectLockLegalHoldStatus::On),
            redirects: head.website_redirect_location().is_some(),
        },
        tag_count: head.tag_count().and_then(|count| count.try_into().ok()),
    })
}

/// The strongest checksum over the whole object; a composite one covers parts, not bytes.
fn checksum(head: &HeadObjectOutput) -> Option<Checksum> {
    if head.checksum_type() == Some(&ChecksumType::Composite) {
        return None;
    }
    [
        (Algorithm::Sha256, head.checksum_sha256()),
        (Algorithm::Crc64Nvme, head.checksum_crc64_nvme()),
        (Algorithm::Sha1, head.checksum_sha1()),
        (Algorithm::Crc32C, head.checksum_crc32_c()),
        (Algorithm::Crc32, head.checksum_crc32()),
    ]
    .into_iter()
    // Where the type is not told, a `-N` says that it is composite.
    .find_map(|(algorithm, value)| Some((algorithm, value.filter(|v| !v.contains('-'))?)))
    .map(|(algorithm, value)| Checksum {
        algorithm,
        value: value.to_owned(),
    })
}

pub(super) fn is_kms(sse: &ServerSideEncryption) -> bool {
    matches!(
        sse,
        ServerSideEncryption::AwsKms | ServerSideEncryption::AwsKmsDsse
    )
}
