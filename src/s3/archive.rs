//! Objects that cannot be read before they are restored.

use std::time::Duration;

use aws_sdk_s3::operation::head_object::HeadObjectOutput;
use aws_sdk_s3::types::{GlacierJobParameters, RestoreRequest, StorageClass, Tier};

use super::sdk::{about, paying};
use super::stack::{Call, Effect, guard};
use super::{Attempt, Bucket, S3, S3Error};
use crate::config::{Restore, RestoreTier};

const TIMEOUT: Duration = Duration::from_secs(10);

/// Whether an object can be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Archive {
    /// At once.
    Readable,
    /// Once a restore is done that is under way.
    Restoring,
    /// Once it is restored; the copy that is restored then goes again after some days.
    Glacier,
    /// Once it is restored; it then stays.
    IntelligentTiering,
}

impl Archive {
    /// As HEAD tells it. `GLACIER_IR` is read like any other class.
    pub(super) fn of(head: &HeadObjectOutput) -> Self {
        // ongoing-request="false", expiry-date="…"
        let restore = head.restore().unwrap_or_default();
        let archived = match head.storage_class() {
            Some(StorageClass::Glacier | StorageClass::DeepArchive) => Self::Glacier,
            Some(_) | None if head.archive_status().is_some() => Self::IntelligentTiering,
            Some(_) | None => return Self::Readable,
        };
        if restore.contains("ongoing-request=\"true\"") {
            Self::Restoring
        } else if restore.contains("ongoing-request=\"false\"") {
            Self::Readable
        } else {
            archived
        }
    }
}

impl S3 {
    /// Asks for an archived object to be restored. That it is asked for already is no error.
    ///
    /// # Errors
    /// [`S3Error`].
    pub async fn restore(
        &self,
        bucket: &Bucket,
        key: &str,
        archive: Archive,
        restore: Restore,
    ) -> Result<(), S3Error> {
        let client = self.client(bucket).await?;
        let call = Call {
            op: "RestoreObject",
            effect: Effect::Repeatable,
        };
        let answer = guard(&self.limits, &bucket.name, call, TIMEOUT, || {
            let attempt = Attempt::start(self.limits.metrics(), call.op);
            let job = GlacierJobParameters::builder().tier(tier(restore.tier));
            // What is restored for good takes no days (s3tools/s3cmd#1377).
            let days = (archive == Archive::Glacier).then_some(restore.days);
            let days = days.map(|days| i32::try_from(days).unwrap_or(i32::MAX));
            let asked = RestoreRequest::builder()
                .set_days(days)
                .glacier_job_parameters(job.build().expect("it has a tier"));
            let request = paying!(client.restore_object(), bucket)
                .key(key)
                .restore_request(asked.build());
            async move { attempt.end(request.send().await) }
        });
        match self.learn(bucket, answer.await) {
            Ok(_) => Ok(()),
            Err(e) if e.is_refused_as("RestoreAlreadyInProgress") => Ok(()),
            Err(other) => Err(other),
        }
    }
}

fn tier(tier: RestoreTier) -> Tier {
    match tier {
        RestoreTier::Standard => Tier::Standard,
        RestoreTier::Bulk => Tier::Bulk,
        RestoreTier::Expedited => Tier::Expedited,
    }
}

#[cfg(test)]
mod tests {
    use aws_sdk_s3::types::ArchiveStatus;

    use super::*;

    #[test]
    fn a_look_tells_whether_an_object_can_be_read() {
        let under_way = Some("ongoing-request=\"true\"");
        let done = Some("ongoing-request=\"false\", expiry-date=\"Fri, 21 Dec 2012 00:00:00 GMT\"");
        let deep = Some(ArchiveStatus::DeepArchiveAccess);
        for (class, status, restore, want) in [
            (None, None, None, Archive::Readable),
            (Some("GLACIER_IR"), None, None, Archive::Readable),
            (Some("GLACIER"), None, None, Archive::Glacier),
            (Some("DEEP_ARCHIVE"), None, None, Archive::Glacier),
            (Some("DEEP_ARCHIVE"), None, under_way, Archive::Restoring),
            (Some("GLACIER"), None, done, Archive::Readable),
            (Some("INTELLIGENT_TIERING"), None, None, Archive::Readable),
            (
                Some("INTELLIGENT_TIERING"),
                deep.clone(),
                None,
                Archive::IntelligentTiering,
            ),
            (
                Some("INTELLIGENT_TIERING"),
                deep,
                under_way,
                Archive::Restoring,
            ),
        ] {
            let head = HeadObjectOutput::builder()
                .set_storage_class(class.map(StorageClass::from))
                .set_archive_status(status.clone())
                .set_restore(restore.map(str::to_owned));
            let head = head.build();
            assert_eq!(Archive::of(&head), want, "{class:?} {status:?} {restore:?}");
        }
    }
}
