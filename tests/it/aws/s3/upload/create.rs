//! `CreateMultipartUpload`: everything about the object but its content is said here.

use std::collections::BTreeMap;

use crate::aws::Scene;
use crate::aws::reply::Reply;
use crate::aws::s3::address::Ask;
use crate::aws::s3::checksum::Algorithm;
use crate::aws::s3::encryption::Encryption;
use crate::aws::s3::error::S3Error;
use crate::aws::s3::object::Meta;
use crate::aws::s3::write::{acl, allow_acl, allow_write, storage_class, tags};
use crate::aws::s3::{S3, xml};

use super::{Declared, Upload};

pub(in crate::aws::s3) fn create(
    s3: &mut S3,
    scene: &mut Scene<'_>,
    ask: &Ask<'_>,
) -> Result<Reply, S3Error> {
    allow_write(scene, ask)?;
    allow_acl(scene, ask, s3.bucket(&ask.bucket)?)?;
    let (now, serial) = s3.moment(scene.now);
    let bucket = s3.bucket_mut(&ask.bucket)?;
    let changes = bucket.histories.get(&ask.key);
    let upload = Upload {
        key: ask.key.clone(),
        initiated: now,
        parts: BTreeMap::new(),
        declared: declared(ask)?.filter(|_| !bucket.sumless),
        meta: Meta::of(ask)?,
        tags: tags(ask.header("x-amz-tagging").unwrap_or_default())?,
        storage_class: storage_class(ask)?,
        encryption: Encryption::of(ask, bucket)?,
        acl: acl(ask),
        changes_before: changes.map_or(0, |history| history.0.len()),
    };
    let mut reply = upload.encryption.reported(Reply::new(200));
    if let Some(declared) = upload.declared {
        reply = reply
            .header("x-amz-checksum-algorithm", declared.algorithm.name())
            .header("x-amz-checksum-type", declared.kind());
    }
    let id = format!("{serial:012X}{:032X}", scene.rng.u128(..));
    let body = xml::element("Bucket", &ask.bucket)
        + &xml::element("Key", &ask.key)
        + &xml::element("UploadId", &id);
    bucket.uploads.insert(id, upload);
    Ok(reply.body(xml::document("InitiateMultipartUploadResult", &body)))
}

/// CRC64NVME is over the whole, SHA over the parts, the other CRCs as asked, else over the parts
/// (user guide, "Checking object integrity"; the words are a field report's, floci-io/floci#3093).
fn declared(ask: &Ask<'_>) -> Result<Option<Declared>, S3Error> {
    let kind = ask.header("x-amz-checksum-type");
    let Some(name) = ask.header("x-amz-checksum-algorithm") else {
        return match kind {
            None => Ok(None),
            Some(_) => Err(S3Error::invalid_request(
                "The x-amz-checksum-type header can only be used with the x-amz-checksum-algorithm \
                 header.",
            )),
        };
    };
    let algorithm = Algorithm::named(name).ok_or_else(|| S3Error::not_implemented(name))?;
    let full = match kind {
        None => !algorithm.composes(),
        Some("FULL_OBJECT") => true,
        Some("COMPOSITE") => false,
        Some(_) => {
            let why = "Value for x-amz-checksum-type header is invalid.";
            return Err(S3Error::invalid_request(why));
        }
    };
    let possible = if full {
        algorithm.spans()
    } else {
        algorithm.composes()
    };
    let declared = Declared { algorithm, full };
    if possible {
        return Ok(Some(declared));
    }
    let (kind, name) = (declared.kind(), name.to_ascii_lowercase());
    let why =
        format!("The {kind} checksum type cannot be used with the {name} checksum algorithm.");
    Err(S3Error::invalid_request(why))
}

impl Declared {
    pub(super) fn kind(self) -> &'static str {
        if self.full {
            "FULL_OBJECT"
        } else {
            "COMPOSITE"
        }
    }
}
