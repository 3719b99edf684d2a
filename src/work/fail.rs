//! What a failure means: for its object, and as evidence about its route.
//!
//! A missing key, a broken file, a refused request concern one object. A missing bucket, refused credentials, a
//! destination's KMS key that cannot be used concern the route, which is then paused. A denial, a throttled call, a
//! request without an answer may be either: the route's [circuit breaker](super::circuit_breaker) weighs them.

use std::time::Duration;

use super::arrival::Unannounced;
use super::circuit_breaker::{Covered, Evidence, LIVELY, Next, Permit, Why};
use super::delivery::Received;
use super::outcome::{Cause, Outcome};
use super::reason::Reason;
use super::replicator::Replicator;
use crate::copy::CopyError;
use crate::event::Event;
use crate::queue::WriteLease;
use crate::reconcile::Failure;
use crate::route::Route;
use crate::s3::{Kind, S3Error};

/// A denial, or a source object's own KMS key, is believed on this receive: by then, those of other keys would have
/// led to a check of the route.
const DENIED_FOR_GOOD: u32 = 3;

/// Where something failed: one event on one route.
#[derive(Clone, Copy)]
pub(super) struct At<'a> {
    pub(super) route: &'a Route,
    pub(super) event: &'a Event,
    pub(super) received: Received,
    pub(super) write_lease: &'a WriteLease,
}

/// What went wrong.
#[derive(Debug, thiserror::Error)]
pub(super) enum Problem {
    /// The destination was not made equal, or the source object was not removed.
    #[error(transparent)]
    Key(#[from] Failure),
    /// What arrived could not be announced.
    #[error(transparent)]
    Unannounced(#[from] Unannounced),
}

/// A failure, judged.
struct Judgement {
    /// What follows if it is the object's own.
    own: Outcome,
    about: About,
}

/// What a failure says about its route.
#[derive(Debug, PartialEq, Eq)]
enum About {
    Nothing,
    /// S3 has answered for the object as it should.
    Works,
    Evidence(Evidence),
    /// Every message of the route fails so.
    Route(Reason, Covered),
}

impl Replicator {
    /// Judges a failure, and reports it to the route's circuit breaker.
    pub(super) async fn failed(&self, at: At<'_>, problem: Problem, permit: Permit) -> Outcome {
        let At {
            route,
            event,
            received,
            write_lease,
        } = at;
        let error = format!(
            "s3://{}/{} → {}: {problem}",
            event.bucket, event.key, route.to
        );
        // Receives that a pause has cost say nothing about the message.
        let lately = permit.breaker().paused_lately();
        let count = if permit.breaker().is_settling() {
            1
        } else {
            received.count
        };
        let Judgement { own, about } = judge(&problem, &error, count, write_lease.terms().w());
        let wait = match &own {
            Outcome::RetryAfter(wait, _) => *wait,
            Outcome::Skip(_) | Outcome::Done | Outcome::Poison(_) => Duration::ZERO,
        };
        let paused = Cause::new(Reason::RoutePaused, error.as_str()).uncounted();
        let paused = Outcome::RetryAfter(wait, paused);
        let outcome = match about {
            About::Nothing => own,
            About::Works => {
                permit.worked(&event.key);
                own
            }
            About::Route(reason, covered)
                if reason != Reason::Unannounced
                    && self.is_refuted(route, covered, &permit).await =>
            {
                let (evidence, breaker) = (Evidence::Suspect(covered), permit.breaker().clone());
                match self.weigh(at, evidence, (&own, error), permit).await {
                    // What the check does not show, another message has to, since this one last failed.
                    Next::Own => own.excused(
                        covered == Covered::No
                            && !breaker.succeeded_within(received.shortest_backoff()),
                    ),
                    Next::Doubtful => own.excused(true),
                    Next::Check | Next::Wait => paused,
                }
            }
            About::Route(reason, covered) => {
                permit.route_failed(Why {
                    reason,
                    error,
                    covered,
                    suspected: false,
                });
                paused
            }
            About::Evidence(evidence) => {
                match self.weigh(at, evidence, (&own, error), permit).await {
                    Next::Own => own,
                    Next::Doubtful => own.excused(true),
                    Next::Check | Next::Wait => paused,
                }
            }
        };
        outcome.excused(lately).at_route(&route.name, &event.key)
    }

    /// Whether what every message of a route should meet is not met by others: then one object has met it, such as a
    /// key that a proxy changes under its signature, or a header that an endpoint does not implement.
    async fn is_refuted(&self, route: &Route, covered: Covered, permit: &Permit) -> bool {
        match covered {
            Covered::No => permit.breaker().succeeded_within(LIVELY),
            Covered::Yes | Covered::ByReading if permit.breaker().is_paused() => false,
            Covered::Yes | Covered::ByReading => {
                covered.is_refuted(&Box::pin(self.check_route(route)).await)
            }
        }
    }

    /// Asks the circuit breaker, and checks the route if it wants to know.
    async fn weigh(
        &self,
        at: At<'_>,
        evidence: Evidence,
        (own, error): (&Outcome, String),
        permit: Permit,
    ) -> Next {
        let reason = own.reason().unwrap_or(Reason::RoutePaused);
        let own_key = reason == Reason::KmsKey && permit.breaker().copied_last().is_none();
        let evidence = match evidence {
            // Nothing was read that lets the check distinguish one object's key from everyone's.
            Evidence::Suspect(Covered::ByReading) if own_key => Evidence::Object,
            known @ (Evidence::Suspect(_) | Evidence::Object) => known,
        };
        let why = Why {
            reason,
            error: format!("many keys failed in a row: {error}"),
            covered: match evidence {
                Evidence::Object => Covered::Yes,
                Evidence::Suspect(covered) => covered,
            },
            suspected: true,
        };
        let last = matches!(own, Outcome::Poison(_)) || at.received.count >= DENIED_FOR_GOOD;
        match permit.key_failed((&at.event.key, last), evidence, why.clone()) {
            Next::Check => {
                let found = Box::pin(self.check_route(at.route)).await;
                permit.checked(evidence, found, why)
            }
            next @ (Next::Own | Next::Doubtful | Next::Wait) => next,
        }
    }
}

fn judge(problem: &Problem, error: &str, received: u32, w: Duration) -> Judgement {
    let later = |reason| Outcome::RetryAfter(Duration::ZERO, Cause::new(reason, error));
    let never = |reason| Outcome::Poison(Cause::new(reason, error));
    let failure = match problem {
        Problem::Key(failure) => failure,
        Problem::Unannounced(unannounced) => return of_announcement(unannounced, error),
    };
    let (own, about) = match failure {
        Failure::Dropped(_) => (never(Reason::DroppedAttribute), About::Nothing),
        Failure::Target(_) => (never(Reason::BadTargetKey), About::Nothing),
        Failure::Contended => (later(Reason::Contended), About::Nothing),
        Failure::Restoring(wait) => {
            let cause = Cause::new(Reason::Restoring, error).uncounted();
            (Outcome::RetryAfter(*wait, cause), About::Works)
        }
        // It was copied once more already.
        Failure::Copy(CopyError::Integrity { .. }) => {
            (never(Reason::Integrity), About::Evidence(Evidence::Object))
        }
        Failure::Copy(CopyError::S3(e)) => return of_s3(e, error, received, w),
    };
    Judgement { own, about }
}

fn of_announcement(unannounced: &Unannounced, error: &str) -> Judgement {
    let cause = Cause::new(Reason::Unannounced, error);
    if unannounced.alone {
        return Judgement {
            own: Outcome::Poison(cause),
            about: About::Evidence(Evidence::Suspect(Covered::No)),
        };
    }
    Judgement {
        own: Outcome::RetryAfter(Duration::ZERO, cause.uncounted()),
        about: if unannounced.lasts {
            About::Route(Reason::Unannounced, Covered::No)
        } else {
            About::Nothing
        },
    }
}

fn of_s3(e: &S3Error, error: &str, received: u32, w: Duration) -> Judgement {
    let after = |wait, reason| Outcome::RetryAfter(wait, Cause::new(reason, error));
    let never = |reason| Outcome::Poison(Cause::new(reason, error));
    let later = |reason| after(Duration::ZERO, reason);
    let believed = |reason| {
        if received >= DENIED_FOR_GOOD {
            never(reason)
        } else {
            later(reason)
        }
    };
    let object = About::Evidence(Evidence::Object);
    let suspect = |covered| About::Evidence(Evidence::Suspect(covered));
    let (own, about) = match &e.kind {
        Kind::Key if reads(e.op) => (believed(Reason::KmsKey), suspect(Covered::ByReading)),
        Kind::Key => (
            later(Reason::KmsKey),
            About::Route(Reason::KmsKey, Covered::Yes),
        ),
        // The bucket takes no ACL but its owner's, on any object.
        Kind::Refused { code } if &**code == "AccessControlListNotSupported" => (
            never(Reason::Refused),
            About::Route(Reason::Refused, Covered::Yes),
        ),
        Kind::Refused { .. } => (never(Reason::Refused), object),
        Kind::Corrupt => (never(Reason::Integrity), object),
        Kind::Unreadable => (never(Reason::Unreadable), object),
        Kind::NoBucket | Kind::Credentials(_) | Kind::Region(_) => {
            let reason = Reason::of_route(&e.kind).unwrap_or(Reason::Refused);
            (later(reason), About::Route(reason, Covered::Yes))
        }
        Kind::NotImplemented => {
            let reason = Reason::NotImplemented;
            (later(reason), About::Route(reason, Covered::No))
        }
        Kind::Denied => (believed(Reason::Denied), suspect(covered(e))),
        Kind::Throttled(_) => (later(Reason::Throttled), suspect(Covered::Yes)),
        Kind::NotSent => (later(Reason::Unreachable), suspect(Covered::Yes)),
        // Returned to the queue once it can no longer take effect.
        Kind::Unanswered => (after(w, Reason::Unanswered), suspect(Covered::Yes)),
        Kind::Archived => {
            let todo =
                "restore it and send the message back, or say glacier = \"restore\" or \"skip\"";
            let cause = Cause::new(Reason::Archived, format!("{error}: {todo}"));
            (Outcome::Poison(cause), About::Nothing)
        }
        Kind::Lease => (later(Reason::LeaseShort), About::Nothing),
        Kind::Gone | Kind::NotFound | Kind::Precondition | Kind::Conflict => {
            (later(Reason::Contended), About::Nothing)
        }
    };
    Judgement { own, about }
}

/// Whether a KMS key that an operation could not use may be one source object's own.
fn reads(op: &str) -> bool {
    matches!(
        op,
        "HeadObject" | "GetObject" | "CopyObject" | "UploadPartCopy"
    )
}

/// Whether the route's check would be denied as well, if the route is to blame.
fn covered(e: &S3Error) -> Covered {
    match e.denied_action() {
        Some("s3:GetObject" | "s3:PutObject") => Covered::Yes,
        // Without it, a key that is gone is denied.
        Some("s3:ListBucket") => Covered::ByReading,
        Some(action) if action.starts_with("kms:") => Covered::ByReading,
        Some(_) => Covered::No,
        None => match e.op {
            "HeadObject"
            | "GetObject"
            | "CopyObject"
            | "PutObject"
            | "CreateMultipartUpload"
            | "UploadPart"
            | "UploadPartCopy"
            | "CompleteMultipartUpload" => Covered::Yes,
            _ => Covered::No,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(e: S3Error, received: u32) -> (&'static str, bool, About) {
        let failure = Failure::Copy(CopyError::S3(e)).into();
        let Judgement { own, about } = judge(&failure, "", received, Duration::from_secs(30));
        let reason = own.reason().expect("it failed").name();
        (reason, matches!(own, Outcome::Poison(_)), about)
    }

    #[test]
    fn a_failure_says_whose_fault_it_may_be() {
        use Covered::{ByReading, No, Yes};
        use Evidence::{Object, Suspect};
        let refused = |code: &str| Kind::Refused { code: code.into() };
        let suspect = |covered| About::Evidence(Suspect(covered));
        let object = || About::Evidence(Object);
        let list = "User: u is not authorized to perform: s3:ListBucket on resource: \"raw\"";
        let tags = "User: u is not authorized to perform: s3:PutObjectTagging on resource: \"k\"";
        let read = "User: u is not authorized to perform: s3:GetObject on resource: \"k\"";
        let key = "User: u is not authorized to perform: kms:Decrypt on resource: \"k\"";
        #[rustfmt::skip]
        let table = [
            ("CopyObject",      refused("InvalidRequest"), "",   1, ("refused", true, object())),
            ("PutObject", refused("AccessControlListNotSupported"), "", 1, ("refused", true, About::Route(Reason::Refused, Yes))),
            ("GetObject",       Kind::Corrupt,        "",   1, ("integrity",   true,  object())),
            ("HeadObject",      Kind::Unreadable,     "",   1, ("unreadable",  true,  object())),
            ("GetObject",       Kind::Key,            "",   1, ("kms_key",     false, suspect(ByReading))),
            ("CopyObject",      Kind::Key,            "",   3, ("kms_key",     true,  suspect(ByReading))),
            ("PutObject",       Kind::Key,            "",   1, ("kms_key",     false, About::Route(Reason::KmsKey, Yes))),
            ("CopyObject",      Kind::Denied,         read, 2, ("denied",      false, suspect(Yes))),
            ("CopyObject",      Kind::Denied,         read, 3, ("denied",      true,  suspect(Yes))),
            ("CopyObject",      Kind::Denied,         key,  1, ("denied",      false, suspect(ByReading))),
            ("HeadObject",      Kind::Denied,         list, 1, ("denied",      false, suspect(ByReading))),
            ("CopyObject",      Kind::Denied,         tags, 1, ("denied",      false, suspect(No))),
            ("PutObject",       Kind::Denied,         "",   1, ("denied",      false, suspect(Yes))),
            ("DeleteObject",    Kind::Denied,         "",   1, ("denied",      false, suspect(No))),
            ("CopyObject",      Kind::Unanswered,     "",   9, ("unanswered",  false, suspect(Yes))),
            ("CopyObject",      Kind::NotSent,        "",   9, ("unreachable", false, suspect(Yes))),
            ("CopyObject",      Kind::NoBucket,       "",   9, ("no_bucket",   false, About::Route(Reason::NoBucket, Yes))),
            ("PutObject",       Kind::NotImplemented, "",   9, ("not_implemented", false, About::Route(Reason::NotImplemented, No))),
            ("CopyObject",      Kind::Archived,       "",   1, ("archived",    true,  About::Nothing)),
            ("CopyObject",      Kind::Conflict,       "",   1, ("contended",   false, About::Nothing)),
        ];
        for (op, kind, message, received, want) in table {
            let why = format!("{op} {kind:?} {message}");
            assert_eq!(
                of(S3Error::with(op, kind, message), received),
                want,
                "{why}"
            );
        }
    }
}
