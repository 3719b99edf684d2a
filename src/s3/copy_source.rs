//! The `x-amz-copy-source` header. The SDK sends it as it is (aws-sdk-rust#1357), so the key is
//! percent-encoded here: a `+` must be `%2B`, or S3 reads it as a space.

use super::object::Spot;
use crate::event::to_percent;

pub(super) fn copy_source(source: &Spot) -> String {
    format!("{}/{}", source.bucket, to_percent(&source.key))
}

#[cfg(test)]
mod tests {
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
            let spot = Spot {
                bucket: "raw".into(),
                key: key.into(),
            };
            assert_eq!(copy_source(&spot), want, "{key}");
        }
    }
}
