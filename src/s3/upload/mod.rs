//! Multipart uploads: opened, filled part by part, completed or aborted.
//!
//! A part that is sent twice is the same part, so it is sent again like a read. Completing makes
//! the object, so it is a write like any other: conditional, within the lease, never sent twice.
//!
//! Neither `UploadPartCopy` nor `CompleteMultipartUpload` says a word until it is done, which the
//! SDK takes for a stalled body (smithy-rs#4439): its guard is off there, and the timeout is ours.

mod end;
mod list;
mod part;
mod part_body;

use std::time::Duration;

use aws_sdk_s3::config::{Builder, StalledStreamProtectionConfig};
use aws_sdk_s3::types::{ChecksumAlgorithm, ChecksumType};

use super::attempt::Attempt;
use super::bucket::Bucket;
use super::client::S3;
use super::error::S3Error;
use super::object::{Algorithm, ETag, ObjectAttributes};
use super::sdk::{about, dressed, expiring, made_with, paying};
use super::stack::{Call, Effect, guard};
use crate::config::Properties;

pub use end::Complete;
pub use part_body::{PartSender, Sums};

/// S3 numbers the parts of an upload from 1 to this.
pub const MOST_PARTS: u32 = 10_000;

/// What answers at once.
const TIMEOUT: Duration = Duration::from_secs(10);

/// An upload that is open.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Upload {
    /// Where the object will be.
    pub bucket: Bucket,
    /// Under which key.
    pub key: String,
    /// As S3 calls it.
    pub id: String,
    /// Parts have this checksum; `None` where the endpoint keeps none, or is still to be asked.
    pub algorithm: Option<Algorithm>,
    /// The whole has one of its bytes, not of its parts' checksums (`COMPOSITE`), as it was asked
    /// for. AWS keeps to that, AWS emulators may not.
    pub is_whole: bool,
}

/// A part that is there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    /// Its place in the object, from 1.
    pub number: u32,
    /// Bytes.
    pub size: u64,
    /// As Complete wants it back.
    pub etag: ETag,
    /// Base64, where the upload has an algorithm.
    pub checksum: Option<String>,
}

impl S3 {
    /// Opens an upload of an object so dressed. Unanswered, it may leave an empty one. Whether the
    /// endpoint keeps checksums of parts is seen from its answer: AWS does, AWS emulators may not.
    ///
    /// # Errors
    /// [`S3Error`].
    pub async fn create_upload(
        &self,
        (bucket, key): (&Bucket, &str),
        (attributes, properties): (ObjectAttributes<'_>, &Properties),
        algorithm: Algorithm,
    ) -> Result<Upload, S3Error> {
        let client = self.client(bucket).await?;
        let call = Call {
            op: "CreateMultipartUpload",
            effect: Effect::Once,
        };
        let answer = guard(&self.limits, &bucket.name, call, TIMEOUT, || {
            let attempt = Attempt::start(self.limits.metrics(), call.op);
            let request = paying!(client.create_multipart_upload(), bucket)
                .key(key)
                .checksum_algorithm(sdk_algorithm(algorithm))
                .checksum_type(ChecksumType::FullObject);
            let request = made_with!(dressed!(request, attributes), properties);
            let request = expiring!(request, attributes.headers.expires.as_deref());
            async move { attempt.end(request.send().await) }
        });
        let answer = self.learn(bucket, answer.await)?;
        Ok(Upload {
            bucket: bucket.clone(),
            key: key.to_owned(),
            id: match &answer.upload_id {
                Some(id) => id.clone(),
                None => return Err(S3Error::empty(call.op).about(&answer)),
            },
            algorithm: answer.checksum_algorithm.as_ref().and_then(own_algorithm),
            is_whole: is_whole(answer.checksum_type.as_ref()),
        })
    }
}

/// An endpoint that does not say is believed to do as requested.
fn is_whole(reported: Option<&ChecksumType>) -> bool {
    reported != Some(&ChecksumType::Composite)
}

/// A silent body is no stalled one here.
fn patient() -> Builder {
    Builder::default().stalled_stream_protection(StalledStreamProtectionConfig::disabled())
}

fn wire(number: u32) -> i32 {
    i32::try_from(number).expect("at most 10,000")
}

fn sdk_algorithm(algorithm: Algorithm) -> ChecksumAlgorithm {
    match algorithm {
        Algorithm::Crc64Nvme => ChecksumAlgorithm::Crc64Nvme,
        Algorithm::Crc32 => ChecksumAlgorithm::Crc32,
        Algorithm::Crc32C => ChecksumAlgorithm::Crc32C,
        Algorithm::Sha1 => ChecksumAlgorithm::Sha1,
        Algorithm::Sha256 => ChecksumAlgorithm::Sha256,
    }
}

fn own_algorithm(algorithm: &ChecksumAlgorithm) -> Option<Algorithm> {
    let known = [
        Algorithm::Crc64Nvme,
        Algorithm::Crc32,
        Algorithm::Crc32C,
        Algorithm::Sha1,
        Algorithm::Sha256,
    ];
    known
        .into_iter()
        .find(|known| sdk_algorithm(*known) == *algorithm)
}
