//! Deletes the source object of a move, once every destination has it.
//!
//! ```text
//! all routes that take the key ended, and each destination was proved equal to one and the same source
//!   │
//!   ▼
//! head(destinations)   are all still there?       ── no ──▶ start again
//! head(source)         is it still what they all are,
//!                      and of a size that no other route takes?
//!                                                 ── no ──▶ start again; gone: done
//! DeleteObject         If-Match                   ── 412 ─▶ start again
//! ```
//!
//! The destinations are read before the source, so that what is deleted is not newer than what they have. Nothing is
//! deleted by version id, because that would bring an older version back. The model has a counterexample for each step
//! (docs/internals/testing.md).

use super::outcome::{Outcome, Skip};
use super::replicator::Replicator;
use super::routed::{Routed, SourceEnd};
use crate::event::Event;
use crate::lock::locked;
use crate::plan::{ExpectedCopy, Identity};
use crate::queue::WriteLease;
use crate::reconcile::{Equal, Failure};
use crate::route::Route;
use crate::s3::{Condition, Found, Kind, Object, ObjectLocation, S3Error};

impl Replicator {
    /// Takes the source object away where a route says so and all have it.
    pub(super) async fn after_copy(
        &self,
        event: &Event,
        all: &[Routed],
        write_lease: &WriteLease,
    ) -> Result<SourceEnd, Failure> {
        let Some(mover) = all
            .iter()
            .find(|one| one.route.moves && one.equal.is_some())
        else {
            return Ok(SourceEnd::Stays);
        };
        let mut copies = Vec::with_capacity(all.len());
        for one in all {
            match (&one.equal, &one.outcome) {
                (Some(equal), _) => copies.push((one.route.as_ref(), equal)),
                // The route does not take the object as it is.
                (None, Outcome::Skip(Skip::Size)) => {}
                (None, _) => return Ok(SourceEnd::Stays),
            }
        }
        let mover = mover.route.as_ref();
        self.check_conditions(mover, &copies)?;
        let mut there = Vec::with_capacity(copies.len());
        for (route, equal) in copies {
            let to = self.client(route.to_account.as_deref(), &route.destination_bucket);
            match to.s3.head(to.bucket, &equal.target).await? {
                Found::Object(copy) => there.push((route, &equal.target, copy)),
                Found::Gone | Found::Nothing => return Ok(SourceEnd::Again),
            }
        }
        let from = self.client(mover.from_account.as_deref(), &mover.source_bucket);
        let Some(source) = from.s3.head_for_certain(from.bucket, &event.key).await? else {
            return Ok(SourceEnd::Removed);
        };
        // The routes that take an object of its current size have it, whatever the event said.
        let differs = |one: &Routed| {
            let size = Some(source.size);
            one.equal.is_none() == one.route.matches(&event.bucket, &event.key, size).is_ok()
        };
        if all.iter().any(differs) {
            return Ok(SourceEnd::Again);
        }
        let location = ObjectLocation::new(from.bucket, &event.key);
        let still = |route: &Route, target: &String, copy: &Object| {
            let key = route.destination(&event.key, Some(source.last_modified));
            let expected = ExpectedCopy::of(&location, &source, Identity::of(route));
            key.as_ref() == Ok(target) && expected.proof(copy).is_some()
        };
        if !there
            .iter()
            .all(|(route, target, copy)| still(route, target, copy))
        {
            return Ok(SourceEnd::Again);
        }
        if source.version_id.is_none() || there.iter().any(|(.., copy)| copy.version_id.is_none()) {
            self.warn_of_versions(mover);
        }
        let condition = Condition::Unchanged(source.etag.clone());
        match from
            .s3
            .delete(from.bucket, &event.key, &condition, write_lease)
            .await
        {
            Ok(()) => {
                self.metrics.moved(&mover.name);
                tracing::debug!(route = mover.name, key = event.key, "source object deleted");
                Ok(SourceEnd::Removed)
            }
            Err(e) if e.is_lost_race() => Ok(SourceEnd::Again),
            Err(other) => Err(other.into()),
        }
    }

    /// A bucket may have said meanwhile that it knows no conditions.
    fn check_conditions(&self, mover: &Route, copies: &[(&Route, &Equal)]) -> Result<(), Failure> {
        let from = (mover.from_account.as_deref(), &mover.from.bucket);
        let to = copies
            .iter()
            .map(|(route, _)| (route.to_account.as_deref(), &route.to.bucket));
        for (account, bucket) in to.chain([from]) {
            if !self.s3_clients.of(account).conditional(bucket) {
                let message =
                    format!("{bucket} knows no conditional writes, so nothing can be moved safely");
                return Err(S3Error::with("DeleteObject", Kind::NotImplemented, message).into());
            }
        }
        Ok(())
    }

    fn warn_of_versions(&self, mover: &Route) {
        let mut warned = locked(&self.unversioned);
        if warned.insert(mover.name.clone()) {
            tracing::warn!(
                route = mover.name,
                "after_copy: the source's or the destination's bucket keeps no versions, so that an object \
                 which is overwritten with content it had before, while it is being moved, can be lost; \
                 turn versioning on"
            );
        }
    }
}
