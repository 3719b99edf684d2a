//! The names of variables, and the settings they are.

pub(crate) const PREFIX: &str = "BRIGADE_";

/// Names the file.
pub(crate) const FILE: &str = "BRIGADE_CONFIG";

/// Holds the text of a whole file.
pub(crate) const TEXT: &str = "BRIGADE_CONFIG_TOML";

/// The variable that sets a dotted path.
pub(crate) fn of(path: &str) -> String {
    let gap = if path.contains('.') { "" } else { "_" };
    let path = path.replace('.', "__").to_ascii_uppercase();
    format!("{PREFIX}{gap}{path}")
}

/// Whether a variable is ours to read at all, in whatever case.
pub(crate) fn is_ours(name: &str) -> bool {
    let begins = |with: &str| {
        let begin = name.get(..with.len());
        begin.is_some_and(|begin| begin.eq_ignore_ascii_case(with))
    };
    name.starts_with(PREFIX) || begins(PREFIX) && name.contains("__")
}

/// The path a variable sets; none if it is no setting.
///
/// Only variables with `__` are settings: `BRIGADE_ROUTE__ORDERS__TO` is `route.orders.to`, and
/// `BRIGADE__ENVIRONMENT` is `environment`.
pub(crate) fn setting(name: &str) -> Option<Vec<String>> {
    let rest = name.strip_prefix(PREFIX)?;
    if !rest.contains("__") && !rest.starts_with('_') {
        return None;
    }
    let rest = rest.strip_prefix('_').unwrap_or(rest);
    Some(rest.split("__").map(str::to_ascii_lowercase).collect())
}
