//! Partitions: the separate clouds of AWS, which share neither accounts nor credentials.
//!
//! A region's name tells its partition, and what a configuration says of regions tells which
//! accounts can never work there. What the file leaves open is checked again at the start, when
//! the SDK's chain has told the regions.

use std::fmt;

use super::arn::is_region;
use super::{Apart, Aws, Config, Fault, Queue, Refusal};

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

/// What buckets have names of their own in: a partition, or another store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Cloud {
    endpoint: Option<String>,
    /// Where it is known.
    partition: Option<Partition>,
}

impl Cloud {
    /// What keeps two apart for good; none if they may be one.
    pub(super) fn apart(&self, other: &Self) -> Option<Apart> {
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
    pub(super) fn cloud_from(&self, route: &super::Route) -> Cloud {
        self.cloud(route.from_account.as_deref(), route.source_region())
    }

    /// Where its destination is.
    pub(super) fn cloud_to(&self, route: &super::Route) -> Cloud {
        self.cloud(route.to_account.as_deref(), route.destination_region())
    }

    fn cloud(&self, account: Option<&str>, region: Option<&str>) -> Cloud {
        let aws = self.aws_of(account);
        Cloud {
            endpoint: aws.custom_endpoint(),
            partition: region.or(aws.region.as_deref()).map(Partition::of),
        }
    }

    /// Checks what regions say about accounts and ways.
    ///
    /// # Errors
    /// Names each key that asks for what no credentials can do.
    pub fn check_regions(&self) -> Result<(), Refusal> {
        // What is typed was read as regions; the SDK's chain adds others.
        let home = [("aws.region".to_owned(), &self.aws.region)];
        let named = self.account.iter();
        let named =
            named.map(|(name, account)| (format!("account.{name}.region"), &account.region));
        let strange = home.into_iter().chain(named).filter_map(|(key, region)| {
            let region = region.as_ref().filter(|region| !is_region(region))?;
            let why = format!(
                "the SDK's chain (AWS_REGION, the profile, the instance) says {region:?}, which is no region: \
                 a-z, 0-9 and - only"
            );
            Some((key, why))
        });
        let faults = strange.chain(self.region_faults());
        let faults: Vec<_> = faults
            .map(|(key, why)| Fault::new(&key, None, &why))
            .collect();
        if faults.is_empty() {
            Ok(())
        } else {
            Err(Refusal(faults))
        }
    }

    /// Each key that is wrong, with the reason.
    pub(super) fn region_faults(&self) -> Vec<(String, String)> {
        let mut faults = Vec::new();
        for (name, account) in &self.account {
            let at = |key: &str| format!("account.{name}.{key}");
            if let Some(role) = &account.role {
                // A role is assumed with home's credentials, and used in its account's region.
                let partition = role.split(':').nth(1).unwrap_or_default();
                let home = self.aws.region.as_deref();
                let regions = [("[aws]", home), ("its account", account.region.as_deref())];
                for (whose, region) in regions {
                    let of = region.map(|region| Partition::of(region).to_string());
                    if let Some(of) = of.filter(|of| *of != partition) {
                        let why = format!(
                            "is a role of partition {partition}, and {whose} is in {of}: roles are \
                             assumed inside one partition; use a secret with keys of {partition}"
                        );
                        faults.push((at("role"), why));
                        break;
                    }
                }
            }
            let region = account.secret_region();
            let key = if account.secret_region.is_some() {
                "secret_region"
            } else {
                "secret"
            };
            let asker = account.secret_account.as_deref();
            faults.extend(self.stranger(&at(key), region, asker, "secret_account"));
        }
        for (name, queue) in &self.queue {
            let told = Queue::region_of(&queue.url);
            let (key, region) = match &queue.region {
                Some(region) => ("region", Some(region)),
                None => ("url", told.as_ref()),
            };
            let (key, account) = (format!("queue.{name}.{key}"), queue.account.as_deref());
            faults.extend(self.stranger(&key, region.map(String::as_str), account, "account"));
        }
        for (name, crawler) in &self.crawler {
            let (key, region) = (format!("crawler.{name}.region"), crawler.region.as_deref());
            faults.extend(self.stranger(&key, region, crawler.account.as_deref(), "account"));
            let key = format!("crawler.{name}.assert_region");
            let (region, account) = (crawler.assert_region.as_deref(), crawler.asserts_as().0);
            faults.extend(self.stranger(&key, region, account, "assert_account"));
        }
        for (name, table) in &self.table {
            let (key, region) = (format!("table.{name}.region"), table.region.as_deref());
            faults.extend(self.stranger(&key, region, table.account.as_deref(), "account"));
        }
        for (name, route) in &self.route {
            let from = (
                &route.from_access_point,
                route.source_region(),
                &route.from_account,
            );
            let to = (
                &route.to_access_point,
                route.destination_region(),
                &route.to_account,
            );
            for (side, (point, region, account)) in [("from", from), ("to", to)] {
                let (naming, account) = (format!("{side}_account"), account.as_deref());
                let named = match point {
                    Some(_) => "access_point",
                    None => "region",
                };
                let key = format!("route.{name}.{side}_{named}");
                if point.is_some()
                    && let Some(url) = self.aws_of(account).custom_endpoint()
                {
                    let why = format!(
                        "access points are addresses of AWS's own, and its account has the endpoint {url}: leave it out, or name another account in {naming}"
                    );
                    faults.push((key, why));
                    continue;
                }
                faults.extend(self.stranger(&key, region, account, &naming));
            }
            if let Some(notify) = &route.notify {
                let (key, region) = (format!("route.{name}.notify"), notify.region.as_deref());
                let account = route.notify_account.as_deref();
                faults.extend(self.stranger(&key, region, account, "notify_account"));
            }
            if let Some(apart) = self.apart(route)
                && apart.is_final()
                && route.way == super::Way::Server
            {
                let why = format!("{}; use \"auto\" or \"stream\"", apart.why());
                faults.push((format!("route.{name}.way"), why));
            }
        }
        faults
    }

    /// A region in which an account's credentials cannot work.
    fn stranger(
        &self,
        key: &str,
        region: Option<&str>,
        account: Option<&str>,
        naming: &str,
    ) -> Option<(String, String)> {
        let (region, aws) = (region?, self.aws_of(account));
        let home = aws.region.as_deref()?;
        let (there, here) = (Partition::of(region), Partition::of(home));
        if there == here || aws.is_custom_endpoint() {
            return None;
        }
        let whose = account.map_or_else(|| "[aws]".into(), |name| format!("[account.{name}]"));
        let why = format!(
            "{region} is in partition {there}, and {whose} ({home}) in {here}: credentials work in \
             one partition only; name an account of {there} in {naming}"
        );
        Some((key.to_owned(), why))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Sources;

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

    #[test]
    fn what_no_credentials_can_do_is_refused() {
        let arn = "arn:aws-cn:iam::111122223333:role/brigade";
        let role = format!("[account.role]\nrole = \"{arn}\"");
        let here = "arn:aws:s3:eu-west-1:111122223333:accesspoint/a";
        #[rustfmt::skip]
        let table = [
            ("server across partitions", "way = \"server\"\nto_account = \"china\"",
             "route.r.way in f = \"server\": the two sides are in different partitions, and S3 copies inside one only; use \"auto\" or \"stream\""),
            ("server between endpoints", "way = \"server\"\nto_account = \"store\"",
             "route.r.way in f = \"server\": the two sides have different endpoints, and S3 copies inside one only; use \"auto\" or \"stream\""),
            ("global keys in China", "to_region = \"cn-north-1\"",
             "route.r.to_region in f = \"cn-north-1\": cn-north-1 is in partition aws-cn, and [aws] (us-east-1) in aws: credentials work in one partition only; name an account of aws-cn in to_account"),
            ("server between regions", &*at("from", "eu-west-1", "to_region = \"us-east-1\"\nway = \"server\""),
             "route.r.way in f = \"server\": the two sides are in different regions, and through an access point S3 copies inside one only; use \"auto\" or \"stream\""),
            ("two regions of one side", &at("from", "eu-west-1", "from_region = \"us-east-1\""),
             "route.r.from_region in f = \"us-east-1\": from_access_point is in eu-west-1: correct one of the two, or leave this out"),
            ("an access point of a store", &at("to", "eu-west-1", "to_account = \"store\""),
             &format!("route.r.to_access_point in f = \"{here}\": access points are addresses of AWS's own, and its account has the endpoint http://127.0.0.1:9000: leave it out, or name another account in to_account")),
            ("an access point elsewhere", &at("to", "eu-west-1", "to_account = \"china\""),
             &format!("route.r.to_access_point in f = \"{here}\": eu-west-1 is in partition aws, and [account.china] (cn-north-1) in aws-cn: credentials work in one partition only; name an account of aws in to_account")),
            ("a queue in China", "[queue.q]\nurl = \"https://sqs.cn-north-1.amazonaws.com.cn/1/q\"",
             "queue.q.url in f = \"https://sqs.cn-north-1.amazonaws.com.cn/1/q\": cn-north-1 is in partition aws-cn, and [aws] (us-east-1) in aws: credentials work in one partition only; name an account of aws-cn in account"),
            ("an assertion elsewhere", "[crawler.c]\nassert_sql = \"SELECT true\"\nassert_region = \"cn-north-1\"",
             "crawler.c.assert_region in f = \"cn-north-1\": cn-north-1 is in partition aws-cn, and [aws] (us-east-1) in aws: credentials work in one partition only; name an account of aws-cn in assert_account"),
            ("a crawler elsewhere", "[crawler.c]\nregion = \"us-gov-west-1\"\naccount = \"china\"",
             "crawler.c.region in f = \"us-gov-west-1\": us-gov-west-1 is in partition aws-us-gov, and [account.china] (cn-north-1) in aws-cn: credentials work in one partition only; name an account of aws-us-gov in account"),
            ("a secret elsewhere", "[account.s]\nsecret = \"arn:aws-cn:secretsmanager:cn-north-1:111122223333:secret:keys-a1b2c3\"",
             "account.s.secret in f = \"arn:aws-cn:secretsmanager:cn-north-1:111122223333:secret:keys-a1b2c3\": cn-north-1 is in partition aws-cn, and [aws] (us-east-1) in aws: credentials work in one partition only; name an account of aws-cn in secret_account"),
            ("a role elsewhere", &*role,
             "account.role.role in f = \"arn:aws-cn:iam::111122223333:role/brigade\": is a role of partition aws-cn, and [aws] is in aws: roles are assumed inside one partition; use a secret with keys of aws-cn"),
        ];
        for (why, lines, want) in table {
            let said = Config::load(&Sources::text("f", &format!("{FILE}{lines}"))).unwrap_err();
            assert_eq!(said.to_string(), want, "{why}");
        }
    }

    #[test]
    fn what_the_file_leaves_open_is_refused_once_it_is_known() {
        let file = "[route.r]\nfrom = \"s3://raw/\"\nto = \"s3://lake/\"\nto_account = \"china\"\nway = \"server\"\n[account.china]\nregion = \"cn-north-1\"";
        let mut config = Config::load(&Sources::text("f", file)).unwrap().config;
        assert_eq!(config.check_regions(), Ok(()));
        config.aws.region = Some("us-east-1".into());
        let said = config.check_regions().unwrap_err().to_string();
        assert!(said.starts_with("route.r.way: the two sides are in different partitions"));
    }

    #[test]
    fn a_region_of_the_sdks_chain_is_a_label_too() {
        let mut config = Config::load(&Sources::text("f", "[account.a]\nprofile = \"p\""))
            .unwrap()
            .config;
        config.aws.region = Some("eu-west-1".into());
        assert_eq!(config.check_regions(), Ok(()));
        config.aws.region = Some("evil.example.com/#".into());
        if let Some(account) = config.account.get_mut("a") {
            account.region = Some("eu-west-1\n".into());
        }
        let said = config.check_regions().unwrap_err().to_string();
        assert_eq!(said.lines().count(), 2, "{said}");
        assert!(said.starts_with("aws.region: the SDK's chain"), "{said}");
    }
}
