//! Puts tags onto a copy after it was written, where they were too long for the write itself.
//!
//! S3 has no conditions for tags. Where the destination keeps versions, they go onto the version that was written.
//! Where it does not, a newer copy may be there by then; so the source is read once more, and if it has changed, its
//! current tags are put.

use super::end::{Ended, Equal, Failure};
use super::run::{Run, Seen, Step};
use crate::plan::{Nothing, Proof};
use crate::s3::{BucketClient, Found, Object, Tags};

impl Run<'_> {
    /// Puts the source's tags onto a copy that equals it otherwise.
    pub(super) async fn tag_again(&mut self, seen: &Seen, proof: Proof) -> Result<Step, Failure> {
        let (Some(source), Some(target)) = (&seen.source, &seen.target) else {
            return Ok(Step::ObserveAgain);
        };
        let task = self.task;
        let from = (task.from, task.event.key.as_str());
        let tags = match self.copier.tags(task.route, from, source).await {
            Err(e) if e.is_lost_race() => return Ok(Step::Refused),
            tags => tags?,
        };
        let Some(tags) = tags else {
            return Ok(Step::End(self.there(seen, proof)?));
        };
        let key = self.key_for(Some(source))?;
        let version = target.own_version();
        Ok(if self.put_tags(source, (&key, version), &tags).await? {
            Step::End(self.there(seen, proof)?)
        } else {
            Step::ObserveAgain
        })
    }

    /// Puts a source's tags onto its copy. False if they may have met another.
    pub(super) async fn put_tags(
        &mut self,
        source: &Object,
        (key, version): (&str, Option<&str>),
        tags: &Tags,
    ) -> Result<bool, Failure> {
        let task = self.task;
        let to = (task.to, key, version);
        match self
            .copier
            .put_tags(task.route, to, tags, self.write_lease)
            .await
        {
            Err(e) if e.is_lost_race() => return Ok(false),
            answer => answer?,
        }
        if version.is_some() {
            return Ok(true);
        }
        let BucketClient { s3, bucket } = task.from;
        let now = s3.head(bucket, &task.event.key).await?;
        self.retag = !matches!(now, Found::Object(now) if now.is_same(source));
        Ok(!self.retag)
    }

    /// How a key ends whose copy is there: what an earlier round of ours has written is no
    /// duplicate.
    pub(super) fn there(&mut self, seen: &Seen, proof: Proof) -> Result<Ended, Failure> {
        if let Some(source) = &seen.source {
            let target = self.key_for(Some(source))?;
            self.equal = Some(Equal {
                etag: source.etag.clone(),
                target,
                modified: Some(source.last_modified),
                since: seen.target.as_ref().map(|target| target.last_modified),
            });
        }
        let there = Ended::Nothing(Nothing::AlreadyThere(proof));
        Ok(self.written.clone().unwrap_or(there))
    }
}
