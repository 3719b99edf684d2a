//! What the configuration refuses, or warns about, and why: with all rules in force it goes
//! wrong nevertheless.

use crate::check::{Found, search};
use crate::holds::{CALM_MOVE, COPY, MOVE, STREAM, reported};
use crate::rules::May::{Delete, New};
use crate::rules::{Route, Rules, Setting, Transfer};
use crate::wrong::Wrong;

/// This goes wrong so; or not at all.
fn ends(setting: Setting, want: Option<Wrong>) {
    match search(&setting, Rules::all()) {
        Found::Counterexample { wrong, trace } => {
            reported(&format!("{trace}{wrong:?}\n"));
            assert_eq!(Some(wrong), want, "{trace}");
        }
        Found::Nothing { simulations } => assert_eq!(None, want, "{simulations} worlds"),
    }
}

const COLLISION: Setting = Setting { keys: 2, ..COPY };

#[test]
fn two_keys_on_one_destination_leave_one_of_them_whole() {
    ends(COLLISION, None);
}

#[test]
fn two_keys_on_one_destination_delete_each_others_copy() {
    let followed = Setting {
        route: Route::Follow,
        may: &[New, Delete],
        ..COLLISION
    };
    ends(followed, Some(Wrong::Stale));
}

#[test]
fn two_keys_moved_to_one_destination_leave_only_one() {
    let moved = Setting {
        route: Route::Move,
        changes: 1,
        ..COLLISION
    };
    ends(moved, Some(Wrong::Lost));
}

#[test]
fn a_route_that_moves_and_follows_deletes_its_own_copy() {
    let both = Setting {
        route: Route::MoveAndFollow,
        changes: 1,
        ..COPY
    };
    ends(both, Some(Wrong::Lost));
}

#[test]
fn a_move_needs_conditions() {
    let unconditional = Setting {
        route: Route::Move,
        conditions: false,
        ..STREAM
    };
    ends(unconditional, Some(Wrong::Lost));
}

#[test]
fn a_move_without_versions_races_content_that_repeats() {
    let hasty = Setting {
        calm: false,
        ..CALM_MOVE
    };
    ends(hasty, Some(Wrong::Lost));
    let kept = Setting {
        versions: true,
        ..hasty
    };
    ends(kept, None);
}

#[test]
fn a_slow_copy_without_versions_races_content_that_repeats_even_while_it_is_calm() {
    for transfer in [Transfer::Slow, Transfer::Marked, Transfer::Streamed] {
        let want = (transfer != Transfer::Marked).then_some(Wrong::Lost);
        ends(
            Setting {
                transfer,
                ..CALM_MOVE
            },
            want,
        );
    }
}

#[test]
fn without_versions_new_content_moves_safely() {
    let plain = Setting {
        versions: false,
        ..MOVE
    };
    ends(plain, None);
}
