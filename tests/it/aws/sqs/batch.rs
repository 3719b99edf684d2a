//! Batches: refused as a whole for their shape, entry by entry for the rest.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::aws::json::{JsonError, text};

/// The entries of a batch and their ids (API reference, `DeleteMessageBatch`: Errors).
pub(super) fn entries(input: &Value) -> Result<Vec<(String, Value)>, JsonError> {
    let entries = input["Entries"].as_array().cloned().unwrap_or_default();
    if entries.is_empty() {
        let why = "There should be at least one entry in the request.";
        return Err(JsonError::new("EmptyBatchRequest", why)
            .query("AWS.SimpleQueueService.EmptyBatchRequest"));
    }
    if entries.len() > 10 {
        let why = format!(
            "Maximum number of entries per request are 10. You have sent {}.",
            entries.len()
        );
        return Err(JsonError::new("TooManyEntriesInBatchRequest", why)
            .query("AWS.SimpleQueueService.TooManyEntriesInBatchRequest"));
    }
    let (mut seen, mut named) = (BTreeSet::new(), Vec::new());
    for entry in entries {
        let id = text(&entry, "Id")?.to_owned();
        let plain = id
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || "-_".contains(c));
        if !plain || !(1..=80).contains(&id.len()) {
            let why = "A batch entry id can only contain alphanumeric characters, hyphens and \
                       underscores. It can be at most 80 letters long.";
            return Err(JsonError::new("InvalidBatchEntryId", why)
                .query("AWS.SimpleQueueService.InvalidBatchEntryId"));
        }
        if !seen.insert(id.clone()) {
            let why = format!("Id {id} repeated.");
            return Err(JsonError::new("BatchEntryIdsNotDistinct", why)
                .query("AWS.SimpleQueueService.BatchEntryIdsNotDistinct"));
        }
        named.push((id, entry));
    }
    Ok(named)
}

/// Does each entry, except those a fault wants refused, and reports on all. The answer is a 200
/// whatever becomes of the entries.
pub(super) fn run(
    entries: Vec<(String, Value)>,
    failing: &[usize],
    mut act: impl FnMut(&Value) -> Result<Value, JsonError>,
) -> Value {
    let (mut done, mut failed) = (Vec::new(), Vec::new());
    for (position, (id, entry)) in entries.into_iter().enumerate() {
        let acted = if failing.contains(&position) {
            let why = "We encountered an internal error. Please try again.";
            Err(JsonError {
                status: 500,
                ..JsonError::new("InternalError", why)
            })
        } else {
            act(&entry)
        };
        match acted {
            Ok(mut result) => {
                result["Id"] = json!(id);
                done.push(result);
            }
            Err(error) => failed.push(json!({
                "Id": id,
                "SenderFault": error.status < 500,
                "Code": error.code,
                "Message": error.message,
            })),
        }
    }
    json!({ "Successful": done, "Failed": failed })
}
