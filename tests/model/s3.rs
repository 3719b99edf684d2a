//! The buckets: what their owner does to a source, and what a request does when it lands.

use crate::rules::{May, Route, Rule, Rules, Setting, Way};
use crate::state::{
    Change, Condition, Content, Effect, Id, Message, Source, State, Target, Version, Write, Wrong,
};

/// What S3 answers to a write.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Answer {
    /// The `ETag` written and the source version it is of.
    Written { etag: Option<u8>, id: Id },
    /// 412, 409 or 404.
    Refused,
}

/// The changes a source may see next. Bytes never seen before are interchangeable, so there is
/// one such put.
pub(crate) fn changes(setting: &Setting, sources: &[Source], source: &Source) -> Vec<Change> {
    if source.log.len() >= setting.changes {
        return Vec::new();
    }
    let puts = sources
        .iter()
        .flat_map(|source| &source.log)
        .filter_map(|change| match change {
            Change::Put(content) => Some(content.etag + 1),
            Change::Delete | Change::Undo => None,
        });
    let next = puts.max().unwrap_or(0);
    let mut found = Vec::new();
    if setting.may(May::New) {
        found.push(Content {
            etag: next,
            dress: 0,
        });
    }
    for etag in 0..next {
        for (may, dress) in [(May::Again, 0), (May::Redress, 1)] {
            if setting.may(may) {
                found.push(Content { etag, dress });
            }
        }
    }
    let mut found: Vec<_> = found.into_iter().map(Change::Put).collect();
    if setting.may(May::Delete) && source.now().content.is_some() {
        found.push(Change::Delete);
    }
    if setting.may(May::Undo) && !source.versions.is_empty() {
        found.push(Change::Undo);
    }
    found
}

/// Changes a source, which sends an event.
pub(crate) fn change(state: &mut State, setting: &Setting, key: u8, change: Change) {
    let source = &mut state.sources[usize::from(key)];
    source.log.push(change);
    let id = Id::try_from(source.log.len()).expect("few changes");
    let newest = match change {
        Change::Put(content) => Some(Some(content)),
        Change::Delete => Some(None),
        Change::Undo => None,
    };
    match newest {
        Some(content) => {
            if !setting.versions {
                source.versions.clear();
            }
            source.versions.push(Version { id, content });
        }
        None => drop(source.versions.pop()),
    }
    state.queue.push(event(source, key, id));
}

/// The event of a change, as it was sent first.
pub(crate) fn event(source: &Source, key: u8, id: Id) -> Message {
    let etag = match source.log[usize::from(id) - 1] {
        Change::Put(content) => Some(content.etag),
        Change::Delete | Change::Undo => None,
    };
    Message {
        key,
        event: id,
        etag,
        received_before: false,
    }
}

/// Carries a request out, now.
pub(crate) fn land(state: &mut State, setting: &Setting, rules: Rules, write: &Write) -> Answer {
    if write.effect == Effect::Move {
        return land_move(state, setting, rules, write);
    }
    let target = state.targets[usize::from(write.route)];
    let holds = match write.condition {
        Condition::None => true,
        Condition::Absent => target.content.is_none(),
        Condition::Match(etag) => target.content.is_some_and(|content| content.etag == etag),
    };
    let source = &state.sources[usize::from(write.key)];
    let Some(shows) = holds.then(|| written(source, rules, write)).flatten() else {
        return Answer::Refused;
    };
    state.wrong = state
        .wrong
        .or_else(|| fault(setting, source, &target, &shows, write));
    state.targets[usize::from(write.route)] = Target {
        content: shows.content,
        shows: (write.key, shows.id),
    };
    // Without versions a blind write knows only the event's time.
    let id = if setting.versions {
        Some(shows.id)
    } else {
        None
    };
    Answer::Written {
        etag: shows.content.map(|content| content.etag),
        id: write.seen.or(id).unwrap_or_default(),
    }
}

/// What the destination shows after the write; nothing where the pin does not hold.
pub(crate) fn written(source: &Source, rules: Rules, write: &Write) -> Option<Version> {
    let now = source.now();
    match write.effect {
        Effect::Copy { pin, dress } => {
            let mut content = now.content?;
            if rules.has(Rule::PinnedReads) && content.etag != pin {
                return None;
            }
            content.dress = dress.unwrap_or(content.dress);
            // A marked copy is of the version its mark names.
            let id = dress.and(write.seen).unwrap_or(now.id);
            Some(Version {
                id,
                content: Some(content),
            })
        }
        Effect::CopyVersion { id, .. } => {
            let found = source.versions.iter().find(|version| version.id == id);
            found.copied().filter(|version| version.content.is_some())
        }
        Effect::Copied { id, content } => Some(Version {
            id,
            content: Some(content),
        }),
        Effect::Put(content) => Some(Version {
            id: write.seen.unwrap_or_default(),
            content: Some(content),
        }),
        Effect::Delete => Some(Version {
            id: write.seen.unwrap_or_default(),
            content: None,
        }),
        Effect::Move => None,
    }
}

/// What is wrong with a write that lands.
fn fault(
    setting: &Setting,
    source: &Source,
    target: &Target,
    shows: &Version,
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
    let one_moment = setting.way == Way::Server && write.effect != Effect::Delete;
    let fooled = !one_moment && write.condition != Condition::None && write.over != target.shows;
    (comparable && !fooled && shows.id < target.shows.1).then_some(Wrong::Backwards)
}

fn land_move(state: &mut State, setting: &Setting, rules: Rules, write: &Write) -> Answer {
    let source = &mut state.sources[usize::from(write.key)];
    let now = source.now();
    let holds = match (write.condition, now.content) {
        (_, None) => false,
        (Condition::Match(etag), Some(content)) => content.etag == etag,
        (Condition::None | Condition::Absent, Some(_)) => true,
    };
    if !holds {
        return Answer::Refused;
    }
    let seen = write.seen.unwrap_or(now.id);
    if rules.has(Rule::MoveLeavesVersions) {
        // A delete marker, or nothing at all: either way what comes after is newer.
        if !setting.versions {
            source.versions.clear();
        }
        source.versions.push(Version {
            id: now.id,
            content: None,
        });
    } else {
        source.versions.retain(|version| version.id != seen);
        // S3 tells of it like of any removal.
        state.queue.push(Message {
            key: write.key,
            event: seen,
            etag: None,
            received_before: false,
        });
    }
    Answer::Written {
        etag: None,
        id: seen,
    }
}

/// What is wrong with a world at rest. What is parked is in a person's hands.
pub(crate) fn wrong_at_rest(state: &State, setting: &Setting) -> Option<Wrong> {
    if state.parked {
        return None;
    }
    state.targets.iter().find_map(|target| match setting.route {
        Route::Copy | Route::Follow => stale(state, setting, target),
        Route::Move | Route::MoveAndFollow => lost(state, setting, target),
    })
}

fn stale(state: &State, setting: &Setting, target: &Target) -> Option<Wrong> {
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

fn lost(state: &State, setting: &Setting, target: &Target) -> Option<Wrong> {
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
