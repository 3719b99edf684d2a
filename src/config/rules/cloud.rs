//! The cloud that each side of a route is in, and what keeps two sides apart.

use crate::config::aws::Aws;
use crate::config::route::Route;
use crate::config::rules::apart::Apart;
use crate::config::sections::Config;
use crate::config::value::partition::Partition;

/// What buckets have names of their own in: a partition, or another store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::config) struct Cloud {
    endpoint: Option<String>,
    /// Where it is known.
    partition: Option<Partition>,
}

impl Cloud {
    /// What keeps two apart for good; none if they may be one.
    pub(in crate::config) fn apart(&self, other: &Self) -> Option<Apart> {
        if self.endpoint != other.endpoint {
            return Some(Apart::Endpoints);
        }
        let both = self.partition.zip(other.partition);
        let differ = both.is_some_and(|(here, there)| here != there);
        differ.then_some(Apart::Partitions)
    }
}

impl Config {
    /// Where AWS is for an account; `None` is home.
    #[must_use]
    pub fn aws_of(&self, account: Option<&str>) -> Aws {
        let named = account.and_then(|name| self.account.get(name));
        named.map_or_else(|| self.aws.clone(), |account| account.aws(&self.aws))
    }

    /// Where a route's source is.
    pub(in crate::config) fn cloud_from(&self, route: &Route) -> Cloud {
        self.cloud(route.from_account.as_deref(), route.source_region())
    }

    /// Where its destination is.
    pub(in crate::config) fn cloud_to(&self, route: &Route) -> Cloud {
        self.cloud(route.to_account.as_deref(), route.destination_region())
    }

    fn cloud(&self, account: Option<&str>, region: Option<&str>) -> Cloud {
        let aws = self.aws_of(account);
        Cloud {
            endpoint: aws.custom_endpoint(),
            partition: region.or(aws.region.as_deref()).map(Partition::of),
        }
    }

    /// What keeps a route's two sides apart, as far as the configuration tells.
    #[must_use]
    pub fn apart(&self, route: &Route) -> Option<Apart> {
        let accounts = (route.from_account != route.to_account).then_some(Apart::Accounts);
        let clouds = self.cloud_from(route).apart(&self.cloud_to(route));
        clouds.or(of_regions(route)).or(accounts)
    }
}

fn of_regions(route: &Route) -> Option<Apart> {
    if route.from_access_point.is_none() && route.to_access_point.is_none() {
        return None;
    }
    match (route.source_region(), route.destination_region()) {
        (Some(from), Some(to)) if from == to => None,
        (Some(_), Some(_)) => Some(Apart::Regions),
        _ => Some(Apart::AccessPoint),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Sources;

    const FILE: &str = "
        [aws]
        region = \"us-east-1\"
        [account.china]
        region = \"cn-north-1\"
        [account.gov]
        region = \"us-gov-west-1\"
        [account.partner]
        [account.store]
        endpoint_url = \"http://127.0.0.1:9000\"
        [account.other_store]
        endpoint_url = \"http://127.0.0.1:9001/\"
        [account.private]
        endpoint_url = \"https://bucket.vpce-1a.s3.us-east-1.vpce.amazonaws.com\"
        [route.r]
        from = \"s3://raw/\"
        to = \"s3://lake/\"
        ";

    /// A route with an access point on a side.
    fn at(side: &str, region: &str, more: &str) -> String {
        let arn = format!("arn:aws:s3:{region}:111122223333:accesspoint/a");
        format!("{side}_access_point = \"{arn}\"\n{more}")
    }

    #[test]
    fn s3_copies_between_two_sides_unless_something_keeps_them_apart() {
        #[rustfmt::skip]
        let table = [
            ("home to home",         "",                                                    None),
            ("one account",          "from_account = \"china\"\nto_account = \"china\"",     None),
            ("another region",       "to_region = \"eu-west-1\"",                           None),
            ("two accounts",         "to_account = \"partner\"",                            Some(Apart::Accounts)),
            ("an endpoint of AWS",   "to_account = \"private\"",                            Some(Apart::Accounts)),
            ("to China",             "to_account = \"china\"",                              Some(Apart::Partitions)),
            ("from GovCloud",        "from_account = \"gov\"",                              Some(Apart::Partitions)),
            ("to a store",           "to_account = \"store\"",                              Some(Apart::Endpoints)),
            ("between two stores",   "from_account = \"store\"\nto_account = \"other_store\"", Some(Apart::Endpoints)),
            ("inside a store",       "from_account = \"store\"\nto_account = \"store\"",     None),
            ("one access point",     &at("to", "eu-west-1", ""),                            Some(Apart::AccessPoint)),
            ("in the other's region", &at("to", "eu-west-1", "from_region = \"eu-west-1\""), None),
            ("not in it",            &at("from", "eu-west-1", "to_region = \"us-east-1\""), Some(Apart::Regions)),
            ("two access points",    &at("from", "eu-west-1", &at("to", "eu-west-1", "")),  None),
            ("in two regions",       &at("from", "eu-west-1", &at("to", "us-east-1", "")),  Some(Apart::Regions)),
            ("and two accounts",     &at("to", "eu-west-1", "from_region = \"eu-west-1\"\nto_account = \"partner\""), Some(Apart::Accounts)),
        ];
        for (why, lines, want) in table {
            let loaded = Config::load(&Sources::text("f", &format!("{FILE}{lines}"))).unwrap();
            assert_eq!(
                loaded.config.apart(&loaded.config.route["r"]),
                want,
                "{why}"
            );
        }
    }
}
