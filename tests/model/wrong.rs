//! What must never be, at any moment or once everything is at rest.

use crate::rules::{May, Route, Setting, Transfer};
use crate::state::{Change, Condition, Effect, Source, State, Target, Version, Write};

/// What must never be.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(crate) enum Wrong {
    /// At rest: the destination is not what the source is.
    Stale,
    /// At rest: the source is gone, its copy is not, though deletes are followed.
    Leftover,
    /// At rest: a move took the source away, and what it held is at no destination.
    Lost,
    /// At rest: the source of a move is still there.
    NotMoved,
    /// A write landed that shows no version there ever was.
    Torn,
    /// A write landed on something newer, though nothing had changed under it since it was decided.
    Backwards,
    /// No way leads to rest.
    Stuck,
}

/// What is wrong with a write that lands.
pub(crate) fn fault(
    setting: &Setting,
    source: &Source,
    target: Target,
    shows: Version,
    write: &Write,
) -> Option<Wrong> {
    if let Some(content) = shows.content
        && !source.log.contains(&Change::Put(content))
    {
        return Some(Wrong::Torn);
    }
    // Ids tell newer from older only within one key whose versions are not undone. And where S3
    // does not look at both sides in one moment, a condition can be fooled: by content that
    // repeats, and by a key that was empty, was filled and is empty again.
    let comparable = setting.conditions && !setting.may(May::Undo) && target.shows.0 == write.key;
    let one_moment = setting.transfer == Transfer::ServerSide && write.effect != Effect::Delete;
    let fooled = !one_moment && write.condition != Condition::None && write.over != target.shows;
    (comparable && !fooled && shows.id < target.shows.1).then_some(Wrong::Backwards)
}

/// What is wrong with a state at rest. What is dead-lettered is in a person's hands.
pub(crate) fn at_rest(state: &State, setting: &Setting) -> Option<Wrong> {
    if state.dead_lettered {
        return None;
    }
    state
        .targets
        .iter()
        .find_map(|&target| match setting.route {
            Route::Copy | Route::Follow => stale(state, setting, target),
            Route::Move | Route::MoveAndFollow => lost(state, setting, target),
        })
}

fn stale(state: &State, setting: &Setting, target: Target) -> Option<Wrong> {
    let mut sources = state
        .sources
        .iter()
        .filter_map(|source| source.now().content);
    match target.content {
        None => sources.next().map(|_| Wrong::Stale),
        // Keys that share a destination overwrite each other; any of them is right.
        Some(content) if sources.clone().any(|source| source == content) => None,
        Some(_) if sources.next().is_some() => Some(Wrong::Stale),
        Some(_) => (setting.route == Route::Follow).then_some(Wrong::Leftover),
    }
}

fn lost(state: &State, setting: &Setting, target: Target) -> Option<Wrong> {
    // Content that repeats can be overtaken in a race; then versioning has kept it.
    let kept = setting.may(May::Again) || setting.may(May::Redress);
    state.sources.iter().find_map(|source| {
        if source.now().content.is_some() {
            return Some(Wrong::NotMoved);
        }
        let Some(Change::Put(last)) = source.log.last() else {
            return None;
        };
        let version = |version: &Version| version.content == Some(*last);
        let safe = target.content == Some(*last)
            || (kept && setting.versions && source.versions.iter().any(version));
        (!safe).then_some(Wrong::Lost)
    })
}
