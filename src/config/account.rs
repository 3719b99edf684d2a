//! `[account.NAME]`: other credentials than the default account's, and where they work.
//!
//! Credentials themselves have no place in a file: a section names where they are kept.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::config::aws::{Aws, ConditionalWrites};
use crate::config::read::faults::Faults;
use crate::config::value::{address, arn::Arn, rate::Rate, region};

/// The name of the default account in status and metrics.
pub const DEFAULT_ACCOUNT: &str = "default";

/// `[account.NAME]`.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Account {
    /// Where its credentials work, if not where a bucket, queue or crawler says. Default: the
    /// profile's region, else the default account's.
    #[serde(deserialize_with = "region::optional")]
    pub region: Option<String>,
    /// An AWS emulator's address, for every service of this account; unset on AWS.
    pub endpoint_url: Option<String>,
    /// Whether writes carry conditions.
    pub conditional_writes: ConditionalWrites,
    /// A secret of Secrets Manager, by name or ARN: JSON with the access key, its secret and, if
    /// they are temporary, the session token.
    pub secret: Option<String>,
    /// The account that reads the secret. Default: the default account.
    pub secret_account: Option<String>,
    /// The secret's region. Default: the ARN's, else the reader's.
    #[serde(deserialize_with = "region::optional")]
    pub secret_region: Option<String>,
    /// A role to assume with the default account's credentials.
    pub role_arn: Option<String>,
    /// External ID required by the role's trust policy.
    pub external_id: Option<String>,
    /// A profile of the SDK's files.
    pub profile: Option<String>,
    /// Call the endpoints whose cryptography is validated (FIPS 140).
    pub use_fips_endpoint: bool,
    /// Call the endpoints that speak IPv6 too.
    pub use_dualstack_endpoint: bool,
    /// A PEM file with the roots to trust, instead of the machine's; the default account's does not apply.
    pub ca_bundle: Option<String>,
    /// What all its streamed bytes together may take, in each direction. Unset: no bound.
    pub bandwidth: Option<Rate>,
}

impl Account {
    /// Where AWS is for it.
    #[must_use]
    pub fn aws(&self, default_account: &Aws) -> Aws {
        Aws {
            region: self
                .region
                .clone()
                .or_else(|| default_account.region.clone()),
            endpoint_url: self.endpoint_url.clone(),
            conditional_writes: self.conditional_writes,
            ca_bundle: self.ca_bundle.clone(),
            use_fips_endpoint: self.use_fips_endpoint,
            use_dualstack_endpoint: self.use_dualstack_endpoint,
            bandwidth: self.bandwidth,
        }
    }

    /// The region of its secret, as far as it is known.
    #[must_use]
    pub fn secret_region(&self) -> Option<&str> {
        let arn = self.secret.as_deref().and_then(Arn::parse);
        let reported = arn
            .map(|arn| arn.region)
            .filter(|region| !region.is_empty());
        self.secret_region.as_deref().or(reported)
    }

    pub(crate) fn check(&self, name: &str, default_account: &Aws, faults: &mut Faults<'_>) {
        let at = |key: &str| format!("account.{name}.{key}");
        if name == DEFAULT_ACCOUNT {
            let why = "is what [aws] is called here; choose another name";
            return faults.refuse(&format!("account.{name}"), why);
        }
        self.check_source(at, faults);
        if let Some(Err(why)) = self.endpoint_url.as_deref().map(address::parse) {
            faults.refuse(&at("endpoint_url"), why);
        }
        // What STS takes; elsewhere it would be refused at the first call.
        let external_id = (1224, "_+=,.@:/-");
        faults.made_of(&at("external_id"), self.external_id.as_ref(), external_id);
        self.aws(default_account).check_endpoints(at, faults);
    }

    /// At most one source, each key with the source it belongs to.
    fn check_source(&self, at: impl Fn(&str) -> String, faults: &mut Faults<'_>) {
        let sources = [
            ("secret", &self.secret),
            ("role_arn", &self.role_arn),
            ("profile", &self.profile),
        ];
        let given: Vec<_> = sources
            .iter()
            .filter(|(_, value)| value.is_some())
            .collect();
        if let [(first, _), others @ ..] = given.as_slice() {
            for (key, _) in others {
                let why = format!("expected one source of credentials, and there is {first} too");
                faults.refuse(&at(key), why);
            }
        }
        for (key, value, source, is_given) in [
            (
                "secret_account",
                &self.secret_account,
                "secret",
                &self.secret,
            ),
            ("secret_region", &self.secret_region, "secret", &self.secret),
            ("external_id", &self.external_id, "role_arn", &self.role_arn),
        ] {
            if value.is_some() && is_given.is_none() {
                faults.refuse(&at(key), format!("belongs to {source}, which is not given"));
            }
        }
        if let Some(secret) = &self.secret
            && !is_secret_name(secret)
        {
            let why = "expected the name or ARN of a secret in Secrets Manager: the credentials \
                       themselves are never given in a file";
            faults.refuse_unshown(&at("secret"), why);
        }
        if let Some(role_arn) = &self.role_arn
            && !is_role(role_arn)
        {
            let why = "expected the ARN of a role, such as arn:aws:iam::111122223333:role/brigade";
            faults.refuse(&at("role_arn"), why);
        }
    }
}

/// What Secrets Manager lets a name consist of, and an ARN's colons.
fn is_secret_name(text: &str) -> bool {
    let known = |b: u8| b.is_ascii_alphanumeric() || b"/_+=.@-".contains(&b);
    match text.strip_prefix("arn:") {
        None => text.bytes().all(known),
        Some(_) => Arn::parse(text).is_some_and(|arn| {
            let name = arn.resource.strip_prefix("secret:").unwrap_or_default();
            arn.service == "secretsmanager"
                && ![arn.region, arn.account, name].contains(&"")
                && name.bytes().all(known)
        }),
    }
}

fn is_role(text: &str) -> bool {
    let known = |b: u8| b.is_ascii_alphanumeric() || b"/_+=,.@-".contains(&b);
    Arn::parse(text).is_some_and(|arn| {
        let name = arn.resource.strip_prefix("role/").unwrap_or_default();
        arn.service == "iam"
            && arn.region.is_empty()
            && !arn.account.is_empty()
            && !name.is_empty()
            && name.bytes().all(known)
    })
}

#[cfg(test)]
mod tests {
    use crate::config::{Config, Sources};

    fn said(lines: &str) -> String {
        let file = format!("[account.keyed]\nsecret = \"keys\"\n[account.a]\n{lines}");
        Config::load(&Sources::text("f", &file))
            .unwrap_err()
            .to_string()
    }

    #[test]
    fn a_bad_account_is_refused_with_the_reason() {
        #[rustfmt::skip]
        let table = [
            ("two sources",     "secret = \"s\"\nprofile = \"p\"", "account.a.profile in f = \"p\": expected one source of credentials, and there is secret too"),
            ("no role",         "external_id = \"x\"", "account.a.external_id in f = \"x\": belongs to role_arn, which is not given"),
            ("no secret",       "secret_region = \"eu-west-1\"", "account.a.secret_region in f = \"eu-west-1\": belongs to secret, which is not given"),
            ("no ARN",          "role_arn = \"brigade\"", "account.a.role_arn in f = \"brigade\": expected the ARN of a role, such as arn:aws:iam::111122223333:role/brigade"),
            ("not a role",      "role_arn = \"arn:aws:iam::111122223333:user/brigade\"", "account.a.role_arn in f = \"arn:aws:iam::111122223333:user/brigade\": expected the ARN of a role, such as arn:aws:iam::111122223333:role/brigade"),
            ("unknown reader",  "secret = \"s\"\nsecret_account = \"keyd\"", "account.a.secret_account in f = \"keyd\": there is no [account.keyd]; did you mean keyed?"),
            ("a circle",        "secret = \"s\"\nsecret_account = \"keyed\"", "account.a.secret_account in f = \"keyed\": expected an account that needs no secret itself"),
            ("a host as region", "secret = \"arn:aws:secretsmanager:evil.example/#:111122223333:secret:s\"", "account.a.secret in f: expected the name or ARN of a secret in Secrets Manager: the credentials themselves are never given in a file"),
            ("a strange role",  "role_arn = \"arn:aws:iam::111122223333:role/a b\"", "account.a.role_arn in f = \"arn:aws:iam::111122223333:role/a b\": expected the ARN of a role, such as arn:aws:iam::111122223333:role/brigade"),
            ("a strange id",    "role_arn = \"arn:aws:iam::111122223333:role/r\"\nexternal_id = \"a b\"", "account.a.external_id in f = \"a b\": expected at most 1224 of A-Z, a-z, 0-9 and _+=,.@:/-"),
            ("no address",      "endpoint_url = \"minio\"", "account.a.endpoint_url in f = \"minio\": expected a web address that begins with https:// or http://"),
            ("FIPS elsewhere",  "use_fips_endpoint = true\nendpoint_url = \"http://h:1\"", "account.a.use_fips_endpoint in f = true: concerns Amazon's own endpoints; leave it or endpoint_url out"),
            ("no rate",         "bandwidth = \"50MB\"", "account.a.bandwidth in f = \"50MB\": expected bytes in a second, such as \"50MB/s\": write \"50MB/s\""),
            ("a standstill",    "bandwidth = \"1KB/s\"", "account.a.bandwidth in f = \"1KB/s\": expected at least 64KiB/s"),
            ("no yes or no",    "use_dualstack_endpoint = \"yes\"", "account.a.use_dualstack_endpoint in f = \"yes\": expected true or false"),
            ("the default's name", "[account.default]", "account.default in f = {}: is what [aws] is called here; choose another name"),
            ("a queue's",       "[queue.q]\nurl = \"http://h/q\"\naccount = \"b\"", "queue.q.account in f = \"b\": there is no [account.b]: add it, or use one of a, keyed"),
            ("a crawler's",     "[crawler.c]\naccount = \"x\"", "crawler.c.account in f = \"x\": there is no [account.x]: add it, or use one of a, keyed"),
            ("a route's",       "[route.r]\nfrom = \"s3://raw\"\nto = \"s3://lake\"\nto_account = \"keyd\"", "route.r.to_account in f = \"keyd\": there is no [account.keyd]; did you mean keyed?"),
        ];
        for (why, lines, want) in table {
            assert_eq!(said(lines), want, "{why}");
        }
    }

    #[test]
    fn a_credential_in_the_file_is_refused_and_not_repeated() {
        for line in [
            "secret = '{\"AccessKeyId\": \"hush\"}'",
            "secret = \"arn:aws:secretsmanager:eu-west-1:1:key:hush\"",
            "aws_secret_access_key = \"hush\"",
            "access_key_id = \"hush\"",
            "session_token = \"hush\"",
            "password = \"hush\"",
        ] {
            let said = said(line);
            assert!(!said.contains("hush"), "{line}: {said}");
            assert!(said.contains("never given in a file"), "{line}: {said}");
        }
    }

    #[test]
    fn a_name_or_an_arn_is_a_secret() {
        for secret in [
            "brigade/china",
            "a+b=c.d@e_f-1",
            "arn:aws-cn:secretsmanager:cn-north-1:111122223333:secret:brigade/china-AbCdEf",
        ] {
            let file = format!("[account.a]\nsecret = \"{secret}\"");
            assert!(Config::load(&Sources::text("f", &file)).is_ok(), "{secret}");
        }
    }
}
