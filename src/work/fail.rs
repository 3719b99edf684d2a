//! What a failure means: for this object, or for its route.
//!
//! A missing key, a broken file, a denied object concern one message. A missing bucket, refused
//! credentials, a disabled key, many denials in a row concern the route, which is then held.

use std::time::Duration;

use super::hold::Pass;
use super::outcome::{Cause, Outcome};
use super::reconcile::Failure;
use crate::copy::CopyError;
use crate::queue::Window;
use crate::s3::S3Error;

/// A denial is believed on this receive: by then, denials of other keys would have held the route.
const DENIED_FOR_GOOD: u32 = 3;

/// A copy that arrived torn is made once more from its source.
const TORN_FOR_GOOD: u32 = 2;

/// Judges a failure on `key`, on its way between the ends of `place`, and tells the route's gate.
pub(super) fn outcome(
    failure: Failure,
    key: &str,
    place: &str,
    pass: Pass,
    received: u32,
    window: &Window,
) -> Outcome {
    let told = format!("{place}: {failure}");
    let later = |reason| Outcome::RetryAfter(Duration::ZERO, Cause::new(reason, told.clone()));
    let never = |reason| Outcome::Poison(Cause::new(reason, told.clone()));
    match failure {
        Failure::NotYet(_) => never("not_yet"),
        Failure::Target(_) => never("bad_target_key"),
        Failure::Contended => later("contended"),
        Failure::Copy(CopyError::Integrity { .. }) if received >= TORN_FOR_GOOD => {
            never("integrity")
        }
        Failure::Copy(CopyError::Integrity { .. }) => later("integrity"),
        Failure::Copy(CopyError::S3(e)) => match e {
            S3Error::NoBucket { .. }
            | S3Error::Credentials { .. }
            | S3Error::Key { .. }
            | S3Error::Region { .. } => {
                pass.route_failed(told.clone());
                held(told)
            }
            S3Error::Denied { .. } => {
                if pass.denied(key, &told) {
                    held(told)
                } else if received >= DENIED_FOR_GOOD {
                    never("denied")
                } else {
                    later("denied")
                }
            }
            S3Error::Archived { .. } => never("archived"),
            S3Error::Refused { .. } => never("refused"),
            S3Error::Throttled { .. } => later("throttled"),
            S3Error::NotSent { .. } => later("unreachable"),
            // Shown again once it can no longer land.
            S3Error::Unanswered { .. } => {
                Outcome::RetryAfter(window.terms().w(), Cause::new("unanswered", told))
            }
            S3Error::Lease { .. } => later("lease_short"),
            S3Error::Gone { .. }
            | S3Error::NotFound { .. }
            | S3Error::Precondition { .. }
            | S3Error::Conflict { .. } => later("contended"),
        },
    }
}

fn held(told: String) -> Outcome {
    Outcome::RetryAfter(Duration::ZERO, Cause::new("route_held", told).uncounted())
}
