//! Sources that have checksums of their parts but none of the whole (`COMPOSITE`).
//!
//! A range of such an object comes without a checksum, but a HEAD of a part tells that part's. So what was read is
//! compared before it is sent: an object that is buffered as a whole, and each part of a copy that is cut like its
//! source.

use super::sum::{Summing, sum};
use crate::plan::{ONE_PART, SMALLEST_PART};
use crate::s3::{BucketClient, Checksum, Kind, Object, S3Error};

/// In how many parts an object can have been uploaded that is held whole. Who takes smaller ones than S3 may tell of
/// more, which are then not looked at.
const MOST: u64 = ONE_PART.div_ceil(SMALLEST_PART);

/// What bytes must sum up to, and what they do so far.
pub(super) struct Expected {
    reported: Checksum,
    read: Summing,
}

impl Expected {
    pub(super) fn new(reported: Checksum) -> Self {
        let read = Summing::begin(Some(reported.algorithm), false);
        Self { reported, read }
    }

    pub(super) fn add(&mut self, bytes: &[u8]) {
        self.read.add(bytes);
    }

    /// Compares the two.
    ///
    /// # Errors
    /// `Kind::Corrupt`.
    pub(super) fn end(self) -> Result<(), S3Error> {
        let read = self.read.end().checksum.unwrap_or_default();
        compare(&self.reported, &read)
    }
}

/// Compares all of a part.
///
/// # Errors
/// `Kind::Corrupt`.
pub(super) fn verify_part(reported: &Checksum, bytes: &[u8]) -> Result<(), S3Error> {
    compare(reported, &sum(reported.algorithm, bytes))
}

fn compare(reported: &Checksum, read: &str) -> Result<(), S3Error> {
    if read == reported.value {
        return Ok(());
    }
    let reported = &reported.value;
    let message = format!("a part has the checksum {reported}, and {read} was read");
    Err(S3Error::with("GetObject", Kind::Corrupt, message))
}

/// Compares an object that was read whole, part by part.
///
/// # Errors
/// [`S3Error`]; `Kind::Corrupt` when it is another.
pub(super) async fn verify_whole(
    BucketClient { s3, bucket }: BucketClient<'_>,
    key: &str,
    source: &Object,
    body: &[u8],
) -> Result<(), S3Error> {
    let parts = source.etag.parts().filter(|parts| *parts <= MOST);
    let count = parts.and_then(|parts| u32::try_from(parts).ok());
    for number in 1..=count.unwrap_or_default() {
        let part = s3.source_part(bucket, (key, &source.etag), number).await?;
        let reported = part.and_then(|part| part.range.zip(part.checksum));
        if let Some((range, reported)) = reported
            && let Ok(start) = usize::try_from(range.start)
            && let Ok(end) = usize::try_from(range.end)
            && let Some(bytes) = body.get(start..end)
        {
            verify_part(&reported, bytes)?;
        }
    }
    Ok(())
}
