//! What is under way: the uploads of a key, and their parts.
//!
//! A page says where the next one begins. An endpoint whose marker stands still would be asked without end,
//! so each has to lead further.

use std::collections::HashSet;

use aws_sdk_s3::types::EncodingType;
use percent_encoding::percent_decode_str;

use super::{Call, ETag, Effect, Part, TIMEOUT, Upload, guard, is_whole, own_algorithm};
use crate::s3::attempt::Attempt;
use crate::s3::sdk::{about, checksum_of, paying};
use crate::s3::{Bucket, Kind, S3, S3Error};

/// So many uploads of one key, 1,000 a page, are no longer ours.
const MOST_PAGES: usize = 100;

impl S3 {
    /// The uploads that are open for exactly this key, oldest first.
    ///
    /// # Errors
    /// [`S3Error`].
    pub async fn uploads(&self, bucket: &Bucket, key: &str) -> Result<Vec<Upload>, S3Error> {
        let client = self.client(bucket).await?;
        let call = Call {
            op: "ListMultipartUploads",
            effect: Effect::Repeatable,
        };
        let (mut found, mut after) = (Vec::new(), None::<(String, String)>);
        let mut seen = HashSet::new();
        loop {
            let answer = guard(&self.limits, &bucket.name, call, TIMEOUT, || {
                let attempt = Attempt::start(self.limits.metrics(), call.op);
                let (key_marker, id_marker) = after.clone().unzip();
                let request = paying!(client.list_multipart_uploads(), bucket)
                    .prefix(key)
                    // XML cannot say every key.
                    .encoding_type(EncodingType::Url)
                    .set_key_marker(key_marker)
                    .set_upload_id_marker(id_marker);
                async move { attempt.end(request.send().await) }
            });
            let page = self.learn(bucket, answer.await)?;
            let is_encoded = page.encoding_type == Some(EncodingType::Url);
            let is_its = |said: Option<&str>| said.is_some_and(|said| is(key, said, is_encoded));
            for upload in page.uploads.unwrap_or_default() {
                // The key itself comes first among those that begin with it.
                if !is_its(upload.key.as_deref()) {
                    return Ok(found);
                }
                found.push(Upload {
                    bucket: bucket.clone(),
                    key: key.to_owned(),
                    id: upload.upload_id.unwrap_or_default(),
                    algorithm: None,
                    is_whole: is_whole(upload.checksum_type.as_ref()),
                });
            }
            let next = page.next_upload_id_marker;
            let next = next.filter(|_| is_its(page.next_key_marker.as_deref()));
            let Some(next) = next.filter(|_| page.is_truncated == Some(true)) else {
                return Ok(found);
            };
            if seen.len() >= MOST_PAGES || !seen.insert(next.clone()) {
                return Err(endless(call.op));
            }
            after = Some((key.to_owned(), next));
        }
    }

    /// The parts that an upload has, from one number on; `None` if it is not open. Learns the
    /// upload's algorithm.
    ///
    /// # Errors
    /// [`S3Error`].
    pub async fn parts(
        &self,
        upload: &mut Upload,
        from: u32,
    ) -> Result<Option<Vec<Part>>, S3Error> {
        let client = self.client(&upload.bucket).await?;
        let call = Call {
            op: "ListParts",
            effect: Effect::Repeatable,
        };
        let (mut found, mut after) = (Vec::new(), (from - 1).to_string());
        loop {
            let answer = guard(&self.limits, &upload.bucket.name, call, TIMEOUT, || {
                let attempt = Attempt::start(self.limits.metrics(), call.op);
                let request = paying!(client.list_parts(), &upload.bucket)
                    .key(&upload.key)
                    .upload_id(&upload.id)
                    .part_number_marker(&after);
                async move { attempt.end(request.send().await) }
            });
            let page = match self.learn(&upload.bucket, answer.await) {
                Ok(page) => page,
                Err(S3Error {
                    kind: Kind::Gone, ..
                }) => return Ok(None),
                Err(other) => return Err(other),
            };
            let algorithm = page.checksum_algorithm.as_ref();
            upload.algorithm = algorithm.and_then(own_algorithm);
            upload.is_whole = is_whole(page.checksum_type.as_ref());
            let listed = page.parts.unwrap_or_default().into_iter();
            found.extend(listed.filter_map(|part| listed_part(part, upload)));
            match page.next_part_number_marker {
                Some(next) if page.is_truncated == Some(true) => {
                    let number = |marker: &str| marker.parse::<u64>().ok();
                    if number(&next) <= number(&after) {
                        return Err(endless(call.op));
                    }
                    after = next;
                }
                Some(_) | None => return Ok(Some(found)),
            }
        }
    }
}

fn endless(op: &'static str) -> S3Error {
    S3Error::with(op, Kind::Unanswered, "its pages do not come to an end")
}

/// Whether what an answer says is this key. Encoded, a space may be a plus.
fn is(key: &str, said: &str, is_encoded: bool) -> bool {
    let decoded = |text: &str| percent_decode_str(text).decode_utf8_lossy() == key;
    said == key || is_encoded && (decoded(said) || decoded(&said.replace('+', " ")))
}

fn listed_part(part: aws_sdk_s3::types::Part, upload: &Upload) -> Option<Part> {
    Some(Part {
        number: part.part_number?.try_into().ok()?,
        size: part.size?.try_into().ok()?,
        etag: ETag::new(part.e_tag.as_deref()?),
        checksum: checksum_of!(part, upload.algorithm),
    })
}
