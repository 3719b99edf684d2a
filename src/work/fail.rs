//! What a failure means: for this object, or for its route.
//!
//! A missing key, a broken file, a denied object concern one message. A missing bucket, refused
//! credentials, a disabled key concern the route, which is then held; and so do many keys failing
//! in a row, whatever ails them.

use std::time::Duration;

use super::arrival::Unannounced;
use super::hold::Pass;
use super::outcome::{Cause, Outcome};
use super::task::Failure;
use crate::copy::CopyError;
use crate::queue::Window;
use crate::s3::S3Error;

/// A denial is believed on this receive: by then, denials of other keys would have held the route.
const DENIED_FOR_GOOD: u32 = 3;

/// A copy that arrived torn is made once more from its source.
const TORN_FOR_GOOD: u32 = 2;

/// A failure, and where it happened.
pub(super) struct Failed<'a> {
    pub(super) failure: Failure,
    /// The source's key.
    pub(super) key: &'a str,
    /// From where to where.
    pub(super) place: &'a str,
    /// How often the message was received because of itself.
    pub(super) received: u32,
}

/// Judges a failure, and tells the route's gate.
pub(super) fn outcome(failed: Failed<'_>, pass: Pass, window: &Window) -> Outcome {
    let Failed {
        failure,
        key,
        place,
        received,
    } = failed;
    let told = format!("{place}: {failure}");
    let later = |reason| Outcome::RetryAfter(Duration::ZERO, Cause::new(reason, told.clone()));
    let never = |reason| Outcome::Poison(Cause::new(reason, told.clone()));
    let w = window.terms().w();
    let held = |wait| {
        let cause = Cause::new("route_held", told.clone()).uncounted();
        Outcome::RetryAfter(wait, cause)
    };
    let torn = || match received {
        TORN_FOR_GOOD.. => never("integrity"),
        0..TORN_FOR_GOOD => later("integrity"),
    };
    let e = match failure {
        Failure::Unkept(_) => return never("unkept"),
        Failure::Target(_) => return never("bad_target_key"),
        Failure::Unannounced(Unannounced {
            lasts: true,
            alone: true,
            ..
        }) => {
            return if pass.key_failed(key, &told) {
                held(Duration::ZERO)
            } else {
                never("unannounced")
            };
        }
        Failure::Unannounced(Unannounced { lasts: true, .. }) => {
            pass.route_failed(told.clone());
            return held(Duration::ZERO);
        }
        Failure::Unannounced(_) => {
            return Outcome::RetryAfter(
                Duration::ZERO,
                Cause::new("unannounced", told).uncounted(),
            );
        }
        Failure::Contended => return later("contended"),
        Failure::Restoring(wait) => {
            // S3 has answered for the object: the route works.
            pass.worked();
            return Outcome::RetryAfter(wait, Cause::new("restoring", told).uncounted());
        }
        Failure::Copy(CopyError::Integrity { .. }) => return torn(),
        Failure::Copy(CopyError::S3(e)) => e,
    };
    match e {
        S3Error::NoBucket { .. }
        | S3Error::Credentials { .. }
        | S3Error::Key { .. }
        | S3Error::Region { .. }
        | S3Error::NotImplemented { .. } => {
            pass.route_failed(told.clone());
            held(Duration::ZERO)
        }
        S3Error::Unanswered { .. } if pass.key_failed(key, &told) => held(w),
        // Shown again once it can no longer land.
        S3Error::Unanswered { .. } => Outcome::RetryAfter(w, Cause::new("unanswered", told)),
        S3Error::Denied { .. }
        | S3Error::Refused { .. }
        | S3Error::Throttled { .. }
        | S3Error::NotSent { .. }
            if pass.key_failed(key, &told) =>
        {
            held(Duration::ZERO)
        }
        S3Error::Denied { .. } if received >= DENIED_FOR_GOOD => never("denied"),
        S3Error::Denied { .. } => later("denied"),
        S3Error::Refused { .. } => never("refused"),
        S3Error::Throttled { .. } => later("throttled"),
        S3Error::NotSent { .. } => later("unreachable"),
        S3Error::Archived { .. } => {
            let todo =
                "restore it and send the message back, or say glacier = \"restore\" or \"skip\"";
            Outcome::Poison(Cause::new("archived", format!("{told}: {todo}")))
        }
        S3Error::Torn { .. } => torn(),
        S3Error::Lease { .. } => later("lease_short"),
        S3Error::Gone { .. }
        | S3Error::NotFound { .. }
        | S3Error::Precondition { .. }
        | S3Error::Conflict { .. } => later("contended"),
    }
}
