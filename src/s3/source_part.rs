//! One part of an object, as it was uploaded.

use std::ops::Range;

use aws_sdk_s3::operation::head_object::HeadObjectOutput;
use aws_sdk_s3::types::ChecksumMode;

use super::attempt::Attempt;
use super::bucket::Bucket;
use super::client::S3;
use super::error::{Kind, S3Error};
use super::object::{Checksum, ETag};
use super::read::HEAD_TIMEOUT;
use super::sdk::{about, paying};
use super::seen::{attribute, whole};
use super::stack::{Call, Effect, guard};

/// What S3 says about a part.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourcePart {
    /// Its bytes' number.
    pub length: u64,
    /// Where they are in the object; AWS emulators may not say.
    pub range: Option<Range<u64>>,
    /// Theirs, where the object has one of each part (`COMPOSITE`) and none over all bytes.
    pub checksum: Option<Checksum>,
}

impl S3 {
    /// Looks at a part of the version that has this `ETag`; `None` where nobody knows. Pinned it would be refused by
    /// AWS emulators that compare the `ETag` of the part; whoever reads the object is told if it has moved on.
    ///
    /// # Errors
    /// [`S3Error`].
    pub async fn source_part(
        &self,
        bucket: &Bucket,
        (key, etag): (&str, &ETag),
        number: u32,
    ) -> Result<Option<SourcePart>, S3Error> {
        let answer = match self.ask_part(bucket, key, number).await {
            // Refused without a word, as any HEAD is.
            Err(silent) if silent.is_silent() => match self.probe(bucket, key).await {
                Ok(()) => self.ask_part(bucket, key, number).await,
                Err(attribute) => Err(attribute),
            },
            answer => answer,
        };
        match answer {
            Ok(head) if head.e_tag().map(ETag::new).as_ref() == Some(etag) => Ok(part(&head)),
            // Another version or none, or an AWS emulator that knows no part numbers.
            Ok(_)
            | Err(S3Error {
                kind: Kind::NotFound | Kind::Gone | Kind::Refused { .. } | Kind::NotImplemented,
                ..
            }) => Ok(None),
            Err(other) => self.learn(bucket, Err(other)),
        }
    }

    async fn ask_part(
        &self,
        bucket: &Bucket,
        key: &str,
        number: u32,
    ) -> Result<HeadObjectOutput, S3Error> {
        let client = self.client(bucket).await?;
        let call = Call {
            op: "HeadObject",
            effect: Effect::Repeatable,
        };
        guard(&self.limits, &bucket.name, call, HEAD_TIMEOUT, || {
            let attempt = Attempt::start(self.limits.metrics(), call.op);
            let request = paying!(client.head_object(), bucket).key(key);
            let request = request
                .part_number(i32::try_from(number).expect("at most 10,000"))
                .checksum_mode(ChecksumMode::Enabled);
            async move { attempt.end(request.send().await) }
        })
        .await
    }
}

fn part(head: &HeadObjectOutput) -> Option<SourcePart> {
    Some(SourcePart {
        length: head.content_length()?.try_into().ok()?,
        range: head.content_range().and_then(range),
        // A part's own is returned as COMPOSITE, as the object's is.
        checksum: whole(None, attribute!(head)),
    })
}

/// `bytes 0-9/20`, whose last byte is included.
fn range(attribute: &str) -> Option<Range<u64>> {
    let (range, _) = attribute.strip_prefix("bytes ")?.split_once('/')?;
    let (first, last) = range.split_once('-')?;
    let (first, last) = (first.parse().ok()?, last.parse::<u64>().ok()?);
    Some(first..last.checked_add(1)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_is_read_as_s3_tells_it() {
        for (attribute, want) in [
            ("bytes 0-9/20", Some(0..10)),
            ("bytes 8388608-8388608/8388609", Some(8_388_608..8_388_609)),
            ("bytes */20", None),
            ("0-9/20", None),
            ("bytes 0-18446744073709551615/20", None),
            ("", None),
        ] {
            assert_eq!(range(attribute), want, "{attribute}");
        }
    }
}
