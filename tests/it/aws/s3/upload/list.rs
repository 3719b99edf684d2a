//! `ListParts` and `ListMultipartUploads` (API reference): pages with markers.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use crate::aws::Scene;
use crate::aws::reply::Reply;
use crate::aws::s3::address::Ask;
use crate::aws::s3::bucket::Bucket;
use crate::aws::s3::checksum::Checksum;
use crate::aws::s3::error::S3Error;
use crate::aws::s3::xml;

use super::{find, sorted};

/// All but what a key is said with as it is.
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'_')
    .remove(b'.')
    .remove(b'/');

pub(in crate::aws::s3) fn parts(
    bucket: &Bucket,
    scene: &Scene<'_>,
    ask: &Ask<'_>,
) -> Result<Reply, S3Error> {
    // User guide, "Multipart upload API and permissions".
    ask.allow(scene, "s3:ListMultipartUploadParts")?;
    let upload = find(bucket, ask)?;
    let after = number(ask, "part-number-marker", 0)?;
    let most = most(ask, "max-parts")?;
    let rest = || {
        upload
            .parts
            .iter()
            .filter(|(number, _)| u64::from(**number) > after)
    };
    let last = rest()
        .take(most)
        .last()
        .map_or(after, |(n, _)| u64::from(*n));
    let mut body = xml::element("Bucket", &ask.bucket)
        + &xml::element("Key", &ask.key)
        + &xml::element("UploadId", ask.query("uploadId"))
        + &xml::element("PartNumberMarker", &after.to_string())
        + &xml::element("NextPartNumberMarker", &last.to_string())
        + &xml::element("MaxParts", &most.to_string())
        + &xml::element("IsTruncated", &(rest().count() > most).to_string())
        + &xml::element("StorageClass", &upload.storage_class);
    if let Some(declared) = upload.declared {
        body += &xml::element("ChecksumAlgorithm", declared.algorithm.name());
        body += &xml::element("ChecksumType", declared.kind());
    }
    for (number, part) in rest().take(most) {
        let element = xml::element("PartNumber", &number.to_string())
            + &xml::element("LastModified", &format!("{:.3}", part.modified))
            + &xml::element("ETag", &format!("\"{}\"", part.etag))
            + &xml::element("Size", &part.content.len().to_string())
            + &part
                .checksum
                .as_ref()
                .map_or_else(String::new, Checksum::element);
        body += &xml::nested("Part", &element);
    }
    Ok(Reply::new(200).body(xml::document("ListPartsResult", &body)))
}

pub(in crate::aws::s3) fn uploads(
    bucket: &Bucket,
    scene: &Scene<'_>,
    ask: &Ask<'_>,
) -> Result<Reply, S3Error> {
    ask.allow_on(scene, "s3:ListBucketMultipartUploads", &ask.bucket)?;
    let (prefix, key_marker) = (ask.query("prefix"), ask.query("key-marker"));
    let id_marker = ask.query("upload-id-marker");
    let most = most(ask, "max-uploads")?;
    let all = sorted(bucket);
    // The id counts only beside the key, and only among that key's uploads.
    let beyond = |key: &str, id: &str| {
        key > key_marker || key == key_marker && !id_marker.is_empty() && id > id_marker
    };
    let rest: Vec<_> = all
        .into_iter()
        .filter(|(id, upload)| upload.key.starts_with(prefix) && beyond(&upload.key, id))
        .collect();
    let page = &rest[..most.min(rest.len())];
    // XML cannot say every key (API reference, `EncodingType`).
    let encodes = ask.query("encoding-type") == "url";
    let said = |key: &str| {
        let text = utf8_percent_encode(key, ENCODED).to_string();
        if encodes {
            text.replace("%20", "+")
        } else {
            key.to_owned()
        }
    };
    let mut body = xml::element("Bucket", &ask.bucket)
        + &xml::element("Prefix", &said(prefix))
        + &xml::element("KeyMarker", &said(key_marker))
        + &xml::element("UploadIdMarker", id_marker)
        + &xml::element("MaxUploads", &most.to_string())
        + &xml::element("IsTruncated", &(rest.len() > most).to_string());
    if let Some((id, upload)) = page.last().filter(|_| rest.len() > most) {
        body += &xml::element("NextKeyMarker", &said(&upload.key));
        body += &xml::element("NextUploadIdMarker", id);
    }
    if encodes {
        body += &xml::element("EncodingType", "url");
    }
    for (id, upload) in page {
        let element = xml::element("Key", &said(&upload.key))
            + &xml::element("UploadId", id)
            + &xml::element("StorageClass", &upload.storage_class)
            + &xml::element("Initiated", &format!("{:.3}", upload.initiated));
        body += &xml::nested("Upload", &element);
    }
    Ok(Reply::new(200).body(xml::document("ListMultipartUploadsResult", &body)))
}

/// A page has 1,000 entries at most, and by default.
fn most(ask: &Ask<'_>, name: &str) -> Result<usize, S3Error> {
    let most = number(ask, name, 1000)?.min(1000);
    Ok(usize::try_from(most).expect("at most 1,000"))
}

fn number(ask: &Ask<'_>, name: &str, default: u64) -> Result<u64, S3Error> {
    match ask.query(name) {
        "" => Ok(default),
        text => text.parse().map_err(|_| S3Error::invalid_argument(name)),
    }
}
