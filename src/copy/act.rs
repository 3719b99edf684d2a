//! Carrying a plan out: inside S3, or [through this process](super::stream).

use super::copier::Copier;
use super::error::CopyError;
use super::tagging::Tagging;
use super::verify::verify;
use super::write::{Done, Leftovers, WriteRequest};
use crate::plan::TransferMethod;
use crate::queue::Window;
use crate::s3::{CopyObject, S3Error, Written};

impl Copier {
    /// Writes the destination and compares what S3 answers with the source. Whatever the end, uploads in parts may
    /// have left something behind.
    pub async fn act(
        &self,
        request: WriteRequest<'_>,
        window: &Window,
    ) -> (Result<Done, CopyError>, Leftovers) {
        let mut left = Leftovers::default();
        let done = self.copy(request, window, &mut left).await;
        (done, left)
    }

    async fn copy(
        &self,
        request: WriteRequest<'_>,
        window: &Window,
        left: &mut Leftovers,
    ) -> Result<Done, CopyError> {
        let mut tagging = self.tagging(request).await?;
        let patient = request.patient(window).await?;
        let window = patient.as_ref().unwrap_or(window);
        let written = match self.write(request, &tagging, window, left).await {
            Err(CopyError::S3(denied))
                if Self::may_leave_tags(request.route, &tagging, &denied) =>
            {
                tagging = Tagging::Left;
                // Boxed: rare, and as large as the first attempt.
                let again = Box::pin(self.write(request, &tagging, window, left));
                let written = again.await?;
                self.left_tags(request.route, &denied);
                written
            }
            written => written?,
        };
        if written.kms {
            self.learn_kms(&request.to.bucket.name);
        }
        // Provenance metadata proves its copy; without it both sides have to be seen.
        let (copy, expected) = (request.copy, request.expected);
        let proven = verify(&copy.pin, expected.as_ref(), &written)? || copy.marked;
        Ok(Done {
            source_version: written.source_version.clone(),
            proven,
            version: written.own_version(),
            tags: match tagging {
                Tagging::Follow(tags) => Some(tags),
                Tagging::Copied | Tagging::Sent(_) | Tagging::Left => None,
            },
        })
    }

    async fn write(
        &self,
        request: WriteRequest<'_>,
        tagging: &Tagging,
        window: &Window,
        left: &mut Leftovers,
    ) -> Result<Written, CopyError> {
        match request.copy.way {
            TransferMethod::Server => Ok(self.server(request, tagging, window).await?),
            TransferMethod::Stream => self.stream(request, tagging, window).await,
            // Boxed: it is large, and few copies need it.
            TransferMethod::ServerParts | TransferMethod::StreamParts => {
                Box::pin(self.in_parts(request, tagging, window, left)).await
            }
        }
    }

    async fn server(
        &self,
        request: WriteRequest<'_>,
        tagging: &Tagging,
        window: &Window,
    ) -> Result<Written, S3Error> {
        let metadata = request.metadata(tagging, None);
        let marked = request.expected.filter(|_| request.copy.marked);
        let copy = CopyObject {
            source: request.from.bucket,
            source_key: request.key,
            pin: &request.copy.pin,
            bucket: request.to.bucket,
            key: request.target,
            condition: &request.copy.condition,
            replace: marked.map(|copy| copy.attributes(&metadata, tagging.header())),
            tags: *tagging == Tagging::Copied,
            properties: &request.route.properties,
        };
        request.to.s3.copy(&copy, window).await
    }
}
