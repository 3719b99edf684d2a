//! Filling an upload, from memory or inside S3.

use std::ops::Range;
use std::time::Duration;

use aws_smithy_types::body::SdkBody;
use bytes::Bytes;

use super::{Call, ETag, Effect, Part, Upload, guard, patient, wire};
use crate::s3::attempt::Attempt;
use crate::s3::read::bytes;
use crate::s3::sdk::{about, checksum_of, copying, paying, unsigned, with_checksum};
use crate::s3::{Bucket, S3, S3Error};

/// A part of at most 16 MiB on a slow line.
pub(super) const PUT_TIMEOUT: Duration = Duration::from_mins(2);

/// A part of at most 5 GiB, across the world.
const COPY_TIMEOUT: Duration = Duration::from_mins(10);

impl S3 {
    /// Sends one part from memory, and its checksum where the upload has an algorithm.
    ///
    /// # Errors
    /// [`S3Error`]; `Kind::Gone` when the upload is no longer open.
    pub async fn put_part(
        &self,
        upload: &Upload,
        number: u32,
        body: &Bytes,
        checksum: Option<&str>,
    ) -> Result<Part, S3Error> {
        let client = self.client(&upload.bucket).await?;
        let call = Call {
            op: "UploadPart",
            effect: Effect::Repeatable,
        };
        let bucket = &upload.bucket.name;
        let answer = guard(&self.limits, bucket, call, PUT_TIMEOUT, || {
            let attempt = Attempt::start(self.limits.metrics(), call.op);
            let request = paying!(client.upload_part(), &upload.bucket)
                .key(&upload.key)
                .upload_id(&upload.id)
                .part_number(wire(number))
                .body(SdkBody::from(body.clone()).into());
            let sum = checksum.map(str::to_owned);
            let request = with_checksum!(request, upload.algorithm, sum);
            let request = unsigned!(
                request.customize(),
                checksum.and(upload.algorithm).is_some()
            );
            async move { attempt.end(request.send().await) }
        });
        let answer = self.learn(&upload.bucket, answer.await)?;
        let empty = || S3Error::empty(call.op).about(&answer);
        Ok(Part {
            number,
            size: body.len() as u64,
            etag: ETag::new(answer.e_tag.as_deref().ok_or_else(empty)?),
            checksum: checksum.map(str::to_owned),
        })
    }

    /// Lets S3 copy a range of a source above 5 MB: smaller ones have none.
    ///
    /// # Errors
    /// [`S3Error`]; `Kind::Precondition` when the source has moved on.
    pub async fn copy_part(
        &self,
        upload: &Upload,
        number: u32,
        (source, key, pin): (&Bucket, &str, &ETag),
        range: Range<u64>,
    ) -> Result<Part, S3Error> {
        let client = self.client(&upload.bucket).await?;
        let call = Call {
            op: "UploadPartCopy",
            effect: Effect::Repeatable,
        };
        let (limits, bucket) = (self.limits.passing(), &upload.bucket.name);
        let answer = guard(&limits, bucket, call, COPY_TIMEOUT, || {
            let attempt = Attempt::start(self.limits.metrics(), call.op);
            let request = about!(client.upload_part_copy(), &upload.bucket)
                .copy_source_range(bytes(&range))
                .key(&upload.key)
                .upload_id(&upload.id)
                .part_number(wire(number));
            let request = copying!(request, source, key).copy_source_if_match(pin.quoted());
            let request = request.customize().config_override(patient());
            async move { attempt.end(request.send().await) }
        });
        let answer = self.learn(&upload.bucket, answer.await)?;
        let empty = || S3Error::empty(call.op).about(&answer);
        let result = answer.copy_part_result.clone().ok_or_else(empty)?;
        Ok(Part {
            number,
            size: range.end - range.start,
            etag: ETag::new(result.e_tag.as_deref().ok_or_else(empty)?),
            checksum: checksum_of!(result, upload.algorithm),
        })
    }
}
