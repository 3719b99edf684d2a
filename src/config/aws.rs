//! `[aws]`: where AWS is, and how far the place that stands in for it can be trusted.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::config::read::faults::Faults;
use crate::config::value::{address, rate::Rate, region};

/// Domains under which Amazon serves its APIs, all partitions; VPC endpoints
/// (`*.vpce.amazonaws.com`) are among them.
const AMAZON: [&str; 5] = [
    "amazonaws.com",
    "amazonaws.com.cn",
    "api.aws",
    "amazonwebservices.com.cn",
    "amazonaws.eu",
];

/// `[aws]`: where AWS is.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Aws {
    /// Home region, for whatever names none; unset: the SDK's chain (`AWS_REGION`, the profile, the instance).
    #[serde(deserialize_with = "region::optional")]
    pub region: Option<String>,
    /// An AWS emulator's address, for every service; unset on AWS.
    pub endpoint_url: Option<String>,
    /// Whether writes carry conditions. A store that ignores them would overwrite newer objects.
    pub conditional_writes: ConditionalWrites,
    /// A PEM file with the roots to trust, instead of the machine's.
    pub ca_bundle: Option<String>,
    /// Call the endpoints whose cryptography is validated (FIPS 140).
    pub use_fips_endpoint: bool,
    /// Call the endpoints that speak IPv6 too.
    pub use_dualstack_endpoint: bool,
    /// What all streamed bytes together may take, in each direction. Unset: no bound.
    pub bandwidth: Option<Rate>,
}

/// `auto` is on at AWS and off at a custom endpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum ConditionalWrites {
    /// On at AWS, off at custom endpoints.
    #[default]
    Auto,
    /// Always.
    On,
    /// Never: every write is followed by a HEAD of the source.
    Off,
}

impl Aws {
    /// Whether the endpoint is not Amazon's.
    #[must_use]
    pub fn is_custom_endpoint(&self) -> bool {
        let Some(host) = self.endpoint_url.as_deref().and_then(address::host) else {
            return false;
        };
        !AMAZON.iter().any(|domain| {
            host.strip_suffix(domain)
                .is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
        })
    }

    /// The endpoint, if it is someone else's than Amazon's, as one writes it.
    pub(crate) fn custom_endpoint(&self) -> Option<String> {
        let url = self.endpoint_url.as_deref()?;
        let one_way = url.trim_end_matches('/').to_ascii_lowercase();
        self.is_custom_endpoint().then_some(one_way)
    }

    /// Whether writes carry conditions, with `auto` applied.
    #[must_use]
    pub fn conditional(&self) -> bool {
        match self.conditional_writes {
            ConditionalWrites::Auto => !self.is_custom_endpoint(),
            ConditionalWrites::On => true,
            ConditionalWrites::Off => false,
        }
    }

    pub(crate) fn check(&self, faults: &mut Faults<'_>) {
        if let Some(Err(why)) = self.endpoint_url.as_deref().map(address::parse) {
            faults.refuse("aws.endpoint_url", why);
        }
        self.check_endpoints(|key| format!("aws.{key}"), faults);
    }

    /// Refuses what is about Amazon's endpoints where another is given.
    pub(crate) fn check_endpoints(&self, at: impl Fn(&str) -> String, faults: &mut Faults<'_>) {
        for (key, is_set) in [
            ("use_fips_endpoint", self.use_fips_endpoint),
            ("use_dualstack_endpoint", self.use_dualstack_endpoint),
        ] {
            if is_set && self.is_custom_endpoint() {
                let why = "concerns Amazon's own endpoints; leave it or endpoint_url out";
                faults.refuse(&at(key), why);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Config, Sources};

    #[test]
    fn an_endpoint_is_custom_unless_its_host_is_amazons() {
        #[rustfmt::skip]
        let table = [
            ("none is AWS",                None, false),
            ("global",                     Some("https://s3.us-east-1.amazonaws.com"), false),
            ("China",                      Some("https://s3.cn-north-1.amazonaws.com.cn"), false),
            ("dual stack",                 Some("https://sqs.us-east-1.api.aws"), false),
            ("China, dual stack",          Some("https://sqs.cn-north-1.api.amazonwebservices.com.cn"), false),
            ("European Sovereign Cloud",   Some("https://s3.eusc-de-east-1.amazonaws.eu"), false),
            ("a VPC endpoint is AWS",      Some("https://bucket.vpce-1a2b-3c.s3.us-east-1.vpce.amazonaws.com"), false),
            ("case does not matter",       Some("https://S3.AmazonAWS.com:443"), false),
            ("a dot ends the host",        Some("https://s3.us-east-1.amazonaws.com./"), false),
            ("an AWS emulator",            Some("http://127.0.0.1:4566"), true),
            ("a look-alike",               Some("https://notamazonaws.com"), true),
            ("a domain put in front",      Some("https://amazonaws.com.evil.example"), true),
        ];
        for (why, endpoint, custom) in table {
            let aws = Aws {
                endpoint_url: endpoint.map(Into::into),
                ..Aws::default()
            };
            assert_eq!(aws.is_custom_endpoint(), custom, "{why}");
            assert_eq!(aws.conditional(), !custom, "auto: {why}");
        }
    }

    #[test]
    fn the_operator_has_the_last_word_on_conditions() {
        let is_emulator = Some("http://127.0.0.1:4566".to_owned());
        let on = Aws {
            endpoint_url: is_emulator,
            conditional_writes: ConditionalWrites::On,
            ..Aws::default()
        };
        assert!(on.conditional());
        let off = Aws {
            conditional_writes: ConditionalWrites::Off,
            ..Aws::default()
        };
        assert!(!off.conditional());
    }

    #[test]
    fn what_is_about_amazons_endpoints_goes_with_no_other() {
        for key in ["use_fips_endpoint", "use_dualstack_endpoint"] {
            let said = |url: &str| {
                let file = format!("[aws]\n{key} = true\nendpoint_url = \"{url}\"");
                Config::load(&Sources::text("f", &file)).map_err(|refusal| refusal.to_string())
            };
            assert!(said("https://s3.us-east-1.amazonaws.com").is_ok(), "{key}");
            let want = "concerns Amazon's own endpoints; leave it or endpoint_url out";
            let refused = said("http://h:1").err();
            assert_eq!(refused, Some(format!("aws.{key} in f = true: {want}")));
        }
    }

    #[test]
    fn an_endpoint_that_is_no_address_is_refused() {
        let file = "[aws]\nendpoint_url = \"localhost:4566\"";
        let refusal = Config::load(&Sources::text("config.toml", file))
            .unwrap_err()
            .to_string();
        assert_eq!(
            refusal,
            "aws.endpoint_url in config.toml = \"localhost:4566\": \
             expected a web address that begins with https:// or http://"
        );
    }
}
