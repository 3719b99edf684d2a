//! What a failure means: for this object, or for its route.
//!
//! A missing key, a broken file, a denied object, an object's own KMS key concern one message. A missing
//! bucket, refused credentials, a disabled key of the destination concern the route, which is then held; and
//! so do many keys failing in a row, whatever ails them.

use std::time::Duration;

use super::arrival::Unannounced;
use super::hold::Pass;
use super::outcome::{Cause, Outcome};
use super::task::Failure;
use crate::copy::CopyError;
use crate::queue::Window;
use crate::s3::Kind;

/// A denial is believed on this receive: by then, denials of other keys would have held the route.
const DENIED_FOR_GOOD: u32 = 3;

/// Whether a KMS key that an operation could not use may be one source object's own.
fn reads(op: &str) -> bool {
    matches!(
        op,
        "HeadObject" | "GetObject" | "CopyObject" | "UploadPartCopy"
    )
}

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
    // Many keys in a row are the route's trouble, whatever ails them.
    let lasting = |reason| {
        if pass.key_failed(key, &told) {
            held(Duration::ZERO)
        } else {
            never(reason)
        }
    };
    let e = match failure {
        Failure::Unkept(_) => return never("unkept"),
        Failure::Target(_) => return never("bad_target_key"),
        Failure::Unannounced(Unannounced {
            lasts: true,
            alone: true,
            ..
        }) => {
            return lasting("unannounced");
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
        // It was copied once more already.
        Failure::Copy(CopyError::Integrity { .. }) => return lasting("integrity"),
        Failure::Copy(CopyError::S3(e)) => e,
    };
    match e.kind {
        Kind::Key if reads(e.op) => {
            if pass.key_failed(key, &told) {
                held(Duration::ZERO)
            } else {
                later("kms_key")
            }
        }
        // The bucket takes no ACL but its owner's, on any object.
        Kind::Refused { ref code } if &**code == "AccessControlListNotSupported" => {
            pass.route_failed(told.clone());
            held(Duration::ZERO)
        }
        Kind::NoBucket
        | Kind::Credentials(_)
        | Kind::Key
        | Kind::Region(_)
        | Kind::NotImplemented => {
            pass.route_failed(told.clone());
            held(Duration::ZERO)
        }
        Kind::Unanswered if pass.key_failed(key, &told) => held(w),
        // Shown again once it can no longer land.
        Kind::Unanswered => Outcome::RetryAfter(w, Cause::new("unanswered", told)),
        Kind::Denied | Kind::Refused { .. } | Kind::Throttled(_) | Kind::NotSent
            if pass.key_failed(key, &told) =>
        {
            held(Duration::ZERO)
        }
        Kind::Denied if received >= DENIED_FOR_GOOD => never("denied"),
        Kind::Denied => later("denied"),
        Kind::Refused { .. } => never("refused"),
        Kind::Throttled(_) => later("throttled"),
        Kind::NotSent => later("unreachable"),
        Kind::Archived => {
            let todo =
                "restore it and send the message back, or say glacier = \"restore\" or \"skip\"";
            Outcome::Poison(Cause::new("archived", format!("{told}: {todo}")))
        }
        Kind::Corrupt => lasting("integrity"),
        Kind::Lease => later("lease_short"),
        Kind::Gone | Kind::NotFound | Kind::Precondition | Kind::Conflict => later("contended"),
    }
}

#[cfg(test)]
mod tests {
    use tokio::sync::watch;

    use super::super::hold::{Entry, Gate, GateStatus};
    use super::*;
    use crate::queue::Terms;
    use crate::s3::S3Error;

    /// What comes of these keys failing one after the other: the last verdict's reason, and whether the
    /// route is held then.
    fn after(op: &'static str, keys: usize) -> (&'static str, bool) {
        let gate = Gate::new("r".into(), watch::Sender::new(()));
        let window = Window::unleased(Terms::new(Duration::from_mins(2)));
        let mut reason = "";
        for n in 0..keys {
            let Entry::Go(pass) = gate.enter() else {
                break;
            };
            let message = "KMS.DisabledException";
            let failed = Failed {
                failure: S3Error::with(op, Kind::Key, message).into(),
                key: &format!("{n}.csv"),
                place: "",
                received: 1,
            };
            let Outcome::RetryAfter(_, cause) = outcome(failed, pass, &window) else {
                panic!("{op}: the message must come again");
            };
            reason = cause.reason;
        }
        (reason, gate.status() != GateStatus::Running)
    }

    #[test]
    fn the_kms_key_of_one_source_is_not_its_routes() {
        for (op, keys, want) in [
            ("GetObject", 1, ("kms_key", false)),
            ("CopyObject", 7, ("kms_key", false)),
            ("CopyObject", 8, ("route_held", true)),
            ("PutObject", 1, ("route_held", true)),
            ("CompleteMultipartUpload", 1, ("route_held", true)),
        ] {
            assert_eq!(after(op, keys), want, "{op}, {keys} keys");
        }
    }
}
