//! Whether the promises were kept: asserted over everything that happened, not sampled.

use std::collections::BTreeMap;

use super::pair::Pair;
use super::play::{Played, is_hopeless, reported};
use super::script::{Act, Outside, Step, Trouble};
use super::stage::{CRAWLER, CRAWLER_REGION, NOISE, Stage, TOPIC, UNREADABLE, is_outsiders};
use crate::aws::{Message, Write};
use jiff::Timestamp;

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
        broken.extend(pair.is_moved());
        broken.extend(pair.is_made_as_said());
    }
    broken.extend(settled_early(&pairs, played));
    broken.extend(no_upload_is_left(stage));
    broken.extend(noise_is_dead_lettered(played));
    broken.extend(unreadable_is_dead_lettered(played));
    broken.extend(nothing_is_dead_lettered_without_cause(played));
    broken.extend(uncrawled(stage));
    broken.extend(stage.is_announced());
    broken.extend(forgotten_early(stage));
    broken.extend(unreported(stage));
    broken
}

/// Messages that were deleted before their effect, and not dead-lettered first. A dead-lettered copy excuses one
/// delete.
fn settled_early(pairs: &[Pair<'_>], played: &Played) -> Vec<String> {
    let mut excuses = played.dead_lettered.iter().collect::<Vec<_>>();
    let mut broken = Vec::new();
    let heirs = played.stage.aws.settled();
    for settled in &heirs {
        let early = pairs.iter().filter_map(|pair| pair.settled_early(settled));
        let early = early.collect::<Vec<_>>();
        if early.is_empty() {
            continue;
        }
        // It sent itself on, and whoever has settled that is judged in its stead.
        let requeued = played.stage.script.bandwidth.is_some()
            && heirs.iter().any(|heir| {
                heir.body == settled.body && heir.sent <= settled.at && settled.at < heir.at
            });
        if requeued {
            continue;
        }
        let dead_lettered =
            |message: &&Message| message.body == settled.body && message.sent <= settled.at;
        match excuses.iter().position(dead_lettered) {
            Some(excuse) => drop(excuses.remove(excuse)),
            None => broken.extend(early),
        }
    }
    broken
}

fn pairs(stage: &Stage) -> impl Iterator<Item = Pair<'_>> {
    let keys = stage.script.keys.len();
    let transfers = stage.transfers();
    transfers.flat_map(move |transfer| (0..keys).map(move |key| Pair::of(stage, transfer, key)))
}

fn no_upload_is_left(stage: &Stage) -> Option<String> {
    let buckets = stage.transfers().map(|transfer| stage.bucket(transfer));
    let left: Vec<_> = buckets
        .flat_map(|bucket| stage.aws.uploads(&bucket))
        // One that was opened and never heard of has no part, and costs nothing.
        .filter(|upload| !upload.parts.is_empty())
        // The second consumer of a message that the first has settled loses its lease, and nobody
        // comes again: docs/guarantees.md, "What is not promised".
        .filter(|_| stage.script.queue.twice == 0.0)
        .collect();
    let reported = left
        .iter()
        .map(|upload| (&upload.key, upload.initiated, upload.parts.len()));
    (!left.is_empty()).then(|| format!("uploads are left: {:?}", reported.collect::<Vec<_>>()))
}

fn noise_is_dead_lettered(played: &Played) -> Option<String> {
    let steps = &played.stage.script.steps;
    let settled = played.stage.aws.settled();
    let noise = settled
        .iter()
        .filter(|settled| settled.body == NOISE)
        .count();
    let dead_lettered = |m: &&Message| m.body == NOISE;
    let dead_lettered = played.dead_lettered.iter().filter(dead_lettered).count();
    let sent = steps
        .iter()
        .any(|step| step.act == Act::Outside(Outside::Noise));
    (sent && dead_lettered < noise)
        .then(|| format!("{noise} unreadable messages, {dead_lettered} dead-lettered"))
}

/// Each object that nobody can read is dead-lettered for that, whatever else happens to its route.
fn unreadable_is_dead_lettered(played: &Played) -> Option<String> {
    let steps = played.stage.script.steps.iter();
    let counts = steps.clone().filter_map(|step| match step.act {
        Act::Outside(Outside::Unreadable { count }) => Some(count),
        Act::Outside(_) | Act::Trouble(_) => None,
    });
    let (count, dead_lettered) = (counts.max()?, &played.dead_lettered);
    // A storm or a denial may meet each attempt, up to the last.
    let stormy = !played.stage.script.storms.is_empty()
        || steps
            .clone()
            .any(|step| matches!(step.act, Act::Trouble(Trouble::Deny { .. })));
    let of = |n: &u8| {
        let name = format!("{UNREADABLE}{n}.");
        dead_lettered
            .iter()
            .find(|m| m.body.contains(&name) && (stormy || reported(m).starts_with("refused: ")))
    };
    let lost = (0..count).find(|n| of(n).is_none())?;
    let why = dead_lettered
        .iter()
        .find(|m| m.body.contains(&format!("{UNREADABLE}{lost}.")));
    Some(format!(
        "{UNREADABLE}{lost} is not dead-lettered as refused: {:?}",
        why.map(reported)
    ))
}

/// Where nothing but the source changes, nothing is dead-lettered but noise.
fn nothing_is_dead_lettered_without_cause(played: &Played) -> Option<String> {
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
    let mut dead_lettered = played.dead_lettered.iter();
    let why = dead_lettered.find(|message| !is_hopeless(message))?;
    Some(format!("dead-lettered without a cause: {}", reported(why)))
}

/// An arrival leaves its queue once a good crawl has begun after it, and ended.
fn forgotten_early(stage: &Stage) -> Option<String> {
    stage.arrivals.as_ref()?;
    let crawler = stage.aws.crawler(CRAWLER_REGION, CRAWLER);
    let since = |body: &str| {
        let body: serde_json::Value = serde_json::from_str(body).ok()?;
        body["crawler"].as_str()?;
        body["since"].as_str()?.parse::<Timestamp>().ok()
    };
    let settled = stage.aws.settled();
    let early = settled.iter().find(|settled| {
        since(&settled.body).is_some_and(|since| {
            let mut crawls = crawler.crawls();
            !crawls.any(|(start, end)| start >= since && end <= settled.at)
        })
    })?;
    let (at, body) = (early.at, &early.body);
    Some(format!("forgotten at {at} before it was crawled: {body}"))
}

/// Every arrival is crawled: a good crawl began after the last copy that brought other bytes. One that
/// rewrote the same was found by the crawl before it.
pub(super) fn uncrawled(stage: &Stage) -> Option<String> {
    let crawler = stage.aws.crawler(CRAWLER_REGION, CRAWLER);
    let starts = crawler.crawls().map(|(start, _)| start).collect::<Vec<_>>();
    let arrived = pairs(stage)
        .filter(|pair| pair.route < stage.script.routes.len())
        .flat_map(|pair| pair.copies.into_values())
        .filter_map(|copies| last_arrival(&copies))
        .max()?;
    let is_crawled = starts.last().is_some_and(|start| *start >= arrived);
    (!is_crawled)
        .then(|| format!("the last arrival was at {arrived}, good crawls began at {starts:?}"))
}

/// Whoever waits was told of every copy that brought other bytes, and not before it was there.
fn unreported(stage: &Stage) -> Option<String> {
    if !stage.script.reported {
        return None;
    }
    let reported = stage.aws.published(TOPIC).into_iter().filter_map(|said| {
        let body: serde_json::Value = serde_json::from_str(&said.body).ok()?;
        let to = &body["destination"];
        let place = (
            to["bucket"].as_str()?.to_owned(),
            to["key"].as_str()?.to_owned(),
        );
        Some((place, said.at))
    });
    // The last of each counts.
    let reported: BTreeMap<_, _> = reported.collect();
    let routes = 0..stage.script.routes.len();
    let arrived = pairs(stage).filter(|pair| routes.contains(&pair.route));
    let arrived = arrived.flat_map(|pair| {
        let bucket = stage.bucket(pair.route);
        let last = move |(key, copies): (String, Vec<Write>)| {
            Some(((bucket.clone(), key), last_arrival(&copies)?))
        };
        pair.copies.into_iter().filter_map(last)
    });
    let mut silent =
        arrived.filter(|(place, at)| reported.get(place).is_none_or(|reported| reported < at));
    let ((bucket, key), at) = silent.next()?;
    Some(format!(
        "nobody was told of s3://{bucket}/{key}, which arrived at {at}"
    ))
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
