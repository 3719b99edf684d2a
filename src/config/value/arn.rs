//! ARNs, and the names that they and host names are made of.

/// `arn:PARTITION:SERVICE:REGION:ACCOUNT:RESOURCE`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Arn<'t> {
    pub(crate) partition: &'t str,
    pub(crate) service: &'t str,
    /// Empty where the service has none.
    pub(crate) region: &'t str,
    /// Empty where the service has none.
    pub(crate) account: &'t str,
    pub(crate) resource: &'t str,
}

impl<'t> Arn<'t> {
    /// Takes a whole ARN apart. Its region and account are what they should be, or empty.
    pub(crate) fn parse(text: &'t str) -> Option<Self> {
        let parts: Vec<&str> = text.splitn(6, ':').collect();
        let &["arn", partition, service, region, account, resource] = parts.as_slice() else {
            return None;
        };
        let words = |text: &str| {
            let fit = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
            text.bytes().all(fit)
        };
        let fits = words(partition)
            && partition.starts_with("aws")
            && words(service)
            && (region.is_empty() || is_region(region))
            && (account.is_empty() || is_account(account));
        fits.then_some(Self {
            partition,
            service,
            region,
            account,
            resource,
        })
    }

    /// The URL of the queue it names.
    pub(crate) fn queue_url(&self) -> Option<String> {
        let name = self.resource.strip_suffix(".fifo").unwrap_or(self.resource);
        let named = |b: u8| b.is_ascii_alphanumeric() || b"_-".contains(&b);
        let is_queue = self.service == "sqs"
            && !self.region.is_empty()
            && !self.account.is_empty()
            && !name.is_empty()
            && name.bytes().all(named);
        let suffix = dns_suffix(self.partition).filter(|_| is_queue)?;
        Some(format!(
            "https://sqs.{}.{suffix}/{}/{}",
            self.region, self.account, self.resource
        ))
    }

    /// The place in S3 that it names, as routes write it.
    pub(crate) fn s3_place(&self) -> Option<String> {
        let is_bucket = self.service == "s3" && self.region.is_empty() && self.account.is_empty();
        let place = self.resource.strip_suffix('*').unwrap_or(self.resource);
        let slash = if place.contains('/') { "" } else { "/" };
        (is_bucket && !place.is_empty()).then(|| format!("s3://{place}{slash}"))
    }
}

/// Under which domain a partition serves its APIs, where that is known.
fn dns_suffix(partition: &str) -> Option<&'static str> {
    match partition {
        "aws" | "aws-us-gov" => Some("amazonaws.com"),
        "aws-cn" => Some("amazonaws.com.cn"),
        "aws-eusc" => Some("amazonaws.eu"),
        _ => None,
    }
}

/// Whether text can be a region: it becomes a label of host names, and part of what is signed.
pub(crate) fn is_region(text: &str) -> bool {
    let fit = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
    (1..=63).contains(&text.len())
        && text.bytes().all(fit)
        && !text.starts_with('-')
        && !text.ends_with('-')
}

/// Whether text is the id of an account.
pub(crate) fn is_account(text: &str) -> bool {
    text.len() == 12 && text.bytes().all(|b| b.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::read::tree::collect;
    use crate::config::tests::example;
    use crate::config::{Config, Sources, schema};

    #[test]
    fn an_arn_tells_the_url_or_the_place_that_a_setting_wants() {
        #[rustfmt::skip]
        let table = [
            ("arn:aws:sqs:eu-west-1:111122223333:events",         Some("https://sqs.eu-west-1.amazonaws.com/111122223333/events")),
            ("arn:aws-cn:sqs:cn-north-1:111122223333:q.fifo",     Some("https://sqs.cn-north-1.amazonaws.com.cn/111122223333/q.fifo")),
            ("arn:aws-iso:sqs:us-iso-east-1:111122223333:q",      None),
            ("arn:aws:sqs:eu-west-1:111122223333:a/b",            None),
            ("arn:aws:sqs:evil.example/#:111122223333:q",         None),
            ("arn:aws:s3:::raw",                                  Some("s3://raw/")),
            ("arn:aws:s3:::raw/in/*",                             Some("s3://raw/in/")),
            ("arn:aws:s3:eu-west-1:111122223333:accesspoint/raw", None),
            ("arn:aws:sns:eu-west-1:111122223333:t",              None),
            ("arn:aws:sqs",                                       None),
        ];
        for (text, want) in table {
            let arn = Arn::parse(text);
            let reported = arn.and_then(|arn| arn.queue_url().or_else(|| arn.s3_place()));
            assert_eq!(reported.as_deref(), want, "{text}");
        }
    }

    /// A region is part of a host name: what is no label would choose the host.
    #[test]
    fn every_region_is_a_label() {
        let all_known = schema();
        let mut all = Vec::new();
        collect("", &all_known, &mut all);
        all.retain(|path| path.ends_with("region"));
        assert!(all.len() >= 10, "{all:?}");
        let lines = example::uncomment(true);
        for path in all {
            let key = path.rsplit('.').next().unwrap();
            for wrong in [
                "evil.example.com/#",
                "eu-west-1.",
                "EU-WEST-1",
                "eu west 1",
                "-a",
                "é",
            ] {
                let line = format!("{key} = \"{wrong}\"");
                let file: Vec<_> = lines
                    .lines()
                    .map(|other| match other.split_once(" = ") {
                        Some((other, _)) if other == key => line.as_str(),
                        _ => other,
                    })
                    .collect();
                let refused = Config::load(&Sources::text("f", &file.join("\n"))).unwrap_err();
                let section = path.split('.').next().unwrap();
                let reported = refused.to_string();
                let reported = reported.lines().find(|reported| {
                    reported.starts_with(section)
                        && reported
                            .contains(&format!(".{key} in f = \"{wrong}\": expected a region"))
                });
                assert!(reported.is_some(), "{path} = {wrong}: {refused}");
            }
        }
    }
}
