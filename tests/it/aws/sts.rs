//! The Security Token Service: roles to assume, for an hour.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;

use super::Aws;
use super::access::{Access, Refusal};
use super::reply::Reply;
use super::request::{Request, form};

/// How long a session lasts that says nothing else (API reference, `AssumeRole`:
/// `DurationSeconds`).
const HOUR: Duration = Duration::from_hours(1);

/// All roles by their ARNs, with the external id that each asks for.
#[derive(Debug, Default)]
pub(super) struct Sts {
    roles: BTreeMap<String, Option<String>>,
    sessions: usize,
}

impl Aws {
    /// Makes a role that home may assume, if it says what the owner wants to hear.
    pub(crate) fn create_role(&self, arn: &str, external_id: Option<&str>) {
        let external_id = external_id.map(str::to_owned);
        self.with(|state, _| state.sts.roles.insert(arn.to_owned(), external_id));
    }
}

/// What is asked for, and of which role, for the log.
pub(super) fn describe(request: &Request) -> (String, String) {
    let mut input = form(&request.body);
    let mut take = |name: &str| input.remove(name).unwrap_or_default();
    (take("Action"), take("RoleArn"))
}

pub(super) fn handle(
    sts: &mut Sts,
    access: &mut Access,
    now: Timestamp,
    request: &Request,
) -> Reply {
    let input = form(&request.body);
    let text = |name: &str| input.get(name).map(String::as_str);
    let known = [
        "Action",
        "Version",
        "RoleArn",
        "RoleSessionName",
        "ExternalId",
    ];
    if let Some(strange) = input.keys().find(|name| !known.contains(&name.as_str())) {
        return refusal(501, "NotImplemented", strange);
    }
    if (text("Action"), text("Version")) != (Some("AssumeRole"), Some("2011-06-15")) {
        return refusal(501, "NotImplemented", "Action");
    }
    let (Some(arn), Some(session)) = (text("RoleArn"), text("RoleSessionName")) else {
        return refusal(
            400,
            "ValidationError",
            "RoleArn and RoleSessionName must not be null",
        );
    };
    // API reference, `RoleSessionName`.
    let is_name = |b: u8| b.is_ascii_alphanumeric() || b"_=,.@-+".contains(&b);
    if !(2..=64).contains(&session.len()) || !session.bytes().all(is_name) {
        return refusal(
            400,
            "ValidationError",
            "roleSessionName failed to satisfy constraint",
        );
    }
    let caller = (
        request.caller.access_key.as_str(),
        request.caller.region.as_str(),
    );
    let user = match access.check(caller, "sts:AssumeRole", arn) {
        Ok(()) => access
            .known(caller.0, caller.1)
            .unwrap_or_default()
            .to_owned(),
        // Common errors of the query protocol.
        Err(Refusal::UnknownKey) => {
            let why = "The security token included in the request is invalid";
            return refusal(403, "InvalidClientTokenId", why);
        }
        Err(Refusal::Expired) => {
            let why = "The security token included in the request is expired";
            return refusal(403, "ExpiredToken", why);
        }
        Err(Refusal::WrongSecret) => {
            let why =
                "The request signature we calculated does not match the signature you provided.";
            return refusal(403, "SignatureDoesNotMatch", why);
        }
        Err(Refusal::Denied { user }) => return denied(&user, arn),
    };
    // A role that is not there, of another partition, or with another id is denied alike (user
    // guide, "Access to AWS accounts owned by third parties").
    let same_partition = arn.split(':').nth(1) == user.split(':').nth(1);
    let asks = sts.roles.get(arn).filter(|_| same_partition);
    if asks.is_none_or(|id| {
        id.as_deref()
            .is_some_and(|id| Some(id) != text("ExternalId"))
    }) {
        return denied(&user, arn);
    }
    sts.sessions += 1;
    let key = format!("ASIA{:04}", sts.sessions);
    let parts: Vec<&str> = arn.split(':').collect();
    let role = parts[5].trim_start_matches("role/");
    let user = format!(
        "arn:{}:sts::{}:assumed-role/{role}/{session}",
        parts[1], parts[4]
    );
    access.know_session(&key, &user, &format!("token-of-{key}"), now + HOUR);
    let body = format!(
        "<AssumeRoleResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><AssumeRoleResult>\
         <AssumedRoleUser><AssumedRoleId>AROA:{session}</AssumedRoleId><Arn>{user}</Arn>\
         </AssumedRoleUser><Credentials><AccessKeyId>{key}</AccessKeyId><SecretAccessKey>secret\
         </SecretAccessKey><SessionToken>token-of-{key}</SessionToken><Expiration>{}</Expiration>\
         </Credentials></AssumeRoleResult></AssumeRoleResponse>",
        now + HOUR
    );
    Reply::new(200).body(body)
}

fn denied(user: &str, arn: &str) -> Reply {
    let why =
        format!("User: {user} is not authorized to perform: sts:AssumeRole on resource: {arn}");
    refusal(403, "AccessDenied", &why)
}

/// An error of the query protocol.
pub(super) fn refusal(status: u16, code: &str, why: &str) -> Reply {
    let body = format!(
        "<ErrorResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><Error><Type>Sender</Type>\
         <Code>{code}</Code><Message>{why}</Message></Error></ErrorResponse>"
    );
    Reply::new(status).body(body).code(code)
}
