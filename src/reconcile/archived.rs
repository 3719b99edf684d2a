//! Archived sources: dead-lettered, left alone, or restored and copied then.
//!
//! A restore takes minutes to days. Its message returns to the queue now and then, which does not count as an attempt.
//! If S3 sends `ObjectRestore:Completed`, that event makes the copy at once.

use std::time::Duration;

use super::end::{Ended, Failure};
use super::run::{Run, Step};
use crate::config::{Glacier, RestoreTier};
use crate::s3::{Archive, BucketClient, Kind, Object, S3Error};

impl Run<'_> {
    /// Does about a source that cannot be read what the route says.
    pub(super) async fn archived(&self, source: &Object) -> Result<Step, Failure> {
        let route = self.task.route.archived;
        match route.policy {
            Glacier::DeadLetter => Err(S3Error::new("HeadObject", Kind::Archived).into()),
            Glacier::Skip => Ok(Step::End(Ended::Archived)),
            Glacier::Restore => {
                if source.archive != Archive::Restoring {
                    let (BucketClient { s3, bucket }, key) = (self.task.from, &self.task.event.key);
                    s3.restore(bucket, key, source.archive, route.restore)
                        .await?;
                }
                Err(Failure::Restoring(patience(route.restore.tier)))
            }
        }
    }
}

/// How soon it is worth looking again. SQS hides a message for twelve hours at most.
fn patience(tier: RestoreTier) -> Duration {
    match tier {
        RestoreTier::Expedited => Duration::from_mins(10),
        RestoreTier::Standard => Duration::from_hours(4),
        RestoreTier::Bulk => Duration::from_hours(6),
    }
}
