//! One source and its copies by one transfer: was each promise kept about them?

use std::collections::BTreeMap;
use std::sync::PoisonError;

use percent_encoding::percent_decode_str;
use serde_json::Value;

use super::script::{Act, Outside};
use super::stage::{SOURCE, Stage, is_outsiders};
use crate::aws::{Object, Settled, Version, What, Write};

/// The mark that the daemon leaves on some copies.
const PROVENANCE: &str = "brigade-source";

/// What of an object is one whole.
#[derive(Debug, PartialEq)]
struct Face<'a> {
    md5: String,
    length: u64,
    headers: &'a BTreeMap<String, String>,
    user: BTreeMap<&'a str, &'a str>,
}

impl<'a> Face<'a> {
    fn of(version: &'a Version) -> Self {
        let object = version.object.as_ref().expect("markers have no face");
        let user = object.meta.user.iter();
        Self {
            md5: object.content.md5(),
            length: object.content.len(),
            headers: &object.meta.headers,
            user: user
                .filter(|(name, _)| *name != PROVENANCE)
                .map(|(name, value)| (name.as_str(), value.as_str()))
                .collect(),
        }
    }
}

/// One source and its copies on one route.
pub(super) struct Pair<'a> {
    stage: &'a Stage,
    pub(super) route: usize,
    key: usize,
    source: Vec<Write>,
    /// By key.
    pub(super) copies: BTreeMap<String, Vec<Write>>,
    meddled: bool,
}

impl<'a> Pair<'a> {
    pub(super) fn of(stage: &'a Stage, route: usize, key: usize) -> Self {
        let (aws, bucket) = (&stage.aws, stage.bucket(route));
        let copies = stage.targets(route, key).into_iter().map(|target| {
            let history = aws.history(&bucket, &target).0;
            (target, history)
        });
        let meddled = stage.script.steps.iter().any(|step| {
            let Act::Outside(outside) = &step.act else {
                return false;
            };
            matches!(outside,
                Outside::Meddle { route: r, key: k, .. } | Outside::MeddleDelete { route: r, key: k }
                if (*r, *k) == (route, key))
        });
        Self {
            stage,
            route,
            key,
            source: aws.history(SOURCE, &stage.key(key)).0,
            copies: copies.collect(),
            meddled,
        }
    }

    /// Where a copy of this source version belongs.
    fn target(&self, source: &Version) -> String {
        self.stage.target(self.route, self.key, source.modified)
    }

    fn follows(&self) -> bool {
        let route = self.stage.script.routes.get(self.route);
        route.is_some_and(|route| route.follows)
    }

    /// The destination equals the source. A source that is gone leaves its copy, or none; none
    /// where deletes are followed. What can be moved is gone.
    pub(super) fn ends_equal(&self) -> Option<String> {
        let source = self.source.last()?.current.as_ref();
        if source.is_some() && self.stage.script.moves() {
            return Some(format!("{self}: the original is still there"));
        }
        let Some(source) = source else {
            let left = self
                .copies
                .values()
                .any(|copies| copies.last().is_some_and(|write| write.current.is_some()));
            let stale = self.follows() && left;
            return stale.then(|| format!("{self}: the copy outlives its source"));
        };
        let write = self
            .copies
            .get(&self.target(source))
            .and_then(|copies| copies.last());
        let Some((write, copy)) = write.and_then(|write| Some((write, write.current.as_ref()?)))
        else {
            return Some(format!("{self}: there is no copy"));
        };
        let (is, should) = (Face::of(copy), Face::of(source));
        let promised = !had_headers_by_hand(write, copy) && !self.may_be_tagged_late();
        if promised && tags(copy) != tags(source) {
            return Some(format!("{self}: the copy has other tags"));
        }
        (is != should).then(|| format!("{self}: the copy is {is:?}, its source {should:?}"))
    }

    /// Each copy was made with what its route says, whichever way it went.
    pub(super) fn is_made_as_said(&self) -> Option<String> {
        let route = self.stage.script.routes.get(self.route)?;
        let copies = self.copies.values().flatten();
        let copies = copies.filter_map(|write| write.current.as_ref());
        let mut objects = copies
            .filter(|copy| !is_outsiders(copy))
            .filter_map(|copy| copy.object.as_ref());
        let odd = objects.find(|object| {
            let class = route.class.as_deref().unwrap_or("STANDARD");
            let kms = match route.sse.as_deref() {
                Some(sse) => sse == "aws:kms",
                None => route.place.kms,
            };
            (object.storage_class.as_str(), object.encryption.kms) != (class, kms)
        })?;
        let (class, encryption) = (&odd.storage_class, &odd.encryption);
        Some(format!("{self}: made otherwise: {class}, {encryption:?}"))
    }

    /// More tags than a header takes are put under no condition, so where there are no versions they
    /// may land late, on a newer copy: docs/guarantees.md, "What is not promised".
    fn may_be_tagged_late(&self) -> bool {
        let states = self.source.iter().map(|write| write.current.as_ref());
        let mut versions = states.flatten();
        let long = versions.any(|version| tags(version).is_some_and(|tags| tags.len() > 1));
        let route = self.stage.script.routes.get(self.route);
        long && !route.is_some_and(|route| route.place.versioned)
    }

    /// Each copy that ever was is one of the source's versions, whole.
    pub(super) fn stays_whole(&self) -> Option<String> {
        self.copies
            .values()
            .flatten()
            .filter_map(|write| write.current.as_ref())
            .filter(|copy| !is_outsiders(copy))
            .find(|copy| {
                let mut versions = self.source.iter().filter_map(|w| w.current.as_ref());
                !versions.any(|source| Face::of(source) == Face::of(copy))
            })
            .map(|torn| format!("{self}: torn: {:?} was never the source", Face::of(torn)))
    }

    /// No older version replaces a newer one where writes are conditional. What a condition cannot
    /// tell is content that repeats while a write is under way: the end must still be right.
    pub(super) fn never_goes_back(&self) -> Option<String> {
        for copies in self.copies.values() {
            let (mut newest, mut replaced) = (0, BTreeMap::<&str, usize>::new());
            let mut before: Option<&str> = None;
            let mut meddled = false;
            for write in copies {
                meddled |= write.current.as_ref().is_none_or(is_outsiders);
                let etag = write.etag.as_deref();
                let age = match (&write.what, write.current.as_ref()) {
                    (What::Copy(source), _) => Some(source.reign),
                    (What::Put, Some(copy)) if !is_outsiders(copy) => self.age(copy, write.moment),
                    _ => None,
                };
                if let Some(age) = age {
                    let repeats = before.is_some_and(|etag| replaced[etag] > 1);
                    let blind = repeats || !self.stage.script.conditional;
                    if age < newest && !blind && !meddled {
                        return Some(format!("{self}: an older version replaced a newer one"));
                    }
                    newest = newest.max(age);
                }
                if let Some(etag) = etag {
                    *replaced.entry(etag).or_default() += 1;
                }
                before = etag;
            }
        }
        None
    }

    /// Where deletes are not followed, only outsiders remove copies.
    pub(super) fn is_never_removed(&self) -> Option<String> {
        let mut copies = self.copies.values().flatten();
        let removed = copies.find(|write| write.current.is_none())?;
        (!self.meddled && !self.follows())
            .then(|| format!("{self}: the copy was removed at {}", removed.at))
    }

    /// Whatever the daemons took away at the source, each destination had by then, and never lost:
    /// it keeps versions. Headers are not held against a move: no condition knows them.
    pub(super) fn is_moved(&self) -> Option<String> {
        let taken = self
            .stage
            .taken
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let pairs = self.source.windows(2).filter_map(|pair| {
            let lost = pair[0].current.as_ref()?;
            let moved = pair[1].what == What::Marker && !taken.contains(&pair[1].moment);
            moved.then_some((lost, pair[1].moment))
        });
        let mut lost = pairs.filter(|(lost, by)| {
            let copies = self.copies.get(&self.target(lost));
            let copies = copies
                .into_iter()
                .flatten()
                .filter(|write| write.moment < *by);
            !copies
                .filter_map(|write| write.current.as_ref())
                .any(|copy| Face::of(copy).md5 == Face::of(lost).md5)
        });
        let (_, by) = lost.next()?;
        Some(format!(
            "{self}: the original was taken away at {by} before its copy was there"
        ))
    }

    /// When the version that a streamed copy claims to be of last became the source.
    fn age(&self, copy: &Version, by: u64) -> Option<u64> {
        let provenance = copy.object.as_ref()?.meta.user.get(PROVENANCE)?;
        let provenance: Value = serde_json::from_str(provenance).ok()?;
        let is_it = |version: &Version| {
            let object = version
                .object
                .as_ref()
                .expect("what is current is an object");
            let modified = version.modified.to_string();
            match (&provenance["version"], &version.id) {
                (Value::String(claimed), id) => id.as_ref() == Some(claimed),
                _ => provenance["etag"] == object.etag && provenance["modified"] == modified,
            }
        };
        let mut versions = self.source.iter().rev().filter(|write| write.moment <= by);
        let was = versions.find(|write| write.current.as_ref().is_some_and(is_it));
        was.map(|write| write.moment)
    }

    /// Unless, while the message was held, there was a time at which its effect was there to be
    /// seen: the destination was what the source was then, or there was no source; and no copy,
    /// where deletes are followed. Where source objects are moved, there was no source any more.
    pub(super) fn settled_early(&self, settled: &Settled) -> Option<String> {
        if !self.is_about(&settled.body) {
            return None;
        }
        let states = during(&self.source, settled.received, settled.moment);
        let effective = states.iter().any(|(since, source)| {
            let (since, source) = (*since, *source);
            let since = since.max(settled.received);
            let Some(source) = source else {
                return !self.follows() || self.is_absent(since, settled.moment);
            };
            if self.stage.script.moves() {
                return false;
            }
            let Some(copies) = self.copies.get(&self.target(source)) else {
                return false;
            };
            during(copies, since, settled.moment)
                .into_iter()
                .filter_map(|(_, copy)| copy)
                .any(|copy| {
                    Face::of(copy) == Face::of(source) || self.is_overtaken(copy, source, &states)
                })
        });
        (!effective).then(|| {
            let at = settled.at;
            format!(
                "{self}: settled at {at} before its effect: {}",
                settled.body
            )
        })
    }

    /// A copy of this source where its date puts it, in the headers and metadata of a later one that has the same bytes and
    /// belongs elsewhere: docs/guarantees.md, "What is not promised".
    fn is_overtaken(
        &self,
        copy: &Version,
        source: &Version,
        states: &[(u64, Option<&Version>)],
    ) -> bool {
        let mut later = states.iter().filter_map(|(_, state)| *state);
        later.any(|later| {
            let (face, elsewhere) = (Face::of(later), self.target(later) != self.target(source));
            elsewhere && face == Face::of(copy) && face.md5 == Face::of(source).md5
        })
    }

    fn is_absent(&self, from: u64, to: u64) -> bool {
        let absent = |copies: &Vec<Write>| {
            during(copies, from, to)
                .into_iter()
                .any(|(_, copy)| copy.is_none())
        };
        self.copies.values().all(absent)
    }

    fn is_about(&self, body: &str) -> bool {
        let key = self.stage.key(self.key);
        let decodes_to_it = |word: &str| {
            let spaced = word.replace('+', " ");
            percent_decode_str(&spaced).decode_utf8_lossy() == key.as_str()
        };
        // As EventBridge writes it, or encoded, as S3 and our own messages do.
        let quoted = body.replace('\\', "");
        quoted
            .split('"')
            .any(|word| word == key || decodes_to_it(word))
    }
}

impl std::fmt::Display for Pair<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "route r{}, {}", self.route, self.stage.key(self.key))
    }
}

/// The states of a key from one moment to another, each with the moment it began.
fn during(history: &[Write], from: u64, to: u64) -> Vec<(u64, Option<&Version>)> {
    let mut states = vec![(0, None)];
    for write in history.iter().filter(|write| write.moment <= to) {
        let state = (write.moment, write.current.as_ref());
        if write.moment <= from {
            states.clear();
        }
        states.push(state);
    }
    states
}

/// Tags can change in place, so no pin holds them: they are right only in the end.
fn tags(version: &Version) -> Option<&BTreeMap<String, String>> {
    version.object.as_ref().map(|object| &object.tags)
}

/// A `CopyObject` whose headers were given may carry the tags of a later version of the same bytes.
fn had_headers_by_hand(write: &Write, copy: &Version) -> bool {
    let object = copy.object.as_ref();
    let by_hand =
        |object: &Object| object.meta.user.contains_key(PROVENANCE) && object.parts.is_empty();
    matches!(write.what, What::Copy(_)) && object.is_some_and(by_hand)
}
