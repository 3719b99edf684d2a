//! `UploadPart` and `UploadPartCopy`. A part sent again replaces the one before.

use std::ops::Range;

use jiff::Timestamp;

use crate::aws::Scene;
use crate::aws::reply::Reply;
use crate::aws::s3::address::Ask;
use crate::aws::s3::checksum::{Algorithm, Checksum};
use crate::aws::s3::content::Content;
use crate::aws::s3::copy_source::{self, Named};
use crate::aws::s3::encryption::Encryption;
use crate::aws::s3::error::S3Error;
use crate::aws::s3::history::Source;
use crate::aws::s3::object::etag;
use crate::aws::s3::read::inactive;
use crate::aws::s3::write;
use crate::aws::s3::{S3, body, xml};

use super::{Part, Upload, find};

/// Sources of no more are copied whole (API reference, `UploadPartCopy`: the range).
const FIVE_MB: u64 = 5 << 20;

pub(in crate::aws::s3) fn part(
    s3: &mut S3,
    scene: &mut Scene<'_>,
    ask: &Ask<'_>,
) -> Result<Reply, S3Error> {
    let number = open(s3, scene, ask)?;
    let received = body::receive(ask.request)?;
    let content = Content::Bytes(received.data);
    write::fits(&content)?;
    let sent = received.checksum;
    find(s3.bucket(&ask.bucket)?, ask)?.agree(sent.as_ref())?;
    let (part, encryption) = keep(s3, scene, ask, number, content, None)?;
    let reply = encryption.reported(Reply::new(200));
    let reply = reply.header("etag", format!("\"{}\"", part.etag));
    // Said back only if it was sent (API reference, `UploadPart`: Response Elements).
    Ok(match sent {
        Some(sum) => reply.header(sum.algorithm.header(), sum.value),
        None => reply,
    })
}

pub(in crate::aws::s3) fn part_copy(
    s3: &mut S3,
    scene: &mut Scene<'_>,
    ask: &Ask<'_>,
) -> Result<Reply, S3Error> {
    let number = open(s3, scene, ask)?;
    let named = Named::of(s3, ask)?;
    let (version, object) = named.find(s3, scene, ask)?;
    // The model knows ObjectNotInActiveTierError for CopyObject alone; this is the error of every
    // other read.
    if object.archived(scene.now) {
        return Err(inactive(&object));
    }
    let content = match ask.header("x-amz-copy-source-range") {
        Some(range) => object.content.range(parse(range, object.content.len())?),
        None => object.content,
    };
    copy_source::fits(content.len())?;
    let source = named.at(&version);
    let (part, encryption) = keep(s3, scene, ask, number, content, Some(source))?;
    let body = xml::element("LastModified", &format!("{:.3}", part.modified))
        + &xml::element("ETag", &format!("\"{}\"", part.etag))
        + &part
            .checksum
            .as_ref()
            .map_or_else(String::new, Checksum::element);
    Ok(encryption
        .reported(Reply::new(200))
        .maybe("x-amz-copy-source-version-id", version.id)
        .body(xml::document("CopyPartResult", &body)))
}

/// The checks of both: permission (user guide, "Multipart upload API and permissions"), number,
/// upload.
fn open(s3: &S3, scene: &Scene<'_>, ask: &Ask<'_>) -> Result<u32, S3Error> {
    ask.allow(scene, "s3:PutObject")?;
    let number = ask.query("partNumber").parse();
    let number = number.ok().filter(|number| (1..=10_000).contains(number));
    let number = number.ok_or_else(|| {
        let why = "Part number must be an integer between 1 and 10000, inclusive";
        S3Error::invalid_argument(why)
    })?;
    find(s3.bucket(&ask.bucket)?, ask)?;
    Ok(number)
}

fn keep(
    s3: &mut S3,
    scene: &mut Scene<'_>,
    ask: &Ask<'_>,
    number: u32,
    content: Content,
    source: Option<Source>,
) -> Result<(Part, Encryption), S3Error> {
    let bucket = s3.bucket_mut(&ask.bucket)?;
    let id = ask.query("uploadId");
    let upload = bucket.uploads.get_mut(id).expect("it has been found");
    let sum = upload.declared.map(|d| content.checksum(d.algorithm));
    let part = Part {
        etag: etag(&content, upload.encryption.kms, scene.rng),
        content,
        checksum: sum,
        modified: Timestamp::from_second(scene.now.as_second()).expect("whole seconds fit too"),
        source,
    };
    upload.parts.insert(number, part.clone());
    Ok((part, upload.encryption.clone()))
}

impl Upload {
    /// A part brings the checksum the upload has declared: it must for a composite one, it may for
    /// one over the whole (floci-io/floci#3093, versity/versitygw#1342). Without a declaration only
    /// the CRC32 that the SDKs add by themselves is taken (arrow-rs-object-store#34, attic#268);
    /// AWS took a CRC32C too (recorded by `LocalStack`, `…_checksum_default`), so this is stricter.
    fn agree(&self, sent: Option<&Checksum>) -> Result<(), S3Error> {
        let sent = sent.map(|sum| sum.algorithm);
        let agreed = match (self.declared, sent) {
            (None, sent) => matches!(sent, None | Some(Algorithm::Crc32)),
            (Some(declared), None) => declared.full,
            (Some(declared), Some(sent)) => declared.algorithm == sent,
        };
        if agreed {
            return Ok(());
        }
        let name = |algorithm: Option<Algorithm>| {
            algorithm.map_or("null".to_owned(), |a| a.name().to_ascii_lowercase())
        };
        let expected = name(self.declared.map(|declared| declared.algorithm));
        let why = format!(
            "Checksum Type mismatch occurred, expected checksum Type: {expected}, actual checksum \
             Type: {}",
            name(sent)
        );
        Err(S3Error::invalid_request(why))
    }
}

/// `bytes=first-last`, both within the source (API reference; what is said where they are not was
/// recorded by `LocalStack`, `test_upload_part_copy_range`).
///
/// The API reference allows a range only of a source above 5 MB. AWS took one of ten bytes (the
/// same recording); here it is refused, so that nobody leans on that.
fn parse(range: &str, length: u64) -> Result<Range<u64>, S3Error> {
    let number = |text: &str| {
        let digits = !text.is_empty() && text.bytes().all(|c| c.is_ascii_digit());
        digits.then(|| text.parse::<u64>().ok()).flatten()
    };
    let parsed = range
        .strip_prefix("bytes=")
        .and_then(|range| range.split_once('-'))
        .and_then(|(first, last)| Some((number(first)?, number(last)?)));
    let Some((first, last)) = parsed.filter(|(first, last)| first <= last) else {
        let why = "The x-amz-copy-source-range value must be of the form bytes=first-last where \
                   first and last are the zero-based offsets of the first and last bytes to copy";
        return Err(S3Error::invalid_argument(why));
    };
    if first >= length {
        let why = "The specified copy range is invalid for the source object size";
        return Err(S3Error::invalid_request(why));
    }
    if last >= length {
        let why = format!("Range specified is not valid for source object of size: {length}");
        return Err(S3Error::invalid_argument(why));
    }
    if length <= FIVE_MB {
        let why = "The specified copy source is not supported as a byte-range copy source";
        return Err(S3Error::invalid_request(why));
    }
    Ok(first..last + 1)
}
