//! How tags get onto a copy.
//!
//! `CopyObject` carries them by itself. On every other way they are read from the source and sent
//! with the write; what is too long for a header is put onto the copy once it is there, which its
//! mark says, so that a crash in between is seen and made good.
//!
//! HEAD tells how many tags there are. But it tells nothing to who may not read tags, and whoever
//! requires tags must not take that for "none". So nothing is taken for "none" only where the
//! route's tags could be read within the last minute; else they are asked for, and always for what
//! is made in parts. So a small object without tags costs no call, but for one a minute; and a right
//! that is taken away is noticed after a minute, within which tags of such may be missed.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use super::act::{Act, Copier, ForRoute};
use super::way::Way;
use crate::config::TagPolicy;
use crate::queue::Window;
use crate::s3::{Dress, Kind, Object, S3Error, Side, Tags, tagging_header};

/// What was learnt about rights to tags is believed for so long: policies change.
const BELIEVED: Duration = Duration::from_mins(1);

/// How tags get onto one copy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Tagging {
    /// S3 copies them itself.
    Copied,
    /// With the write, as a header.
    Sent(String),
    /// After the write.
    Follow(Tags),
    /// Not at all: there are none, or they are not wanted.
    Left,
}

impl Tagging {
    /// As the write's header.
    pub(super) fn header(&self) -> Option<&str> {
        match self {
            Self::Sent(header) => Some(header),
            Self::Copied | Self::Follow(_) | Self::Left => None,
        }
    }

    /// What a copy of `source` with this metadata wears.
    pub(super) fn dress<'a>(
        &'a self,
        source: &'a Object,
        metadata: &'a BTreeMap<String, String>,
    ) -> Dress<'a> {
        Dress {
            tagging: self.header(),
            ..source.dress(metadata)
        }
    }

    pub(super) fn follows(&self) -> bool {
        matches!(self, Self::Follow(_))
    }

    /// Whether a write without a right to tags is refused because of it.
    pub(super) fn needs_a_right(&self) -> bool {
        match self {
            Self::Copied | Self::Sent(_) => true,
            Self::Follow(_) | Self::Left => false,
        }
    }
}

/// What is known of the rights to tags on each route.
#[derive(Debug, Clone, Default)]
pub(super) struct Rights(Arc<Mutex<HashMap<String, Known>>>);

#[derive(Debug, Default)]
struct Known {
    /// Tags could be read then, so HEAD counts them.
    read: Option<Instant>,
    /// A right to them was missing then.
    refused: Option<Instant>,
    warned: bool,
}

impl Rights {
    fn of(&self) -> MutexGuard<'_, HashMap<String, Known>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn are_read(&self, route: &str) -> bool {
        let known = self.of();
        lately(known.get(route).and_then(|known| known.read))
    }

    fn are_refused(&self, route: &str) -> bool {
        let known = self.of();
        lately(known.get(route).and_then(|known| known.refused))
    }

    fn read(&self, route: &str) {
        self.of().entry(route.to_owned()).or_default().read = Some(Instant::now());
    }

    fn refused(&self, route: &str, error: &S3Error) {
        let mut known = self.of();
        let known = known.entry(route.to_owned()).or_default();
        known.refused = Some(Instant::now());
        if !std::mem::replace(&mut known.warned, true) {
            tracing::warn!(route, %error, "copies go without tags: a right to them is missing");
        }
    }
}

fn lately(then: Option<Instant>) -> bool {
    then.is_some_and(|then| then.elapsed() < BELIEVED)
}

impl Copier {
    /// How tags get onto this copy.
    pub(super) async fn tagging(&self, act: Act<'_>) -> Result<Tagging, S3Error> {
        if !self.wants_tags(act.route) {
            return Ok(Tagging::Left);
        }
        if act.copy.way == Way::Server {
            return Ok(Tagging::Copied);
        }
        let source = act.seen()?;
        let counted = act.from.s3.counts_tags() && self.rights.are_read(act.route.name);
        if act.copy.way == Way::Stream && source.tag_count.is_none() && counted {
            return Ok(Tagging::Left);
        }
        let tags = Box::pin(self.tags(act.route, (act.from, act.key), source));
        Ok(match tags.await? {
            Some(tags) if !tags.is_empty() => match tagging_header(&tags) {
                Some(header) => Tagging::Sent(header),
                None => Tagging::Follow(tags),
            },
            Some(_) | None => Tagging::Left,
        })
    }

    /// The source's tags; `None` where they are to be left alone.
    ///
    /// # Errors
    /// [`S3Error`]; `Kind::Precondition` when the source has moved on.
    pub async fn tags(
        &self,
        route: ForRoute<'_>,
        (Side { s3, bucket }, key): (Side<'_>, &str),
        source: &Object,
    ) -> Result<Option<Tags>, S3Error> {
        if !self.wants_tags(route) {
            return Ok(None);
        }
        if source.tag_count == Some(0) {
            return Ok(Some(Tags::new()));
        }
        match s3.tags(bucket, key, source).await {
            Ok(tags) => {
                self.rights.read(route.name);
                Ok(Some(tags))
            }
            Err(
                error @ S3Error {
                    kind: Kind::Denied, ..
                },
            ) if is_best_effort(route) => {
                self.rights.refused(route.name, &error);
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }

    /// Puts tags onto a copy that is there.
    ///
    /// # Errors
    /// [`S3Error`]; `Kind::Gone` when it is there no more.
    pub async fn put_tags(
        &self,
        route: ForRoute<'_>,
        (Side { s3, bucket }, key, version): (Side<'_>, &str, Option<&str>),
        tags: &Tags,
        window: &Window,
    ) -> Result<(), S3Error> {
        match s3.put_tags((bucket, key, version), tags, window).await {
            Err(
                error @ S3Error {
                    kind: Kind::Denied, ..
                },
            ) if is_best_effort(route) => {
                self.rights.refused(route.name, &error);
                Ok(())
            }
            answer => answer,
        }
    }

    /// Whether a refused write is tried again without tags, which may be why it was refused.
    pub(super) fn may_leave_tags(route: ForRoute<'_>, tagging: &Tagging, error: &S3Error) -> bool {
        let denied = matches!(
            error,
            S3Error {
                kind: Kind::Denied,
                ..
            }
        );
        denied && is_best_effort(route) && tagging.needs_a_right()
    }

    fn wants_tags(&self, route: ForRoute<'_>) -> bool {
        match route.properties.tags {
            TagPolicy::Require => true,
            TagPolicy::BestEffort => !self.rights.are_refused(route.name),
            TagPolicy::Skip => false,
        }
    }

    /// Remembers that a write was refused for its tags: it succeeded without.
    pub(super) fn left_tags(&self, route: ForRoute<'_>, error: &S3Error) {
        self.rights.refused(route.name, error);
    }
}

fn is_best_effort(route: ForRoute<'_>) -> bool {
    route.properties.tags == TagPolicy::BestEffort
}
