//! What a route says of its copies beside their content: tags, storage class, encryption, ACL.

use std::collections::BTreeMap;

use aws_smithy_types::base64;
use serde::Serialize;

use crate::config::read::faults::Faults;
use crate::config::route::{
    Route,
    words::{Acl, Encryption, StorageClass, TagPolicy},
};
use crate::config::value::arn::is_account;

/// What a route makes its copies with, whatever their sources have. Written out, it is what an
/// object is made with, and no more.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Properties {
    /// What becomes of the source's tags.
    #[serde(skip)]
    pub tags: TagPolicy,
    /// No copy that leaves something behind.
    #[serde(skip)]
    pub strict: bool,
    /// Unset: `STANDARD`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub storage_class: Option<StorageClass>,
    /// Unset: as the bucket does.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sse: Option<Encryption>,
    /// Unset: the bucket's key, else the account's own for S3.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kms_key_id: Option<String>,
    /// JSON in base64, as the header wants it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kms_context: Option<String>,
    /// Unset: as the bucket does.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bucket_key_enabled: Option<bool>,
    /// Unset: none is sent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub acl: Option<Acl>,
}

impl Route {
    /// What its copies are made with.
    #[must_use]
    pub fn properties(&self) -> Properties {
        Properties::of(self)
    }
}

impl Properties {
    fn of(route: &Route) -> Self {
        let context = context(&route.sse_kms_context)
            .ok()
            .filter(|c| !c.is_empty());
        Self {
            tags: route.tags,
            strict: route.strict,
            storage_class: route.storage_class,
            sse: route.sse,
            kms_key_id: route.sse_kms_key_id.clone(),
            kms_context: context.map(|context| {
                let json = serde_json::to_string(&context).expect("text can be written");
                base64::encode(json)
            }),
            bucket_key_enabled: route.bucket_key_enabled,
            acl: route.acl,
        }
    }
}

/// What is said about encryption must fit together, or S3 refuses each copy.
pub(crate) fn check(route: &Route, at: &str, faults: &mut Faults<'_>) {
    let kms = "sse = \"aws:kms\" (or \"aws:kms:dsse\")";
    let by_kms = route.sse.is_some_and(Encryption::is_kms);
    if route.sse_kms_key_id.is_some() && !by_kms {
        let why = format!("is for KMS only: say {kms} too");
        faults.refuse(&format!("{at}.sse_kms_key_id"), why);
    }
    let id = (2048, ":/_-");
    let key = format!("{at}.sse_kms_key_id");
    faults.made_of(&key, route.sse_kms_key_id.as_ref(), id);
    if !route.sse_kms_context.is_empty() {
        let key = format!("{at}.sse_kms_context");
        if !by_kms {
            faults.refuse(&key, format!("is for KMS only: say {kms} too"));
        } else if let Err(why) = context(&route.sse_kms_context) {
            faults.refuse(&key, why);
        }
    }
    if route.bucket_key_enabled.is_some() && route.sse != Some(Encryption::Kms) {
        let why = "is for sse = \"aws:kms\" only: say that too, or leave this to the bucket";
        faults.refuse(&format!("{at}.bucket_key_enabled"), why);
    }
    for (key, owner) in [
        (
            "from_expected_bucket_owner",
            &route.from_expected_bucket_owner,
        ),
        ("to_expected_bucket_owner", &route.to_expected_bucket_owner),
    ] {
        if owner.as_ref().is_some_and(|owner| !is_account(owner)) {
            let why =
                "expected the 12 digits of an AWS account, in quotes, such as \"111122223333\"";
            faults.refuse(&format!("{at}.{key}"), why);
        }
    }
}

/// Reads `NAME=VALUE`s.
fn context(pairs: &[String]) -> Result<BTreeMap<&str, &str>, String> {
    let mut context = BTreeMap::new();
    for pair in pairs {
        let Some((name, value)) = pair.split_once('=').filter(|(name, _)| !name.is_empty()) else {
            return Err(format!("expected NAME=VALUE, not {pair:?}"));
        };
        if context.insert(name, value).is_some() {
            return Err(format!("gives {name:?} twice"));
        }
    }
    Ok(context)
}

#[cfg(test)]
mod tests {
    use crate::config::{Config, Sources};

    fn load(lines: &str) -> Result<Config, String> {
        let file = format!(
            "[queue.events]\nurl = \"http://h/q\"\n[route.r]\nfrom = \"s3://raw\"\nto = \"s3://lake\"\n{lines}"
        );
        let loaded = Config::load(&Sources::text("f", &file));
        loaded.map(|l| l.config).map_err(|e| e.to_string())
    }

    #[test]
    fn what_s3_would_refuse_is_refused_before() {
        #[rustfmt::skip]
        let table = [
            ("tags = \"besteffort\"", "route.r.tags in f = \"besteffort\": expected one of require, best-effort, skip, not besteffort; did you mean best-effort?"),
            ("storage_class = \"standard_ia\"", "route.r.storage_class in f = \"standard_ia\": expected one of STANDARD, STANDARD_IA, ONEZONE_IA, INTELLIGENT_TIERING, GLACIER_IR, GLACIER, DEEP_ARCHIVE, REDUCED_REDUNDANCY, not standard_ia; did you mean STANDARD_IA?"),
            ("sse = \"aws:kmss\"", "route.r.sse in f = \"aws:kmss\": expected one of AES256, aws:kms, aws:kms:dsse, not aws:kmss; did you mean aws:kms?"),
            ("acl = \"bucket-owner-full\"", "route.r.acl in f = \"bucket-owner-full\": expected one of private, public-read, public-read-write, authenticated-read, aws-exec-read, bucket-owner-read, bucket-owner-full-control, not bucket-owner-full; did you mean bucket-owner-full-control?"),
            ("sse_kms_key_id = \"schlüssel\"\nsse = \"aws:kms\"", "route.r.sse_kms_key_id in f = \"schlüssel\": expected at most 2048 of A-Z, a-z, 0-9 and :/_-"),
            ("sse_kms_key_id = \"k\"", "route.r.sse_kms_key_id in f = \"k\": is for KMS only: say sse = \"aws:kms\" (or \"aws:kms:dsse\") too"),
            ("sse_kms_context = \"a=b\"\nsse = \"AES256\"", "route.r.sse_kms_context in f = \"a=b\": is for KMS only: say sse = \"aws:kms\" (or \"aws:kms:dsse\") too"),
            ("sse_kms_context = \"ab\"\nsse = \"aws:kms\"", "route.r.sse_kms_context in f = \"ab\": expected NAME=VALUE, not \"ab\""),
            ("sse_kms_context = [\"a=b\", \"a=c\"]\nsse = \"aws:kms\"", "route.r.sse_kms_context in f = [\"a=b\",\"a=c\"]: gives \"a\" twice"),
            ("bucket_key_enabled = true\nsse = \"aws:kms:dsse\"", "route.r.bucket_key_enabled in f = true: is for sse = \"aws:kms\" only: say that too, or leave this to the bucket"),
            ("to_expected_bucket_owner = 1234", "route.r.to_expected_bucket_owner in f = 1234: expected the 12 digits of an AWS account, in quotes, such as \"111122223333\""),
        ];
        for (lines, want) in table {
            assert_eq!(load(lines).unwrap_err(), want, "{lines}");
        }
    }

    #[test]
    fn a_context_is_json_in_base64() {
        let lines = "sse = \"aws:kms\"\nsse_kms_context = [\"team=orders\", \"a=b=c\"]";
        let properties = load(lines).unwrap().route["r"].properties();
        // {"a":"b=c","team":"orders"}
        let want = "eyJhIjoiYj1jIiwidGVhbSI6Im9yZGVycyJ9";
        assert_eq!(properties.kms_context.as_deref(), Some(want));
        assert_eq!(load("").unwrap().route["r"].properties().kms_context, None);
    }
}
