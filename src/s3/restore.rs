//! Asks for archived objects to be restored.

use std::time::Duration;

use aws_sdk_s3::types::{GlacierJobParameters, RestoreRequest, Tier};

use super::archive::Archive;
use super::attempt::Attempt;
use super::bucket::Bucket;
use super::client::S3;
use super::error::S3Error;
use super::sdk::{about, paying};
use super::stack::{Call, Effect, guard};
use crate::config::{Restore, RestoreTier};

const TIMEOUT: Duration = Duration::from_secs(10);

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
