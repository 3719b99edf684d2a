//! Partitions: the separate clouds of AWS, which share neither accounts nor credentials.
//!
//! A region's name tells its partition.

use std::fmt;

/// A separate cloud of AWS.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Partition {
    /// All regions that say nothing else.
    Global,
    /// China.
    China,
    /// AWS `GovCloud` (US).
    GovCloud,
    /// AWS European Sovereign Cloud.
    Sovereign,
    /// One of the isolated clouds, by its name.
    Isolated(&'static str),
}

/// How the names of isolated regions begin (the SDK's partitions), the longest first.
const ISOLATED: [(&str, &str); 4] = [
    ("us-isob-", "aws-iso-b"),
    ("us-isof-", "aws-iso-f"),
    ("us-iso-", "aws-iso"),
    ("eu-isoe-", "aws-iso-e"),
];

impl Partition {
    /// The partition of a region.
    #[must_use]
    pub fn of(region: &str) -> Self {
        if region.starts_with("cn-") {
            return Self::China;
        }
        if region.starts_with("us-gov-") {
            return Self::GovCloud;
        }
        if region.starts_with("eusc-") {
            return Self::Sovereign;
        }
        let isolated = ISOLATED.iter().find(|(start, _)| region.starts_with(start));
        isolated.map_or(Self::Global, |(_, name)| Self::Isolated(name))
    }
}

impl fmt::Display for Partition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Global => "aws",
            Self::China => "aws-cn",
            Self::GovCloud => "aws-us-gov",
            Self::Sovereign => "aws-eusc",
            Self::Isolated(name) => name,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_region_tells_its_partition() {
        for (region, want) in [
            ("us-east-1", "aws"),
            ("eu-central-2", "aws"),
            ("cn-northwest-1", "aws-cn"),
            ("us-gov-west-1", "aws-us-gov"),
            ("eusc-de-east-1", "aws-eusc"),
            ("us-iso-east-1", "aws-iso"),
            ("us-isob-east-1", "aws-iso-b"),
            ("us-isof-south-1", "aws-iso-f"),
            ("eu-isoe-west-1", "aws-iso-e"),
        ] {
            assert_eq!(Partition::of(region).to_string(), want, "{region}");
        }
    }
}
