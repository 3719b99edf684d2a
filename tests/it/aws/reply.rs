//! What the in-memory AWS says back, before it becomes HTTP.

use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::http::StatusCode;
use aws_smithy_types::body::SdkBody;
use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue};

use super::raw::wire;
use super::torn::{Tear, torn};

/// One answer: a status, headers and a whole body.
#[derive(Debug, Clone)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Bytes,
    /// The error code it carries, for the log of calls.
    pub(crate) code: Option<String>,
    /// What happens to the body on its way.
    pub(super) tear: Option<Tear>,
}

impl Reply {
    pub(crate) fn new(status: u16) -> Self {
        Self {
            status,
            headers: Vec::new(),
            body: Bytes::new(),
            code: None,
            tear: None,
        }
    }

    pub(crate) fn header(mut self, name: &str, value: impl Into<String>) -> Self {
        self.headers.push((name.to_owned(), value.into()));
        self
    }

    /// Adds a header only where there is a value.
    pub(crate) fn maybe(self, name: &str, value: Option<impl Into<String>>) -> Self {
        match value {
            Some(value) => self.header(name, value),
            None => self,
        }
    }

    pub(crate) fn body(mut self, body: impl Into<Bytes>) -> Self {
        self.body = body.into();
        self
    }

    pub(crate) fn code(mut self, code: impl Into<String>) -> Self {
        self.code = Some(code.into());
        self
    }

    /// Gives it the ids that every answer has (user guides, "Getting Amazon S3 request IDs"; the others
    /// name theirs alike), where its service has not.
    pub(super) fn numbered(self, service: &str, index: usize) -> Self {
        let is_s3 = service == "s3";
        let numbered = match self.request_id() {
            Some(_) => self,
            None if is_s3 => self.header("x-amz-request-id", format!("{index:016X}")),
            None => self.header(
                "x-amzn-requestid",
                format!("00000000-0000-4000-8000-{index:012x}"),
            ),
        };
        if is_s3 {
            numbered.header("x-amz-id-2", format!("host{index}+/="))
        } else {
            numbered
        }
    }

    pub(crate) fn request_id(&self) -> Option<&str> {
        let names = ["x-amz-request-id", "x-amzn-requestid"];
        let mut ids = self.headers.iter();
        ids.find(|(name, _)| names.contains(&&**name))
            .map(|(_, id)| &**id)
    }

    pub(super) fn into_http(self) -> HttpResponse {
        let status = StatusCode::try_from(self.status).expect("the world uses real statuses");
        let body = match self.tear {
            Some(tear) => torn(&self.body, tear),
            None => SdkBody::from(self.body),
        };
        let mut headers = HeaderMap::new();
        for (name, value) in self.headers {
            let name = HeaderName::from_bytes(name.as_bytes()).expect("a header's name");
            let value = HeaderValue::from_bytes(&wire(&value)).expect("a header's value");
            headers.append(name, value);
        }
        let mut http = HttpResponse::new(status, body);
        *http.headers_mut() = headers.try_into().expect("headers");
        http
    }
}
