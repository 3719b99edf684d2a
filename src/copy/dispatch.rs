//! Carries a plan out: server-side, or [through this process](super::stream).

use super::copier::Copier;
use super::error::CopyError;
use super::tagging::Tagging;
use super::verify::verify;
use super::write::{Done, Leftovers, WriteRequest};
use crate::plan::TransferMethod;
use crate::queue::WriteLease;
use crate::s3::{CopyObject, S3Error, Written};

impl Copier {
    /// Writes the destination and compares what S3 answers with the source. Whatever the end, uploads in parts may
    /// have left something behind.
    pub async fn dispatch(
        &self,
        request: WriteRequest<'_>,
        write_lease: &WriteLease,
    ) -> (Result<Done, CopyError>, Leftovers) {
        let mut left = Leftovers::default();
        let done = self.copy(request, write_lease, &mut left).await;
        (done, left)
    }

    async fn copy(
        &self,
        request: WriteRequest<'_>,
        write_lease: &WriteLease,
        left: &mut Leftovers,
    ) -> Result<Done, CopyError> {
        let mut tagging = self.tagging(request).await?;
        let patient = request.patient(write_lease).await?;
        let write_lease = patient.as_ref().unwrap_or(write_lease);
        let written = match self.write(request, &tagging, write_lease, left).await {
            Err(CopyError::S3(denied))
                if Self::may_leave_tags(request.route, &tagging, &denied) =>
            {
                tagging = Tagging::Left;
                // Boxed: rare, and as large as the first attempt.
                let again = Box::pin(self.write(request, &tagging, write_lease, left));
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
        let proven = verify(&copy.pin, expected.as_ref(), &written)? || copy.with_provenance;
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
        write_lease: &WriteLease,
        left: &mut Leftovers,
    ) -> Result<Written, CopyError> {
        match request.copy.transfer {
            TransferMethod::ServerSide => Ok(self.server(request, tagging, write_lease).await?),
            TransferMethod::Stream => self.stream(request, tagging, write_lease).await,
            // Boxed: it is large, and few copies need it.
            TransferMethod::ServerSideParts | TransferMethod::StreamParts => {
                Box::pin(self.in_parts(request, tagging, write_lease, left)).await
            }
        }
    }

    async fn server(
        &self,
        request: WriteRequest<'_>,
        tagging: &Tagging,
        write_lease: &WriteLease,
    ) -> Result<Written, S3Error> {
        let metadata = request.metadata(tagging, None);
        let with_provenance = request.expected.filter(|_| request.copy.with_provenance);
        let copy = CopyObject {
            source: request.from.bucket,
            source_key: request.key,
            pin: &request.copy.pin,
            bucket: request.to.bucket,
            key: request.target,
            condition: &request.copy.condition,
            replace: with_provenance.map(|copy| copy.attributes(&metadata, tagging.header())),
            tags: *tagging == Tagging::Copied,
            properties: &request.route.properties,
        };
        request.to.s3.copy(&copy, write_lease).await
    }
}
