//! `CopyObject` (API reference; user guide, "Copying, moving, and renaming objects").

use std::collections::BTreeMap;

use crate::aws::Scene;
use crate::aws::reply::Reply;

use super::address::Ask;
use super::archive::Archive;
use super::bucket::{Bucket, Version};
use super::checksum::Algorithm;
use super::copy_source::{self, Named};
use super::encryption::Encryption;
use super::error::S3Error;
use super::object::{Meta, Object, etag};
use super::write::{acl, allow_acl, allow_write, storage_class, tags};
use super::{S3, conditions, xml};

pub(super) fn copy(s3: &mut S3, scene: &mut Scene<'_>, ask: &Ask<'_>) -> Result<Reply, S3Error> {
    allow_write(scene, ask)?;
    let named = Named::of(s3, ask)?;
    let (version, object) = named.find(s3, scene, ask)?;
    if object.archived(scene.now) {
        let why = "The source object of the COPY operation is not in the active tier";
        return Err(S3Error::new(403, "ObjectNotInActiveTierError", why));
    }
    copy_source::fits(object.content.len())?;
    allow_tags(scene, ask, &named, &object)?;
    let target = s3.bucket(&ask.bucket)?;
    allow_acl(scene, ask, target)?;
    refuse_self(ask, &named, &version, &object, target)?;
    conditions::destination(ask, target)?;
    let copied = made_of(ask, scene, &named, &object, target)?;
    let from = named.at(&version);
    let reply = copied.encryption.reported(Reply::new(200));
    let reply = reply.maybe("x-amz-copy-source-version-id", version.id);
    let stored = s3.store(scene, ask, copied.clone(), Some(from), "ObjectCreated:Copy")?;
    let sum = &copied.checksum;
    let body = xml::element("LastModified", &format!("{:.3}", stored.modified))
        + &xml::element("ETag", &format!("\"{}\"", copied.etag))
        + &xml::element("ChecksumType", sum.kind())
        + &sum.element();
    Ok(reply
        .maybe("x-amz-version-id", stored.id)
        .body(xml::document("CopyObjectResult", &body)))
}

/// Field report: copying tags takes the tagging permissions on both sides.
fn allow_tags(
    scene: &Scene<'_>,
    ask: &Ask<'_>,
    named: &Named,
    object: &Object,
) -> Result<(), S3Error> {
    if object.tags.is_empty() || ask.header("x-amz-tagging-directive") == Some("REPLACE") {
        return Ok(());
    }
    let action = match named.version_id {
        Some(_) => "s3:GetObjectVersionTagging",
        None => "s3:GetObjectTagging",
    };
    ask.allow_on(scene, action, &named.resource())?;
    ask.allow(scene, "s3:PutObjectTagging")
}

/// An object may be copied onto itself only to change something (API reference, `CopyObject`:
/// Errors). Asking for the storage class it has is no change (stricter). An older version may be
/// restored so.
fn refuse_self(
    ask: &Ask<'_>,
    named: &Named,
    version: &Version,
    object: &Object,
    target: &Bucket,
) -> Result<(), S3Error> {
    let itself = named.bucket == ask.bucket && named.key == ask.key;
    let current = target
        .latest(&ask.key)
        .is_some_and(|latest| latest.reign == version.reign);
    let class = ask
        .header("x-amz-storage-class")
        .is_some_and(|c| c != object.storage_class);
    let encryption = ask.header("x-amz-server-side-encryption").is_some();
    let replaced = ask.header("x-amz-metadata-directive") == Some("REPLACE");
    if !(itself && current) || class || encryption || replaced {
        return Ok(());
    }
    let why = "This copy request is illegal because it is trying to copy an object to itself without \
               changing the object's metadata, storage class, website redirect location or \
               encryption attributes.";
    Err(S3Error::invalid_request(why))
}

/// What comes along and what does not: storage class and encryption are the copy's own, and the
/// copy of a multipart object is a single part with an `ETag` and a full-object checksum of its
/// own.
fn made_of(
    ask: &Ask<'_>,
    scene: &mut Scene<'_>,
    named: &Named,
    object: &Object,
    target: &Bucket,
) -> Result<Object, S3Error> {
    let encryption = Encryption::of(ask, target)?;
    let algorithm = match ask.header("x-amz-checksum-algorithm") {
        None => object.checksum.algorithm,
        Some(name) => Algorithm::named(name).ok_or_else(|| S3Error::not_implemented(name))?,
    };
    let sent = Meta::of(ask)?;
    let sent_any = !sent.user.is_empty() || sent.headers.keys().any(|name| name != "content-type");
    let meta = match ask.header("x-amz-metadata-directive") {
        Some("REPLACE") => sent,
        // S3 would ignore it in silence; whoever sends it did not mean that (stricter).
        None | Some("COPY") if sent_any => {
            let why = format!("metadata sent without REPLACE, copying {}", named.key);
            return Err(S3Error::invalid_request(why));
        }
        None | Some("COPY") => object.meta.clone(),
        Some(_) => return Err(S3Error::invalid_argument("Unknown metadata directive.")),
    };
    let tags = match (
        ask.header("x-amz-tagging-directive"),
        ask.header("x-amz-tagging"),
    ) {
        (Some("REPLACE"), sent) => tags(sent.unwrap_or_default())?,
        (None | Some("COPY"), None) => object.tags.clone(),
        (None | Some("COPY"), Some(_)) => {
            return Err(S3Error::invalid_request("tags sent without REPLACE"));
        }
        (Some(_), _) => return Err(S3Error::invalid_argument("Unknown tagging directive.")),
    };
    Ok(Object {
        content: object.content.clone(),
        etag: etag(&object.content, encryption.kms, scene.rng),
        checksum: object.content.checksum(algorithm),
        parts: Vec::new(),
        meta,
        tags,
        storage_class: storage_class(ask)?,
        encryption,
        acl: acl(ask),
        archive: Archive::default(),
        customer_key: false,
        aside: BTreeMap::new(),
    })
}
