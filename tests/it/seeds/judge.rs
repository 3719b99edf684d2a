//! Whether the promises were kept: asserted over everything that happened, not sampled.

use std::collections::BTreeMap;

use jiff::Timestamp;
use percent_encoding::percent_decode_str;
use serde_json::Value;

use super::play::{Played, told};
use super::script::{Act, Outside, Step};
use super::stage::{CRAWLER, CRAWLER_REGION, NOISE, SOURCE, Stage, bucket_of, is_outsiders};
use crate::aws::{Message, Object, Settled, Version, What, Write};

/// The mark that the daemon leaves on some copies.
const MARK: &str = "brigade-source";

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
                .filter(|(name, _)| *name != MARK)
                .map(|(name, value)| (name.as_str(), value.as_str()))
                .collect(),
        }
    }
}

/// Everything that was not as promised, in words.
pub(super) fn judge(played: &Played) -> Vec<String> {
    let mut broken = played.troubles.clone();
    let stage = &played.stage;
    let pairs = pairs(stage).collect::<Vec<_>>();
    for pair in &pairs {
        broken.extend(pair.ends_equal());
        broken.extend(pair.stays_whole());
        broken.extend(pair.never_goes_back());
        broken.extend(pair.is_never_removed());
    }
    broken.extend(settled_early(&pairs, played));
    broken.extend(no_upload_is_left(stage));
    broken.extend(noise_is_parked(played));
    broken.extend(nothing_is_parked_without_cause(played));
    broken.extend(uncrawled(stage));
    broken
}

/// Messages that were deleted before their effect, and not parked first. A parked copy excuses one
/// delete.
fn settled_early(pairs: &[Pair<'_>], played: &Played) -> Vec<String> {
    let mut excuses = played.parked.iter().collect::<Vec<_>>();
    let mut broken = Vec::new();
    for settled in played.stage.world.settled() {
        let early = pairs.iter().filter_map(|pair| pair.settled_early(&settled));
        let early = early.collect::<Vec<_>>();
        if early.is_empty() {
            continue;
        }
        let parked =
            |message: &&Message| message.body == settled.body && message.sent <= settled.at;
        match excuses.iter().position(parked) {
            Some(excuse) => drop(excuses.remove(excuse)),
            None => broken.extend(early),
        }
    }
    broken
}

fn pairs(stage: &Stage) -> impl Iterator<Item = Pair<'_>> {
    let keys = stage.script.keys.len();
    let routes = 0..stage.script.routes.len();
    routes.flat_map(move |route| (0..keys).map(move |key| Pair::of(stage, route, key)))
}

/// One source and its copies on one route.
struct Pair<'a> {
    stage: &'a Stage,
    route: usize,
    key: usize,
    source: Vec<Write>,
    /// By key.
    copies: BTreeMap<String, Vec<Write>>,
    meddled: bool,
}

impl<'a> Pair<'a> {
    fn of(stage: &'a Stage, route: usize, key: usize) -> Self {
        let (world, bucket) = (&stage.world, bucket_of(route));
        let copies = stage.targets(route, key).into_iter().map(|target| {
            let history = world.history(&bucket, &target).0;
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
            source: world.history(SOURCE, &stage.key(key)).0,
            copies: copies.collect(),
            meddled,
        }
    }

    /// Where a copy of this source version belongs.
    fn target(&self, source: &Version) -> String {
        self.stage.target(self.route, self.key, source.modified)
    }

    /// The destination equals the source. A source that is gone leaves its copy, or none.
    fn ends_equal(&self) -> Option<String> {
        let source = self.source.last()?.current.as_ref()?;
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

    /// More tags than a header takes are put under no condition, so where there are no versions they
    /// may land late, on a newer copy: docs/TESTING.md, "What is not promised".
    fn may_be_tagged_late(&self) -> bool {
        let mut versions = self
            .source
            .iter()
            .filter_map(|write| write.current.as_ref());
        let long = versions.any(|version| tags(version).is_some_and(|tags| tags.len() > 1));
        long && !self.stage.script.routes[self.route].place.versioned
    }

    /// Each copy that ever was is one of the source's versions, whole.
    fn stays_whole(&self) -> Option<String> {
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
    fn never_goes_back(&self) -> Option<String> {
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

    /// Deletes are not followed: only outsiders remove copies.
    fn is_never_removed(&self) -> Option<String> {
        let mut copies = self.copies.values().flatten();
        let removed = copies.find(|write| write.current.is_none())?;
        (!self.meddled).then(|| format!("{self}: the copy was removed at {}", removed.at))
    }

    /// When the version that a streamed copy claims to be of last became the source.
    fn age(&self, copy: &Version, by: u64) -> Option<u64> {
        let mark = copy.object.as_ref()?.meta.user.get(MARK)?;
        let mark: Value = serde_json::from_str(mark).ok()?;
        let is_it = |version: &Version| {
            let object = version
                .object
                .as_ref()
                .expect("what is current is an object");
            let modified = version.modified.to_string();
            match (&mark["version"], &version.id) {
                (Value::String(claimed), id) => id.as_ref() == Some(claimed),
                _ => mark["etag"] == object.etag && mark["modified"] == modified,
            }
        };
        let mut versions = self.source.iter().rev().filter(|write| write.moment <= by);
        let was = versions.find(|write| write.current.as_ref().is_some_and(is_it));
        was.map(|write| write.moment)
    }

    /// Unless, while the message was held, there was a time at which its effect was there to be
    /// seen: the destination was what the source was then, or there was no source.
    fn settled_early(&self, settled: &Settled) -> Option<String> {
        if !self.is_about(&settled.body) {
            return None;
        }
        let states = during(&self.source, settled.received, settled.moment);
        let effective = states.into_iter().any(|(since, source)| {
            let Some(source) = source else { return true };
            let Some(copies) = self.copies.get(&self.target(source)) else {
                return false;
            };
            during(copies, since.max(settled.received), settled.moment)
                .into_iter()
                .filter_map(|(_, copy)| copy)
                .any(|copy| Face::of(copy) == Face::of(source))
        });
        (!effective).then(|| {
            let at = settled.at;
            format!(
                "{self}: settled at {at} before its effect: {}",
                settled.body
            )
        })
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
    let by_hand = |object: &Object| object.meta.user.contains_key(MARK) && object.parts.is_empty();
    matches!(write.what, What::Copy(_)) && object.is_some_and(by_hand)
}

fn no_upload_is_left(stage: &Stage) -> Option<String> {
    let buckets = (0..stage.script.routes.len()).map(bucket_of);
    let left: Vec<_> = buckets
        .flat_map(|bucket| stage.world.uploads(&bucket))
        // One that was opened and never heard of has no part, and costs nothing.
        .filter(|upload| !upload.parts.is_empty())
        // The second consumer of a message that the first has settled loses its lease, and nobody
        // comes again: docs/TESTING.md, "What is not promised".
        .filter(|_| stage.script.queue.twice == 0.0)
        .collect();
    let told = left
        .iter()
        .map(|upload| (&upload.key, upload.initiated, upload.parts.len()));
    (!left.is_empty()).then(|| format!("uploads are left: {:?}", told.collect::<Vec<_>>()))
}

fn noise_is_parked(played: &Played) -> Option<String> {
    let steps = &played.stage.script.steps;
    let settled = played.stage.world.settled();
    let noise = settled
        .iter()
        .filter(|settled| settled.body == NOISE)
        .count();
    let parked = |m: &&Message| m.body == NOISE;
    let parked = played.parked.iter().filter(parked).count();
    let sent = steps
        .iter()
        .any(|step| step.act == Act::Outside(Outside::Noise));
    (sent && parked < noise).then(|| format!("{noise} unreadable messages, {parked} parked"))
}

/// Where nothing but the source changes, nothing is parked but noise.
fn nothing_is_parked_without_cause(played: &Played) -> Option<String> {
    let script = &played.stage.script;
    let quiet = |step: &Step| match step.act {
        Act::Outside(Outside::Meddle { .. } | Outside::MeddleDelete { .. }) | Act::Trouble(_) => {
            false
        }
        Act::Outside(_) => true,
    };
    if !script.storms.is_empty() || !script.is_patient() || !script.steps.iter().all(quiet) {
        return None;
    }
    let mut parked = played.parked.iter();
    let why = parked.find(|message| message.body != NOISE)?;
    Some(format!("parked without a cause: {}", told(why)))
}

/// Every arrival is crawled: a crawl began after the last copy that brought other bytes. One that
/// rewrote the same was found by the crawl before it.
pub(super) fn uncrawled(stage: &Stage) -> Option<String> {
    let starts = stage.world.crawler(CRAWLER_REGION, CRAWLER).starts();
    let arrived = pairs(stage)
        .flat_map(|pair| pair.copies.into_values())
        .filter_map(|copies| last_arrival(&copies))
        .max()?;
    let crawled = starts.last().is_some_and(|start| *start >= arrived);
    (!crawled).then(|| format!("the last arrival was at {arrived}, crawls began at {starts:?}"))
}

/// When a key last got bytes that it did not have.
fn last_arrival(copies: &[Write]) -> Option<Timestamp> {
    let md5 = |write: &Write| write.current.as_ref().and(write.md5.clone());
    let before = copies.iter().map(md5).collect::<Vec<_>>();
    let before = std::iter::once(None).chain(before);
    copies
        .iter()
        .zip(before)
        .filter(|(write, before)| md5(write).is_some() && md5(write) != *before)
        .filter(|(write, _)| !write.current.as_ref().is_some_and(is_outsiders))
        .map(|(write, _)| write.at)
        .max()
}
