//! The log of every call, in the order of arrival.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// One call as it was asked and answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Call {
    pub(crate) at: Timestamp,
    /// Who called: the number of the line, or none for a test's own clients.
    pub(crate) line: Option<usize>,
    pub(crate) service: String,
    pub(crate) operation: String,
    pub(crate) region: String,
    pub(crate) access_key: String,
    /// The bucket, the queue's URL or the crawler's name.
    pub(crate) place: String,
    /// The object's key; empty elsewhere.
    pub(crate) key: String,
    /// Whether it carried `If-Match` or `If-None-Match`: a condition on what it changes or reads.
    pub(crate) conditional: bool,
    /// Whose the bucket must be, and that of a copy's source, as the caller says.
    pub(crate) owner: Option<String>,
    pub(crate) source_owner: Option<String>,
    /// Whether the signature covers the body.
    pub(crate) signs_body: bool,
    /// What the client was told; `None` while, or when, nothing was.
    pub(crate) status: Option<u16>,
    /// The error code of the answer.
    pub(crate) code: Option<String>,
    /// The id that the answer carries.
    pub(crate) request_id: Option<String>,
    /// The fault that was thrown in.
    pub(crate) fault: Option<&'static str>,
}

impl Call {
    /// Whether it belongs to the check of a route, and so concerns no object.
    pub(crate) fn checks_a_route(&self) -> bool {
        self.key.ends_with("brigade-route-check")
    }
}

/// When a watcher is told of a call: before it happens, or before it is answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Moment {
    Before,
    After,
}

/// All calls so far.
#[derive(Debug, Clone, Default)]
pub(crate) struct Calls(pub(crate) Vec<Call>);

impl Calls {
    /// How often an operation was asked for, whatever the answer.
    pub(crate) fn count(&self, service: &str, operation: &str) -> usize {
        self.of(service, operation).count()
    }

    /// The calls of one operation.
    pub(crate) fn of(&self, service: &str, operation: &str) -> impl Iterator<Item = &Call> {
        self.0
            .iter()
            .filter(move |call| call.service == service && call.operation == operation)
    }

    /// The last call of all.
    pub(crate) fn last(&self) -> &Call {
        self.0
            .last()
            .expect("a test looks at the last call after making one")
    }
}
