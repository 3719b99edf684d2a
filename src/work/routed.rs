//! One event on all routes that take it: makes every destination equal, and then, where a route says so, deletes the
//! source object.

use std::sync::Arc;
use std::time::Duration;

use super::arrival::{Arrival, Unannounced};
use super::circuit_breaker::{Admission, Permit};
use super::delivery::Received;
use super::fail::At;
use super::outcome::{Cause, Outcome, Skip};
use super::reason::Reason;
use super::replicator::Replicator;
use super::worker_pools::{RecordSlot, WorkerSlot};
use crate::config::SourceMissing;
use crate::event::{Event, Kind};
use crate::plan::Nothing;
use crate::queue::WriteLease;
use crate::reconcile::{Ended, Equal, Failure, ROUNDS, Reconciled, Task, TransferSlots};
use crate::route::Route;
use crate::s3::Found;

/// The caller of an event's work.
#[derive(Debug, Clone, Copy)]
pub struct Caller<'a> {
    /// The queue that its message came through.
    pub queue: Option<&'a str>,
    /// How often it was received.
    pub received: Received,
    /// The right to write.
    pub write_lease: &'a WriteLease,
    /// The message's place in a worker pool.
    pub slot: Option<&'a WorkerSlot<'a>>,
}

/// How a record ended on one route.
#[derive(Debug)]
pub struct End {
    /// The route; `None` where no route was asked.
    pub route: Option<Arc<Route>>,
    /// How it ended.
    pub outcome: Outcome,
    /// What may yet arrive: a write has had no answer.
    pub(super) late: Vec<Arrival>,
}

/// One event on one route, whose destination has come to its end.
pub(super) struct Routed {
    pub(super) route: Arc<Route>,
    pub(super) outcome: Outcome,
    /// The destination, if it was proved equal to the source.
    pub(super) equal: Option<Equal>,
    /// What may yet arrive: a write has had no answer.
    late: Vec<Arrival>,
    /// Gets the outcome once the source object's end is known too.
    permit: Option<Permit>,
}

/// What became of the source object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum SourceEnd {
    /// No route takes it away, or not every destination has it yet.
    Stays,
    /// It is gone.
    Removed,
    /// Something moved on meanwhile: everything again.
    Again,
}

impl Replicator {
    /// Makes one key equal on all routes that take it.
    pub async fn event(&self, event: &Event, caller: Caller<'_>) -> Vec<End> {
        let Caller {
            queue,
            received,
            write_lease,
            ..
        } = caller;
        // A removal says nothing of the object that stands there now; sizes are checked later.
        let (bucket, key) = (&event.bucket, &event.key);
        let mut routes: Vec<_> = self.routes.choose(queue, bucket, key, None).collect();
        if !routes.iter().any(|route| route.moves) {
            // With a move, size filters apply to the version that is deleted, so every route is kept for now.
            routes.retain(|route| route.matches(bucket, key, event.size).is_ok());
        }
        if routes.is_empty() {
            let folder = self.routes.names_folder(queue, bucket, key, event.size);
            let skip = if folder { Skip::Folder } else { Skip::NoRoute };
            return vec![self.unrouted(Outcome::Skip(skip))];
        }
        let mut tries = 0;
        let (all, after_copy) = loop {
            let mut all = Vec::with_capacity(routes.len());
            for route in &routes {
                all.push(self.on_route(route, event, caller, tries > 0).await);
            }
            tries += 1;
            let after_copy = self.after_copy(event, &all, write_lease).await;
            if !matches!(after_copy, Ok(SourceEnd::Again)) || tries == ROUNDS {
                break (all, after_copy);
            }
        };
        let failed = match after_copy {
            Ok(SourceEnd::Stays | SourceEnd::Removed) => None,
            Ok(SourceEnd::Again) => Some(Failure::Contended),
            Err(failure) => Some(failure),
        };
        let mut ends = Vec::with_capacity(all.len());
        for routed in all {
            let failed = failed.clone().filter(|_| routed.route.moves);
            let route = routed.route.clone();
            let at = At {
                route: &route,
                event,
                received,
                write_lease,
            };
            ends.push(self.ended(routed, at, failed).await);
        }
        ends
    }

    async fn on_route(
        &self,
        route: &Arc<Route>,
        event: &Event,
        caller: Caller<'_>,
        again: bool,
    ) -> Routed {
        let Caller {
            received,
            write_lease,
            ..
        } = caller;
        let permit = match self.breakers.of(&route.name).enter() {
            Admission::Go(permit) => permit,
            Admission::Paused(wait) => {
                let cause = Cause::new(Reason::RoutePaused, "the route is paused").uncounted();
                return Routed {
                    route: route.clone(),
                    outcome: Outcome::RetryAfter(wait, cause.at(&route.name, &event.key)),
                    equal: None,
                    late: Vec::new(),
                    permit: None,
                };
            }
        };
        if permit.probes() {
            permit.found(&Box::pin(self.check_route(route)).await);
        }
        let before = write_lease.takes_effect_by();
        let slot_of_record = caller.slot.map(|slot| RecordSlot {
            slot,
            permit: &permit,
        });
        let task = Task {
            route,
            event,
            from: self.client(route.from_account.as_deref(), &route.source_bucket),
            to: self.client(route.to_account.as_deref(), &route.destination_bucket),
            again: received.before || again,
            slots: slot_of_record
                .as_ref()
                .map(|slot_of_record| slot_of_record as &dyn TransferSlots),
        };
        let at = At {
            route,
            event,
            received,
            write_lease,
        };
        let reconciled = self.reconciler.reconcile(&task, write_lease).await;

        let unanswered = write_lease.takes_effect_by() != before;
        let certain = reconciled.wrote || received.before || unanswered;
        // Whoever repairs what follows an arrival asks for the object again: its copy is there.
        let asked = event.kind == Kind::Asked && reconciled.equal.is_some();
        let announce = certain || asked || self.needs_announcement(&task, &reconciled).await;
        let arrivals = Arrival::all(route, event, &reconciled, announce);
        let (outcome, permit) = match reconciled.end {
            Ok(result) => self.result(route, event, &result, permit),
            Err(failure) => {
                let outcome = self.failed(at, failure.into(), permit).await;
                // An attempt that uploaded new parts does not count as a failure.
                (outcome.excused(reconciled.gained), None)
            }
        };
        let mut routed = Routed {
            route: route.clone(),
            outcome,
            equal: reconciled.equal,
            late: Vec::new(),
            permit,
        };
        // Whatever the outcome, what follows from an arrival is never lost.
        for arrival in &arrivals {
            if let Err(unannounced) = self.arrivals.arrived(arrival).await {
                self.not_announced(&mut routed, at, unannounced).await;
            }
        }
        if unanswered {
            routed.late = arrivals;
        }
        routed
    }

    /// Whether a copy with a date in its key is there since after its event: an event of another
    /// day may have brought it, died, and cannot name it any more.
    async fn needs_announcement(&self, task: &Task<'_>, reconciled: &Reconciled) -> bool {
        let (route, event) = (task.route, task.event);
        let time = event.time.filter(|_| event.kind == Kind::Created);
        let Some(time) = time.filter(|_| route.is_dated() && route.announces()) else {
            return false;
        };
        let since = match (&reconciled.end, &reconciled.equal) {
            (_, Some(equal)) => equal.since,
            (Ok(Ended::Nothing(Nothing::SourceGone)), None) => {
                let Ok(key) = route.destination(&event.key, event.time) else {
                    return false;
                };
                match task.to.s3.head(task.to.bucket, &key).await {
                    Ok(Found::Object(copy)) => Some(copy.last_modified),
                    Ok(Found::Gone | Found::Nothing) => None,
                    // Too much said is better than too little.
                    Err(_) => return true,
                }
            }
            (_, None) => None,
        };
        // S3 counts in whole seconds.
        since.is_some_and(|since| since.as_second() >= time.as_second())
    }

    /// What a destination's end means; and the pass, if both sides have answered as they should.
    fn result(
        &self,
        route: &Route,
        event: &Event,
        result: &Ended,
        permit: Permit,
    ) -> (Outcome, Option<Permit>) {
        let (route_name, key) = (route.name.as_str(), event.key.as_str());
        match *result {
            Ended::Written { transfer, bytes } => {
                let transfer = transfer.name();
                self.metrics.copied(route_name, transfer, bytes);
                tracing::debug!(
                    route = route_name,
                    bucket = event.bucket,
                    key,
                    bytes,
                    transfer,
                    "object copied"
                );
                (Outcome::Done, Some(permit))
            }
            Ended::Deleted => {
                self.metrics.deleted(route_name);
                tracing::debug!(
                    route = route_name,
                    bucket = event.bucket,
                    key,
                    "copy deleted"
                );
                (Outcome::Done, Some(permit))
            }
            Ended::Nothing(Nothing::AlreadyThere(proof)) => {
                tracing::debug!(route = route_name, key, %proof, "copy already there");
                (Outcome::Skip(Skip::AlreadyThere), Some(permit))
            }
            Ended::Nothing(Nothing::SourceGone) => {
                let cause =
                    Cause::new(Reason::SourceMissing, "the source is gone").at(route_name, key);
                let outcome = match route.source_missing {
                    SourceMissing::Skip => Outcome::Skip(Skip::SourceGone),
                    SourceMissing::Retry => Outcome::RetryAfter(Duration::ZERO, cause),
                    SourceMissing::DeadLetter => Outcome::Poison(cause),
                };
                (outcome, None)
            }
            Ended::Size => (Outcome::Skip(Skip::Size), None),
            Ended::Archived => (Outcome::Skip(Skip::Archived), None),
        }
    }

    /// The announcement could be lost: the message has to return.
    async fn not_announced(&self, routed: &mut Routed, at: At<'_>, why: Unannounced) {
        routed.equal = None;
        if routed.permit.is_none() && why.alone {
            // It has another ending already, and will not fare better.
            return;
        }
        routed.outcome = if let Some(permit) = routed.permit.take() {
            self.failed(at, why.into(), permit).await
        } else {
            let cause = Cause::new(Reason::Unannounced, why.to_string()).uncounted();
            Outcome::RetryAfter(Duration::ZERO, cause.at(&at.route.name, &at.event.key))
        };
    }

    /// Reports the outcome to the circuit breaker and the metrics, now that the source object's end is known too.
    async fn ended(&self, routed: Routed, at: At<'_>, failure: Option<Failure>) -> End {
        let Routed {
            route,
            mut outcome,
            late,
            permit,
            equal: _,
        } = routed;
        match (permit, failure) {
            (Some(permit), None) => permit.worked(&at.event.key),
            (Some(permit), Some(failure)) => {
                outcome = self.failed(at, failure.into(), permit).await;
            }
            (None, _) => {}
        }
        self.metrics
            .record(&route.name, outcome.name(), outcome.ended());
        End {
            route: Some(route),
            outcome,
            late,
        }
    }

    pub(super) fn unrouted(&self, outcome: Outcome) -> End {
        self.metrics.record("none", outcome.name(), outcome.ended());
        End {
            route: None,
            outcome,
            late: Vec::new(),
        }
    }
}
