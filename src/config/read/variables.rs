//! Which variables of the environment are settings, which are nobody's business, and which are mistyped.
//!
//! A variable that begins with `BRIGADE_` and is no setting is refused: who sets one means something by
//! it, and a setting that is not applied shows only in what a daemon does not do. Three kinds are let pass:
//! the two that hold files, ours for tests, and what an orchestrator injects for a service or a linked
//! container that is named brigade. Those are told by their endings and by what they hold, so that
//! `BRIGADE_ADMIN_PORT=9900` is not taken for one.

use serde_json::Value as Json;

use crate::config::nearest::nearest;
use crate::config::read::{
    fault::Fault,
    known::is_credential,
    suggest::{ALIKE, suggest},
    synonyms::{self, Meant},
    tree::{is_map, is_name, is_table},
    variable::{FILE, PREFIX, TEXT, setting},
};

/// The binary under test.
const TESTED: &str = "BRIGADE_BIN";

/// Refuses a variable that is no setting, with what was probably meant.
///
/// # Errors
/// Never repeats the value, which may be another program's secret.
pub(crate) fn check(
    (name, value): (&str, &str),
    env: &[(String, String)],
    schema: &Json,
) -> Result<(), Fault> {
    if [FILE, TEXT, TESTED].contains(&name) {
        return Ok(());
    }
    if let Some(path) = setting(name) {
        // What cannot be mended by another name is refused where its section is read.
        if let [section, .., key] = path.as_slice()
            && let Some(Meant::Instead(_)) = synonyms::key(section, key)
        {
            return Ok(());
        }
        return match suggest(name, schema) {
            Some(meant) if meant != name && !fits(&path, value, schema) => {
                Err(mistyped(name, &format!("did you mean {meant}?")))
            }
            Some(_) | None => Ok(()),
        };
    }
    if is_injected(name, value, env) {
        return Ok(());
    }
    let rest = name.get(PREFIX.len()..).unwrap_or_default();
    if is_credential(rest) {
        let why = "is no setting: credentials are taken from the SDK's chain, such as AWS_ACCESS_KEY_ID, \
                   or from what [account.NAME] names";
        return Err(Fault::new(name, None, why));
    }
    let file = nearest_alike(name, [FILE, TEXT].into_iter()).filter(|_| rest.starts_with("CONF"));
    let meant = file.map(str::to_owned).or_else(|| suggest(name, schema));
    let why = match (meant, synonyms::key("", rest)) {
        (Some(meant), _) => format!("did you mean {meant}?"),
        (None, Some(Meant::Instead(why))) => why.trim_start_matches("no such key: ").to_owned(),
        (None, Some(Meant::Key(_)) | None) => {
            "the name of a setting has __ between its parts, such as BRIGADE_ROUTE__ORDERS__FROM; correct \
             it, or unset it"
                .into()
        }
    };
    Err(mistyped(name, &why))
}

fn mistyped(name: &str, why: &str) -> Fault {
    Fault::new(name, None, &format!("is no setting: {why}"))
}

/// Whether there is a place for the value of a variable.
fn fits(path: &[String], value: &str, schema: &Json) -> bool {
    let mut node = schema;
    for key in path {
        let below = if is_map(node) {
            Some(&node["additionalProperties"]).filter(|_| is_name(key))
        } else {
            node["properties"].get(key)
        };
        match below {
            Some(below) => node = below,
            None => return false,
        }
    }
    !is_table(node) || value.starts_with('{')
}

/// Whether Kubernetes (of each service in the namespace) or a container link made this variable.
fn is_injected(name: &str, value: &str, env: &[(String, String)]) -> bool {
    let is_url = |value: &str| {
        let protocols = ["tcp://", "udp://", "sctp://"];
        protocols.iter().any(|protocol| value.starts_with(protocol))
    };
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    if name.ends_with("_SERVICE_HOST") {
        return true;
    }
    if let Some((_, port)) = name.split_once("_SERVICE_PORT") {
        return digits(value) && (port.is_empty() || port.starts_with('_'));
    }
    if let Some((_, rest)) = name.rsplit_once("_PORT_") {
        let mut words = rest.split('_');
        let port = words.next().is_some_and(digits);
        let protocol = words
            .next()
            .is_some_and(|it| ["TCP", "UDP", "SCTP"].contains(&it));
        let what = words.next();
        return port && protocol && what.is_none_or(|it| ["PROTO", "PORT", "ADDR"].contains(&it));
    }
    // `BRIGADE_PORT_9900_TCP_PORT` was split at its first port above.
    if let Some((begin, "")) = name.rsplit_once("_PORT") {
        let inner = begin.rsplit_once("_PORT_").is_some_and(|(_, rest)| {
            let protocol = rest.split_once('_');
            protocol.is_some_and(|(port, it)| digits(port) && ["TCP", "UDP", "SCTP"].contains(&it))
        });
        return inner || is_url(value);
    }
    // A container link names its target, and repeats the target's environment.
    let leads = |value: &str| value.starts_with('/');
    if name.ends_with("_NAME") {
        return leads(value);
    }
    let link = name
        .split_once("_ENV_")
        .map(|(link, _)| format!("{link}_NAME"));
    link.is_some_and(|link| {
        env.iter()
            .any(|(name, value)| *name == link && leads(value))
    })
}

fn nearest_alike<'k>(name: &str, known: impl Iterator<Item = &'k str>) -> Option<&'k str> {
    nearest(
        name,
        known.filter(|known| strsim::jaro_winkler(name, known) >= ALIKE),
    )
}

#[cfg(test)]
mod tests {
    use crate::config::{Config, Sources};

    fn said(env: &[(&str, &str)]) -> String {
        let refused = Config::load(&Sources::variables(env.iter().copied())).map(|_| ());
        refused
            .err()
            .map_or_else(String::new, |why| why.to_string())
    }

    #[test]
    fn a_variable_that_is_no_setting_is_refused_with_what_was_meant() {
        let files = "did you mean BRIGADE_CONFIG?";
        let logs = "what is logged is set by --log-level, or by RUST_LOG=brigade=debug";
        let other = "the name of a setting has __ between its parts, such as BRIGADE_ROUTE__ORDERS__FROM; correct it, or unset it";
        #[rustfmt::skip]
        let table = [
            ("BRIGADE_ROUTE_ORDERS_FROM",          "did you mean BRIGADE_ROUTE__ORDERS__FROM?"),
            ("BRIGADE_ROUTE_ORDERS_FROM_REGION",   "did you mean BRIGADE_ROUTE__ORDERS__FROM_REGION?"),
            ("BRIGADE_ROUTE__ORDERS_FROM",         "did you mean BRIGADE_ROUTE__ORDERS__FROM?"),
            ("BRIGADE_ROUTE_ORDERS__FROM",         "did you mean BRIGADE_ROUTE__ORDERS__FROM?"),
            ("BRIGADE_ROUTE_BIG_ORDERS_TO",        "did you mean BRIGADE_ROUTE__BIG_ORDERS__TO?"),
            ("BRIGADE_ROUTE_ORDERS_DESTINATION",   "did you mean BRIGADE_ROUTE__ORDERS__TO?"),
            ("BRIGADE_ROUTES__ORDERS__FROM",       "did you mean BRIGADE_ROUTE__ORDERS__FROM?"),
            ("BRIGADE_ROUTE__ORDERS__FORM",        "did you mean BRIGADE_ROUTE__ORDERS__FROM?"),
            ("BRIGADE_QUEUE__EVENTS_URL",          "did you mean BRIGADE_QUEUE__EVENTS__URL?"),
            ("BRIGADE_QUEUE_URL",                  "did you mean BRIGADE_QUEUE__EVENTS__URL?"),
            ("BRIGADE_QUEUE__URL",                 "did you mean BRIGADE_QUEUE__EVENTS__URL?"),
            ("BRIGADE_QUEUE_EVENTS_DLQ",           "did you mean BRIGADE_QUEUE__EVENTS__DEAD_LETTER_QUEUE_URL?"),
            ("BRIGADE_QUEUE_EVENTS_DEAD_LETTER_QUEUE_URL", "did you mean BRIGADE_QUEUE__EVENTS__DEAD_LETTER_QUEUE_URL?"),
            ("BRIGADE_ENVIRONMENT",                "did you mean BRIGADE__ENVIRONMENT?"),
            ("BRIGADE_ENVIROMENT",                 "did you mean BRIGADE__ENVIRONMENT?"),
            ("BRIGADE_ENV",                        "did you mean BRIGADE__ENVIRONMENT?"),
            ("BRIGADE_WORK_WORKERS",               "did you mean BRIGADE_WORK__WORKERS?"),
            ("BRIGADE_WORKERS",                    "did you mean BRIGADE_WORK__WORKERS?"),
            ("BRIGADE_LISTEN",                     "did you mean BRIGADE_ADMIN__LISTEN?"),
            ("BRIGADE_ADMIN_PORT",                 "did you mean BRIGADE_ADMIN__LISTEN?"),
            ("BRIGADE_REGION",                     "did you mean BRIGADE_AWS__REGION?"),
            ("BRIGADE_AWS_REGION",                 "did you mean BRIGADE_AWS__REGION?"),
            ("BRIGADE_FROM",                       "did you mean BRIGADE_ROUTE__ORDERS__FROM?"),
            ("BRIGADE_CATALOG_QUEUE",              "did you mean BRIGADE_CATALOG__QUEUE?"),
            ("BRIGADE_CONFIG_FILE",                files),
            ("BRIGADE_CONFIG_PATH",                files),
            ("BRIGADE_LOG",                        logs),
            ("BRIGADE_LOG_LEVEL",                  logs),
            ("BRIGADE_DEBUG",                      logs),
            ("BRIGADE_COLOUR",                     other),
            ("BRIGADE_",                           other),
            ("brigade_route__orders__from",        "did you mean BRIGADE_ROUTE__ORDERS__FROM?"),
        ];
        for (name, want) in table {
            assert_eq!(
                said(&[(name, "s3cr3t")]),
                format!("{name}: is no setting: {want}")
            );
        }
        let credential = said(&[("BRIGADE_AWS_SECRET_ACCESS_KEY", "s3cr3t")]);
        assert!(
            credential.contains("AWS_ACCESS_KEY_ID") && !credential.contains("s3cr3t"),
            "{credential}"
        );
    }

    #[test]
    fn what_an_orchestrator_injects_is_no_setting_and_no_mistake() {
        #[rustfmt::skip]
        let injected = [
            ("BRIGADE_SERVICE_HOST", "10.0.0.1"), ("BRIGADE_SERVICE_PORT", "9900"), ("BRIGADE_SERVICE_PORT_ADMIN", "9900"),
            ("BRIGADE_PORT", "tcp://10.0.0.1:9900"), ("BRIGADE_PORT_9900_TCP", "tcp://10.0.0.1:9900"),
            ("BRIGADE_PORT_9900_TCP_ADDR", "10.0.0.1"), ("BRIGADE_PORT_9900_TCP_PORT", "9900"), ("BRIGADE_PORT_9900_TCP_PROTO", "tcp"),
            ("BRIGADE_PORT_53_UDP", "udp://10.0.0.1:53"), ("BRIGADE_PORT_1_SCTP_PORT", "1"),
            ("BRIGADE_METRICS_SERVICE_HOST", "fd00::1"), ("BRIGADE_METRICS_PORT", "tcp://[fd00::1]:80"), ("BRIGADE_METRICS_PORT_80_TCP_ADDR", "fd00::1"),
            ("BRIGADE_NAME", "/web/brigade"), ("BRIGADE_ENV_PATH", "/bin"), ("BRIGADE_BIN", "target/debug/brigade"),
        ];
        assert_eq!(said(&injected), "");
        for alone in [
            ("BRIGADE_PORT", "9900"),
            ("BRIGADE_NAME", "prod"),
            ("BRIGADE_ENV_PATH", "/bin"),
            ("BRIGADE_SERVICE_PORT", "http"),
        ] {
            assert!(said(&[alone]).contains("is no setting"), "{alone:?}");
        }
        assert_eq!(
            said(&[("WORK__WORKERS", "x")]),
            "",
            "others' variables are others'"
        );
    }

    #[test]
    fn what_no_other_name_mends_is_told_as_in_a_file() {
        let env = [
            ("BRIGADE_ROUTE__A__FROM", "s3://raw/"),
            ("BRIGADE_ROUTE__A__TO", "s3://lake/"),
            ("BRIGADE_ROUTE__A__ACCOUNT", "x"),
        ];
        assert_eq!(
            said(&env),
            "BRIGADE_ROUTE__A__ACCOUNT = \"x\": no such key: it is from_account or to_account"
        );
    }

    #[test]
    fn mistyped_variables_are_told_with_everything_else_that_is_wrong() {
        let env = [
            ("BRIGADE_LOG", "debug"),
            ("BRIGADE_ROUTE_A_TO", "s3://x/"),
            ("BRIGADE_WORK__WORKERS", "many"),
        ];
        assert_eq!(said(&env).lines().count(), 3);
    }
}
