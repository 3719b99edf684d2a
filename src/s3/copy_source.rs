//! The `x-amz-copy-source` header. The SDK sends it as it is (aws-sdk-rust#1357), so the key is
//! percent-encoded here: a `+` must be `%2B`, or S3 reads it as a space.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use super::object::Spot;

/// Unreserved characters and the slash stay as they are.
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~')
    .remove(b'/');

pub(super) fn copy_source(source: &Spot) -> String {
    format!(
        "{}/{}",
        source.bucket,
        utf8_percent_encode(&source.key, ENCODED)
    )
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
