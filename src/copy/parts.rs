//! The parts of an upload: several at once, each in a task of its own, so that one large object
//! keeps all cores busy. What S3 does not copy itself is held, or [streamed](super::streamed_part).

use std::collections::BTreeMap;
use std::panic::resume_unwind;
use std::sync::Arc;

use bytes::Bytes;
use tokio::sync::Mutex;
use tokio::task::{JoinError, JoinSet};
use tokio::try_join;
use tracing::Instrument;

use super::composite::verify_part;
use super::copier::Copier;
use super::stream::may_travel;
use super::sum::sum;
use crate::plan::{Layout, ONE_PART, TransferMethod};
use crate::s3::{Algorithm, Bandwidth, Bucket, Checksum, ETag, Kind, Part, S3, S3Error, Upload};

/// Parts of one object under way at once.
const AT_ONCE: usize = 8;

/// What the tasks of one upload share.
#[derive(Debug)]
pub(super) struct Parts {
    pub(super) copier: Copier,
    /// The route's line, where it is bounded.
    pub(super) bandwidth: Option<Bandwidth>,
    /// How they travel.
    pub(super) transfer: TransferMethod,
    pub(super) from: S3,
    pub(super) bucket: Bucket,
    pub(super) key: String,
    /// The source version that all are read from.
    pub(super) pin: ETag,
    pub(super) layout: Layout,
    /// The source has a checksum of each of its parts, and the copy has as many parts.
    pub(super) compared: bool,
    /// What the bytes of each are summed up in: as the upload says, else as the source is.
    pub(super) sums: Option<Algorithm>,
    pub(super) to: S3,
    pub(super) upload: Upload,
    /// A part that is streamed waits here for the lines it travels on.
    pub(super) paying: Mutex<()>,
}

impl Parts {
    /// Makes the parts that are not `there`, reports each, and returns all in order. Dropped, it ends its tasks.
    ///
    /// # Errors
    /// The first [`S3Error`]; the other parts under way are given up.
    pub(super) async fn make(
        self: &Arc<Self>,
        there: BTreeMap<u32, Part>,
        made: impl Fn(&Part),
    ) -> Result<Vec<Part>, S3Error> {
        let mut parts = there;
        let mut under_way = JoinSet::new();
        for number in 1..=self.layout.count() {
            if parts.contains_key(&number) {
                continue;
            }
            if under_way.len() >= AT_ONCE {
                let ended = under_way.join_next().await.expect("some are under way");
                keep(ended, &mut parts, &made)?;
            }
            let this = Arc::clone(self);
            under_way.spawn(async move { this.whole_part(number).await }.in_current_span());
        }
        while let Some(ended) = under_way.join_next().await {
            keep(ended, &mut parts, &made)?;
        }
        Ok(parts.into_values().collect())
    }

    /// Makes one part, and once more if it was read corrupt, and so not sent: the others need not be.
    async fn whole_part(&self, number: u32) -> Result<Part, S3Error> {
        match self.part(number).await {
            Err(error) if error.kind == Kind::Corrupt && error.op == "GetObject" => {
                let key = &self.key;
                tracing::warn!(key, number, %error, "retrying part");
                self.part(number).await
            }
            made => made,
        }
    }

    /// Makes one part of the pinned source.
    async fn part(&self, number: u32) -> Result<Part, S3Error> {
        let range = self.layout.range(number);
        if self.transfer == TransferMethod::ServerSideParts {
            let source = (&self.bucket, self.key.as_str(), &self.pin);
            return self.to.copy_part(&self.upload, number, source, range).await;
        }
        let length = self.layout.length(number);
        if length > ONE_PART {
            return self.streamed(number).await;
        }
        may_travel(self.bandwidth.as_ref(), (&self.from, &self.to), length).await;
        let room = self.copier.memory.room(length).await;
        let buffer = room.buffer(usize::try_from(length).expect("a part fits in memory"));
        let source = (self.key.as_str(), &self.pin);
        let body = self.from.get_range(&self.bucket, source, range, buffer);
        let (body, reported) = try_join!(body, self.reported(number))?;
        if let Some(reported) = reported {
            verify_part(&reported, &body)?;
        }
        let part = put(&self.to, &self.upload, number, &body, self.sums).await;
        room.recycle(body);
        part
    }

    /// What a part must sum up to, if S3 says so of the very bytes that it is made of.
    pub(super) async fn reported(&self, number: u32) -> Result<Option<Checksum>, S3Error> {
        if !self.compared {
            return Ok(None);
        }
        let source = (self.key.as_str(), &self.pin);
        let part = self.from.source_part(&self.bucket, source, number).await?;
        let alike = part.filter(|part| part.range == Some(self.layout.range(number)));
        Ok(alike.and_then(|part| part.checksum))
    }
}

/// Sends a part, with its checksum if the upload has the algorithm.
pub(super) async fn put(
    s3: &S3,
    upload: &Upload,
    number: u32,
    body: &Bytes,
    sums: Option<Algorithm>,
) -> Result<Part, S3Error> {
    let sum = sums.map(|algorithm| sum(algorithm, body));
    s3.put_part(upload, number, body, sum.as_deref()).await
}

fn keep(
    ended: Result<Result<Part, S3Error>, JoinError>,
    parts: &mut BTreeMap<u32, Part>,
    made: impl Fn(&Part),
) -> Result<(), S3Error> {
    // Nobody cancels a single one.
    let part = ended.unwrap_or_else(|e| resume_unwind(e.into_panic()))?;
    made(&part);
    parts.insert(part.number, part);
    Ok(())
}
