//! `CopyObject` (API reference; user guide, "Copying, moving, and renaming objects").

use percent_encoding::percent_decode_str;

use crate::aws::Scene;
use crate::aws::access::partition;
use crate::aws::reply::Reply;

use super::address::Ask;
use super::bucket::{Bucket, Version};
use super::checksum::Algorithm;
use super::error::S3Error;
use super::history::Source;
use super::object::{Meta, Object, etag};
use super::write::{FIVE_GB, allow_write, encrypted, storage_class, tags};
use super::{S3, conditions, read, xml};

/// What `x-amz-copy-source` names.
#[derive(Debug, PartialEq, Eq)]
struct Named {
    bucket: String,
    key: String,
    version_id: Option<String>,
}

pub(super) fn copy(s3: &mut S3, scene: &mut Scene<'_>, ask: &Ask<'_>) -> Result<Reply, S3Error> {
    allow_write(scene, ask)?;
    let named = parse(ask.header("x-amz-copy-source").unwrap_or_default())?;
    let (version, object) = source(s3, scene, ask, &named)?;
    let target = s3.bucket(&ask.bucket)?;
    refuse_self(ask, &named, &version, &object, target)?;
    conditions::destination(ask, target)?;
    let copied = made_of(ask, scene, &named, &object, target)?;
    let from = Source {
        bucket: named.bucket,
        key: named.key,
        reign: version.reign,
    };
    let reply = copied
        .encryption(Reply::new(200))
        .maybe("x-amz-copy-source-version-id", version.id);
    let stored = s3.store(scene, ask, copied.clone(), Some(from), "ObjectCreated:Copy")?;
    let sum = &copied.checksum;
    let body = xml::element("LastModified", &format!("{:.3}", stored.modified))
        + &xml::element("ETag", &format!("\"{}\"", copied.etag))
        + &xml::element("ChecksumType", sum.kind())
        + &xml::element(&format!("Checksum{}", sum.algorithm.name()), &sum.value);
    Ok(reply
        .maybe("x-amz-version-id", stored.id)
        .body(xml::document("CopyObjectResult", &body)))
}

/// The value must be URL-encoded (API reference). S3 decodes a plus as a space, and proxies in
/// between disagree: here a bare one is refused, like everything else that needed encoding
/// (stricter).
fn parse(header: &str) -> Result<Named, S3Error> {
    let why = "Copy Source must mention the source bucket and key: sourcebucket/sourcekey";
    let refused = || S3Error::invalid_argument(why);
    let (path, version_id) = match header.split_once("?versionId=") {
        Some((path, id)) => (path, Some(id.to_owned())),
        None => (header, None),
    };
    let path = path.strip_prefix('/').unwrap_or(path);
    let plain = |c: u8| c.is_ascii_alphanumeric() || b"-._~/!*'()".contains(&c);
    let mut bytes = path.bytes();
    while let Some(byte) = bytes.next() {
        let mut hex = || bytes.next().is_some_and(|c| c.is_ascii_hexdigit());
        let encoded = byte == b'%' && hex() && hex();
        if !encoded && !plain(byte) {
            return Err(refused());
        }
    }
    let decoded = percent_decode_str(path)
        .decode_utf8()
        .map_err(|_| refused())?;
    let (bucket, key) = decoded
        .split_once('/')
        .filter(|(_, key)| !key.is_empty())
        .ok_or_else(refused)?;
    Ok(Named {
        bucket: bucket.to_owned(),
        key: key.to_owned(),
        version_id,
    })
}

fn source(
    s3: &S3,
    scene: &Scene<'_>,
    ask: &Ask<'_>,
    named: &Named,
) -> Result<(Version, Object), S3Error> {
    let bucket = s3.bucket(&named.bucket)?;
    if partition(&bucket.region) != partition(&ask.request.caller.region) {
        return Err(S3Error::no_such_bucket(&named.bucket));
    }
    ask.owned_by(bucket, "x-amz-source-expected-bucket-owner")?;
    let by_id = named.version_id.is_some();
    let resource = format!("{}/{}", named.bucket, named.key);
    let action = if by_id {
        "s3:GetObjectVersion"
    } else {
        "s3:GetObject"
    };
    ask.allow_on(scene, action, &resource)?;
    if by_id
        && bucket
            .version(&named.key, named.version_id.as_deref().unwrap_or_default())
            .is_some_and(|version| version.object.is_none())
    {
        let why = "The source of a copy request may not specifically refer to a delete marker by \
                   version id.";
        return Err(S3Error::invalid_request(why));
    }
    let may_list = ask.allow_on(scene, "s3:ListBucket", &named.bucket);
    let (version, object) = read::find(bucket, &named.key, named.version_id.as_deref(), may_list)?;
    conditions::source(ask, &object.etag)?;
    if object.archived() {
        let why = "The source object of the COPY operation is not in the active tier";
        return Err(S3Error::new(403, "ObjectNotInActiveTierError", why));
    }
    if object.content.len() > FIVE_GB {
        let why = "The specified copy source is larger than the maximum allowable size for a copy \
                   source: 5368709120";
        return Err(S3Error::invalid_request(why));
    }
    if !object.tags.is_empty() && ask.header("x-amz-tagging-directive") != Some("REPLACE") {
        // Field report: copying tags takes the tagging permissions on both sides.
        let read_tags = if by_id {
            "s3:GetObjectVersionTagging"
        } else {
            "s3:GetObjectTagging"
        };
        ask.allow_on(scene, read_tags, &resource)?;
        ask.allow(scene, "s3:PutObjectTagging")?;
    }
    Ok((version.clone(), object.clone()))
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
    let kms = encrypted(ask, target.kms)?;
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
        etag: etag(&object.content, kms, scene.rng),
        checksum: object.content.checksum(algorithm),
        meta,
        tags,
        storage_class: storage_class(ask)?,
        kms,
    })
}
