//! What keeps a route's two sides apart, so that bytes go through this process.

/// Why S3 cannot, or shall not, copy between a route's two sides by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NeedsStreaming {
    /// No credentials work in both.
    Partitions,
    /// Neither store knows of the other.
    Endpoints,
    /// Through an access point S3 copies inside one region only.
    Regions,
    /// The same, and nobody has said whether the two sides are in one region.
    AccessPoint,
    /// It could, if the destination's credentials may read the source.
    Accounts,
}

impl NeedsStreaming {
    /// Why, for people.
    #[must_use]
    pub fn why(self) -> &'static str {
        match self {
            Self::Partitions => {
                "the two sides are in different partitions, and S3 copies inside one only"
            }
            Self::Endpoints => {
                "the two sides have different endpoints, and S3 copies inside one only"
            }
            Self::Regions => {
                "the two sides are in different regions, and through an access point S3 copies \
                 inside one only"
            }
            Self::AccessPoint => {
                "through an access point S3 copies inside one region only, and one side's is not \
                 named (from_region, to_region)"
            }
            Self::Accounts => {
                "the two sides have different accounts (transfer = \"server-side\": S3 copies, with the destination's credentials)"
            }
        }
    }

    /// Whether nothing that is said or permitted could bring the two together.
    #[must_use]
    pub fn is_final(self) -> bool {
        match self {
            Self::Partitions | Self::Endpoints | Self::Regions => true,
            Self::AccessPoint | Self::Accounts => false,
        }
    }
}
