//! What a route does about sources that must be restored before they can be read.

use crate::config::read::faults::Faults;
use crate::config::route::{
    Route,
    words::{Glacier, RestoreTier},
};

/// How an archived object is restored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Restore {
    /// How long it can be read then.
    pub days: u32,
    /// How fast.
    pub tier: RestoreTier,
}

/// What a route does about archived sources.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Archived {
    /// What becomes of them.
    pub policy: Glacier,
    /// How they are restored, if they are.
    pub restore: Restore,
}

impl Route {
    /// What it does about archived sources.
    #[must_use]
    pub fn archived(&self) -> Archived {
        Archived::of(self)
    }
}

impl Archived {
    fn of(route: &Route) -> Self {
        Self {
            policy: route.glacier,
            restore: Restore {
                days: route.restore_days,
                tier: route.restore_tier,
            },
        }
    }
}

pub(crate) fn check(route: &Route, at: &str, faults: &mut Faults<'_>) {
    let set = [
        ("restore_days", route.restore_days != 1),
        ("restore_tier", route.restore_tier != RestoreTier::default()),
    ];
    for (key, _) in set.into_iter().filter(|(_, set)| *set) {
        if route.glacier != Glacier::Restore {
            let why = "is for glacier = \"restore\" only: say that too";
            faults.refuse(&format!("{at}.{key}"), why);
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::config::{Config, Sources};

    #[test]
    fn what_is_said_of_a_restore_wants_one() {
        for (lines, want) in [
            (
                "restore_days = 0\nglacier = \"restore\"",
                "route.r.restore_days in f = 0: expected 1 or more",
            ),
            (
                "restore_days = 2",
                "route.r.restore_days in f = 2: is for glacier = \"restore\" only: say that too",
            ),
            (
                "restore_tier = \"Bulk\"\nglacier = \"skip\"",
                "route.r.restore_tier in f = \"Bulk\": is for glacier = \"restore\" only: say that too",
            ),
            (
                "restore_tier = \"bulk\"\nglacier = \"restore\"",
                "route.r.restore_tier in f = \"bulk\": expected one of Standard, Bulk, Expedited, not bulk; did you mean Bulk?",
            ),
        ] {
            let file = format!("[route.r]\nfrom = \"s3://raw\"\nto = \"s3://lake\"\n{lines}");
            let said = Config::load(&Sources::text("f", &file)).unwrap_err();
            assert_eq!(said.to_string(), want);
        }
    }
}
