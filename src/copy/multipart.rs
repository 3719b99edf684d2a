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
//!   upload is taken back;
//! * an upload is gone on with only if its [seal](super::seal) says that it is of this very
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
use crate::queue::{Terms, Window};
use crate::s3::{Complete, Dress, Kind, Part, Retry, S3Error, Side, Upload, Written};

/// What Complete may take beyond its first part, for each: S3 says "several minutes" of the largest.
const COMPLETE_PART: Duration = Duration::from_millis(12);

/// What Complete may take in any case.
const COMPLETE: Duration = Duration::from_secs(15);

impl Copier {
    /// Copies in parts, and goes on where an earlier try has ended.
    pub(super) async fn in_parts(
        &self,
        act: WriteRequest<'_>,
        tagging: &Tagging,
        window: &Window,
        left: &mut Leftovers,
    ) -> Result<Written, CopyError> {
        let expected = act.seen()?;
        let source = expected.source();
        let metadata = act.metadata(tagging, None);
        let dress = expected.attributes(&metadata, tagging.header());
        let layout = layout(act, &expected).await?;
        let manifest = UploadManifest::of(&expected, layout, (dress, &act.route.properties));
        let (upload, mut there) = match find(act, &manifest, left).await? {
            Some(found) => found,
            None => (open(act, dress, &manifest, left).await?, BTreeMap::new()),
        };
        there.retain(|number, part| {
            *number <= layout.count() && part.size == layout.length(*number)
        });
        let what = What {
            route: act.route.name.clone(),
            key: act.key.to_owned(),
            way: act.copy.way,
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
            line: act.route.bandwidth.clone(),
            way: act.copy.way,
            from: act.from.s3.clone(),
            bucket: act.from.bucket.clone(),
            key: act.key.to_owned(),
            pin: act.copy.pin.clone(),
            layout,
            compared: source.composite.is_some() && alike,
            sums: upload.algorithm.or(own),
            to: act.to.s3.clone(),
            upload,
            paying: Mutex::default(),
        });
        let made = make(act, &parts, (there, &tracked), window).await;
        if let Err(e) = &made {
            if may_go_on(e) {
                left.gained |= tracked.has_gained();
            } else {
                left.corrupt |= e.is_torn();
                take_back(act.to, &parts.upload, left).await;
            }
        }
        made
    }
}

/// Takes back all uploads of ours that are open for a key.
///
/// # Errors
/// [`S3Error`].
pub async fn sweep(side: Side<'_>, key: &str) -> Result<(), S3Error> {
    for (upload, _) in ours(side, key).await? {
        side.s3.abort(&upload).await?;
    }
    Ok(())
}

/// As the route says, else the source's own cut where it is even, so that the copy gets its `ETag`.
async fn layout(act: WriteRequest<'_>, copy: &ExpectedCopy<'_>) -> Result<Layout, S3Error> {
    let (Side { s3, bucket }, source) = (act.from, copy.source());
    let said = act.route.parts.size;
    let own = match copy.parts() {
        Some(parts) if said.is_none() => s3
            .source_part(bucket, (act.key, &source.etag), 1)
            .await?
            .map(|part| part.length)
            .filter(|part| *part > 0 && source.size.div_ceil(*part) == parts),
        Some(_) | None => None,
    };
    let layout = act.copy.way.layout(source.size, said, own);
    layout.ok_or_else(|| {
        let code = "EntityTooLarge".into();
        let message = format!("{} is more than S3 takes", ByteSize(source.size));
        S3Error::with("CreateMultipartUpload", Kind::Refused { code }, message)
    })
}

/// The upload that an earlier try has begun, and its parts. What it has begun of another version is
/// taken back.
async fn find(
    act: WriteRequest<'_>,
    manifest: &UploadManifest,
    left: &mut Leftovers,
) -> Result<Option<(Upload, BTreeMap<u32, Part>)>, S3Error> {
    let begun = match ours(act.to, act.target).await {
        Err(
            error @ S3Error {
                kind: Kind::Denied, ..
            },
        ) => {
            let (bucket, key) = (&act.to.bucket.name, act.target);
            tracing::warn!(bucket, key, %error, "cannot see whether a copy was begun; begins anew");
            return Ok(None);
        }
        begun => begun?,
    };
    let (mut found, s3) = (None, act.to.s3);
    for (mut upload, sealed) in begun {
        let corrupt = act.corrupt || left.corrupt;
        if found.is_none() && !corrupt && manifest.is_on(&upload, &sealed) {
            let parts = s3.parts(&mut upload, 1).await?.unwrap_or_default();
            let parts = parts.into_iter().map(|part| (part.number, part));
            found = Some((upload, parts.collect()));
        } else {
            take_back(act.to, &upload, left).await;
        }
    }
    Ok(found)
}

/// The uploads of ours that are open for a key, each with its seal.
async fn ours(
    Side { s3, bucket }: Side<'_>,
    key: &str,
) -> Result<Vec<(Upload, Vec<Part>)>, S3Error> {
    let mut ours = Vec::new();
    for mut upload in s3.uploads(bucket, key).await? {
        if let Some(sealed) = s3.parts(&mut upload, manifest::FIRST).await?
            && manifest::is_ours(&upload, &sealed)
        {
            ours.push((upload, sealed));
        }
    }
    Ok(ours)
}

/// Opens an upload and seals it before anything else is in it.
async fn open(
    act: WriteRequest<'_>,
    dress: Dress<'_>,
    manifest: &UploadManifest,
    left: &mut Leftovers,
) -> Result<Upload, S3Error> {
    let algorithm = of_upload(act.seen()?.source().algorithm());
    let Side { s3, bucket } = act.to;
    let upload = s3
        .create_upload(
            (bucket, act.target),
            (dress, &act.route.properties),
            algorithm,
        )
        .await?;
    for (number, body) in manifest.parts() {
        if let Err(e) = put(s3, &upload, number, &body, upload.algorithm).await {
            // Without its seal nobody would know it again.
            take_back(act.to, &upload, left).await;
            return Err(e);
        }
    }
    Ok(upload)
}

async fn take_back(to: Side<'_>, upload: &Upload, left: &mut Leftovers) {
    if let Err(error) = to.s3.abort(upload).await {
        left.stays = true;
        let (bucket, key, id) = (&upload.bucket.name, &upload.key, &upload.id);
        tracing::warn!(bucket, key, id, %error, "an upload could not be taken back");
    }
}

/// Makes the parts that are missing, and an object of all of them.
async fn make(
    act: WriteRequest<'_>,
    parts: &Arc<Parts>,
    (there, tracked): (BTreeMap<u32, Part>, &Tracked),
    window: &Window,
) -> Result<Written, CopyError> {
    let all = parts.make(there, |part| tracked.part(part.size)).await?;
    let expected = act.seen()?;
    let source = expected.source();
    let whole = whole(act, &expected, &parts.upload, &all);
    if whole.is_none() && parts.sums == source.checksum.as_ref().map(|own| own.algorithm) {
        verify_parts(source, &all)?;
    }
    let complete = Complete {
        upload: &parts.upload,
        parts: &all,
        size: parts.layout.size,
        checksum: whole.as_deref(),
        condition: &act.copy.condition,
    };
    let patience = COMPLETE + COMPLETE_PART * parts.layout.count();
    let window = window
        .reaching(Terms::for_write_of(patience))
        .await
        .map_err(|_| S3Error::new("CompleteMultipartUpload", Kind::Lease))?;
    Ok(act.to.s3.complete(&complete, &window).await?)
}

/// The checksum that the whole must have, or S3 refuses to make it: the source's own, else that of
/// what went through this process. None where the endpoint sums up otherwise.
fn whole(
    act: WriteRequest<'_>,
    copy: &ExpectedCopy<'_>,
    upload: &Upload,
    parts: &[Part],
) -> Option<String> {
    let algorithm = upload.algorithm.filter(|_| upload.is_whole)?;
    let own = copy.checksum();
    own.filter(|own| own.algorithm == algorithm)
        .map(|own| own.value.clone())
        .or_else(|| {
            let streamed = act.copy.way == TransferMethod::StreamParts;
            joined(algorithm, parts).filter(|_| streamed)
        })
}

/// Whether a later try can go on with the upload that this failure has left: what ails the route is mended, and
/// the route held meanwhile. What may be the object's own trouble ends with its message parked.
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
