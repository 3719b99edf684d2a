//! One request as it came over the wire: nothing decoded that the service would decode itself.

use std::collections::BTreeMap;

use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_types::body::SdkBody;
use bytes::Bytes;
use percent_encoding::percent_decode_str;
use serde_json::Value;

use super::raw::raw;
use super::s3::{Object, Version};

/// A whole request, its body read to the end once it is [received](super::corrupt::receive).
#[derive(Debug, Clone, Default)]
pub(crate) struct Request {
    pub(crate) method: String,
    pub(crate) host: String,
    /// Still percent-encoded.
    pub(crate) path: String,
    /// Decoded; a name without a value stands for itself.
    pub(crate) query: BTreeMap<String, String>,
    /// Names in lower case.
    pub(crate) headers: BTreeMap<String, String>,
    pub(crate) body: Bytes,
    pub(crate) caller: Caller,
    /// Batch entries that a fault wants refused, by position.
    pub(crate) failing_entries: Vec<usize>,
    /// What a copy that takes its time has read already.
    pub(super) read: Option<Box<(Version, Object)>>,
}

/// Who signed the request, and for where: the credential scope of Signature Version 4.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Caller {
    pub(crate) access_key: String,
    pub(crate) region: String,
    pub(crate) service: String,
}

impl Request {
    /// All but its body, and that.
    pub(super) fn head(mut http: HttpRequest) -> (Self, SdkBody) {
        let body = http.take_body();
        let (host, path, query) = split(http.uri());
        let mut headers: BTreeMap<String, String> = BTreeMap::new();
        for (name, value) in http.headers().iter_bytes() {
            let held = headers.entry(name.to_ascii_lowercase()).or_default();
            let value = raw(value);
            // A header sent twice is a list (RFC 9110).
            *held = if held.is_empty() {
                value
            } else {
                format!("{held},{value}")
            };
        }
        let caller = headers
            .get("authorization")
            .and_then(|a| Caller::of(a))
            .unwrap_or_default();
        let method = http.method().to_owned();
        let failing_entries = Vec::new();
        let request = Self {
            method,
            host,
            path,
            query,
            headers,
            body: Bytes::new(),
            caller,
            failing_entries,
            read: None,
        };
        (request, body)
    }

    /// The bytes that its body shall have, as far as it says.
    pub(super) fn length(&self) -> usize {
        let said = self.header("content-length").map(str::parse);
        said.and_then(Result::ok).unwrap_or_default()
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(String::as_str)
    }

    /// The operation of a JSON protocol: what follows the dot of `x-amz-target`.
    pub(crate) fn target(&self) -> &str {
        self.header("x-amz-target")
            .and_then(|t| t.rsplit('.').next())
            .unwrap_or("Unknown")
    }

    /// The body of a JSON protocol, or null.
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or(Value::Null)
    }
}

impl Caller {
    fn of(authorization: &str) -> Option<Self> {
        let scope = authorization
            .split("Credential=")
            .nth(1)?
            .split(',')
            .next()?;
        let mut parts = scope.split('/');
        let access_key = parts.next()?.to_owned();
        let region = parts.nth(1)?.to_owned();
        Some(Self {
            access_key,
            region,
            service: parts.next()?.to_owned(),
        })
    }
}

fn split(uri: &str) -> (String, String, BTreeMap<String, String>) {
    let rest = uri.split_once("://").map_or(uri, |(_, rest)| rest);
    let (rest, query) = rest.split_once('?').unwrap_or((rest, ""));
    let (host, path) = rest.find('/').map_or((rest, "/"), |at| rest.split_at(at));
    let query = query
        .split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            (decode(name), decode(value))
        });
    (host.to_owned(), path.to_owned(), query.collect())
}

/// The fields of a form.
pub(super) fn form(body: &[u8]) -> BTreeMap<String, String> {
    let text = String::from_utf8_lossy(body).replace('+', " ");
    let pairs = text.split('&').filter_map(|pair| pair.split_once('='));
    pairs
        .map(|(name, value)| (decode(name), decode(value)))
        .collect()
}

fn decode(text: &str) -> String {
    percent_decode_str(text).decode_utf8_lossy().into_owned()
}
