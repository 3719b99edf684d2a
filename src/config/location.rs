//! Places in S3 as the operator writes them: `s3://bucket/prefix` and `s3://bucket/key-template`.

use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Serialize, Serializer};

use super::template::{Part, Template};
use super::text::FromText;

/// What the alias of an access point ends in, and no bucket's name may (S3 bucket naming rules).
pub(super) const ALIAS: &str = "-s3alias";

/// What the name of a directory bucket ends in.
const DIRECTORY: &str = "--x-s3";

/// Where a route takes from: the keys of a bucket that begin with a prefix.
///
/// A prefix is text, not a folder: `s3://raw/in` takes `in/a` and `incoming/a` too.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Location {
    /// The bucket's name.
    pub bucket: String,
    /// What keys begin with; empty: all keys.
    pub prefix: String,
}

/// Where a route brings to: a bucket, and how the key there is made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// The bucket's name.
    pub bucket: String,
    /// Makes the destination's key. One without placeholder that is empty or ends in `/` ends in
    /// `{path}`.
    pub key: Template,
}

impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "s3://{}/{}", self.bucket, self.prefix)
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "s3://{}/{}", self.bucket, self.key)
    }
}

impl FromText for Location {
    const EXPECTED: &'static str = "s3://BUCKET/PREFIX";

    fn from_text(text: &str) -> Result<Self, String> {
        let (bucket, prefix) = split(text, Self::EXPECTED, "from_access_point")?;
        Ok(Self {
            bucket: bucket.into(),
            prefix: prefix.into(),
        })
    }
}

impl FromText for Target {
    const EXPECTED: &'static str = "s3://BUCKET/KEY, where KEY may hold {path} or {key}";

    fn from_text(text: &str) -> Result<Self, String> {
        let (bucket, key) = split(text, Self::EXPECTED, "to_access_point")?;
        Ok(Self {
            bucket: bucket.into(),
            key: Template::from_text(key)?,
        })
    }
}

impl FromText for Template {
    const EXPECTED: &'static str = "a key, which may hold {path} or {key}";

    fn from_text(text: &str) -> Result<Self, String> {
        let mut key = Self::parse(text)?;
        let whole = key.literal_prefix();
        if !key.has_placeholder() && (whole.is_empty() || whole.ends_with('/')) {
            key.parts.push(Part::Path);
        }
        Ok(key)
    }
}

/// Splits `s3://bucket/rest`; the slash may be missing when nothing follows. An access point belongs
/// into `doors`: two names for one bucket would hide a cycle.
fn split<'t>(text: &'t str, expected: &str, doors: &str) -> Result<(&'t str, &'t str), String> {
    let Some(rest) = text.strip_prefix("s3://") else {
        return Err(format!("expected {expected}"));
    };
    let (bucket, key) = rest.split_once('/').unwrap_or((rest, ""));
    if rest.starts_with("arn:") || bucket.ends_with(ALIAS) {
        return Err(format!(
            "names an access point: name its bucket, and the access point in {doors}"
        ));
    }
    if bucket.ends_with(DIRECTORY) {
        return Err(format!(
            "{bucket:?} is a directory bucket: expected a general purpose bucket, for the ETags of directory \
             buckets prove nothing, and CopyObject leaves tags out there"
        ));
    }
    let named = bucket
        .bytes()
        .all(|b| b.is_ascii_alphanumeric() || b"._-".contains(&b));
    // The first region's oldest buckets may have names of 255, with capitals and underscores.
    if !named || !(3..=255).contains(&bucket.len()) {
        return Err(format!(
            "expected {expected}: {bucket:?} cannot be the name of a bucket"
        ));
    }
    Ok((bucket, key))
}

impl Serialize for Location {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(self)
    }
}

impl Serialize for Target {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(self)
    }
}

impl Serialize for Template {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(self)
    }
}

impl JsonSchema for Template {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Template".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string" })
    }
}

impl JsonSchema for Location {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Location".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "pattern": "^s3://" })
    }
}

impl JsonSchema for Target {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Target".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "pattern": "^s3://" })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_location_is_a_bucket_and_a_prefix() {
        let table = [
            ("s3://raw/incoming/", "raw", "incoming/"),
            ("s3://raw/", "raw", ""),
            ("s3://raw", "raw", ""),
            ("s3://raw//odd {key}", "raw", "/odd {key}"),
        ];
        for (text, bucket, prefix) in table {
            let location = Location::from_text(text).unwrap();
            assert_eq!(
                (location.bucket.as_str(), location.prefix.as_str()),
                (bucket, prefix),
                "{text}"
            );
            assert_eq!(
                Location::from_text(&location.to_string()),
                Ok(location),
                "{text}"
            );
        }
    }

    #[test]
    fn a_target_that_names_a_folder_ends_in_the_path() {
        let table = [
            ("s3://lake", "s3://lake/{path}"),
            ("s3://lake/", "s3://lake/{path}"),
            ("s3://lake/orders/", "s3://lake/orders/{path}"),
            ("s3://lake/orders", "s3://lake/orders"),
            ("s3://lake/{yyyy}/", "s3://lake/{yyyy}/"),
        ];
        for (text, shown) in table {
            assert_eq!(Target::from_text(text).unwrap().to_string(), shown);
        }
    }

    #[test]
    fn what_is_no_place_in_s3_is_refused() {
        #[rustfmt::skip]
        let table = [
            ("another scheme", "https://raw/x", "expected s3://BUCKET/PREFIX"),
            ("no bucket", "s3:///x", "expected s3://BUCKET/PREFIX: \"\" cannot be the name of a bucket"),
            ("a space", "s3://my bucket/x", "expected s3://BUCKET/PREFIX: \"my bucket\" cannot be the name of a bucket"),
            ("an access point's alias", "s3://orders-abcdef-s3alias/x", "names an access point: name its bucket, and the access point in from_access_point"),
            ("a directory bucket", "s3://orders--use1-az4--x-s3/x", "\"orders--use1-az4--x-s3\" is a directory bucket: expected a general purpose bucket, for the ETags of directory buckets prove nothing, and CopyObject leaves tags out there"),
            ("an access point", "s3://arn:aws:s3:us-east-1:1:accesspoint/a/x", "names an access point: name its bucket, and the access point in from_access_point"),
        ];
        for (why, text, want) in table {
            assert_eq!(Location::from_text(text), Err(want.into()), "{why}");
        }
        let alias = Target::from_text("s3://orders-abcdef-s3alias/x").unwrap_err();
        assert_eq!(
            alias,
            "names an access point: name its bucket, and the access point in to_access_point"
        );
    }
}
