//! Reading: `HeadObject`, `GetObject`, `HeadBucket`, and finding the version that is meant.

use std::ops::Range;

use jiff::Timestamp;
use jiff::fmt::rfc2822::DateTimePrinter;

use crate::aws::Scene;
use crate::aws::reply::Reply;

use super::address::Ask;
use super::bucket::{Bucket, Version};
use super::checksum::Checksum;
use super::conditions;
use super::error::S3Error;
use super::object::{Object, Piece};
use super::operation::Operation;

/// A version that is an object.
pub(super) type Found<'a> = (&'a Version, &'a Object);

pub(super) fn bucket(bucket: &Bucket) -> Reply {
    Reply::new(200).header("x-amz-bucket-region", &bucket.region)
}

/// Finds what a read is about. Without `s3:ListBucket` an absent key is forbidden, not missing (API
/// reference, `GetObject` and `HeadObject`: Permissions).
pub(super) fn find<'a>(
    bucket: &'a Bucket,
    key: &str,
    version_id: Option<&str>,
    may_list: Result<(), S3Error>,
) -> Result<Found<'a>, S3Error> {
    let version = match version_id {
        None => bucket.latest(key),
        Some(id) => Some(bucket.version(key, id).ok_or_else(|| {
            let why = "The specified version does not exist.";
            S3Error::new(404, "NoSuchVersion", why).element("VersionId", id)
        })?),
    };
    let Some(version) = version else {
        may_list?;
        return Err(S3Error::no_such_key(key));
    };
    let Some(object) = &version.object else {
        return Err(marker(key, version, version_id.is_some()));
    };
    Ok((version, object))
}

/// The current version being a marker is a 404 that says so; asking for the marker by its id is a
/// 405 (user guide, "Working with delete markers").
pub(super) fn marker(key: &str, version: &Version, by_id: bool) -> S3Error {
    let why = "The specified method is not allowed against this resource.";
    let error = if by_id {
        let modified = http_date(version.modified);
        S3Error::new(405, "MethodNotAllowed", why).header("last-modified", &modified)
    } else {
        S3Error::no_such_key(key)
    };
    let id = version.id.as_deref().unwrap_or("null");
    error
        .header("x-amz-delete-marker", "true")
        .header("x-amz-version-id", id)
}

/// `GetObject` and `HeadObject`.
pub(super) fn object(bucket: &Bucket, scene: &Scene<'_>, ask: &Ask<'_>) -> Result<Reply, S3Error> {
    let action = if ask.version_id().is_some() {
        "s3:GetObjectVersion"
    } else {
        "s3:GetObject"
    };
    ask.allow(scene, action)?;
    let may_list = ask.allow_on(scene, "s3:ListBucket", &ask.bucket);
    let (version, object) = find(bucket, &ask.key, ask.version_id(), may_list)?;
    object.check_key()?;
    conditions::read(ask, &object.etag)?;
    let gets = ask.operation == Operation::GetObject;
    if gets && object.archived(scene.now) {
        return Err(inactive(object));
    }
    let length = object.content.len();
    let asked = Asked::of(ask, object)?;
    let range = asked.range(length)?;
    let sum = asked.checksum(object);
    let sum = sum.filter(|sum| {
        !sum.value.is_empty() && ask.header("x-amz-checksum-mode") == Some("ENABLED")
    });
    let mut reply = object
        .describe(Reply::new(if range.is_some() { 206 } else { 200 }), sum)
        .maybe("x-amz-version-id", version.id.as_deref())
        .maybe("x-amz-mp-parts-count", asked.parts_count(object))
        .maybe("x-amz-tagging-count", tag_count(scene, ask, object))
        .header("last-modified", http_date(version.modified));
    reply = object.tell_archive(reply, scene.now);
    if let Some(Range { start, end }) = &range {
        reply = reply.header(
            "content-range",
            format!("bytes {start}-{}/{length}", end - 1),
        );
    }
    let range = range.unwrap_or(0..length);
    reply = reply.header("content-length", (range.end - range.start).to_string());
    Ok(if gets {
        reply.body(object.content.slice(range))
    } else {
        reply
    })
}

/// Only where there are any, and told only to who may read them (API reference, `HeadObject` and
/// `GetObject`: Response Elements).
fn tag_count(scene: &Scene<'_>, ask: &Ask<'_>, object: &Object) -> Option<String> {
    let action = if ask.version_id().is_some() {
        "s3:GetObjectVersionTagging"
    } else {
        "s3:GetObjectTagging"
    };
    let count = object.tags.len();
    (count > 0 && ask.allow(scene, action).is_ok()).then(|| count.to_string())
}

/// API reference, `GetObject`: Errors.
pub(super) fn inactive(object: &Object) -> S3Error {
    let why = "The operation is not valid for the object's storage class";
    S3Error::new(403, "InvalidObjectState", why).element("StorageClass", &object.storage_class)
}

/// How much of an object a read asks for.
enum Asked<'a> {
    All,
    Range(&'a str),
    /// Of an object that was put in one piece, `None`: that is its first part (field reports).
    Part(Option<(u64, &'a Piece)>),
}

impl<'a> Asked<'a> {
    fn of(ask: &'a Ask<'_>, object: &'a Object) -> Result<Self, S3Error> {
        let number = ask.query("partNumber");
        if number.is_empty() {
            return Ok(ask.header("range").map_or(Self::All, Self::Range));
        }
        if ask.header("range").is_some() {
            let why = "Cannot specify both Range header and partNumber query parameter";
            return Err(S3Error::invalid_request(why));
        }
        let number = number.parse::<u32>().ok();
        let number = number.filter(|number| (1..=10_000).contains(number));
        let number = number.ok_or_else(|| {
            let why = "Part number must be an integer between 1 and 10000, inclusive";
            S3Error::invalid_argument(why)
        })?;
        if object.parts.is_empty() && number == 1 {
            return Ok(Self::Part(None));
        }
        let mut start = 0;
        for piece in &object.parts {
            if piece.number == number {
                return Ok(Self::Part(Some((start, piece))));
            }
            start += piece.length;
        }
        // Field reports.
        let why = "The requested partnumber is not satisfiable";
        Err(S3Error::new(416, "InvalidPartNumber", why))
    }

    /// Nothing has no range.
    fn range(&self, length: u64) -> Result<Option<Range<u64>>, S3Error> {
        let range = match self {
            Self::All => return Ok(None),
            Self::Range(range) => parse(range, length)?,
            Self::Part(None) => 0..length,
            Self::Part(Some((start, piece))) => *start..start + piece.length,
        };
        Ok(Some(range).filter(|range| !range.is_empty()))
    }

    /// A checksum over the whole says nothing about a part of it (API reference, `GetObject`); parts
    /// have their own beside a composite one (localstack/localstack#12842, tried on S3).
    fn checksum(&self, object: &'a Object) -> Option<&'a Checksum> {
        match self {
            Self::Range(_) => None,
            Self::All | Self::Part(None) => Some(&object.checksum),
            Self::Part(Some(_)) if object.checksum.full && object.parts.len() == 1 => {
                Some(&object.checksum)
            }
            Self::Part(Some((_, piece))) => piece.checksum.as_ref(),
        }
    }

    /// Only where a part was asked for, and of what was uploaded in parts (API reference,
    /// `GetObject`: Response Elements).
    fn parts_count(&self, object: &Object) -> Option<String> {
        let counted = matches!(self, Self::Part(Some(_)));
        counted.then(|| object.parts.len().to_string())
    }
}

/// One range of bytes (RFC 9110, Range; S3 serves only one).
fn parse(range: &str, length: u64) -> Result<Range<u64>, S3Error> {
    let parsed = (|| {
        let (first, last) = range.strip_prefix("bytes=")?.split_once('-')?;
        let start = match first {
            "" => length.saturating_sub(last.parse().ok()?),
            _ => first.parse().ok()?,
        };
        let end = match (first, last) {
            ("", _) | (_, "") => length,
            (_, last) => last.parse::<u64>().ok()?.saturating_add(1).min(length),
        };
        Some(start..end)
    })();
    let parsed =
        parsed.ok_or_else(|| S3Error::invalid_argument("The range is not well formed."))?;
    if parsed.is_empty() {
        let why = "The requested range is not satisfiable";
        return Err(S3Error::new(416, "InvalidRange", why));
    }
    Ok(parsed)
}

pub(super) fn http_date(at: Timestamp) -> String {
    DateTimePrinter::new()
        .timestamp_to_rfc9110_string(&at)
        .expect("years in four digits")
}
