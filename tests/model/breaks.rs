//! Each rule has a reason: without it something goes wrong.

use crate::check::{Found, search};
use crate::holds::{CALM_MOVE, COPY, FOLLOW, MOVE, STREAM, reported};
use crate::rules::May::{Again, Delete, Deny, Doubt, New, Redress, Undo};
use crate::rules::{Route, Rule, Rules, Setting, Transfer};
use crate::wrong::Wrong;

/// Streamed, where a route follows deletes.
const STREAM_FOLLOW: Setting = Setting {
    route: Route::Follow,
    may: &[New, Delete],
    ..STREAM
};

/// Without `rule` this goes wrong here, and with all rules nothing does.
fn breaks(rule: Rule, setting: Setting, want: Wrong) {
    match search(&setting, Rules::without(rule)) {
        Found::Counterexample { wrong, trace } => {
            reported(&format!("Without {rule:?}:\n{trace}{wrong:?}\n"));
            assert_eq!(wrong, want, "without {rule:?}:\n{trace}");
        }
        Found::Nothing { simulations } => {
            panic!("{rule:?} is for nothing: no counterexample in {simulations} worlds")
        }
    }
}

#[test]
fn doing_what_a_late_removal_says_deletes_what_was_recreated() {
    breaks(Rule::EventIsAHint, FOLLOW, Wrong::Stale);
}

#[test]
fn ignoring_removals_misses_a_version_that_comes_back() {
    let undone = Setting {
        may: &[New, Undo],
        changes: 3,
        ..COPY
    };
    breaks(Rule::RemovalsAreWorked, undone, Wrong::Stale);
}

#[test]
fn settling_before_the_effect_loses_it() {
    breaks(Rule::SettleAfterEffect, COPY, Wrong::Stale);
}

#[test]
fn deleting_before_the_dead_letter_queue_confirms_loses_the_message() {
    let denied = Setting {
        may: &[New, Deny],
        ..COPY
    };
    breaks(Rule::DeadLetterThenDelete, denied, Wrong::Stale);
}

#[test]
fn deleting_with_an_old_receipt_leaves_nobody_to_repair_what_the_next_holder_wrote() {
    let unconditional = Setting {
        conditions: false,
        changes: 3,
        ..STREAM
    };
    breaks(Rule::SettleWhileHeld, unconditional, Wrong::Stale);
}

#[test]
fn a_write_sent_under_a_short_lease_lands_after_its_message_was_settled() {
    breaks(Rule::LeaseCheck, STREAM_FOLLOW, Wrong::Leftover);
}

#[test]
fn an_unanswered_write_lands_after_its_message_was_settled() {
    breaks(Rule::UnansweredWaits, STREAM_FOLLOW, Wrong::Leftover);
}

#[test]
fn looking_at_the_source_first_replaces_newer_by_older() {
    let redressed = Setting {
        may: &[New, Redress],
        ..STREAM
    };
    breaks(Rule::DestinationFirst, redressed, Wrong::Backwards);
}

#[test]
fn taking_a_bare_404_for_gone_skips_what_is_there() {
    let doubtful = Setting {
        may: &[New, Doubt],
        ..COPY
    };
    breaks(Rule::GoneForCertain, doubtful, Wrong::Stale);
}

#[test]
fn equal_bytes_under_other_headers_are_no_duplicate() {
    let redressed = Setting {
        may: &[New, Redress],
        ..COPY
    };
    breaks(Rule::EqualInAttributes, redressed, Wrong::Stale);
}

#[test]
fn reading_without_a_pin_puts_old_headers_on_new_bytes() {
    let redressed = Setting {
        may: &[New, Redress],
        changes: 3,
        ..STREAM
    };
    breaks(Rule::PinnedReads, redressed, Wrong::Torn);
}

#[test]
fn taking_a_second_receive_for_the_first_misses_what_the_first_has_written() {
    breaks(Rule::ReceivedBefore, STREAM_FOLLOW, Wrong::Leftover);
}

#[test]
fn pinning_the_first_try_to_a_version_brings_back_what_was_deleted() {
    breaks(Rule::NoVersionPin, FOLLOW, Wrong::Backwards);
}

#[test]
fn writing_without_a_condition_replaces_newer_by_older() {
    breaks(Rule::ConditionalWrites, STREAM, Wrong::Backwards);
}

#[test]
fn content_that_repeats_fools_a_streamed_overwrite() {
    let again = Setting {
        may: &[New, Again],
        changes: 3,
        ..STREAM
    };
    breaks(Rule::VerifyOverwrite, again, Wrong::Stale);
}

#[test]
fn a_slow_copy_is_fooled_as_well() {
    let again = Setting {
        transfer: Transfer::Slow,
        may: &[New, Again],
        changes: 3,
        ..COPY
    };
    breaks(Rule::VerifyOverwrite, again, Wrong::Stale);
}

#[test]
fn a_write_without_a_condition_may_be_the_older_of_two() {
    let unconditional = Setting {
        conditions: false,
        ..STREAM
    };
    breaks(Rule::VerifyUnconditional, unconditional, Wrong::Stale);
}

#[test]
fn a_first_write_races_the_delete_of_its_source() {
    breaks(Rule::VerifyCreate, STREAM_FOLLOW, Wrong::Leftover);
}

#[test]
fn a_followed_delete_races_a_recreate_with_the_same_content() {
    breaks(Rule::VerifyDelete, FOLLOW, Wrong::Stale);
}

#[test]
fn an_etag_does_not_show_that_only_the_headers_changed() {
    let redressed = Setting {
        may: &[New, Again, Redress],
        changes: 3,
        ..STREAM
    };
    breaks(Rule::VerifyVersion, redressed, Wrong::Stale);
}

#[test]
fn a_followed_delete_without_a_condition_takes_a_newer_copy() {
    breaks(Rule::ConditionalDelete, FOLLOW, Wrong::Backwards);
}

#[test]
fn a_move_that_ends_with_a_skip_is_never_made_when_its_worker_dies() {
    breaks(Rule::SkipsMoveOn, MOVE, Wrong::NotMoved);
}

#[test]
fn a_move_must_see_that_its_copy_was_overwritten() {
    breaks(Rule::MoveChecksDestination, CALM_MOVE, Wrong::Lost);
}

#[test]
fn a_move_must_see_the_copies_of_all_routes() {
    let two = Setting {
        routes: 2,
        ..CALM_MOVE
    };
    breaks(Rule::MoveChecksAll, two, Wrong::Lost);
}

#[test]
fn a_move_must_see_that_the_source_has_other_headers() {
    let redressed = Setting {
        may: &[New, Redress],
        ..CALM_MOVE
    };
    breaks(Rule::MoveChecksSource, redressed, Wrong::Lost);
}

#[test]
fn a_move_without_a_condition_takes_what_was_recreated_meanwhile() {
    breaks(Rule::ConditionalMove, MOVE, Wrong::Lost);
}

#[test]
fn a_move_of_one_version_uncovers_an_older_one() {
    breaks(Rule::MoveLeavesVersions, MOVE, Wrong::Backwards);
}

/// A rule without a test here might be for nothing.
#[test]
fn every_rule_is_taken_away_once() {
    let (rules, here) = (include_str!("rules.rs"), include_str!("breaks.rs"));
    let (_, after) = rules.split_once("enum Rule {").expect("the rules");
    let (names, _) = after.split_once("\n}").expect("their end");
    let mut names = names
        .lines()
        .filter_map(|line| line.trim().strip_suffix(','));
    assert_eq!(
        names.find(|name| !here.contains(&format!("breaks(Rule::{name},"))),
        None
    );
}
