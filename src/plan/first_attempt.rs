//! Chooses the first attempt: copy without a HEAD, GET, HEAD the source, or HEAD both. Pure.
//!
//! A new object has no copy yet, so the first attempt assumes that nothing is at the destination, and lets S3 refuse it
//! otherwise (`If-None-Match`).

use super::capabilities::{Capabilities, Copy};
use super::layout::ONE_PART;
use super::provenance::has_provenance;
use super::transfer::TransferMethod;
use crate::s3::{ETag, Object};

/// How the first try goes about a key that an event has named.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FirstAttempt {
    /// Write at once; the event has all that is needed.
    Blind(Copy),
    /// Read the source, which shows what a look would, then write as if the destination were empty.
    Read {
        /// The source version to read.
        pin: ETag,
        /// Bytes.
        size: u64,
        /// Why not at once.
        why: &'static str,
    },
    /// Look at the source, then write as if the destination were empty.
    SourceOnly(&'static str),
    /// Look at both sides first.
    BothSides(&'static str),
}

/// What a first try may go by.
#[derive(Debug, Clone, Copy)]
pub struct Hint<'a> {
    /// Bytes, if the event has them.
    pub size: Option<u64>,
    /// The route takes only objects of certain sizes, and an event may name a wrong one.
    pub bounded: bool,
    /// The source's `ETag`, if the event has it.
    pub etag: Option<&'a ETag>,
    /// The event says that the object came into being.
    pub created: bool,
    /// An earlier delivery of the same message may have written already.
    pub received_before: bool,
}

impl Capabilities {
    /// Chooses how to begin.
    #[must_use]
    pub fn first_attempt(&self, hint: Hint<'_>) -> FirstAttempt {
        if hint.received_before {
            return FirstAttempt::BothSides("received before: an earlier try may have written");
        }
        if !hint.created {
            return FirstAttempt::BothSides("not the event of a new object");
        }
        let (Some(size), Some(etag)) = (hint.size, hint.etag) else {
            return FirstAttempt::SourceOnly("the event carries no size or no eTag");
        };
        let streamed = self.why_streamed();
        let one_request = streamed.map_or(self.one_request(), |_| ONE_PART);
        if size > one_request {
            return FirstAttempt::BothSides("in parts: what is there already must not move again");
        }
        if let Some(why) = streamed {
            return FirstAttempt::Read {
                pin: etag.clone(),
                size,
                why,
            };
        }
        if self.strict {
            return FirstAttempt::SourceOnly("strict, so what cannot be kept must be seen first");
        }
        if self.kms_target {
            return FirstAttempt::SourceOnly(
                "the destination uses a KMS key, so the copy gets provenance metadata",
            );
        }
        if !etag.is_single_part() {
            return FirstAttempt::SourceOnly(
                "a multipart eTag, so the copy gets provenance metadata",
            );
        }
        if hint.bounded {
            return FirstAttempt::SourceOnly(
                "the route has limits of size, and an event's size is not proved",
            );
        }
        FirstAttempt::Blind(Copy {
            transfer: TransferMethod::ServerSide,
            pin: etag.clone(),
            condition: self.condition(None),
            with_provenance: false,
            why: "the event has all that one call needs",
        })
    }

    /// What to do when a blind write was refused because `target` stands there: replace it at
    /// once, unless only a HEAD of the source can tell whether the two are equal already.
    #[must_use]
    pub fn replace(&self, blind: &Copy, target: &Object) -> Option<Copy> {
        let comparable = !target.kms && target.etag.is_single_part() && !has_provenance(target);
        (comparable && target.etag != blind.pin).then(|| Copy {
            condition: self.condition(Some(target)),
            why: "another object stands there, and the event has all that replacing it needs",
            ..blind.clone()
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::capabilities::tests::capabilities;
    use super::super::samples::object;
    use super::*;
    use crate::config;
    use crate::s3::Condition;

    #[test]
    fn a_new_small_object_is_written_at_once() {
        let (single, multi) = (object().etag, ETag::new("ab-3"));
        let hint = Hint {
            size: Some(3),
            bounded: false,
            etag: Some(&single),
            created: true,
            received_before: false,
        };
        let stream = Capabilities {
            transfer: config::Transfer::Stream,
            ..capabilities()
        };
        let kms = Capabilities {
            kms_target: true,
            ..capabilities()
        };
        let strict = Capabilities {
            strict: true,
            ..capabilities()
        };
        let needs_streaming = Capabilities {
            needs_streaming: Some("the two sides are apart"),
            ..capabilities()
        };
        let insisting = Capabilities {
            transfer: config::Transfer::ServerSide,
            ..needs_streaming
        };
        let (of_size, with_etag) = (|size| Hint { size, ..hint }, |etag| Hint { etag, ..hint });
        let again = Hint {
            received_before: true,
            ..hint
        };
        let removal = Hint {
            created: false,
            ..hint
        };
        let bounded = Hint {
            bounded: true,
            ..hint
        };
        #[rustfmt::skip]
        let table = [
            ("new and small",            capabilities(),  hint,                         "blind"),
            ("received before",          capabilities(),  again,                        "both"),
            ("a removal",                capabilities(),  removal,                      "both"),
            ("no size",                  capabilities(),  of_size(None),                "source"),
            ("no eTag",                  capabilities(),  with_etag(None),              "source"),
            ("multipart",                capabilities(),  with_etag(Some(&multi)),      "source"),
            ("large",                    capabilities(),  of_size(Some(1 << 30)),       "both"),
            ("limits of size",           capabilities(),  bounded,                      "source"),
            ("streamed",                 stream,          hint,                         "read"),
            ("needs streaming",          needs_streaming, hint,                         "read"),
            ("streamed in parts",        stream,          of_size(Some(ONE_PART + 1)),  "both"),
            ("server-side all the same", insisting,       hint,                         "blind"),
            ("KMS at the destination",   kms,             hint,                         "source"),
            ("strict",                   strict,          hint,                         "source"),
        ];
        for (why, capabilities, hint, want) in table {
            let got = match capabilities.first_attempt(hint) {
                FirstAttempt::Blind(_) => "blind",
                FirstAttempt::Read { .. } => "read",
                FirstAttempt::SourceOnly(_) => "source",
                FirstAttempt::BothSides(_) => "both",
            };
            assert_eq!(got, want, "{why}");
        }
    }

    #[test]
    fn a_refused_blind_write_replaces_only_what_it_can_tell_apart() {
        let etag = object().etag;
        let hint = Hint {
            size: Some(3),
            bounded: false,
            etag: Some(&etag),
            created: true,
            received_before: false,
        };
        let FirstAttempt::Blind(blind) = capabilities().first_attempt(hint) else {
            panic!("not blind");
        };
        let other = ETag::new("900150983cd24fb0d6963f7d28e17f72");
        let plain = Object {
            etag: other.clone(),
            ..object()
        };
        let mut with_provenance = plain.clone();
        with_provenance
            .metadata
            .insert("brigade-source".into(), "{}".into());
        let kms = Object {
            kms: true,
            ..plain.clone()
        };
        let multipart = Object {
            etag: ETag::new("ab-2"),
            ..object()
        };
        for (why, target, want) in [
            ("another object", plain, true),
            ("the same bytes, maybe other headers", object(), false),
            ("a marked copy", with_provenance, false),
            ("a KMS object", kms, false),
            ("a multipart object", multipart, false),
        ] {
            let copy = capabilities().replace(&blind, &target);
            assert_eq!(copy.is_some(), want, "{why}");
            if let Some(copy) = copy {
                assert_eq!(copy.condition, Condition::Unchanged(other.clone()), "{why}");
                assert!(capabilities().verifies(&copy), "{why}");
            }
        }
    }
}
