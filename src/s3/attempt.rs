//! One attempt of one call, counted.

use aws_sdk_s3::error::{ProvideErrorMetadata, SdkError};
use aws_smithy_runtime_api::http::Response;

use super::error::S3Error;
use crate::cause;
use crate::metrics::Metrics;

/// One attempt, counted when it ends, also when its future is dropped.
pub(super) struct Attempt<'a> {
    metrics: &'a Metrics,
    op: &'static str,
    status: Option<u16>,
}

impl<'a> Attempt<'a> {
    pub(super) fn start(metrics: &'a Metrics, op: &'static str) -> Self {
        Self {
            metrics,
            op,
            status: None,
        }
    }

    /// Notes the status and names the error.
    pub(super) fn end<T, E>(
        mut self,
        answer: Result<T, SdkError<E, Response>>,
    ) -> Result<T, S3Error>
    where
        E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
    {
        self.status = cause::status(&answer);
        answer.map_err(|e| S3Error::of(self.op, &e))
    }
}

impl Drop for Attempt<'_> {
    fn drop(&mut self) {
        self.metrics.call("s3", self.op, self.status);
    }
}
