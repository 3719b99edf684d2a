//! Secrets Manager: secrets whose versions carry the labels `AWSCURRENT` and `AWSPREVIOUS`.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::access::{Access, Refusal, partition};
use super::json::{JsonError, text};
use super::reply::Reply;
use super::request::Request;
use super::{Aws, HOME_ACCOUNT};

/// All secrets, by region and name; of each its versions, the newest last.
#[derive(Debug, Default)]
pub(super) struct Secrets(BTreeMap<(String, String), Vec<String>>);

impl Aws {
    /// Gives a secret of the home account a new version, which is current from now on; the one
    /// before is previous (API reference, `PutSecretValue`).
    pub(crate) fn keep_secret(&self, region: &str, name: &str, value: &str) {
        let at = (region.to_owned(), name.to_owned());
        self.with(|state, _| {
            state
                .secrets
                .0
                .entry(at)
                .or_default()
                .push(value.to_owned());
        });
    }
}

/// The secret a request is about, for the log.
pub(super) fn place(request: &Request) -> String {
    let input = request.json();
    input["SecretId"].as_str().unwrap_or_default().to_owned()
}

pub(super) fn handle(secrets: &Secrets, access: &Access, request: &Request) -> Reply {
    match perform(secrets, access, request) {
        Ok(value) => Reply::new(200).body(value.to_string()),
        Err(error) => error.reply(),
    }
}

fn perform(secrets: &Secrets, access: &Access, request: &Request) -> Result<Value, JsonError> {
    const ACTION: &str = "secretsmanager:GetSecretValue";
    let (input, region) = (request.json(), request.caller.region.as_str());
    // What this world would otherwise ignore in silence.
    let known = ["SecretId", "VersionStage"];
    let asked = input.as_object().into_iter().flatten();
    let strange = asked
        .map(|(name, _)| name.as_str())
        .find(|name| !known.contains(name));
    if request.target() != "GetSecretValue" || strange.is_some() {
        let error = JsonError::new("NotImplemented", strange.unwrap_or(request.target()));
        return Err(JsonError {
            status: 501,
            ..error
        });
    }
    let id = text(&input, "SecretId")?;
    let stem = format!(
        "arn:{}:secretsmanager:{region}:{HOME_ACCOUNT}:secret:",
        partition(region)
    );
    let name = id.strip_prefix(&stem).map_or(id, whole_name);
    let arn = format!("{stem}{name}-a1B2c3");
    let caller = (request.caller.access_key.as_str(), region);
    let user = access.known(caller.0, caller.1).map(str::to_owned);
    let allowed = access.check(caller, ACTION, name);
    allowed.map_err(|refusal| match refusal {
        // aws-sdk-php-laravel#228, external-secrets#4254.
        Refusal::UnknownKey => {
            let why = "The security token included in the request is invalid.";
            JsonError::new("UnrecognizedClientException", why)
        }
        other @ (Refusal::Expired | Refusal::WrongSecret | Refusal::Denied { .. }) => {
            JsonError::refused(other, ACTION, &arn)
        }
    })?;
    // Of another account's secrets only the ARN is known (API reference, `SecretId`).
    let is_ours = user.is_ok_and(|user| user.split(':').nth(4) == Some(HOME_ACCOUNT));
    let at = (region.to_owned(), name.to_owned());
    let versions = secrets
        .0
        .get(&at)
        .filter(|_| is_ours || id.starts_with("arn:"));
    let versions = versions.ok_or_else(|| {
        let why = "Secrets Manager can't find the specified secret.";
        JsonError::new("ResourceNotFoundException", why)
    })?;
    let stage = input["VersionStage"].as_str().unwrap_or("AWSCURRENT");
    let behind = match stage {
        "AWSCURRENT" => Some(1),
        "AWSPREVIOUS" => Some(2),
        _ => None,
    };
    let version = behind.and_then(|behind| versions.len().checked_sub(behind));
    // aws-sdk-js-v3#7701.
    let version = version.ok_or_else(|| {
        let why = format!(
            "Secrets Manager can't find the specified secret value for staging label: {stage}"
        );
        JsonError::new("ResourceNotFoundException", why)
    })?;
    Ok(json!({
        "ARN": arn, "Name": name, "VersionId": format!("00000000-0000-4000-8000-{version:012}"),
        "SecretString": versions[version], "VersionStages": [stage],
    }))
}

/// An ARN ends in six characters that Secrets Manager has added; they may be left out.
fn whole_name(name: &str) -> &str {
    name.strip_suffix("-a1B2c3").unwrap_or(name)
}
