//! EventBridge: buses that remember what was put onto them.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::Aws;
use super::access::Access;
use super::json::{JsonError, text};
use super::reply::Reply;
use super::request::Request;
use super::sns::Published;

/// All buses by their ARNs.
#[derive(Debug, Default)]
pub(super) struct Buses(BTreeMap<String, Vec<Published>>);

impl Aws {
    /// Makes a bus.
    pub(crate) fn create_bus(&self, arn: &str) {
        self.with(|state, _| state.buses.0.entry(arn.to_owned()).or_default().clear());
    }

    /// The events that were put onto a bus: source, type and detail, as JSON.
    pub(crate) fn events(&self, arn: &str) -> Vec<Published> {
        self.with(|state, _| state.buses.0[arn].clone())
    }
}

/// The bus a request is about, for the log.
pub(super) fn place(request: &Request) -> String {
    let input = request.json();
    let name = input["Name"].as_str();
    let name = name.or(input["Entries"][0]["EventBusName"].as_str());
    name.unwrap_or_default().to_owned()
}

pub(super) fn handle(
    buses: &mut Buses,
    access: &Access,
    now: Timestamp,
    request: &Request,
) -> Reply {
    match perform(buses, access, now, request) {
        Ok(value) => Reply::new(200).body(value.to_string()),
        Err(error) => error.reply(),
    }
}

fn perform(
    buses: &mut Buses,
    access: &Access,
    now: Timestamp,
    request: &Request,
) -> Result<Value, JsonError> {
    let (input, arn) = (request.json(), place(request));
    let action = format!("events:{}", request.target());
    let bus = arn.rsplit(':').next().unwrap_or_default();
    let caller = (
        request.caller.access_key.as_str(),
        request.caller.region.as_str(),
    );
    let allowed = access.check(caller, &action, bus);
    allowed.map_err(|refusal| JsonError::refused(refusal, &action, &arn))?;
    match request.target() {
        "DescribeEventBus" => {
            text(&input, "Name")?;
            if buses.0.contains_key(&arn) {
                return Ok(json!({ "Arn": arn }));
            }
            let why = format!("Event bus {arn} does not exist.");
            Err(JsonError::new("ResourceNotFoundException", why))
        }
        "PutEvents" => {
            let entries = input["Entries"].as_array().cloned().unwrap_or_default();
            // API reference, `PutEvents`: Entries.
            if !(1..=10).contains(&entries.len()) {
                let why = "Member must have length less than or equal to 10";
                return Err(JsonError::new("ValidationException", why));
            }
            let mut failed = 0;
            let results = entries.iter().enumerate().map(|(position, entry)| {
                let fails = request.failing_entries.contains(&position);
                match put(buses, now, entry, fails) {
                    Ok(()) => json!({ "EventId": format!("{position:08}") }),
                    Err((code, why)) => {
                        failed += 1;
                        json!({ "ErrorCode": code, "ErrorMessage": why })
                    }
                }
            });
            let results: Vec<_> = results.collect();
            Ok(json!({ "FailedEntryCount": failed, "Entries": results }))
        }
        other => Err(JsonError {
            status: 501,
            ..JsonError::new("NotImplemented", other)
        }),
    }
}

/// One entry. What goes to a bus that is not there is taken, and lost (aws/aws-sdk#186).
fn put(
    buses: &mut Buses,
    now: Timestamp,
    entry: &Value,
    fails: bool,
) -> Result<(), (&'static str, String)> {
    if fails {
        return Err(("InternalFailure", "try again".into()));
    }
    for name in ["Source", "DetailType", "Detail"] {
        if entry[name].as_str().is_none_or(str::is_empty) {
            let why =
                format!("Parameter {name} is not valid. Reason: {name} is a required argument.");
            return Err(("InvalidArgument", why));
        }
    }
    let detail: Option<Value> = entry["Detail"]
        .as_str()
        .and_then(|text| serde_json::from_str(text).ok());
    let Some(detail) = detail.filter(Value::is_object) else {
        return Err(("MalformedDetail", "Detail is malformed.".into()));
    };
    if let Some(bus) = buses
        .0
        .get_mut(entry["EventBusName"].as_str().unwrap_or_default())
    {
        let body = json!({ "source": entry["Source"], "detail-type": entry["DetailType"], "detail": detail });
        bus.push(Published {
            at: now,
            body: body.to_string(),
            order: None,
        });
    }
    Ok(())
}
