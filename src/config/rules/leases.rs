//! What a copy may take of the time for which its message is hidden.

use bytesize::ByteSize;

use crate::config::read::faults::Faults;
use crate::config::route::{Route, parts::one_copy};
use crate::config::sections::Config;
use crate::config::value::{duration, size};

/// What a write may take of the time for which its message is hidden; `queue::Terms` says why.
const WRITES_IN_A_LEASE: u32 = 8;

/// Refuses a copy inside S3 that may outlast the lease of its message.
pub(crate) fn check(config: &Config, faults: &mut Faults<'_>) {
    for (name, route) in &config.route {
        check_threshold(name, route, config, faults);
    }
}

fn check_threshold(name: &str, route: &Route, config: &Config, faults: &mut Faults<'_>) {
    let Some(said) = &route.multipart_copy_threshold else {
        return;
    };
    let listens = |name: &String| route.queue.as_ref().is_none_or(|only| only == name);
    let queues = config.queue.iter().filter(|(name, _)| listens(name));
    let shortest = queues.min_by_key(|(_, queue)| queue.visibility_timeout);
    if let Some((queue_name, queue)) = shortest
        && let most = one_copy(queue.visibility_timeout / WRITES_IN_A_LEASE)
        && said.0 > most
    {
        let (most, timeout) = (
            size::show(ByteSize(most)),
            duration::show(&queue.visibility_timeout),
        );
        let why = format!(
            "expected at most {most}: a larger copy may not finish while queue.{queue_name} hides its message \
             (visibility_timeout = {timeout}); make that longer, or leave this out"
        );
        faults.refuse(&format!("route.{name}.multipart_copy_threshold"), why);
    }
}
