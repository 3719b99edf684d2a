//! One event on all routes that take it: every destination made equal, and then, where a route
//! says so, the original taken away.

use std::sync::Arc;
use std::time::Duration;

use super::arrival::{Arrival, Unannounced};
use super::delivery::Received;
use super::fail::At;
use super::hold::{Entry, Pass};
use super::lanes::{Seat, Turn};
use super::outcome::{Cause, Outcome, Skip};
use super::reason::Reason;
use super::replicator::Replicator;
use crate::config::SourceMissing;
use crate::event::{Event, Kind};
use crate::plan::Nothing;
use crate::queue::Window;
use crate::reconcile::{Equal, Failure, ROUNDS, Reached, Reconciled, Task, TransferSlots};
use crate::route::Route;
use crate::s3::Found;

/// Who has an event worked.
#[derive(Debug, Clone, Copy)]
pub struct Caller<'a> {
    /// The queue that its message came through.
    pub queue: Option<&'a str>,
    /// How often it was received.
    pub received: Received,
    /// The right to write.
    pub window: &'a Window,
    /// The message's place in a worker pool.
    pub seat: Option<&'a Seat<'a>>,
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
    /// To be told how it went, once that is known of the original, too.
    pass: Option<Pass>,
}

/// What became of the original.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Original {
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
            window,
            ..
        } = caller;
        // A removal says nothing of the object that stands there now; sizes are checked later.
        let (bucket, key) = (&event.bucket, &event.key);
        let mut routes: Vec<_> = self.routes.choose(queue, bucket, key, None).collect();
        if !routes.iter().any(|route| route.moves) {
            // Else what is taken away is what stands there by then: who takes that must have it.
            routes.retain(|route| route.matches(bucket, key, event.size).is_ok());
        }
        if routes.is_empty() {
            let folder = self.routes.names_folder(queue, bucket, key, event.size);
            let skip = if folder { Skip::Folder } else { Skip::NoRoute };
            return vec![self.unrouted(Outcome::Skip(skip))];
        }
        let mut tries = 0;
        let (all, original) = loop {
            let mut all = Vec::with_capacity(routes.len());
            for route in &routes {
                all.push(self.on_route(route, event, caller, tries > 0).await);
            }
            tries += 1;
            let original = self.original(event, &all, window).await;
            if !matches!(original, Ok(Original::Again)) || tries == ROUNDS {
                break (all, original);
            }
        };
        let failed = match original {
            Ok(Original::Stays | Original::Removed) => None,
            Ok(Original::Again) => Some(Failure::Contended),
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
                window,
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
            received, window, ..
        } = caller;
        let pass = match self.gates.of(&route.name).enter() {
            Entry::Go(pass) => pass,
            Entry::Held(wait) => {
                let cause = Cause::new(Reason::RouteHeld, "the route is paused").uncounted();
                return Routed {
                    route: route.clone(),
                    outcome: Outcome::RetryAfter(wait, cause.at(&route.name, &event.key)),
                    equal: None,
                    late: Vec::new(),
                    pass: None,
                };
            }
        };
        if pass.probes() {
            pass.found(&Box::pin(self.check_route(route)).await);
        }
        let before = window.lands_by();
        let turn = caller.seat.map(|seat| Turn { seat, pass: &pass });
        let task = Task {
            route,
            event,
            from: self.side(route.from_account.as_deref(), &route.source_bucket),
            to: self.side(route.to_account.as_deref(), &route.destination_bucket),
            again: received.before || again,
            slots: turn.as_ref().map(|turn| turn as &dyn TransferSlots),
        };
        let at = At {
            route,
            event,
            received,
            window,
        };
        let reconciled = self.reconciler.reconcile(&task, window).await;

        let unanswered = window.lands_by() != before;
        let certain = reconciled.wrote || received.before || unanswered;
        // Whoever repairs what follows an arrival asks for the object again: its copy is there.
        let asked = event.kind == Kind::Asked && reconciled.equal.is_some();
        let announce = certain || asked || self.may_be_untold(&task, &reconciled).await;
        let arrivals = Arrival::all(route, event, &reconciled, announce);
        let (outcome, pass) = match reconciled.end {
            Ok(reached) => self.reached(route, event, &reached, pass),
            Err(failure) => {
                let outcome = self.failed(at, failure.into(), pass).await;
                // An attempt that uploaded new parts does not count as a failure.
                (outcome.excused(reconciled.gained), None)
            }
        };
        let mut routed = Routed {
            route: route.clone(),
            outcome,
            equal: reconciled.equal,
            late: Vec::new(),
            pass,
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
    async fn may_be_untold(&self, task: &Task<'_>, reconciled: &Reconciled) -> bool {
        let (route, event) = (task.route, task.event);
        let time = event.time.filter(|_| event.kind == Kind::Created);
        let Some(time) = time.filter(|_| route.is_dated() && route.announces()) else {
            return false;
        };
        let since = match (&reconciled.end, &reconciled.equal) {
            (_, Some(equal)) => equal.since,
            (Ok(Reached::Nothing(Nothing::SourceGone)), None) => {
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
    fn reached(
        &self,
        route: &Route,
        event: &Event,
        reached: &Reached,
        pass: Pass,
    ) -> (Outcome, Option<Pass>) {
        let (route_name, key) = (route.name.as_str(), event.key.as_str());
        match *reached {
            Reached::Written { way, bytes } => {
                let way = way.name();
                self.metrics.copied(route_name, way, bytes);
                tracing::debug!(
                    route = route_name,
                    bucket = event.bucket,
                    key,
                    bytes,
                    way,
                    "copied"
                );
                (Outcome::Done, Some(pass))
            }
            Reached::Deleted => {
                self.metrics.deleted(route_name);
                tracing::debug!(route = route_name, bucket = event.bucket, key, "deleted");
                (Outcome::Done, Some(pass))
            }
            Reached::Nothing(Nothing::AlreadyThere(proof)) => {
                tracing::debug!(route = route_name, key, %proof, "already there");
                (Outcome::Skip(Skip::AlreadyThere), Some(pass))
            }
            Reached::Nothing(Nothing::SourceGone) => {
                let cause =
                    Cause::new(Reason::SourceMissing, "the source is gone").at(route_name, key);
                let outcome = match route.source_missing {
                    SourceMissing::Skip => Outcome::Skip(Skip::SourceGone),
                    SourceMissing::Retry => Outcome::RetryAfter(Duration::ZERO, cause),
                    SourceMissing::Park => Outcome::Poison(cause),
                };
                (outcome, None)
            }
            Reached::Size => (Outcome::Skip(Skip::Size), None),
            Reached::Archived => (Outcome::Skip(Skip::Archived), None),
        }
    }

    /// What was done could be lost to those who wait for it: the message has to come again.
    async fn not_announced(&self, routed: &mut Routed, at: At<'_>, why: Unannounced) {
        routed.equal = None;
        if routed.pass.is_none() && why.alone {
            // It has another ending already, and will not fare better.
            return;
        }
        routed.outcome = if let Some(pass) = routed.pass.take() {
            self.failed(at, why.into(), pass).await
        } else {
            let cause = Cause::new(Reason::Unannounced, why.to_string()).uncounted();
            Outcome::RetryAfter(Duration::ZERO, cause.at(&at.route.name, &at.event.key))
        };
    }

    /// Tells the circuit breaker and the metrics how it went, now that it is known of the original, too.
    async fn ended(&self, routed: Routed, at: At<'_>, failure: Option<Failure>) -> End {
        let Routed {
            route,
            mut outcome,
            late,
            pass,
            equal: _,
        } = routed;
        match (pass, failure) {
            (Some(pass), None) => pass.worked(&at.event.key),
            (Some(pass), Some(failure)) => outcome = self.failed(at, failure.into(), pass).await,
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
