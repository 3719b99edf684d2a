//! Writing: `CopyObject`, `PutObject` and `DeleteObject`, conditional, within the lease.
//!
//! Each attempt asks the [`WriteLease`] itself, so a retry that comes too late is not sent. A write
//! whose answer does not tell what happened stays unanswered in the window; an empty 200 is one.

use aws_sdk_s3::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_s3::operation::copy_object::CopyObjectOutput;
use aws_sdk_s3::operation::put_object::PutObjectOutput;
use aws_sdk_s3::operation::{RequestId, RequestIdExt};
use aws_sdk_s3::types::{MetadataDirective, TaggingDirective};
use aws_smithy_runtime_api::http::Response;
use aws_smithy_types::body::SdkBody;
use bytes::Bytes;

use super::attempt::Attempt;
use super::bucket::Bucket;
use super::client::S3;
use super::error::{Kind, S3Error};
use super::object::{Checksum, Condition, ETag, ObjectAttributes, Written};
use super::sdk::{about, copying, dressed, expiring, made_with, paying, unsigned, with_checksum};
use super::seen::{attribute, is_kms, whole};
use super::stack::{Call, Effect, guard};
use crate::config::Properties;
use crate::queue::WriteLease;

/// One server-side copy.
#[derive(Debug, Clone)]
pub struct CopyObject<'a> {
    /// From where it is read.
    pub source: &'a Bucket,
    /// Under which key.
    pub source_key: &'a str,
    /// The source version the decision was made from.
    pub pin: &'a ETag,
    /// Where it goes.
    pub bucket: &'a Bucket,
    /// Under which key.
    pub key: &'a str,
    /// What must hold there.
    pub condition: &'a Condition,
    /// What to set instead of carrying the source's over.
    pub replace: Option<ObjectAttributes<'a>>,
    /// Whether the source's tags come along.
    pub tags: bool,
    /// What the route makes its copies with.
    pub properties: &'a Properties,
}

/// One object written from memory.
#[derive(Debug)]
pub struct PutObject<'a> {
    /// Where it goes.
    pub bucket: &'a Bucket,
    /// Under which key.
    pub key: &'a str,
    /// What must hold there.
    pub condition: &'a Condition,
    /// Content headers and user metadata.
    pub attributes: ObjectAttributes<'a>,
    /// What the route makes its copies with.
    pub properties: &'a Properties,
    /// S3 refuses the body if it does not have this checksum.
    pub checksum: Option<&'a Checksum>,
    /// It is known to: the signature need not cover the body.
    pub is_compared: bool,
    /// Everything.
    pub body: Bytes,
}

impl S3 {
    /// Copies inside S3, asked at the destination's region.
    ///
    /// # Errors
    /// [`S3Error`]; `Kind::Precondition` when source or destination have moved on.
    pub async fn copy(
        &self,
        copy: &CopyObject<'_>,
        write_lease: &WriteLease,
    ) -> Result<Written, S3Error> {
        let client = self.client(copy.bucket).await?;
        let call = Call {
            op: "CopyObject",
            effect: Effect::Once,
        };
        let timeout = write_lease.terms().write_timeout();
        let answer = guard(&self.limits, &copy.bucket.name, call, timeout, || {
            let request = about!(client.copy_object(), copy.bucket).key(copy.key);
            let request = copying!(request, copy.source, copy.source_key)
                .copy_source_if_match(copy.pin.quoted());
            let request = made_with!(request, copy.properties);
            let request = match copy.condition {
                Condition::Absent => request.if_none_match("*"),
                Condition::Unchanged(etag) => request.if_match(etag.quoted()),
                Condition::Unconditional => request,
            };
            let request = match copy.replace {
                None => request,
                Some(attributes) => {
                    let request = request.metadata_directive(MetadataDirective::Replace);
                    dressed!(request, attributes)
                }
            };
            let request = if copy.tags {
                request
            } else {
                request.tagging_directive(TaggingDirective::Replace)
            };
            let expires = copy
                .replace
                .and_then(|attributes| attributes.headers.expires.as_deref());
            let request = expiring!(request, expires);
            self.write(call.op, write_lease, request.send(), copied)
        });
        self.learn_of_write(copy.bucket, copy.condition, answer.await)
    }

    /// Writes a body.
    ///
    /// # Errors
    /// [`S3Error`]; `Kind::Precondition` when the destination has moved on.
    pub async fn put(
        &self,
        put: &PutObject<'_>,
        write_lease: &WriteLease,
    ) -> Result<Written, S3Error> {
        let client = self.client(put.bucket).await?;
        let call = Call {
            op: "PutObject",
            effect: Effect::Once,
        };
        let timeout = write_lease.terms().write_timeout();
        let answer = guard(&self.limits, &put.bucket.name, call, timeout, || {
            let body = SdkBody::from(put.body.clone());
            let request = paying!(client.put_object(), put.bucket)
                .key(put.key)
                .body(body.into());
            let request = dressed!(request, put.attributes);
            let request = made_with!(request, put.properties);
            let request = match put.condition {
                Condition::Absent => request.if_none_match("*"),
                Condition::Unchanged(etag) => request.if_match(etag.quoted()),
                Condition::Unconditional => request,
            };
            let (algorithm, sum) = put
                .checksum
                .map(|sum| (sum.algorithm, sum.value.clone()))
                .unzip();
            let request = with_checksum!(request, algorithm, sum);
            let request = expiring!(request, put.attributes.headers.expires.as_deref());
            let request = unsigned!(request, put.is_compared);
            self.write(call.op, write_lease, request.send(), put_answer)
        });
        let written = self.learn_of_write(put.bucket, put.condition, answer.await)?;
        if let Some(sent) = put.checksum {
            self.learn_checksums(put.bucket, sent, &written);
        }
        Ok(written)
    }

    /// Takes an object away: the current version, never one by its id. Where versions are kept, a
    /// delete marker hides it.
    ///
    /// # Errors
    /// [`S3Error`]; `Kind::Precondition` or `Kind::Gone` when the object has moved on.
    pub async fn delete(
        &self,
        bucket: &Bucket,
        key: &str,
        condition: &Condition,
        write_lease: &WriteLease,
    ) -> Result<(), S3Error> {
        let client = self.client(bucket).await?;
        let call = Call {
            op: "DeleteObject",
            effect: Effect::Once,
        };
        let timeout = write_lease.terms().write_timeout();
        let answer = guard(&self.limits, &bucket.name, call, timeout, || {
            let request = paying!(client.delete_object(), bucket).key(key);
            let request = match condition {
                Condition::Unchanged(etag) => request.if_match(etag.quoted()),
                Condition::Absent | Condition::Unconditional => request,
            };
            self.write(call.op, write_lease, request.send(), |_| Some(()))
        });
        self.learn_of_write(bucket, condition, answer.await)
    }

    /// One attempt of a write: asks for the right to, sends, and says whether it was answered.
    pub(super) async fn write<T, E, W>(
        &self,
        op: &'static str,
        write_lease: &WriteLease,
        send: impl Future<Output = Result<T, SdkError<E, Response>>> + Send,
        read: fn(T) -> Option<W>,
    ) -> Result<W, S3Error>
    where
        E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
        T: RequestId + RequestIdExt,
    {
        let write = write_lease
            .open()
            .map_err(|_| S3Error::new(op, Kind::Lease))?;
        let attempt = Attempt::start(self.limits.metrics(), op);
        let answer = attempt.end(send.await).and_then(|answer| {
            let empty = S3Error::empty(op).about(&answer);
            read(answer).ok_or(empty)
        });
        if answer.as_ref().map_or_else(S3Error::is_answer, |_| true) {
            write.answered();
        }
        answer
    }
}

/// An answer without an `ETag` does not show that the copy was made.
fn copied(answer: CopyObjectOutput) -> Option<Written> {
    let result = answer.copy_object_result?;
    Some(Written {
        etag: ETag::new(result.e_tag.as_deref()?),
        source_version: answer.copy_source_version_id,
        checksum: whole(result.checksum_type(), attribute!(result)),
        kms: answer.server_side_encryption.as_ref().is_some_and(is_kms),
        version: answer.version_id,
    })
}

fn put_answer(answer: PutObjectOutput) -> Option<Written> {
    Some(Written {
        etag: ETag::new(answer.e_tag.as_deref()?),
        source_version: None,
        checksum: whole(answer.checksum_type(), attribute!(answer)),
        kms: answer.server_side_encryption.as_ref().is_some_and(is_kms),
        version: answer.version_id,
    })
}
