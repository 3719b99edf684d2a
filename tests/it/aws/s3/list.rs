//! `ListObjectsV2` (API reference): a page of current objects, in the order of their UTF-8 bytes.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

use crate::aws::Scene;
use crate::aws::reply::Reply;

use super::address::Ask;
use super::bucket::Bucket;
use super::error::S3Error;
use super::xml;

const KEPT: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'*')
    .remove(b'/');

pub(super) fn list(bucket: &Bucket, scene: &Scene<'_>, ask: &Ask<'_>) -> Result<Reply, S3Error> {
    ask.allow_on(scene, "s3:ListBucket", &ask.bucket)?;
    let query = |name: &str| ask.request.query.get(name).map_or("", String::as_str);
    let (prefix, delimiter) = (query("prefix"), query("delimiter"));
    let most: usize = match query("max-keys") {
        "" => 1000,
        text => text
            .parse::<usize>()
            .map_err(|_| S3Error::invalid_argument("max-keys"))?
            .min(1000),
    };
    let token = percent_decode_str(query("continuation-token"))
        .decode_utf8_lossy()
        .into_owned();
    let after = if token.is_empty() {
        query("start-after")
    } else {
        &token
    };
    let encode = |key: &str| match query("encoding-type") {
        // As HTML forms do (botocore decodes it with `unquote_plus`).
        "url" => utf8_percent_encode(key, KEPT)
            .to_string()
            .replace("%20", "+"),
        _ => key.to_owned(),
    };

    let (mut entries, mut last, mut more) = (Vec::new(), String::new(), false);
    for (key, versions) in &bucket.keys {
        let current = versions
            .last()
            .and_then(|v| v.object.as_ref().map(|object| (v, object)));
        let Some((version, object)) = current.filter(|_| key.starts_with(prefix)) else {
            continue;
        };
        let rolled = common_prefix(key, prefix, delimiter);
        let name = rolled.unwrap_or(key);
        // A page may have ended on a common prefix: all below it has been said.
        if name == last || key.as_str() <= after || rolled == Some(&token) {
            continue;
        }
        if entries.len() == most {
            more = true;
            break;
        }
        name.clone_into(&mut last);
        entries.push(match rolled {
            Some(rolled) => format!(
                "<CommonPrefixes>{}</CommonPrefixes>",
                xml::element("Prefix", &encode(rolled))
            ),
            None => format!(
                "<Contents>{}{}{}{}{}</Contents>",
                xml::element("Key", &encode(key)),
                xml::element("LastModified", &format!("{:.3}", version.modified)),
                xml::element("ETag", &format!("\"{}\"", object.etag)),
                xml::element("Size", &object.content.len().to_string()),
                xml::element("StorageClass", &object.storage_class),
            ),
        });
    }
    let mut body = xml::element("Name", &ask.bucket)
        + &xml::element("Prefix", &encode(prefix))
        + &xml::element("KeyCount", &entries.len().to_string())
        + &xml::element("MaxKeys", &most.to_string())
        + &xml::element("IsTruncated", if more { "true" } else { "false" });
    if query("encoding-type") == "url" {
        body += &xml::element("EncodingType", "url");
    }
    if more {
        // Opaque to the caller: encoded, so that a key is not taken for a token.
        let token = utf8_percent_encode(&last, NON_ALPHANUMERIC).to_string();
        body += &xml::element("NextContinuationToken", &token);
    }
    body += &entries.concat();
    Ok(Reply::new(200).body(xml::document("ListBucketResult", &body)))
}

fn common_prefix<'a>(key: &'a str, prefix: &str, delimiter: &str) -> Option<&'a str> {
    let rest = key[prefix.len()..]
        .find(delimiter)
        .filter(|_| !delimiter.is_empty())?;
    Some(&key[..prefix.len() + rest + delimiter.len()])
}
