//! Announces what has arrived to tables, crawlers and notifications, before its message may end.
//!
//! An arrival is announced if this delivery wrote the copy, had a write without an answer, received the message before,
//! or was asked for by a person. So whatever the outcome says, no announcement is lost. The message stays in flight
//! until the announcement is safe.
//!
//! On routes with dates in their keys, a delivery cannot name the key that an earlier delivery wrote, once the source
//! has changed or is gone. So an event also announces its own key if the source is newer by now, and a copy that it
//! finds if that is younger than the event. S3 dates a multipart upload by its beginning and the event by its end, so
//! between two days that is a guess.

use std::collections::BTreeSet;
use std::sync::Arc;

use futures_util::future::BoxFuture;
use jiff::Timestamp;

use crate::event::{Event, Kind, to_percent};
use crate::reconcile::{Ended, Reconciled};
use crate::route::Route;

/// Something arrived at a destination, or may have.
#[derive(Debug, Clone)]
pub struct Arrival {
    /// By which route.
    pub route: Arc<Route>,
    /// Of which object.
    pub source: String,
    /// Under which key. None where a dated key is not known, because its source is gone.
    pub target: Option<String>,
    /// Its bytes, where they are known.
    pub bytes: Option<u64>,
    /// When the object came into being, if the event says so.
    pub time: Option<Timestamp>,
    /// Its copy was deleted.
    pub removed: bool,
    /// Which version of the source it is; only where notifications are sent.
    pub version: Option<SourceVersion>,
    /// What it is announced for.
    pub occasion: Occasion,
}

/// What an arrival is announced for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Occasion {
    /// Something was written, or may have been.
    Written,
    /// A person asked for the object, by a work message or `brigade reconcile`: everyone is told, and what is
    /// remembered of the catalogue is not believed.
    Asked,
    /// An event of which nothing was seen before found its copy. It may be one that a person sent again, so
    /// the partition is made if it is missing. Nobody else is told: events come twice by themselves.
    Found,
}

/// What a version of a source goes by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceVersion {
    /// Its `ETag`, without quotes.
    pub etag: Option<String>,
    /// Its id, as far as the event said.
    pub id: Option<String>,
}

/// Told of arrivals.
pub trait Announce: Send + Sync {
    /// Returns once the arrival can no longer be lost.
    fn arrived<'a>(&'a self, arrival: &'a Arrival) -> BoxFuture<'a, Result<(), Unannounced>>;
}

/// An arrival that could still be lost: its message has to come again.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{why}")]
pub struct Unannounced {
    /// What was said.
    pub why: String,
    /// Until a person changes something, no other try will fare better.
    pub lasts: bool,
    /// It concerns this object only: others may fare better.
    pub alone: bool,
}

impl Unannounced {
    /// Another try may fare better.
    #[must_use]
    pub fn for_now(why: impl Into<String>) -> Self {
        Self {
            why: why.into(),
            lasts: false,
            alone: false,
        }
    }

    /// No other try will, before somebody has mended what all of the route wait for.
    #[must_use]
    pub fn lasting(why: impl Into<String>) -> Self {
        Self {
            lasts: true,
            ..Self::for_now(why)
        }
    }

    /// No other try will, but others of the route may.
    #[must_use]
    pub fn of_this_object(why: impl Into<String>) -> Self {
        Self {
            alone: true,
            ..Self::lasting(why)
        }
    }
}

impl Reconciled {
    /// What was found equal may be younger than the version that the event is about: in a later
    /// second, as S3 counts in whole ones.
    fn is_newer_than(&self, event: &Event) -> bool {
        let modified = self.equal.as_ref().and_then(|equal| equal.modified);
        let time = event.time.filter(|_| event.kind == Kind::Created);
        modified
            .zip(time)
            .is_some_and(|(modified, time)| modified.as_second() > time.as_second())
    }
}

impl Arrival {
    /// The destination, as far as it is known; the key percent-encoded, as SQS does not take every character.
    #[must_use]
    pub fn place(&self) -> String {
        let key = self.target.as_deref().map(to_percent).unwrap_or_default();
        format!("s3://{}/{key}", self.route.to.bucket)
    }

    /// What arrived by a delivery, or may have: where it wrote, where it found a copy, and where
    /// one that died may have brought the version of the event. Empty if nobody is to be told.
    pub(super) fn all(
        route: &Arc<Route>,
        event: &Event,
        reconciled: &Reconciled,
        announce: bool,
    ) -> Vec<Self> {
        if !route.announces() {
            return Vec::new();
        }
        // An event without a time does not lead to a dated key.
        let own = route.destination(&event.key, event.time).ok();
        let stands = reconciled.equal.as_ref().map(|equal| &equal.target);
        let mut keys = Vec::new();
        if announce {
            keys.extend(reconciled.targets.iter().chain(stands));
        }
        let latest = keys.last().copied();
        let is_unknown = announce && keys.is_empty();
        let is_elsewhere = stands != own.as_ref() && reconciled.is_newer_than(event);
        if is_unknown || is_elsewhere {
            keys.extend(&own);
        }
        let mut known = BTreeSet::new();
        keys.retain(|key| known.insert(*key));
        let mut all: Vec<_> = keys
            .iter()
            .map(|key| {
                let reconciled = (latest == Some(*key)).then_some(reconciled);
                Self::of(route, event, Some((*key).clone()), reconciled)
            })
            .collect();
        if announce && all.is_empty() {
            all.push(Self::of(route, event, None, None));
        }
        if let Some(found) = stands.filter(|_| !announce && !route.tables.is_empty())
            && !known.contains(found)
        {
            let found = Self::of(route, event, Some(found.clone()), Some(reconciled));
            all.push(Self {
                occasion: Occasion::Found,
                ..found
            });
        }
        all
    }

    /// `reconciled` where the key is its end.
    fn of(
        route: &Arc<Route>,
        event: &Event,
        target: Option<String>,
        reconciled: Option<&Reconciled>,
    ) -> Self {
        let ended = reconciled.and_then(|reconciled| reconciled.end.as_ref().ok());
        let equal = reconciled.and_then(|reconciled| reconciled.equal.as_ref());
        Self {
            route: route.clone(),
            source: event.key.clone(),
            target,
            bytes: match ended {
                Some(Ended::Written { bytes, .. }) => Some(*bytes),
                Some(_) | None => event.size,
            },
            time: event.time,
            removed: ended == Some(&Ended::Deleted),
            version: route.notify.is_some().then(|| SourceVersion {
                etag: match equal {
                    Some(equal) => Some(equal.etag.as_str().to_owned()),
                    None => event.etag.clone(),
                },
                id: event.version_id.clone(),
            }),
            occasion: match event.kind {
                Kind::Asked => Occasion::Asked,
                Kind::Created | Kind::Removed | Kind::Restored => Occasion::Written,
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Config, Sources};
    use crate::plan::{Nothing, TransferMethod};
    use crate::reconcile::Equal;
    use crate::route::Routes;
    use crate::s3::ETag;

    fn route(to: &str, more: &str) -> Arc<Route> {
        let file =
            format!("crawler.lake = {{}}\nroute.r = {{ from = 's3://raw/', to = '{to}'{more} }}");
        let config = Config::load(&Sources::text("f", &file)).unwrap().config;
        Routes::compile(&config).iter().next().unwrap().clone()
    }

    fn event(time: &str) -> Event {
        Event {
            bucket: "raw".into(),
            key: "a.csv".into(),
            kind: Kind::Created,
            size: Some(7),
            etag: Some("e1".into()),
            version_id: None,
            time: Some(time.parse().unwrap()),
            region: None,
            name: "ObjectCreated:Put".into(),
        }
    }

    #[test]
    fn every_key_that_something_may_have_come_to_is_told_once() {
        let dated = "s3://lake/{dd}/{path}";
        let (first, second, third) = ("02/a.csv", "03/a.csv", "04/a.csv");
        let reported = ", crawlers = 'lake'";
        let midnight = "2026-11-03T00:00:00Z";
        let (second_day, night) = ("2026-11-03T00:00:10Z", "2026-11-02T20:00:00Z");
        #[rustfmt::skip]
        let table = [
            // what happened, route, its keys, announced, written to, found at and of when, told
            ("a copy",                         dated, reported, true,  &[first][..],     Some((first, night)),       &[first][..]),
            ("the same again",                 dated, reported, true,  &[],              Some((first, night)),       &[first]),
            ("found, at the first delivery",   dated, reported, false, &[],              Some((first, night)),       &[]),
            ("overwritten on the next day",    dated, reported, false, &[],              Some((second, second_day)), &[first]),
            ("… in the second of midnight",    dated, reported, false, &[],              Some((second, midnight)),   &[first]),
            ("the same, and written",          dated, reported, true,  &[second],        Some((second, second_day)), &[second, first]),
            ("overwritten while it is copied", dated, reported, true,  &[first, third],  Some((third, second_day)),  &[first, third]),
            ("an upload that took the night",  dated, reported, true,  &["01/a.csv"],    Some(("01/a.csv", night)),  &["01/a.csv"]),
            ("gone meanwhile",                 dated, reported, true,  &[],              None,                       &[first]),
            ("written, without an end",        dated, reported, true,  &[second],        None,                       &[second]),
            ("a key without a date",   "s3://lake/", reported,  true,  &["a.csv"],       Some(("a.csv", second_day)), &["a.csv"]),
            ("the same, found",        "s3://lake/", reported,  false, &[],              Some(("a.csv", second_day)), &[]),
            ("nobody to tell",                 dated, "",   true,  &[first],         Some((first, night)),       &[]),
        ];
        for (why, to, more, announce, targets, equal, want) in table {
            let equal = equal.map(|(target, modified): (&str, &str)| Equal {
                etag: ETag::new("e2"),
                target: target.into(),
                modified: Some(modified.parse().unwrap()),
                since: None,
            });
            let reconciled = Reconciled {
                gained: false,
                end: Ok(Ended::Written {
                    transfer: TransferMethod::ServerSide,
                    bytes: 9,
                }),
                wrote: !targets.is_empty(),
                equal: equal.clone(),
                targets: targets.iter().map(ToString::to_string).collect(),
            };
            let event = event("2026-11-02T23:59:59.5Z");
            let all = Arrival::all(&route(to, more), &event, &reconciled, announce);
            let keys: Vec<_> = all.iter().filter_map(|one| one.target.as_deref()).collect();
            assert_eq!(keys, want, "{why}");
            // What is known of its end goes with the key it ended at, and with no other.
            let ended = equal.map(|equal| equal.target).filter(|_| announce);
            let ended = ended.as_deref().or(targets.last().copied());
            for one in &all {
                let bytes = if one.target.as_deref() == ended { 9 } else { 7 };
                assert_eq!(one.bytes, Some(bytes), "{why}");
            }
        }
    }

    #[test]
    fn a_copy_that_was_there_concerns_tables_only_unless_a_person_asked() {
        let tables = ", tables = 't' }\ntable.t = { database = 'd'";
        let reconciled = Reconciled {
            gained: false,
            end: Ok(Ended::Nothing(Nothing::SourceGone)),
            wrote: false,
            equal: Some(Equal {
                etag: ETag::new("e2"),
                target: "a.csv".into(),
                modified: None,
                since: None,
            }),
            targets: Vec::new(),
        };
        let event = event("2026-11-02T23:59:59.5Z");
        let asked = Event {
            kind: Kind::Asked,
            ..event.clone()
        };
        for (why, event, more, announce, want) in [
            ("no table", &event, ", crawlers = 'lake'", false, None),
            ("a table", &event, tables, false, Some(Occasion::Found)),
            (
                "written, too",
                &event,
                tables,
                true,
                Some(Occasion::Written),
            ),
            ("asked for", &asked, tables, true, Some(Occasion::Asked)),
        ] {
            let all = Arrival::all(&route("s3://lake/", more), event, &reconciled, announce);
            let got: Vec<_> = all.iter().map(|one| one.occasion).collect();
            assert_eq!(got, Vec::from_iter(want), "{why}");
        }
    }

    #[test]
    fn a_dated_key_that_nobody_knows_is_told_without_it() {
        let event = Event {
            time: None,
            ..event("2026-11-02T23:59:55Z")
        };
        let reconciled = Reconciled {
            gained: false,
            end: Ok(Ended::Size),
            wrote: false,
            equal: None,
            targets: Vec::new(),
        };
        let route = route("s3://lake/{dd}/{path}", ", crawlers = 'lake'");
        let all = Arrival::all(&route, &event, &reconciled, true);
        assert_eq!((all.len(), all[0].target.as_deref()), (1, None));
    }
}
