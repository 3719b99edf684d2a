//! The buckets: what the owner does to a source, and what a request does when it lands.

use crate::rules::{May, Rule, Rules, Setting};
use crate::state::{
    Change, Condition, Content, Effect, Id, Message, Source, State, Target, Version, Write,
};
use crate::wrong;

/// What S3 answers to a write.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Answer {
    /// The `ETag` written and, as far as the worker can know, the source version it is of.
    Written { etag: Option<u8>, id: Option<Id> },
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
    let mut contents = Vec::new();
    if setting.may(May::New) {
        contents.push((next, 0));
    }
    for etag in 0..next {
        for (may, attributes) in [(May::Again, 0), (May::Redress, 1)] {
            if setting.may(may) {
                contents.push((etag, attributes));
            }
        }
    }
    let put = |(etag, attributes)| Change::Put(Content { etag, attributes });
    let mut found: Vec<_> = contents.into_iter().map(put).collect();
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
    let content = match change {
        Change::Put(content) => Some(content),
        Change::Delete | Change::Undo => None,
    };
    if change == Change::Undo || !setting.versions {
        source.versions.pop();
    }
    if change != Change::Undo {
        source.versions.push(Version { id, content });
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
        .or_else(|| wrong::fault(setting, source, target, shows, write));
    state.targets[usize::from(write.route)] = Target {
        content: shows.content,
        shows: (write.key, shows.id),
    };
    Answer::Written {
        etag: shows.content.map(|content| content.etag),
        id: write.seen.or(setting.versions.then_some(shows.id)),
    }
}

/// What the destination shows after the write; nothing where the pin does not hold.
pub(crate) fn written(source: &Source, rules: Rules, write: &Write) -> Option<Version> {
    let now = source.now();
    match write.effect {
        Effect::Copy { pin, attributes } => {
            let mut content = now.content?;
            if rules.has(Rule::PinnedReads) && content.etag != pin {
                return None;
            }
            content.attributes = attributes.unwrap_or(content.attributes);
            // A marked copy is of the version its mark names.
            let id = attributes.and(write.seen).unwrap_or(now.id);
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
        id: Some(seen),
    }
}
