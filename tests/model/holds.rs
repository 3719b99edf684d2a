//! With all rules in force nothing goes wrong.

use crate::check::{Found, search};
use crate::rules::May::{Again, Delete, Deny, Doubt, New, Redress, Undo};
use crate::rules::{Route, Rules, Setting, Way};

/// A new object, replaced once: what the other settings differ from.
pub(crate) const COPY: Setting = Setting {
    way: Way::Server,
    route: Route::Copy,
    versions: true,
    conditions: true,
    calm: false,
    may: &[New],
    keys: 1,
    routes: 1,
    workers: 2,
    changes: 2,
    duplicates: 0,
};

pub(crate) const STREAM: Setting = Setting {
    way: Way::Streamed,
    ..COPY
};

pub(crate) const FOLLOW: Setting = Setting {
    route: Route::Follow,
    may: &[New, Again, Delete],
    changes: 3,
    ..COPY
};

pub(crate) const MOVE: Setting = Setting {
    route: Route::Move,
    ..COPY
};

/// Content that repeats where there are no versions: safe only as long as nobody writes between a
/// move's looks and its delete, and `CopyObject` is one moment. Hence the warning at the start.
pub(crate) const CALM_MOVE: Setting = Setting {
    calm: true,
    versions: false,
    may: &[New, Again],
    changes: 3,
    ..MOVE
};

const WAYS: [Way; 4] = [Way::Server, Way::Slow, Way::Marked, Way::Streamed];

/// Optimised code has time for wider bounds.
const WIDE: bool = !cfg!(debug_assertions);

/// Searches a setting, and where there is time three wider ones.
fn holds(setting: Setting) {
    holds_within(setting);
    if WIDE {
        holds_within(Setting {
            workers: 3,
            ..setting
        });
        holds_within(Setting {
            duplicates: 1,
            ..setting
        });
        holds_within(Setting {
            changes: setting.changes + 1,
            ..setting
        });
    }
}

fn holds_within(setting: Setting) {
    match search(&setting, Rules::all()) {
        Found::Nothing { worlds } => told(&format!("{worlds:9} worlds, {setting:?}")),
        Found::Counterexample { wrong, trace } => panic!("{wrong:?} in {setting:?}\n{trace}"),
    }
}

#[expect(clippy::print_stdout, reason = "for --nocapture")]
pub(crate) fn told(what: &str) {
    println!("{what}");
}

#[test]
fn copies_hold() {
    for way in WAYS {
        let may = &[New, Again];
        holds(Setting {
            way,
            may,
            versions: false,
            changes: 3,
            ..COPY
        });
    }
}

#[test]
fn copies_with_other_headers_hold() {
    for way in [Way::Marked, Way::Streamed] {
        let may = &[New, Redress];
        holds(Setting {
            way,
            may,
            changes: 3,
            ..COPY
        });
    }
}

#[test]
fn undone_versions_hold() {
    let undone = Setting {
        may: &[New, Delete, Undo],
        changes: 3,
        ..COPY
    };
    for way in [Way::Server, Way::Streamed] {
        for route in [Route::Copy, Route::Follow] {
            holds(Setting {
                way,
                route,
                ..undone
            });
        }
    }
}

#[test]
fn followed_deletes_hold() {
    for way in WAYS {
        holds(Setting { way, ..FOLLOW });
    }
}

#[test]
fn destinations_without_conditions_hold() {
    for way in [Way::Server, Way::Streamed] {
        let may = &[New, Delete];
        holds(Setting {
            way,
            may,
            conditions: false,
            ..FOLLOW
        });
    }
}

#[test]
fn moves_of_new_content_hold() {
    for way in WAYS {
        let may = &[New, Delete];
        holds(Setting {
            way,
            may,
            versions: false,
            changes: 3,
            ..MOVE
        });
    }
}

#[test]
fn moves_of_content_that_repeats_hold_while_it_is_calm() {
    holds(CALM_MOVE);
}

#[test]
fn moves_to_several_destinations_hold() {
    holds(Setting { routes: 2, ..MOVE });
    if WIDE {
        holds_within(Setting {
            routes: 2,
            ..CALM_MOVE
        });
    }
}

#[test]
fn three_workers_and_duplicates_hold() {
    let busy = |setting| {
        holds_within(Setting {
            workers: 3,
            changes: if WIDE { 3 } else { 2 },
            duplicates: 1,
            ..setting
        });
    };
    busy(COPY);
    busy(MOVE);
    busy(Setting {
        way: Way::Streamed,
        ..FOLLOW
    });
}

#[test]
fn outages_and_denials_hold() {
    for route in [Route::Copy, Route::Follow, Route::Move] {
        let may = &[New, Delete, Doubt, Deny];
        holds(Setting { route, may, ..COPY });
    }
}
