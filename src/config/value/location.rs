//! Places in S3 as the operator writes them: `s3://bucket/prefix` and `s3://bucket/key-template`.

use std::fmt;

use crate::config::value::{
    arn::Arn,
    template::{Part, Template},
    text::{FromText, by_text},
};

/// What the alias of an access point ends in, and no bucket's name may (S3 bucket naming rules).
pub(crate) const ALIAS: &str = "-s3alias";

/// S3 takes no longer key, in bytes.
pub const LONGEST_KEY: usize = 1_024;

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
        if let Some(segment) = key.dots() {
            return Err(format!(
                "holds the folder {segment:?}, which is resolved on the way to S3: write the key as it shall be"
            ));
        }
        if key.shortest(0) > LONGEST_KEY {
            return Err(format!(
                "makes keys longer than the {LONGEST_KEY} bytes that S3 takes"
            ));
        }
        let whole = key.literal_prefix();
        if !key.has_placeholder() && (whole.is_empty() || whole.ends_with('/')) {
            key.parts.push(Part::Path);
        }
        Ok(key)
    }
}

/// Splits `s3://bucket/rest`; the slash may be missing when nothing follows. An access point belongs
/// into `s3_clients`: two names for one bucket would hide a cycle.
fn split<'t>(
    text: &'t str,
    expected: &str,
    s3_clients: &str,
) -> Result<(&'t str, &'t str), String> {
    let Some(rest) = text.strip_prefix("s3://") else {
        let meant = written(text).map(|meant| format!(": write \"{meant}\""));
        return Err(format!("expected {expected}{}", meant.unwrap_or_default()));
    };
    let (bucket, key) = rest.split_once('/').unwrap_or((rest, ""));
    if rest.starts_with("arn:") || bucket.ends_with(ALIAS) {
        return Err(format!(
            "names an access point: name its bucket, and the access point in {s3_clients}"
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
    let alone = !bucket.bytes().any(|b| b.is_ascii_alphanumeric());
    if !named || alone || !(3..=255).contains(&bucket.len()) {
        return Err(format!(
            "expected {expected}: {bucket:?} cannot be the name of a bucket"
        ));
    }
    Ok((bucket, key))
}

/// The same place as routes write it, if this is another way to name one.
fn written(text: &str) -> Option<String> {
    if text.starts_with("arn:") {
        return Arn::parse(text)?.s3_place();
    }
    let Some((scheme, rest)) = text.split_once("://") else {
        // A bucket by its name, and perhaps a prefix; a word alone may be anything.
        let meant = format!("s3://{text}");
        return text
            .contains('/')
            .then_some(meant)
            .filter(|meant| is_place(meant));
    };
    let meant = match scheme.to_ascii_lowercase().as_str() {
        "s3" | "s3a" | "s3n" => format!("s3://{rest}"),
        "http" | "https" => {
            let (host, path) = rest.split_once('/').unwrap_or((rest, ""));
            let host = host.split_once(".amazonaws.com").map(|(host, _)| host)?;
            // BUCKET.s3.REGION, BUCKET.s3-REGION, or a host that is S3's own, with the bucket behind it.
            match host.rsplit_once(".s3") {
                Some((bucket, _)) => format!("s3://{bucket}/{path}"),
                None if host.starts_with("s3") => format!("s3://{path}"),
                None => return None,
            }
        }
        _ => return None,
    };
    Some(meant).filter(|meant| is_place(meant))
}

fn is_place(text: &str) -> bool {
    text.starts_with("s3://") && split(text, "", "").is_ok()
}

/// Whether one of two prefixes is a prefix of the other, so that keys may begin with both.
pub(crate) fn overlap(a: &str, b: &str) -> bool {
    a.starts_with(b) || b.starts_with(a)
}

by_text!(Location, { "type": "string", "pattern": "^s3://" });

by_text!(Target, { "type": "string", "pattern": "^s3://" });

by_text!(Template, { "type": "string" });

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
    fn a_key_that_s3_cannot_have_is_refused() {
        let dots = |segment: &str| {
            Err(format!(
                "holds the folder {segment:?}, which is resolved on the way to S3: write the key as it shall be"
            ))
        };
        let long = "makes keys longer than the 1024 bytes that S3 takes".to_owned();
        #[rustfmt::skip]
        let table = [
            ("up",            "a/../{path}",             dots("..")),
            ("up at once",    "../{path}",               dots("..")),
            ("up at the end", "{key}/..",                dots("..")),
            ("here",          "./{path}",                dots(".")),
            ("here inside",   "{yyyy}/./{name}",         dots(".")),
            ("hidden",        ".a/..b/c../{stem}.{ext}", Ok(())),
            ("as long",       &format!("{}{{path}}", "a".repeat(1024)), Ok(())),
            ("longer",        &format!("{}{{path}}", "a".repeat(1025)), Err(long.clone())),
            ("with a date",   &format!("{}{{yyyy}}{{mm}}", "a".repeat(1020)), Err(long)),
        ];
        for (why, text, want) in table {
            assert_eq!(Template::from_text(text).map(|_| ()), want, "{why}");
            assert_eq!(
                Target::from_text(&format!("s3://lake/{text}")).map(|_| ()),
                want,
                "{why}"
            );
        }
    }

    #[test]
    fn what_is_no_place_in_s3_is_refused() {
        #[rustfmt::skip]
        let table = [
            ("another scheme", "https://raw/x", "expected s3://BUCKET/PREFIX"),
            ("a bucket's ARN", "arn:aws:s3:::raw", "expected s3://BUCKET/PREFIX: write \"s3://raw/\""),
            ("an ARN with keys", "arn:aws:s3:::raw/in/*", "expected s3://BUCKET/PREFIX: write \"s3://raw/in/\""),
            ("another ARN", "arn:aws:sqs:eu-west-1:111122223333:raw", "expected s3://BUCKET/PREFIX"),
            ("Hadoop's scheme", "s3a://raw/in/", "expected s3://BUCKET/PREFIX: write \"s3://raw/in/\""),
            ("capitals", "S3://raw/in/", "expected s3://BUCKET/PREFIX: write \"s3://raw/in/\""),
            ("a bucket's address", "https://raw.s3.eu-west-1.amazonaws.com/in/", "expected s3://BUCKET/PREFIX: write \"s3://raw/in/\""),
            ("an address with the bucket behind", "https://s3.eu-west-1.amazonaws.com/raw/in/", "expected s3://BUCKET/PREFIX: write \"s3://raw/in/\""),
            ("no scheme", "raw/in/", "expected s3://BUCKET/PREFIX: write \"s3://raw/in/\""),
            ("a word", "raw", "expected s3://BUCKET/PREFIX"),
            ("dots alone", "s3://.../x", "expected s3://BUCKET/PREFIX: \"...\" cannot be the name of a bucket"),
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
