//! MD5 as AWS writes it: in hexadecimal.

use ::md5::{Digest, Md5};

/// The digest of these bytes.
pub(super) fn hex(bytes: impl AsRef<[u8]>) -> String {
    format!("{:032x}", u128::from_be_bytes(Md5::digest(bytes).into()))
}
