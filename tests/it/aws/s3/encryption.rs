//! How an object is encrypted (user guide, "Protecting data with encryption"; API reference,
//! `PutObject`: request headers).

use std::collections::BTreeMap;

use aws_smithy_types::base64;

use crate::aws::reply::Reply;

use super::address::Ask;
use super::bucket::Bucket;
use super::error::S3Error;

const SSE: &str = "x-amz-server-side-encryption";
const KEY: &str = "x-amz-server-side-encryption-aws-kms-key-id";
const CONTEXT: &str = "x-amz-server-side-encryption-context";
const BUCKET_KEY: &str = "x-amz-server-side-encryption-bucket-key-enabled";

/// As one version has it, and as an upload will give it to its object.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Encryption {
    /// With KMS, so that the `ETag` says nothing about the content.
    pub(crate) kms: bool,
    /// Twice.
    pub(crate) dsse: bool,
    pub(crate) key_id: Option<String>,
    pub(crate) context: BTreeMap<String, String>,
    pub(crate) bucket_key: bool,
}

impl Encryption {
    pub(super) fn by(kms: bool) -> Self {
        Self {
            kms,
            ..Self::default()
        }
    }

    /// As asked, else as the bucket does. What belongs to KMS is refused without it.
    pub(super) fn of(ask: &Ask<'_>, bucket: &Bucket) -> Result<Self, S3Error> {
        let (kms, dsse) = match ask.header(SSE) {
            None => (bucket.kms, false),
            Some("AES256") => (false, false),
            Some("aws:kms") => (true, false),
            Some("aws:kms:dsse") => (true, true),
            Some(_) => {
                let why = "The encryption request you specified is not valid";
                return Err(S3Error::new(400, "InvalidEncryptionAlgorithmError", why));
            }
        };
        let asked = ask.header(SSE).is_some() && kms;
        for header in [KEY, CONTEXT, BUCKET_KEY] {
            if ask.header(header).is_some() && !asked {
                let why = "Server Side Encryption with AWS KMS managed key requires HTTP header \
                           x-amz-server-side-encryption : aws:kms";
                return Err(S3Error::invalid_argument(why));
            }
        }
        let bucket_key = ask.header(BUCKET_KEY) == Some("true");
        if bucket_key && dsse {
            // User guide, "Using dual-layer server-side encryption": Bucket Keys are not supported.
            let why = "S3 Bucket Keys are not supported for DSSE-KMS";
            return Err(S3Error::invalid_argument(why));
        }
        Ok(Self {
            kms,
            dsse,
            key_id: ask.header(KEY).map(str::to_owned),
            context: ask.header(CONTEXT).map_or(Ok(BTreeMap::new()), context)?,
            bucket_key,
        })
    }

    /// Says it.
    pub(super) fn reported(&self, reply: Reply) -> Reply {
        let name = match (self.kms, self.dsse) {
            (false, _) => "AES256",
            (true, false) => "aws:kms",
            (true, true) => "aws:kms:dsse",
        };
        let reply = reply.header(SSE, name);
        let reply = reply.maybe(KEY, self.key_id.as_deref());
        reply.maybe(BUCKET_KEY, self.bucket_key.then_some("true"))
    }
}

/// "Base64-encoded string of a UTF-8 encoded JSON, which contains the encryption context as
/// key-value pairs."
fn context(header: &str) -> Result<BTreeMap<String, String>, S3Error> {
    let json = base64::decode(header).ok();
    let read = json.and_then(|json| serde_json::from_slice(&json).ok());
    read.ok_or_else(|| S3Error::invalid_argument("The encryption context is not valid"))
}
