//! The `x-amz-copy-source` header. The SDK sends it as it is (aws-sdk-rust#1357), so the key is
//! percent-encoded here: a `+` must be `%2B`, or S3 reads it as a space.

use super::bucket::Bucket;
use crate::event::to_percent;

pub(super) fn copy_source(bucket: &Bucket, key: &str) -> String {
    match &bucket.access_point {
        None => format!("{}/{}", bucket.name, to_percent(key)),
        // Encoded as a whole (API reference, CopyObject).
        Some(arn) => to_percent(&format!("{arn}/object/{key}")),
    }
}

#[cfg(test)]
mod tests {
    use percent_encoding::percent_decode_str;
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_is_not_unreserved_is_encoded() {
        for (key, want) in [
            ("a/b.csv", "raw/a/b.csv"),
            ("a b+c%20.csv", "raw/a%20b%2Bc%2520.csv"),
            ("ü/?versionId=1", "raw/%C3%BC/%3FversionId%3D1"),
            ("-_.~", "raw/-_.~"),
            ("//", "raw///"),
        ] {
            assert_eq!(copy_source(&Bucket::new("raw", None), key), want, "{key}");
        }
    }

    #[test]
    fn an_access_point_is_named_by_its_arn() {
        let bucket = Bucket {
            access_point: Some("arn:aws:s3:eu-west-1:111122223333:accesspoint/raw".into()),
            ..Bucket::new("raw", None)
        };
        let named = "arn%3Aaws%3As3%3Aeu-west-1%3A111122223333%3Aaccesspoint/raw/object/a%20b";
        assert_eq!(copy_source(&bucket, "a b"), named);
    }

    proptest! {
        #[test]
        fn any_key_is_named_and_nothing_besides(bucket in "[a-z0-9.-]{3,63}", key in any::<String>()) {
            let header = copy_source(&Bucket::new(&bucket, None), &key);
            prop_assert!(header.bytes().all(|b| b.is_ascii_graphic()), "fit for a header: {header}");
            prop_assert!(!header.contains(['?', '+', '#']), "names no version, hides no space: {header}");
            let (named, encoded) = header.split_once('/').unwrap();
            let decoded = percent_decode_str(encoded).decode_utf8().unwrap();
            prop_assert_eq!((named, decoded.as_ref()), (bucket.as_str(), key.as_str()));
        }
    }
}
