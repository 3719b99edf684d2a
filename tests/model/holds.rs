//! With all rules in force nothing goes wrong.

use crate::check::{Found, search};
use crate::rules::May::{Again, Delete, Deny, Doubt, New, Redress, Undo};
use crate::rules::{Route, Rules, Setting, Transfer};

/// A new object, replaced once: what the other settings differ from.
pub(crate) const COPY: Setting = Setting {
    transfer: Transfer::ServerSide,
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
    transfer: Transfer::Streamed,
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

const TRANSFERS: [Transfer; 4] = [
    Transfer::ServerSide,
    Transfer::Slow,
    Transfer::Marked,
    Transfer::Streamed,
];

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
        Found::Nothing { simulations } => reported(&format!("{simulations:9} worlds, {setting:?}")),
        Found::Counterexample { wrong, trace } => panic!("{wrong:?} in {setting:?}\n{trace}"),
    }
}

#[expect(clippy::print_stdout, reason = "for --nocapture")]
pub(crate) fn reported(what: &str) {
    println!("{what}");
}

#[test]
fn copies_hold() {
    for transfer in TRANSFERS {
        let may = &[New, Again];
        holds(Setting {
            transfer,
            may,
            versions: false,
            changes: 3,
            ..COPY
        });
    }
}

#[test]
fn copies_with_other_headers_hold() {
    for transfer in [Transfer::Marked, Transfer::Streamed] {
        let may = &[New, Redress];
        holds(Setting {
            transfer,
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
    for transfer in [Transfer::ServerSide, Transfer::Streamed] {
        for route in [Route::Copy, Route::Follow] {
            holds(Setting {
                transfer,
                route,
                ..undone
            });
        }
    }
}

#[test]
fn followed_deletes_hold() {
    for transfer in TRANSFERS {
        holds(Setting { transfer, ..FOLLOW });
    }
}

#[test]
fn destinations_without_conditions_hold() {
    for transfer in [Transfer::ServerSide, Transfer::Streamed] {
        let may = &[New, Delete];
        holds(Setting {
            transfer,
            may,
            conditions: false,
            ..FOLLOW
        });
    }
}

#[test]
fn moves_of_new_content_hold() {
    for transfer in TRANSFERS {
        let may = &[New, Delete];
        holds(Setting {
            transfer,
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
        transfer: Transfer::Streamed,
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
