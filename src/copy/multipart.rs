//! A copy in parts: inside S3, or through this process.
//!
//! ```text
//! find or open ─▶ seal ─▶ parts that are missing ─▶ complete, conditional
//!      ▲                              │
//!      └─ any replica, any crash ◀────┘ parts stay where they are: in S3
//! ```
//!
//! The rules it keeps:
//! * every part is read pinned to the source's `ETag`: an overwrite refuses the next part, and the
//!   upload is aborted;
//! * an upload is gone on with only if its [manifest](super::manifest) says that it is of this very
//!   source, cut and dressed alike; its parts count if they are as long as they must be;
//! * no part can land on anything: only Complete makes an object, and that is a write like any
//!   other, conditional and within the lease;
//! * an upload is left open only where a later try can use it.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use bytesize::ByteSize;
use tokio::sync::Mutex;

use super::copier::Copier;
use super::error::CopyError;
use super::manifest::{self, UploadManifest};
use super::parts::{Parts, put};
use super::progress::{Tracked, What};
use super::sum::{joined, of_upload};
use super::tagging::Tagging;
use super::verify::verify_parts;
use super::write::{Leftovers, WriteRequest};
use crate::plan::{ExpectedCopy, Layout, TransferMethod};
use crate::queue::{Terms, WriteLease};
use crate::s3::{
    BucketClient, Complete, Kind, ObjectAttributes, Part, Retry, S3Error, Upload, Written,
};

/// What Complete may take beyond its first part, for each: S3 says "several minutes" of the largest.
const COMPLETE_PART: Duration = Duration::from_millis(12);

/// What Complete may take in any case.
const COMPLETE: Duration = Duration::from_secs(15);

impl Copier {
    /// Copies in parts, and goes on where an earlier try has ended.
    pub(super) async fn in_parts(
        &self,
        request: WriteRequest<'_>,
        tagging: &Tagging,
        write_lease: &WriteLease,
        left: &mut Leftovers,
    ) -> Result<Written, CopyError> {
        let expected = request.seen()?;
        let source = expected.source();
        let metadata = request.metadata(tagging, None);
        let attributes = expected.attributes(&metadata, tagging.header());
        let layout = layout(request, &expected).await?;
        let manifest =
            UploadManifest::of(&expected, layout, (attributes, &request.route.properties));
        let (upload, mut there) = match find(request, &manifest, left).await? {
            Some(found) => found,
            None => (
                open(request, attributes, &manifest, left).await?,
                BTreeMap::new(),
            ),
        };
        there.retain(|number, part| {
            *number <= layout.count() && part.size == layout.length(*number)
        });
        let what = What {
            route: request.route.name.clone(),
            key: request.key.to_owned(),
            transfer: request.copy.transfer,
            size: source.size,
            parts: layout.count(),
        };
        let tracked = self
            .progress()
            .begin(what, there.values().map(|part| part.size));
        let own = source.checksum.as_ref().map(|own| own.algorithm);
        let own = own.filter(|own| own.is_joinable());
        let alike = source.etag.parts() == Some(layout.count().into());
        let parts = Arc::new(Parts {
            copier: self.clone(),
            bandwidth: request.route.bandwidth.clone(),
            transfer: request.copy.transfer,
            from: request.from.s3.clone(),
            bucket: request.from.bucket.clone(),
            key: request.key.to_owned(),
            pin: request.copy.pin.clone(),
            layout,
            compared: source.composite.is_some() && alike,
            sums: upload.algorithm.or(own),
            to: request.to.s3.clone(),
            upload,
            paying: Mutex::default(),
        });
        let made = make(request, &parts, (there, &tracked), write_lease).await;
        if let Err(e) = &made {
            if may_go_on(e) {
                left.gained |= tracked.has_gained();
            } else {
                left.corrupt |= e.is_corrupt();
                abort(request.to, &parts.upload, left).await;
            }
        }
        made
    }
}

/// Takes back all uploads of ours that are open for a key.
///
/// # Errors
/// [`S3Error`].
pub async fn sweep(client: BucketClient<'_>, key: &str) -> Result<(), S3Error> {
    for (upload, _) in ours(client, key).await? {
        client.s3.abort(&upload).await?;
    }
    Ok(())
}

/// As the route says, else the source's own cut where it is even, so that the copy gets its `ETag`.
async fn layout(request: WriteRequest<'_>, copy: &ExpectedCopy<'_>) -> Result<Layout, S3Error> {
    let (BucketClient { s3, bucket }, source) = (request.from, copy.source());
    let said = request.route.parts.size;
    let own = match copy.parts() {
        Some(parts) if said.is_none() => s3
            .source_part(bucket, (request.key, &source.etag), 1)
            .await?
            .map(|part| part.length)
            .filter(|part| *part > 0 && source.size.div_ceil(*part) == parts),
        Some(_) | None => None,
    };
    let layout = request.copy.transfer.layout(source.size, said, own);
    layout.ok_or_else(|| {
        let code = "EntityTooLarge".into();
        let message = format!("{} is more than S3 takes", ByteSize(source.size));
        S3Error::with("CreateMultipartUpload", Kind::Refused { code }, message)
    })
}

/// The upload that an earlier try has begun, and its parts. What it has begun of another version is
/// aborted.
async fn find(
    request: WriteRequest<'_>,
    manifest: &UploadManifest,
    left: &mut Leftovers,
) -> Result<Option<(Upload, BTreeMap<u32, Part>)>, S3Error> {
    let begun = match ours(request.to, request.target).await {
        Err(
            error @ S3Error {
                kind: Kind::Denied, ..
            },
        ) => {
            let (bucket, key) = (&request.to.bucket.name, request.target);
            tracing::warn!(bucket, key, %error, "open uploads cannot be listed; the copy begins anew");
            return Ok(None);
        }
        begun => begun?,
    };
    let (mut found, s3) = (None, request.to.s3);
    for (mut upload, manifest_parts) in begun {
        let corrupt = request.corrupt || left.corrupt;
        if found.is_none() && !corrupt && manifest.is_on(&upload, &manifest_parts) {
            let parts = s3.parts(&mut upload, 1).await?.unwrap_or_default();
            let parts = parts.into_iter().map(|part| (part.number, part));
            found = Some((upload, parts.collect()));
        } else {
            abort(request.to, &upload, left).await;
        }
    }
    Ok(found)
}

/// The uploads of ours that are open for a key, each with its seal.
async fn ours(
    BucketClient { s3, bucket }: BucketClient<'_>,
    key: &str,
) -> Result<Vec<(Upload, Vec<Part>)>, S3Error> {
    let mut ours = Vec::new();
    for mut upload in s3.uploads(bucket, key).await? {
        if let Some(manifest_parts) = s3.parts(&mut upload, manifest::FIRST).await?
            && manifest::is_ours(&upload, &manifest_parts)
        {
            ours.push((upload, manifest_parts));
        }
    }
    Ok(ours)
}

/// Opens an upload and seals it before anything else is in it.
async fn open(
    request: WriteRequest<'_>,
    attributes: ObjectAttributes<'_>,
    manifest: &UploadManifest,
    left: &mut Leftovers,
) -> Result<Upload, S3Error> {
    let algorithm = of_upload(request.seen()?.source().algorithm());
    let BucketClient { s3, bucket } = request.to;
    let upload = s3
        .create_upload(
            (bucket, request.target),
            (attributes, &request.route.properties),
            algorithm,
        )
        .await?;
    for (number, body) in manifest.parts() {
        if let Err(e) = put(s3, &upload, number, &body, upload.algorithm).await {
            // Without its seal nobody would know it again.
            abort(request.to, &upload, left).await;
            return Err(e);
        }
    }
    Ok(upload)
}

async fn abort(to: BucketClient<'_>, upload: &Upload, left: &mut Leftovers) {
    if let Err(error) = to.s3.abort(upload).await {
        left.stays = true;
        let (bucket, key, id) = (&upload.bucket.name, &upload.key, &upload.id);
        tracing::warn!(bucket, key, id, %error, "upload not aborted");
    }
}

/// Makes the parts that are missing, and an object of all of them.
async fn make(
    request: WriteRequest<'_>,
    parts: &Arc<Parts>,
    (there, tracked): (BTreeMap<u32, Part>, &Tracked),
    write_lease: &WriteLease,
) -> Result<Written, CopyError> {
    let all = parts.make(there, |part| tracked.part(part.size)).await?;
    let expected = request.seen()?;
    let source = expected.source();
    let whole = whole(request, &expected, &parts.upload, &all);
    if whole.is_none() && parts.sums == source.checksum.as_ref().map(|own| own.algorithm) {
        verify_parts(source, &all)?;
    }
    let complete = Complete {
        upload: &parts.upload,
        parts: &all,
        size: parts.layout.size,
        checksum: whole.as_deref(),
        condition: &request.copy.condition,
    };
    let patience = COMPLETE + COMPLETE_PART * parts.layout.count();
    let write_lease = write_lease
        .reaching(Terms::for_write_of(patience))
        .await
        .map_err(|_| S3Error::new("CompleteMultipartUpload", Kind::Lease))?;
    Ok(request.to.s3.complete(&complete, &write_lease).await?)
}

/// The checksum that the whole must have, or S3 refuses to make it: the source's own, else that of
/// what went through this process. None where the endpoint sums up otherwise.
fn whole(
    request: WriteRequest<'_>,
    copy: &ExpectedCopy<'_>,
    upload: &Upload,
    parts: &[Part],
) -> Option<String> {
    let algorithm = upload.algorithm.filter(|_| upload.is_whole)?;
    let own = copy.checksum();
    own.filter(|own| own.algorithm == algorithm)
        .map(|own| own.value.clone())
        .or_else(|| {
            let streamed = request.copy.transfer == TransferMethod::StreamParts;
            joined(algorithm, parts).filter(|_| streamed)
        })
}

/// Whether a later try can go on with the upload that this failure has left: what ails the route is mended, and
/// the route held meanwhile. What may be the object's own trouble ends with its message dead-lettered.
fn may_go_on(e: &CopyError) -> bool {
    match e {
        CopyError::S3(e) => match e.retry() {
            Retry::Wait | Retry::Look => true,
            // A refused Complete leaves its upload open; a refused read means another source.
            Retry::Never => match e.kind {
                Kind::Lease | Kind::Credentials(_) | Kind::Region(_) | Kind::NoBucket => true,
                Kind::Precondition => e.op == "CompleteMultipartUpload",
                Kind::Gone
                | Kind::NotFound
                | Kind::Conflict
                | Kind::Denied
                | Kind::Key
                | Kind::Archived
                | Kind::Throttled(_)
                | Kind::NotSent
                | Kind::Unanswered
                | Kind::Corrupt
                | Kind::Unreadable
                | Kind::NotImplemented
                | Kind::Refused { .. } => false,
            },
        },
        CopyError::Integrity { .. } => false,
    }
}
