//! Lets any replica recognise an open multipart upload after a crash.
//!
//! S3 does not say what an open upload is for. So two extra parts say it. They are not listed when the upload is
//! completed, and S3 drops them then:
//!
//! * part 9,999 says that the upload was made by brigade: only such an upload may be aborted;
//! * part 10,000 says what it is of: the source version, the layout, headers, tags, and the other properties of the
//!   copy. An upload is continued only if this part is the one that would be written now.
//!
//! The content of a part cannot be read back, but its size and checksum are listed.

use bytes::Bytes;
use serde::Serialize;

use super::sum::sum;
use crate::config::Properties;
use crate::plan::{ExpectedCopy, LAST_PART, Layout, Provenance};
use crate::s3::{ETag, ObjectAttributes, Part, Upload};

/// Where the seal begins.
pub(super) const FIRST: u32 = LAST_PART + 1;

/// What part 9,999 of every upload of ours holds.
const OURS: &[u8] = b"brigade 1: an upload under way; its next part says of what\n";

/// What marks an upload.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct UploadManifest {
    purpose: Bytes,
}

#[derive(Serialize)]
struct Purpose<'a> {
    brigade: u32,
    kind: &'static str,
    source: Provenance,
    size: u64,
    part: u64,
    headers: [Option<&'a str>; 6],
    metadata: Vec<(&'a str, &'a str)>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tagging: Option<&'a str>,
    properties: &'a Properties,
}

impl UploadManifest {
    /// The manifest of an upload of this copy, so cut.
    pub(super) fn of(
        copy: &ExpectedCopy<'_>,
        layout: Layout,
        (attributes, properties): (ObjectAttributes<'_>, &Properties),
    ) -> Self {
        let headers = attributes.headers;
        let purpose = Purpose {
            brigade: 1,
            kind: "upload",
            source: Provenance::of(copy),
            size: layout.size,
            part: layout.part,
            headers: [
                headers.content_type.as_deref(),
                headers.content_encoding.as_deref(),
                headers.content_language.as_deref(),
                headers.content_disposition.as_deref(),
                headers.cache_control.as_deref(),
                headers.expires.as_deref(),
            ],
            metadata: attributes
                .metadata
                .iter()
                .map(|(name, value)| (name.as_str(), value.as_str()))
                .collect(),
            tagging: attributes.tagging,
            properties,
        };
        let purpose = serde_json::to_vec(&purpose).expect("text and numbers can be written");
        Self {
            purpose: purpose.into(),
        }
    }

    /// The parts to write, with their numbers.
    pub(super) fn parts(&self) -> [(u32, Bytes); 2] {
        [
            (FIRST, Bytes::from_static(OURS)),
            (FIRST + 1, self.purpose.clone()),
        ]
    }

    /// Whether these parts of an upload are this very seal.
    pub(super) fn is_on(&self, upload: &Upload, parts: &[Part]) -> bool {
        is_ours(upload, parts) && holds(upload, parts, FIRST + 1, &self.purpose)
    }
}

/// Whether these parts of an upload are a seal of ours, whatever it says.
pub(super) fn is_ours(upload: &Upload, parts: &[Part]) -> bool {
    holds(upload, parts, FIRST, OURS)
}

fn holds(upload: &Upload, parts: &[Part], number: u32, body: &[u8]) -> bool {
    let Some(part) = parts.iter().find(|part| part.number == number) else {
        return false;
    };
    let known = match (upload.algorithm, &part.checksum) {
        (Some(algorithm), Some(reported)) => sum(algorithm, body) == *reported,
        _ => part.etag == ETag::md5(body),
    };
    known && part.size == body.len() as u64
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::config::{Encryption, StorageClass};
    use crate::plan::Identity;
    use crate::plan::samples::object;
    use crate::s3::{Headers, ObjectLocation};

    /// Another text, and an upgrade aborts every upload that is under way.
    #[test]
    fn a_seal_reads_the_same_in_every_release() {
        let location = ObjectLocation {
            bucket: "raw".into(),
            key: "a b.csv".into(),
        };
        let headers = Headers {
            content_type: Some("text/csv".into()),
            ..Headers::default()
        };
        let metadata = BTreeMap::from([("owner".to_owned(), "ann".to_owned())]);
        let properties = Properties {
            storage_class: Some(StorageClass::GlacierIr),
            sse: Some(Encryption::Kms),
            bucket_key_enabled: Some(false),
            ..Properties::default()
        };
        for (tagging, properties, reported) in [
            (None, &Properties::default(), r#","properties":{}}"#),
            (
                Some("a=b"),
                &properties,
                r#","tagging":"a=b","properties":{"storage_class":"GLACIER_IR","sse":"aws:kms","bucket_key_enabled":false}}"#,
            ),
        ] {
            let object = object();
            let copy = ExpectedCopy::of(&location, &object, Identity::SameBytes);
            let layout = Layout {
                size: 20 << 20,
                part: 8 << 20,
            };
            let attributes = ObjectAttributes {
                headers: &headers,
                metadata: &metadata,
                tagging,
            };
            let manifest = UploadManifest::of(&copy, layout, (attributes, properties));
            let [(9_999, ours), (10_000, purpose)] = manifest.parts() else {
                panic!("other numbers");
            };
            assert_eq!(
                ours,
                "brigade 1: an upload under way; its next part says of what\n"
            );
            let source = r#"{"brigade":1,"kind":"copy","bucket":"raw","key":"a%20b.csv","etag":"d41d8cd98f00b204e9800998ecf8427e","modified":"2025-10-09T08:53:20Z"}"#;
            let cut = r#""size":20971520,"part":8388608"#;
            let headers = r#"["text/csv",null,null,null,null,null]"#;
            let begins = format!(
                r#"{{"brigade":1,"kind":"upload","source":{source},{cut},"headers":{headers},"metadata":[["owner","ann"]]"#
            );
            assert_eq!(purpose, format!("{begins}{reported}"));
        }
    }
}
