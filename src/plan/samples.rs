//! Objects that unit tests share.

use std::collections::BTreeMap;

use jiff::Timestamp;

use crate::s3::{Algorithm, Archive, Aside, Checksum, ETag, Headers, Object};

pub(crate) const MD5: &str = "d41d8cd98f00b204e9800998ecf8427e";
pub(crate) const OTHER: &str = "900150983cd24fb0d6963f7d28e17f72";

pub(crate) fn object() -> Object {
    Object {
        etag: ETag::new(MD5),
        size: 3,
        version_id: None,
        last_modified: Timestamp::from_second(1_760_000_000).expect("in range"),
        headers: Headers {
            content_type: Some("text/csv".into()),
            ..Headers::default()
        },
        metadata: BTreeMap::from([("owner".into(), "ann".into())]),
        checksum: None,
        composite: None,
        kms: false,
        tag_count: None,
        archive: Archive::Readable,
        aside: Aside::default(),
    }
}

pub(crate) fn sum(value: &str) -> Checksum {
    Checksum {
        algorithm: Algorithm::Crc64Nvme,
        value: value.into(),
    }
}
