//! `CompleteMultipartUpload`: the parts that are listed become the object, the others are lost.

use std::collections::BTreeMap;

use crate::aws::Scene;
use crate::aws::reply::Reply;
use crate::aws::s3::address::Ask;
use crate::aws::s3::archive::Archive;
use crate::aws::s3::checksum::{Algorithm, Checksum};
use crate::aws::s3::content::Content;
use crate::aws::s3::error::S3Error;
use crate::aws::s3::history::Source;
use crate::aws::s3::object::{Object, Piece, etag_of_parts};
use crate::aws::s3::write::allow_write;
use crate::aws::s3::{S3, conditions, xml};

use super::{Declared, Part, Upload, find};

/// The least that every part but the last may have (user guide, "limits").
const FIVE_MB: u64 = 5 << 20;

pub(in crate::aws::s3) fn complete(
    s3: &mut S3,
    scene: &mut Scene<'_>,
    ask: &Ask<'_>,
) -> Result<Reply, S3Error> {
    allow_write(scene, ask)?;
    if let Some(answer) = s3.answers.find(ask, scene.now) {
        return Ok(answer);
    }
    let upload = find(s3.bucket(&ask.bucket)?, ask)?;
    let listed = listed(ask)?;
    upload.check_mode(ask)?;
    let chosen = upload.choose(&listed)?;
    let object = upload.assemble(&chosen);
    let source = common_source(&chosen);
    check_whole(ask, &object)?;
    check_conditions(s3, ask)?;

    let reply = object.encryption.reported(Reply::new(200));
    let location = format!("https://{}/{}", ask.request.host, ask.key);
    let body = xml::element("Location", &location)
        + &xml::element("Bucket", &ask.bucket)
        + &xml::element("Key", &ask.key)
        + &xml::element("ETag", &format!("\"{}\"", object.etag))
        + &object.checksum.element()
        + &xml::element("ChecksumType", object.checksum.kind());
    let event = "ObjectCreated:CompleteMultipartUpload";
    let version = s3.store(scene, ask, object, source, event)?;
    let bucket = s3.bucket_mut(&ask.bucket)?;
    bucket.uploads.remove(ask.query("uploadId"));
    let answer = reply
        .maybe("x-amz-version-id", version.id)
        .body(xml::document("CompleteMultipartUploadResult", &body));
    s3.answers.keep(ask, scene.now, answer.clone());
    Ok(answer)
}

/// A part as the caller lists it.
struct Listed {
    number: u32,
    etag: String,
    checksums: BTreeMap<Algorithm, String>,
}

/// API reference, `CompleteMultipartUpload`: the request and its errors. No list at all is an
/// `InvalidRequest` (recorded by `LocalStack`, `test_multipart_complete_multipart_too_small`).
fn listed(ask: &Ask<'_>) -> Result<Vec<Listed>, S3Error> {
    if ask.request.body.is_empty() {
        let why = "You must specify at least one part";
        return Err(S3Error::invalid_request(why));
    }
    let rows = xml::rows(&ask.request.body, &["CompleteMultipartUpload", "Part"])?;
    let listed = rows.into_iter().map(|mut row| {
        let number = row.remove("PartNumber")?.parse().ok()?;
        let etag = row.remove("ETag")?.trim_matches('"').to_owned();
        let sums = Algorithm::ALL.into_iter().filter_map(|algorithm| {
            let value = row.remove(&format!("Checksum{}", algorithm.name()))?;
            Some((algorithm, value))
        });
        let checksums = sums.collect();
        row.is_empty().then_some(Listed {
            number,
            etag,
            checksums,
        })
    });
    let listed = listed.collect::<Option<Vec<_>>>();
    let listed = listed
        .filter(|l| !l.is_empty())
        .ok_or_else(xml::malformed)?;
    if listed.is_sorted_by(|one, next| one.number < next.number) {
        return Ok(listed);
    }
    let why = "The list of parts was not in ascending order. The parts list must be specified in \
               order by part number.";
    Err(S3Error::new(400, "InvalidPartOrder", why))
}

impl Upload {
    /// The listed parts, if they are what was uploaded (API reference: special errors).
    fn choose(&self, listed: &[Listed]) -> Result<Vec<(u32, &Part)>, S3Error> {
        let mut chosen = Vec::new();
        for said in listed {
            let part = self.parts.get(&said.number);
            let part = part.filter(|part| part.etag == said.etag);
            let part = part.ok_or_else(|| invalid_part(said))?;
            self.check_told(part, said)?;
            chosen.push((said.number, part));
        }
        let (_, all_but_last) = chosen.split_last().expect("an empty list is malformed");
        let small = all_but_last
            .iter()
            .find(|(_, part)| part.content.len() < FIVE_MB);
        match small {
            None => Ok(chosen),
            Some((number, part)) => {
                let why = "Your proposed upload is smaller than the minimum allowed size";
                Err(S3Error::new(400, "EntityTooSmall", why)
                    .element("PartNumber", &number.to_string())
                    .element("ProposedSize", &part.content.len().to_string()))
            }
        }
    }

    /// The type of checksum is said as it was declared, or not at all (recorded by `LocalStack`,
    /// `test_multipart_parts_checksum_exceptions_*`; nothing declared is a type too, `…_default`).
    fn check_mode(&self, ask: &Ask<'_>) -> Result<(), S3Error> {
        let mode = self.declared.map_or("null", Declared::kind);
        match ask.header("x-amz-checksum-type") {
            Some(said) if said != mode => Err(S3Error::invalid_request(format!(
                "The upload was created using the {mode} checksum mode. The complete request must \
                 use the same checksum mode."
            ))),
            Some(_) | None => Ok(()),
        }
    }

    /// What is told of a part must be its own checksum, and of the declared algorithm (recorded by
    /// `LocalStack`, `complete-part-with-checksum`). Without a declared one parts have none
    /// (versity/versitygw#1547, zhaofengli/attic#268). For a composite checksum every part's must
    /// be listed (apache/arrow-rs-object-store#568).
    fn check_told(&self, part: &Part, said: &Listed) -> Result<(), S3Error> {
        let Some(declared) = self.declared else {
            let none_told = said.checksums.is_empty();
            return none_told.then_some(()).ok_or_else(|| invalid_part(said));
        };
        for (algorithm, value) in &said.checksums {
            if *algorithm != declared.algorithm {
                let why = format!(
                    "The {} you specified for part {} did not match what we received.",
                    algorithm.name().to_ascii_lowercase(),
                    said.number
                );
                return Err(S3Error::new(400, "BadDigest", why));
            }
            let held = part.checksum.as_ref();
            if held.is_none_or(|held| held.value != *value) {
                return Err(invalid_part(said));
            }
        }
        if declared.full || !said.checksums.is_empty() {
            return Ok(());
        }
        let why = format!(
            "The upload was created using a {} checksum. The complete request must include the \
             checksum for each part. It was missing for part {} in the request.",
            declared.algorithm.name().to_ascii_lowercase(),
            said.number
        );
        Err(S3Error::invalid_request(why))
    }

    fn assemble(&self, chosen: &[(u32, &Part)]) -> Object {
        let parts = || chosen.iter().map(|(_, part)| *part);
        let content = Content::join(parts().map(|part| part.content.clone()));
        let composite = self.declared.filter(|declared| !declared.full);
        let checksum = match (composite, self.declared) {
            (Some(declared), _) => {
                let sums = parts().filter_map(|part| part.checksum.as_ref());
                Checksum::composite(declared.algorithm, sums)
            }
            (None, Some(declared)) => content.checksum(declared.algorithm),
            // User guide, "Checking object integrity".
            (None, None) => content.checksum(Algorithm::Crc64Nvme),
        };
        let pieces = chosen.iter().map(|(number, part)| Piece {
            number: *number,
            length: part.content.len(),
            checksum: part.checksum.clone().filter(|_| composite.is_some()),
        });
        Object {
            etag: etag_of_parts(parts().map(|part| part.etag.as_str())),
            content,
            checksum,
            parts: pieces.collect(),
            meta: self.meta.clone(),
            tags: self.tags.clone(),
            storage_class: self.storage_class.clone(),
            encryption: self.encryption.clone(),
            acl: self.acl.clone(),
            archive: Archive::default(),
            customer_key: false,
            aside: BTreeMap::new(),
        }
    }
}

fn invalid_part(said: &Listed) -> S3Error {
    let why = "One or more of the specified parts could not be found. The part may not have been \
               uploaded, or the specified entity tag may not match the part's entity tag.";
    S3Error::new(400, "InvalidPart", why)
        .element("PartNumber", &said.number.to_string())
        .element("ETag", &said.etag)
}

/// What all parts were copied from, if that is one version.
fn common_source(chosen: &[(u32, &Part)]) -> Option<Source> {
    let (_, first) = chosen.first()?;
    let same = chosen.iter().all(|(_, part)| part.source == first.source);
    first.source.clone().filter(|_| same)
}

/// What the caller says about the object it is about to get (SDK model,
/// `CompleteMultipartUploadRequest`: the size is an `InvalidRequest`). A checksum of the whole is
/// taken only with its type (so does `LocalStack`, 4.9.2; not known of AWS).
fn check_whole(ask: &Ask<'_>, object: &Object) -> Result<(), S3Error> {
    let length = object.content.len().to_string();
    if ask
        .header("x-amz-mp-object-size")
        .is_some_and(|said| said != length)
    {
        let why = "The provided 'x-amz-mp-object-size' header does not match what was computed.";
        return Err(S3Error::invalid_request(why));
    }
    let sum = &object.checksum;
    let differs = Algorithm::ALL.into_iter().any(|algorithm| {
        let said = ask.header(algorithm.header());
        let unreported = ask.header("x-amz-checksum-type").is_none() && sum.kind() == "FULL_OBJECT";
        said.is_some_and(|said| unreported || algorithm != sum.algorithm || said != sum.value)
    });
    if differs {
        let why = "The checksum you specified did not match what we received.";
        return Err(S3Error::new(400, "BadDigest", why));
    }
    Ok(())
}

/// A condition looks at the key as it is now. If it holds although the key changed while the upload
/// went on, that is the conflict of which S3 warns: the upload is gone and must be made anew (user
/// guide, "conditional writes": behavior and scenarios; elastic/elasticsearch#138569). A write
/// counts as a delete does, though `If-Match` names the new `ETag` or the content is the same
/// (recorded by `LocalStack`, `test_multipart_if_match_with_put` and `…_identical`).
fn check_conditions(s3: &mut S3, ask: &Ask<'_>) -> Result<(), S3Error> {
    let bucket = s3.bucket_mut(&ask.bucket)?;
    conditions::destination(ask, bucket)?;
    let condition = match (ask.header("if-match"), ask.header("if-none-match")) {
        (Some(_), _) => "If-Match",
        (None, Some(_)) => "If-None-Match",
        (None, None) => return Ok(()),
    };
    if !find(bucket, ask)?.overtaken(bucket) {
        return Ok(());
    }
    bucket.uploads.remove(ask.query("uploadId"));
    let why = "The conditional request cannot succeed due to a conflicting operation against this \
               resource.";
    Err(S3Error::new(409, "ConditionalRequestConflict", why)
        .element("Condition", condition)
        .element("Key", &ask.key))
}
