//! Changing one object: `PutObject` and `DeleteObject`.

use std::collections::{BTreeMap, BTreeSet};

use percent_encoding::percent_decode_str;

use crate::aws::Scene;
use crate::aws::reply::Reply;

use super::address::Ask;
use super::archive::Archive;
use super::bucket::Bucket;
use super::checksum::{Algorithm, Checksum};
use super::content::Content;
use super::encryption::Encryption;
use super::error::S3Error;
use super::object::{Meta, Object, etag};
use super::{S3, body, conditions, tagging};

/// The one ACL that every bucket takes.
const OWNERS: &str = "bucket-owner-full-control";

/// The largest body, and the largest source of one `CopyObject` or `UploadPartCopy` (user guide,
/// "limits").
pub(super) const FIVE_GB: u64 = 5 << 30;

pub(super) fn put(s3: &mut S3, scene: &mut Scene<'_>, ask: &Ask<'_>) -> Result<Reply, S3Error> {
    allow_write(scene, ask)?;
    allow_acl(scene, ask, s3.bucket(&ask.bucket)?)?;
    let bucket = s3.bucket(&ask.bucket)?;
    let sumless = bucket.sumless || bucket.credulous;
    let received = if sumless {
        body::receive_unsummed(ask.request, bucket.credulous)?
    } else {
        body::receive(ask.request)?
    };
    let content = Content::Bytes(received.data);
    fits(&content)?;
    conditions::destination(ask, s3.bucket(&ask.bucket)?)?;
    let encryption = Encryption::of(ask, s3.bucket(&ask.bucket)?)?;
    let sum = match received.checksum {
        None if sumless => Checksum::unreported(Algorithm::Crc64Nvme),
        // S3 adds CRC64NVME where nothing was sent (user guide, "Checking object integrity").
        None => content.checksum(Algorithm::Crc64Nvme),
        Some(sum) => sum,
    };
    let object = Object {
        etag: etag(&content, encryption.kms, scene.rng),
        checksum: sum,
        content,
        parts: Vec::new(),
        meta: Meta::of(ask)?,
        tags: tags(ask.header("x-amz-tagging").unwrap_or_default())?,
        storage_class: storage_class(ask)?,
        encryption,
        acl: acl(ask),
        archive: Archive::default(),
        customer_key: false,
        aside: BTreeMap::new(),
    };
    let reply = object.encryption.reported(Reply::new(200));
    let reply = object.checksum.headers(reply);
    let reply = reply.header("etag", format!("\"{}\"", object.etag));
    let version = s3.store(scene, ask, object, None, "ObjectCreated:Put")?;
    Ok(reply.maybe("x-amz-version-id", version.id))
}

/// The largest body of one `PutObject` or `UploadPart` (user guide, "limits").
pub(super) fn fits(content: &Content) -> Result<(), S3Error> {
    if content.len() <= FIVE_GB {
        return Ok(());
    }
    let why = "Your proposed upload exceeds the maximum allowed size";
    Err(S3Error::new(400, "EntityTooLarge", why))
}

pub(super) fn delete(s3: &mut S3, scene: &mut Scene<'_>, ask: &Ask<'_>) -> Result<Reply, S3Error> {
    let by_id = ask.version_id().is_some();
    ask.allow(
        scene,
        if by_id {
            "s3:DeleteObjectVersion"
        } else {
            "s3:DeleteObject"
        },
    )?;
    if ask.header("if-match").is_some_and(|etag| etag != "*") {
        // User guide, "How to perform conditional deletes".
        ask.allow(scene, "s3:GetObject")?;
    }
    conditions::deletion(ask, s3.bucket(&ask.bucket)?)?;
    let deleted = s3.delete(scene, &ask.bucket, &ask.key, ask.version_id())?;
    let reply = Reply::new(204).maybe("x-amz-version-id", deleted.version_id);
    Ok(if deleted.marker {
        reply.header("x-amz-delete-marker", "true")
    } else {
        reply
    })
}

/// What a write needs to be allowed, beyond its own action (user guide, "conditional writes";
/// API reference, `PutObject` and `CopyObject`: Permissions).
pub(super) fn allow_write(scene: &Scene<'_>, ask: &Ask<'_>) -> Result<(), S3Error> {
    ask.allow(scene, "s3:PutObject")?;
    if ask.header("if-match").is_some() {
        ask.allow(scene, "s3:GetObject")?;
    }
    if ask.header("x-amz-tagging").is_some() {
        ask.allow(scene, "s3:PutObjectTagging")?;
    }
    Ok(())
}

/// An ACL takes a permission of its own (API reference, `PutObject`: Permissions). A bucket that is
/// `BucketOwnerEnforced`, as all new ones are, knows only one (user guide, "Object Ownership").
pub(super) fn allow_acl(scene: &Scene<'_>, ask: &Ask<'_>, bucket: &Bucket) -> Result<(), S3Error> {
    const CANNED: [&str; 7] = [
        OWNERS,
        "private",
        "public-read",
        "public-read-write",
        "authenticated-read",
        "aws-exec-read",
        "bucket-owner-read",
    ];
    let Some(acl) = ask.header("x-amz-acl") else {
        return Ok(());
    };
    ask.allow(scene, "s3:PutObjectAcl")?;
    if !CANNED.contains(&acl) {
        return Err(S3Error::invalid_argument("Unknown canned ACL."));
    }
    if acl == OWNERS || bucket.acls {
        return Ok(());
    }
    let why = "The bucket does not allow ACLs";
    Err(S3Error::new(400, "AccessControlListNotSupported", why))
}

/// What an object keeps of it.
pub(super) fn acl(ask: &Ask<'_>) -> Option<String> {
    ask.header("x-amz-acl").map(str::to_owned)
}

/// SDK model, `StorageClass`.
pub(super) fn storage_class(ask: &Ask<'_>) -> Result<String, S3Error> {
    const KNOWN: [&str; 8] = [
        "STANDARD",
        "STANDARD_IA",
        "ONEZONE_IA",
        "INTELLIGENT_TIERING",
        "GLACIER_IR",
        "GLACIER",
        "DEEP_ARCHIVE",
        "REDUCED_REDUNDANCY",
    ];
    let class = ask.header("x-amz-storage-class").unwrap_or("STANDARD");
    if KNOWN.contains(&class) {
        return Ok(class.to_owned());
    }
    Err(S3Error::new(
        400,
        "InvalidStorageClass",
        "The storage class you specified is not valid",
    ))
}

/// Tags as URL query parameters. A key twice and a strange character are another error here than in
/// `PutObjectTagging` (recorded by `LocalStack`, `test_object_tagging_exc`).
pub(super) fn tags(header: &str) -> Result<BTreeMap<String, String>, S3Error> {
    // Old API reference, `PutObject` (adobe/S3Mock#142); which error is not told.
    if header.len() > 2048 {
        let why = "Your request header section exceeds the maximum allowed size";
        return Err(S3Error::new(400, "RequestHeaderSectionTooLarge", why));
    }
    let decode = |text: &str| {
        let spaced = text.replace('+', " ");
        percent_decode_str(&spaced).decode_utf8_lossy().into_owned()
    };
    let pairs = header.split('&').filter(|pair| !pair.is_empty());
    let pairs = pairs.map(|pair| {
        let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
        (decode(key), decode(value))
    });
    let mut seen = BTreeSet::new();
    let plain = |text: &str| text.chars().all(tagging::allowed);
    let once = |(key, value): (String, String)| plain(&key) && plain(&value) && seen.insert(key);
    if !pairs.clone().all(once) {
        let why = "The header 'x-amz-tagging' shall be encoded as UTF-8 then URLEncoded URL query \
                   parameters without tag name duplicates.";
        return Err(S3Error::invalid_argument(why)
            .element("ArgumentName", "x-amz-tagging")
            .element("ArgumentValue", header));
    }
    tagging::collect(pairs)
}
