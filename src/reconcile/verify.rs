//! The HEAD of the source after a write that may have replaced something: is it still what was written?

use super::end::Failure;
use super::run::Run;
use crate::copy::Done;
use crate::plan::Copy;
use crate::s3::{BucketClient, Found, Object};

impl Run<'_> {
    /// Whether the source is still what was written.
    pub(super) async fn still_written(
        &self,
        source: Option<&Object>,
        copy: &Copy,
        done: &Done,
    ) -> Result<bool, Failure> {
        let (BucketClient { s3, bucket }, event) = (self.task.from, self.task.event);
        let Found::Object(now) = s3.head(bucket, &event.key).await? else {
            return Ok(false);
        };
        if now.etag != copy.pin {
            return Ok(false);
        }
        if let Some(source) = source {
            // The same bytes may have come under other headers since.
            return Ok(source.headers == now.headers && source.metadata == now.metadata);
        }
        // Written blindly, so that which headers were copied is not known; which version is.
        if done.source_version.is_some() || now.version_id.is_some() {
            return Ok(done.source_version == now.version_id);
        }
        // The event tells when its version came into being. Anything later is another version.
        Ok(event
            .modified_by()
            .is_some_and(|by| now.last_modified <= by))
    }
}
