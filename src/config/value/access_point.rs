//! `from_access_point` and `to_access_point` of a route: the door that its calls go through.
//!
//! A bucket keeps its own name in `from` and `to`: events name it, and one bucket must not be taken
//! for two.

use std::fmt;

use crate::config::value::{
    arn::Arn,
    location::ALIAS,
    partition::Partition,
    text::{FromText, by_text},
};

/// An access point: an address of one bucket with a policy of its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccessPoint {
    /// What calls name it by.
    pub arn: String,
    /// Where its bucket is.
    pub region: String,
}

impl FromText for AccessPoint {
    const EXPECTED: &'static str = "arn:PARTITION:s3:REGION:ACCOUNT:accesspoint/NAME";

    fn from_text(text: &str) -> Result<Self, String> {
        let expected = || format!("expected {}", Self::EXPECTED);
        if text.ends_with(ALIAS) {
            return Err(
                "expected its ARN instead of its alias, which copies inside S3 do not \
                        take as their source"
                    .into(),
            );
        }
        let Some(arn) = Arn::parse(text) else {
            return Err(expected());
        };
        let (region, resource) = (arn.region, arn.resource);
        let name = resource
            .strip_prefix("accesspoint")
            .and_then(|name| name.strip_prefix([':', '/']));
        let fit = |c: u8| c.is_ascii_lowercase() || c.is_ascii_digit() || b"-.".contains(&c);
        match (arn.service, name) {
            ("s3", Some(_)) if region.is_empty() => Err(
                "is a multi-region access point, which answers from any of its buckets: what \
                     was written could not be verified for certain; name one bucket's access point"
                    .into(),
            ),
            ("s3-object-lambda", _) => Err(
                "is an Object Lambda access point, which gives other bytes than the bucket \
                     has: nothing could be proved; name the access point behind it"
                    .into(),
            ),
            ("s3", Some(name)) if !name.is_empty() && name.bytes().all(fit) => {
                if arn.account.is_empty() {
                    return Err("expected an account of twelve digits".into());
                }
                let of = Partition::of(region).to_string();
                if of != arn.partition {
                    return Err(format!(
                        "{region} is in partition {of}, not in {}",
                        arn.partition
                    ));
                }
                Ok(Self {
                    arn: text.to_owned(),
                    region: region.to_owned(),
                })
            }
            _ => Err(expected()),
        }
    }
}

impl fmt::Display for AccessPoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.arn)
    }
}

by_text!(AccessPoint, { "type": "string", "pattern": "^arn:" });

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_access_point_is_named_by_its_arn() {
        for (text, region) in [
            (
                "arn:aws:s3:eu-west-1:111122223333:accesspoint/orders",
                "eu-west-1",
            ),
            (
                "arn:aws-cn:s3:cn-north-1:111122223333:accesspoint:orders",
                "cn-north-1",
            ),
        ] {
            let point = AccessPoint::from_text(text).unwrap();
            assert_eq!(
                (point.to_string().as_str(), point.region.as_str()),
                (text, region)
            );
        }
        let expected = "expected arn:PARTITION:s3:REGION:ACCOUNT:accesspoint/NAME";
        #[rustfmt::skip]
        let table = [
            ("a bucket",       "orders",                                                     expected),
            ("a bucket's ARN", "arn:aws:s3:::orders",                                        expected),
            ("an object",      "arn:aws:s3:eu-west-1:111122223333:accesspoint/a/object/k",   expected),
            ("no name",        "arn:aws:s3:eu-west-1:111122223333:accesspoint/",             expected),
            ("an outpost's",   "arn:aws:s3-outposts:eu-west-1:111122223333:outpost/op/accesspoint/a", expected),
            ("an alias",       "orders-abcdef-s3alias", "expected its ARN instead of its alias, which copies inside S3 do not take as their source"),
            ("another host",   "arn:aws:s3:evil.example/#:111122223333:accesspoint/a",                expected),
            ("no account",     "arn:aws:s3:eu-west-1::accesspoint/a", "expected an account of twelve digits"),
            ("another cloud",  "arn:aws:s3:cn-north-1:111122223333:accesspoint/a", "cn-north-1 is in partition aws-cn, not in aws"),
            ("many regions",   "arn:aws:s3::111122223333:accesspoint/mfzwi23gnjvgw.mrap", "is a multi-region access point, which answers from any of its buckets: what was written could not be verified for certain; name one bucket's access point"),
            ("Object Lambda",  "arn:aws:s3-object-lambda:eu-west-1:111122223333:accesspoint/a", "is an Object Lambda access point, which gives other bytes than the bucket has: nothing could be proved; name the access point behind it"),
        ];
        for (why, text, want) in table {
            assert_eq!(AccessPoint::from_text(text), Err(want.into()), "{why}");
        }
    }
}
