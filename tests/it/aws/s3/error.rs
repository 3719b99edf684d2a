//! Errors in the words of S3 (API reference, "Error responses").

use crate::aws::access::Refusal;
use crate::aws::reply::Reply;

use super::xml;

/// An error and what goes with it.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct S3Error {
    status: u16,
    pub(super) code: &'static str,
    message: String,
    elements: Vec<(&'static str, String)>,
    headers: Vec<(&'static str, String)>,
}

impl S3Error {
    pub(super) fn new(status: u16, code: &'static str, message: impl Into<String>) -> Self {
        let (elements, headers) = (Vec::new(), Vec::new());
        Self {
            status,
            code,
            message: message.into(),
            elements,
            headers,
        }
    }

    /// Adds an element beside `Code` and `Message`.
    pub(super) fn element(mut self, name: &'static str, value: &str) -> Self {
        self.elements.push((name, value.to_owned()));
        self
    }

    pub(super) fn header(mut self, name: &'static str, value: &str) -> Self {
        self.headers.push((name, value.to_owned()));
        self
    }

    pub(super) fn invalid_request(message: impl Into<String>) -> Self {
        Self::new(400, "InvalidRequest", message)
    }

    pub(super) fn invalid_argument(message: impl Into<String>) -> Self {
        Self::new(400, "InvalidArgument", message)
    }

    /// What this world does not simulate is refused, never ignored.
    pub(super) fn not_implemented(what: &str) -> Self {
        let why = "A header or query you provided implies functionality that is not implemented.";
        Self::new(501, "NotImplemented", why).element("What", what)
    }

    pub(super) fn no_such_bucket(bucket: &str) -> Self {
        let why = "The specified bucket does not exist";
        Self::new(404, "NoSuchBucket", why).element("BucketName", bucket)
    }

    pub(super) fn no_such_key(key: &str) -> Self {
        Self::new(404, "NoSuchKey", "The specified key does not exist.").element("Key", key)
    }

    /// The condition is named as S3 names it.
    pub(super) fn precondition(condition: &'static str) -> Self {
        let why = "At least one of the pre-conditions you specified did not hold";
        Self::new(412, "PreconditionFailed", why).element("Condition", condition)
    }

    /// Since 2024 S3 says who, what and on what (user guide, "Troubleshoot access denied errors").
    pub(super) fn refused(refusal: Refusal, action: &str, resource: &str) -> Self {
        match refusal {
            Refusal::UnknownKey => {
                let why = "The AWS Access Key Id you provided does not exist in our records.";
                Self::new(403, "InvalidAccessKeyId", why)
            }
            // Error responses, ExpiredToken and SignatureDoesNotMatch.
            Refusal::Expired => Self::new(400, "ExpiredToken", "The provided token has expired."),
            Refusal::WrongSecret => {
                let why = "The request signature we calculated does not match the signature you \
                           provided. Check your key and signing method.";
                Self::new(403, "SignatureDoesNotMatch", why)
            }
            Refusal::Denied { user } => {
                let why = format!(
                    "User: {user} is not authorized to perform: {action} on resource: \
                     \"{resource}\" because no identity-based policy allows the {action} action"
                );
                Self::new(403, "AccessDenied", why)
            }
        }
    }

    pub(super) fn reply(&self) -> Reply {
        let mut body = xml::element("Code", self.code) + &xml::element("Message", &self.message);
        for (name, value) in &self.elements {
            body += &xml::element(name, value);
        }
        let mut reply = Reply::new(self.status)
            .code(self.code)
            .body(xml::document("Error", &body));
        for (name, value) in &self.headers {
            reply = reply.header(name, value);
        }
        reply.header("content-type", "application/xml")
    }
}
