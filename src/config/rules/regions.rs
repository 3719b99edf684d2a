//! What regions say about accounts and ways: which credentials can never work where.
//!
//! What the file leaves open is checked again at the start, when the SDK's chain has told the regions.

use crate::config::read::fault::{Fault, Refusal};
use crate::config::route::{Route, words::Transfer};
use crate::config::value::{
    arn::{Arn, is_region},
    partition::Partition,
    queue_url::region_of,
};
use crate::config::{account::Account, sections::Config};

impl Config {
    /// Checks what regions say about accounts and ways.
    ///
    /// # Errors
    /// Names each key that asks for what no credentials can do.
    pub fn check_regions(&self) -> Result<(), Refusal> {
        // What is typed was read as regions; the SDK's chain adds others.
        let default_account = [("aws.region".to_owned(), &self.aws.region)];
        let named = self.account.iter();
        let named =
            named.map(|(name, account)| (format!("account.{name}.region"), &account.region));
        let strange = default_account.into_iter().chain(named).filter_map(|(key, region)| {
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
    pub(crate) fn region_faults(&self) -> Vec<(String, String)> {
        let mut faults = Vec::new();
        for (name, account) in &self.account {
            let at = |key: &str| format!("account.{name}.{key}");
            faults.extend(
                self.role_elsewhere(account)
                    .map(|why| (at("role_arn"), why)),
            );
            let region = account.secret_region();
            let key = account
                .secret_region
                .as_ref()
                .map_or("secret", |_| "secret_region");
            let asker = account.secret_account.as_deref();
            faults.extend(self.stranger(&at(key), region, asker, "secret_account"));
        }
        for (name, queue) in &self.queue {
            let reported = region_of(&queue.url);
            let key = queue.region.as_ref().map_or("url", |_| "region");
            let region = queue.region.as_deref().or(reported.as_deref());
            let (key, account) = (format!("queue.{name}.{key}"), queue.account.as_deref());
            faults.extend(self.stranger(&key, region, account, "account"));
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
            self.check_route(name, route, &mut faults);
        }
        faults
    }

    /// Why a role cannot be assumed, or its credentials not be used.
    fn role_elsewhere(&self, account: &Account) -> Option<String> {
        let role = Arn::parse(account.role_arn.as_deref()?)?;
        let partition = role.partition;
        // A role is assumed with the default account's credentials, and used in its account's region.
        let default_account = self.aws.region.as_deref();
        let regions = [
            ("[aws]", default_account),
            ("its account", account.region.as_deref()),
        ];
        regions.into_iter().find_map(|(whose, region)| {
            let of = Partition::of(region?).to_string();
            (of != partition).then(|| {
                format!(
                    "is a role of partition {partition}, and {whose} is in {of}: roles are assumed \
                     inside one partition; use a secret with keys of {partition}"
                )
            })
        })
    }

    fn check_route(&self, name: &str, route: &Route, faults: &mut Vec<(String, String)>) {
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
        if let Some(needs_streaming) = self.needs_streaming(route)
            && needs_streaming.is_final()
            && route.transfer == Transfer::ServerSide
        {
            let why = format!("{}; use \"auto\" or \"stream\"", needs_streaming.why());
            faults.push((format!("route.{name}.transfer"), why));
        }
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
        let default_account = aws.region.as_deref()?;
        let (there, here) = (Partition::of(region), Partition::of(default_account));
        if there == here || aws.is_custom_endpoint() {
            return None;
        }
        let whose = account.map_or_else(|| "[aws]".into(), |name| format!("[account.{name}]"));
        let why = format!(
            "{region} is in partition {there}, and {whose} ({default_account}) in {here}: credentials work in \
             one partition only; name an account of {there} in {naming}"
        );
        Some((key.to_owned(), why))
    }
}

#[cfg(test)]
mod tests {
    use crate::config::{Config, NeedsStreaming, Sources};

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
            ("within one",           "",                                                    None),
            ("one account",          "from_account = \"china\"\nto_account = \"china\"",     None),
            ("another region",       "to_region = \"eu-west-1\"",                           None),
            ("two accounts",         "to_account = \"partner\"",                            Some(NeedsStreaming::Accounts)),
            ("an endpoint of AWS",   "to_account = \"private\"",                            Some(NeedsStreaming::Accounts)),
            ("to China",             "to_account = \"china\"",                              Some(NeedsStreaming::Partitions)),
            ("from GovCloud",        "from_account = \"gov\"",                              Some(NeedsStreaming::Partitions)),
            ("to a store",           "to_account = \"store\"",                              Some(NeedsStreaming::Endpoints)),
            ("between two stores",   "from_account = \"store\"\nto_account = \"other_store\"", Some(NeedsStreaming::Endpoints)),
            ("inside a store",       "from_account = \"store\"\nto_account = \"store\"",     None),
            ("one access point",     &at("to", "eu-west-1", ""),                            Some(NeedsStreaming::AccessPoint)),
            ("in the other's region", &at("to", "eu-west-1", "from_region = \"eu-west-1\""), None),
            ("not in it",            &at("from", "eu-west-1", "to_region = \"us-east-1\""), Some(NeedsStreaming::Regions)),
            ("two access points",    &at("from", "eu-west-1", &at("to", "eu-west-1", "")),  None),
            ("in two regions",       &at("from", "eu-west-1", &at("to", "us-east-1", "")),  Some(NeedsStreaming::Regions)),
            ("and two accounts",     &at("to", "eu-west-1", "from_region = \"eu-west-1\"\nto_account = \"partner\""), Some(NeedsStreaming::Accounts)),
        ];
        for (why, lines, want) in table {
            let loaded = Config::load(&Sources::text("f", &format!("{FILE}{lines}"))).unwrap();
            assert_eq!(
                loaded.config.needs_streaming(&loaded.config.route["r"]),
                want,
                "{why}"
            );
        }
    }

    #[test]
    fn what_no_credentials_can_do_is_refused() {
        let arn = "arn:aws-cn:iam::111122223333:role/brigade";
        let role = format!("[account.role]\nrole_arn = \"{arn}\"");
        let here = "arn:aws:s3:eu-west-1:111122223333:accesspoint/a";
        #[rustfmt::skip]
        let table = [
            ("server across partitions", "transfer = \"server-side\"\nto_account = \"china\"",
             "route.r.transfer in f = \"server-side\": the two sides are in different partitions, and S3 copies inside one only; use \"auto\" or \"stream\""),
            ("server between endpoints", "transfer = \"server-side\"\nto_account = \"store\"",
             "route.r.transfer in f = \"server-side\": the two sides have different endpoints, and S3 copies inside one only; use \"auto\" or \"stream\""),
            ("global keys in China", "to_region = \"cn-north-1\"",
             "route.r.to_region in f = \"cn-north-1\": cn-north-1 is in partition aws-cn, and [aws] (us-east-1) in aws: credentials work in one partition only; name an account of aws-cn in to_account"),
            ("server between regions", &*at("from", "eu-west-1", "to_region = \"us-east-1\"\ntransfer = \"server-side\""),
             "route.r.transfer in f = \"server-side\": the two sides are in different regions, and through an access point S3 copies inside one only; use \"auto\" or \"stream\""),
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
             "account.role.role_arn in f = \"arn:aws-cn:iam::111122223333:role/brigade\": is a role of partition aws-cn, and [aws] is in aws: roles are assumed inside one partition; use a secret with keys of aws-cn"),
        ];
        for (why, lines, want) in table {
            let said = Config::load(&Sources::text("f", &format!("{FILE}{lines}"))).unwrap_err();
            assert_eq!(said.to_string(), want, "{why}");
        }
    }

    #[test]
    fn what_the_file_leaves_open_is_refused_once_it_is_known() {
        let file = "[route.r]\nfrom = \"s3://raw/\"\nto = \"s3://lake/\"\nto_account = \"china\"\ntransfer = \"server-side\"\n[account.china]\nregion = \"cn-north-1\"";
        let mut config = Config::load(&Sources::text("f", file)).unwrap().config;
        assert_eq!(config.check_regions(), Ok(()));
        config.aws.region = Some("us-east-1".into());
        let said = config.check_regions().unwrap_err().to_string();
        assert!(said.starts_with("route.r.transfer: the two sides are in different partitions"));
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
