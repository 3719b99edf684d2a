//! The end of an upload: an object, or nothing.

use std::time::Duration;

use aws_sdk_s3::operation::complete_multipart_upload::CompleteMultipartUploadOutput;
use aws_sdk_s3::types::{ChecksumType, CompletedMultipartUpload, CompletedPart};

use super::{
    Algorithm, Call, ETag, Effect, MOST_PARTS, Part, TIMEOUT, Upload, guard, patient, wire,
};
use crate::queue::WriteLease;
use crate::s3::attempt::Attempt;
use crate::s3::object::{Condition, Written};
use crate::s3::sdk::{about, paying, with_checksum};
use crate::s3::seen::{attribute, is_kms, whole};
use crate::s3::{Kind, S3, S3Error};

/// How often an upload is aborted that does not go.
const ABORTS: u32 = 3;

/// Between two of these.
const ABORTS_INTERVAL: Duration = Duration::from_secs(1);

/// What an upload becomes.
#[derive(Debug, Clone)]
pub struct Complete<'a> {
    /// Which.
    pub upload: &'a Upload,
    /// In the order of their numbers; all others are dropped.
    pub parts: &'a [Part],
    /// The bytes of all together: S3 refuses the object if it has others.
    pub size: u64,
    /// S3 refuses the object if its checksum is another.
    pub checksum: Option<&'a str>,
    /// What must hold at the destination.
    pub condition: &'a Condition,
}

impl S3 {
    /// Makes the object of its parts.
    ///
    /// # Errors
    /// [`S3Error`]; `Kind::Precondition` when the destination has moved on, with the upload
    /// still open; `Kind::Conflict` and `Kind::Gone` when it is not.
    pub async fn complete(
        &self,
        complete: &Complete<'_>,
        write_lease: &WriteLease,
    ) -> Result<Written, S3Error> {
        let upload = complete.upload;
        let client = self.client(&upload.bucket).await?;
        let call = Call {
            op: "CompleteMultipartUpload",
            effect: Effect::Once,
        };
        let timeout = write_lease.terms().write_timeout();
        let answer = guard(&self.limits, &upload.bucket.name, call, timeout, || {
            let parts = complete
                .parts
                .iter()
                .map(|part| completed(part, upload.algorithm));
            let list = CompletedMultipartUpload::builder().set_parts(Some(parts.collect()));
            let request = paying!(client.complete_multipart_upload(), &upload.bucket)
                .key(&upload.key)
                .upload_id(&upload.id)
                .multipart_upload(list.build())
                .set_mpu_object_size(i64::try_from(complete.size).ok());
            let request = match complete.condition {
                Condition::Absent => request.if_none_match("*"),
                Condition::Unchanged(etag) => request.if_match(etag.quoted()),
                Condition::Unconditional => request,
            };
            // Untold, the type is taken for COMPOSITE by some, and the checksum for a wrong one.
            let kind = complete.checksum.map(|_| ChecksumType::FullObject);
            let request = request.set_checksum_type(kind);
            let sum = complete.checksum.map(str::to_owned);
            let request = with_checksum!(request, upload.algorithm, sum);
            let request = request.customize().config_override(patient());
            self.write(call.op, write_lease, request.send(), made)
        });
        self.learn_of_write(&upload.bucket, complete.condition, answer.await)
    }

    /// Takes an upload back with all its parts, those that were on their way too, and sees that it is gone: S3 says that it
    /// may have to be aborted several times. One that is not there is aborted already.
    ///
    /// # Errors
    /// [`S3Error`]; `Kind::Unanswered` when it is still there.
    pub async fn abort(&self, upload: &Upload) -> Result<(), S3Error> {
        for _ in 0..ABORTS {
            self.abort_once(upload).await?;
            match self.parts(&mut upload.clone(), MOST_PARTS).await {
                // Without permission to list, the answer is believed.
                Ok(None)
                | Err(S3Error {
                    kind: Kind::Denied, ..
                }) => return Ok(()),
                Ok(Some(_)) => tokio::time::sleep(ABORTS_INTERVAL).await,
                Err(other) => return Err(other),
            }
        }
        Err(S3Error::with(
            "AbortMultipartUpload",
            Kind::Unanswered,
            "its parts are still there",
        ))
    }

    async fn abort_once(&self, upload: &Upload) -> Result<(), S3Error> {
        let client = self.client(&upload.bucket).await?;
        let call = Call {
            op: "AbortMultipartUpload",
            effect: Effect::Repeatable,
        };
        let answer = guard(&self.limits, &upload.bucket.name, call, TIMEOUT, || {
            let attempt = Attempt::start(self.limits.metrics(), call.op);
            let request = paying!(client.abort_multipart_upload(), &upload.bucket)
                .key(&upload.key)
                .upload_id(&upload.id);
            async move { attempt.end(request.send().await) }
        });
        match self.learn(&upload.bucket, answer.await) {
            Ok(_)
            | Err(S3Error {
                kind: Kind::Gone, ..
            }) => Ok(()),
            Err(other) => Err(other),
        }
    }
}

fn completed(part: &Part, algorithm: Option<Algorithm>) -> CompletedPart {
    let made = CompletedPart::builder()
        .part_number(wire(part.number))
        .e_tag(part.etag.quoted());
    with_checksum!(made, algorithm, part.checksum.clone()).build()
}

fn made(answer: CompleteMultipartUploadOutput) -> Option<Written> {
    let kind = answer.checksum_type();
    let is_whole = kind == Some(&ChecksumType::FullObject);
    Some(Written {
        etag: ETag::new(answer.e_tag.as_deref()?),
        source_version: None,
        checksum: whole(kind, attribute!(answer)).filter(|_| is_whole),
        kms: answer.server_side_encryption.as_ref().is_some_and(is_kms),
        version: answer.version_id,
    })
}
