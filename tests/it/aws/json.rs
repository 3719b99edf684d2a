//! The AWS JSON protocols: errors and the reading of members.

use serde_json::{Value, json};

use super::access::Refusal;
use super::reply::Reply;

/// An error of a service that speaks AWS JSON.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct JsonError {
    pub(crate) status: u16,
    /// The name of the shape in the model.
    pub(crate) code: &'static str,
    /// The name from the older query protocol, where it differs (`awsQueryCompatible`).
    pub(crate) query_code: &'static str,
    pub(crate) message: String,
}

impl JsonError {
    pub(crate) fn new(code: &'static str, message: impl Into<String>) -> Self {
        Self {
            status: 400,
            code,
            query_code: code,
            message: message.into(),
        }
    }

    pub(crate) fn query(mut self, query_code: &'static str) -> Self {
        self.query_code = query_code;
        self
    }

    pub(crate) fn invalid(message: impl Into<String>) -> Self {
        Self::new("InvalidParameterValue", message)
    }

    /// The shape's name and, for SQS, what it was in the query protocol (common errors of both;
    /// statuses from field reports: kifi/franz#63, async-aws/aws#1948).
    pub(crate) fn refused(refusal: Refusal, action: &str, arn: &str) -> Self {
        let (status, code, query_code, message) = match refusal {
            Refusal::UnknownKey => {
                let why = "The security token included in the request is invalid.".to_owned();
                (403, "InvalidClientTokenId", "InvalidClientTokenId", why)
            }
            Refusal::Expired => {
                let why = "The security token included in the request is expired".to_owned();
                (403, "ExpiredTokenException", "ExpiredToken", why)
            }
            Refusal::WrongSecret => {
                let why = "The request signature we calculated does not match the signature you \
                           provided. Check your AWS Secret Access Key and signing method. Consult \
                           the service documentation for details.";
                let names = ("InvalidSignatureException", "SignatureDoesNotMatch");
                (403, names.0, names.1, why.to_owned())
            }
            Refusal::Denied { user } => {
                let why = format!(
                    "User: {user} is not authorized to perform: {action} on resource: {arn} \
                     because no identity-based policy allows the {action} action"
                );
                (400, "AccessDeniedException", "AccessDeniedException", why)
            }
        };
        Self {
            status,
            ..Self::new(code, message).query(query_code)
        }
    }

    /// `__type` and `message` in the body; the older code in `x-amzn-query-error` (Smithy,
    /// awsQueryCompatible trait).
    pub(crate) fn reply(&self) -> Reply {
        let body = json!({ "__type": self.code, "message": self.message, "Message": self.message });
        let fault = if self.status < 500 {
            "Sender"
        } else {
            "Receiver"
        };
        Reply::new(self.status)
            .header("x-amzn-query-error", format!("{};{fault}", self.query_code))
            .body(body.to_string())
            .code(self.code)
    }
}

/// An error thrown in from outside.
pub(crate) fn refusal(status: u16, code: &'static str, why: &str) -> Reply {
    JsonError {
        status,
        ..JsonError::new(code, why)
    }
    .reply()
}

/// A member that must be a string.
pub(crate) fn text<'a>(input: &'a Value, name: &str) -> Result<&'a str, JsonError> {
    input[name].as_str().ok_or_else(|| {
        let why = format!("The request must contain the parameter {name}.");
        JsonError::new("MissingParameter", why)
    })
}

/// An optional whole number within its bounds.
pub(crate) fn number(
    input: &Value,
    name: &str,
    bounds: std::ops::RangeInclusive<i64>,
) -> Result<Option<u64>, JsonError> {
    let Some(value) = input[name].as_i64() else {
        return Ok(None);
    };
    if !bounds.contains(&value) {
        let why = format!(
            "Value {value} for parameter {name} is invalid. Reason: Must be between {} and {}, if \
             provided.",
            bounds.start(),
            bounds.end()
        );
        return Err(JsonError::invalid(why));
    }
    Ok(u64::try_from(value).ok())
}

/// A member that lists strings; absent is empty.
pub(crate) fn texts(input: &Value, name: &str) -> Vec<String> {
    let list = input[name].as_array().into_iter().flatten();
    list.filter_map(Value::as_str).map(str::to_owned).collect()
}
