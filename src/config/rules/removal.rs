//! What is deleted or taken away, and who else needs it.

use crate::config::read::faults::Faults;
use crate::config::route::Route;
use crate::config::sections::Config;
use crate::config::value::location::overlap;

/// Refuses to take away where neither writes nor deletes are conditional.
pub(crate) fn check(config: &Config, faults: &mut Faults<'_>) {
    for (name, route) in config.route.iter().filter(|(_, route)| route.moves()) {
        for account in [&route.from_account, &route.to_account] {
            if !config.aws_of(account.as_deref()).conditional() {
                let why = "a move needs conditional writes and deletes on both sides; if the endpoint knows \
                           If-Match on PutObject, CopyObject and DeleteObject, say conditional_writes = \"on\"";
                faults.refuse(&format!("route.{name}.after_copy"), why);
            }
        }
    }
}

/// Refuses two routes, one of which would take away what the other needs.
pub(crate) fn check_pair(
    one: (&str, &Route),
    other: (&str, &Route),
    config: &Config,
    faults: &mut Faults<'_>,
) {
    let (from, and) = (config.cloud_from(one.1), config.cloud_from(other.1));
    let one_bucket =
        one.1.from.bucket == other.1.from.bucket && from.needs_streaming(&and).is_none();
    if !one_bucket || !overlap(&one.1.from.prefix, &other.1.from.prefix) {
        return;
    }
    for ((name, mover), (second, route)) in [(one, other), (other, one)] {
        let key = format!("route.{name}.after_copy");
        if mover.moves() && route.follows() {
            let why = format!(
                "removes source objects whose copies route.{second} would then delete: choose places \
                 that don't overlap"
            );
            faults.refuse(&key, why);
        }
        if mover.moves() && mover.queue != route.queue && config.queue.len() > 1 {
            let why = format!(
                "removes source objects before route.{second}, which hears of them through another \
                 queue, may have copied them: give both the same queue"
            );
            faults.refuse(&key, why);
        }
    }
}
