//! Reads the current state of source and destination.

use jiff::Timestamp;

use super::end::Failure;
use super::run::{Run, Seen};
use crate::s3::{BucketClient, Found, Object};

impl Run<'_> {
    /// Looks at both sides; the destination first, so that a source seen is newer than it.
    pub(super) async fn observe(&self) -> Result<Seen, Failure> {
        let mut time = None;
        if self.task.route.is_dated() {
            // The destination's key is not known before the source's time is.
            let Some(source) = self.source().await? else {
                return Ok(Seen::default());
            };
            time = Some(source.last_modified);
        }
        let target = self.target(time).await?;
        let source = self.source().await?;
        let key = |time| self.task.route.destination(&self.task.event.key, time);
        let moved = time.is_some()
            && source
                .as_ref()
                .is_some_and(|source| key(Some(source.last_modified)) != key(time));
        Ok(Seen {
            source,
            // The source belongs elsewhere by now; if something stands there, S3 will say so.
            target: target.filter(|_| !moved),
            asked: true,
            body: None,
        })
    }

    pub(super) async fn source(&self) -> Result<Option<Object>, Failure> {
        let (BucketClient { s3, bucket }, key) = (self.task.from, &self.task.event.key);
        Ok(s3.head_for_certain(bucket, key).await?)
    }

    pub(super) async fn target(&self, time: Option<Timestamp>) -> Result<Option<Object>, Failure> {
        let key = self.key_at(time)?;
        let BucketClient { s3, bucket } = self.task.to;
        if self.task.route.follows {
            // Where there is nothing to delete, nothing would tell that the bucket is missing.
            return Ok(s3.head_for_certain(bucket, &key).await?);
        }
        match s3.head(bucket, &key).await? {
            Found::Object(object) => Ok(Some(*object)),
            // Should the bucket be missing, the write will say so.
            Found::Gone | Found::Nothing => Ok(None),
        }
    }
}
