//! The cloud that each side of a route is in, and what keeps two sides apart.

use crate::config::route::Route;
use crate::config::rules::needs_streaming::NeedsStreaming;
use crate::config::value::partition::Partition;
use crate::config::{aws::Aws, sections::Config};

/// What buckets have names of their own in: a partition, or another store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Cloud {
    endpoint: Option<String>,
    /// Where it is known.
    partition: Option<Partition>,
}

impl Cloud {
    /// What keeps two apart for good; none if they may be one.
    pub(crate) fn needs_streaming(&self, other: &Self) -> Option<NeedsStreaming> {
        if self.endpoint != other.endpoint {
            return Some(NeedsStreaming::Endpoints);
        }
        let both = self.partition.zip(other.partition);
        let differ = both.is_some_and(|(here, there)| here != there);
        differ.then_some(NeedsStreaming::Partitions)
    }
}

impl Config {
    /// Where AWS is for an account; `None` is the default account.
    #[must_use]
    pub fn aws_of(&self, account: Option<&str>) -> Aws {
        let named = account.and_then(|name| self.account.get(name));
        named.map_or_else(|| self.aws.clone(), |account| account.aws(&self.aws))
    }

    /// Where a route's source is.
    pub(crate) fn cloud_from(&self, route: &Route) -> Cloud {
        self.cloud(route.from_account.as_deref(), route.source_region())
    }

    /// Where its destination is.
    pub(crate) fn cloud_to(&self, route: &Route) -> Cloud {
        self.cloud(route.to_account.as_deref(), route.destination_region())
    }

    fn cloud(&self, account: Option<&str>, region: Option<&str>) -> Cloud {
        let aws = self.aws_of(account);
        Cloud {
            endpoint: aws.custom_endpoint(),
            partition: region.or(aws.region.as_deref()).map(Partition::of),
        }
    }

    /// Why a route needs streaming, as far as the configuration says.
    #[must_use]
    pub fn needs_streaming(&self, route: &Route) -> Option<NeedsStreaming> {
        let accounts = (route.from_account != route.to_account).then_some(NeedsStreaming::Accounts);
        let clouds = self
            .cloud_from(route)
            .needs_streaming(&self.cloud_to(route));
        clouds.or(of_regions(route)).or(accounts)
    }
}

fn of_regions(route: &Route) -> Option<NeedsStreaming> {
    if route.from_access_point.is_none() && route.to_access_point.is_none() {
        return None;
    }
    match (route.source_region(), route.destination_region()) {
        (Some(from), Some(to)) if from == to => None,
        (Some(_), Some(_)) => Some(NeedsStreaming::Regions),
        _ => Some(NeedsStreaming::AccessPoint),
    }
}
