//! What to do about one key, and why. Pure: what was seen goes in, a plan comes out.
//!
//! The first try assumes that the destination is empty, because for a new object it is, and lets
//! S3 say otherwise (`If-None-Match`). Whoever was told otherwise looks at both sides and plans
//! from what stands there.
//!
//! Larger objects and deletes have their place here and are not built yet: [`Plan::NotYet`].

use std::fmt;

use bytesize::ByteSize;

use super::marker::is_marked;
use super::proof::{Proof, already_there};
use crate::config;
use crate::queue::Terms;
use crate::s3::{Condition, ETag, Object, Spot};

/// `CopyObject` takes no source above this.
const S3_COPY_MAX: u64 = 5 * (1 << 30);

/// What a cross-region `CopyObject` moves in a second when S3 has a slow day. A copy must finish
/// well within *W*, or it could land after its message was settled.
const SLOW_COPY_BYTES_PER_SECOND: u64 = 32 << 20;

/// What is streamed in one request, and held in memory for it.
pub const ONE_PART: u64 = 16 << 20;

/// What a route and its endpoint can do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Means {
    /// The route's `way`.
    pub way: config::Way,
    /// The destination honours conditions on writes.
    pub conditional: bool,
    /// The destination is known to encrypt with a KMS key.
    pub kms_target: bool,
    /// The largest object one `CopyObject` may take.
    pub copy_max: u64,
}

/// What to do about one key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Plan {
    /// Nothing, for a reason that is proof.
    Nothing(Nothing),
    /// Write the destination.
    Copy(Copy),
    /// It cannot be done by this release; the message is parked with this reason.
    NotYet(String),
}

/// Why there is nothing to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Nothing {
    /// The source is gone.
    SourceGone,
    /// The destination provably equals the source.
    AlreadyThere(Proof),
}

/// One write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Copy {
    /// How the bytes travel.
    pub way: Way,
    /// The source version to read.
    pub pin: ETag,
    /// What must hold at the destination.
    pub condition: Condition,
    /// Leave a mark on the copy.
    pub marked: bool,
    /// Why this way.
    pub why: &'static str,
}

impl Copy {
    /// Whether the source must be looked at again after the write: anything but "there was
    /// nothing" may have replaced something newer.
    #[must_use]
    pub fn looks_after(&self) -> bool {
        self.condition != Condition::Absent
    }
}

/// How bytes travel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// One `CopyObject`.
    Server,
    /// One GET and one PUT, through this process.
    Stream,
}

impl Way {
    /// The name in metrics and logs.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Server => "server",
            Self::Stream => "stream",
        }
    }
}

impl fmt::Display for Way {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Server => "CopyObject",
            Self::Stream => "GetObject → PutObject",
        })
    }
}

/// How the first try goes about a key that an event has named.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FirstTry {
    /// Write at once; the event tells enough.
    Blind(Copy),
    /// Look at the source, then write as if the destination were empty.
    SourceOnly(&'static str),
    /// Look at both sides first.
    BothSides(&'static str),
}

/// What a first try may go by.
#[derive(Debug, Clone, Copy)]
pub struct Hint<'a> {
    /// Bytes, where the event tells.
    pub size: Option<u64>,
    /// The source's `ETag`, where the event tells.
    pub etag: Option<&'a ETag>,
    /// The event says that the object came into being.
    pub created: bool,
    /// An earlier delivery of the same message may have written already.
    pub received_before: bool,
}

/// The largest object that one `CopyObject` finishes well within *W*.
#[must_use]
pub fn copy_max(terms: Terms) -> u64 {
    let seconds = terms.write_timeout().as_secs();
    S3_COPY_MAX.min(SLOW_COPY_BYTES_PER_SECOND.saturating_mul(seconds))
}

impl Means {
    /// Chooses how to begin.
    #[must_use]
    pub fn first_try(&self, hint: Hint<'_>) -> FirstTry {
        if hint.received_before {
            return FirstTry::BothSides("received before: an earlier try may have written");
        }
        if !hint.created {
            return FirstTry::BothSides("not the event of a new object");
        }
        let (Some(size), Some(etag)) = (hint.size, hint.etag) else {
            return FirstTry::SourceOnly("the event carries no size or no eTag");
        };
        if self.kms_target {
            return FirstTry::SourceOnly("the destination uses a KMS key, so the copy is marked");
        }
        if !etag.is_single_part() {
            return FirstTry::SourceOnly("a multipart eTag, so the copy is marked");
        }
        match self.way {
            config::Way::Auto | config::Way::Server if size <= self.copy_max => {
                FirstTry::Blind(Copy {
                    way: Way::Server,
                    pin: etag.clone(),
                    condition: self.condition(None),
                    marked: false,
                    why: "the event tells enough for one call",
                })
            }
            config::Way::Auto | config::Way::Server => {
                FirstTry::SourceOnly("larger than one CopyObject may take")
            }
            config::Way::Stream => FirstTry::SourceOnly("streamed, so the copy is marked"),
        }
    }

    /// What to do when a blind write was refused because `target` stands there: replace it at
    /// once, unless only a look at the source can tell whether the two are equal already.
    #[must_use]
    pub fn replace(&self, blind: &Copy, target: &Object) -> Option<Copy> {
        let comparable = !target.kms && target.etag.is_single_part() && !is_marked(target);
        (comparable && target.etag != blind.pin).then(|| Copy {
            condition: self.condition(Some(target)),
            why: "another object stands there, and the event tells enough to replace it",
            ..blind.clone()
        })
    }

    /// Plans from what both sides are now. A destination that was not looked at is `None`.
    #[must_use]
    pub fn plan(&self, spot: &Spot, source: Option<&Object>, target: Option<&Object>) -> Plan {
        let Some(source) = source else {
            return Plan::Nothing(Nothing::SourceGone);
        };
        if let Some(proof) = target.and_then(|target| already_there(spot, source, target)) {
            return Plan::Nothing(Nothing::AlreadyThere(proof));
        }
        let (way, most, why) = match self.way {
            config::Way::Auto => (
                Way::Server,
                self.copy_max,
                "S3 can copy between the two itself",
            ),
            config::Way::Server => (Way::Server, self.copy_max, "way = \"server\""),
            config::Way::Stream => (Way::Stream, ONE_PART, "way = \"stream\""),
        };
        if source.size > most {
            return Plan::NotYet(format!(
                "{} is more than one {way} may take here ({}); multipart copies are not built yet",
                ByteSize(source.size),
                ByteSize(most),
            ));
        }
        let kms = source.kms || self.kms_target || target.is_some_and(|target| target.kms);
        Plan::Copy(Copy {
            way,
            pin: source.etag.clone(),
            condition: self.condition(target),
            marked: way == Way::Stream || kms || !source.etag.is_single_part(),
            why,
        })
    }

    fn condition(&self, target: Option<&Object>) -> Condition {
        match target {
            _ if !self.conditional => Condition::Unconditional,
            Some(target) => Condition::Unchanged(target.etag.clone()),
            None => Condition::Absent,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::super::proof::tests::object;
    use super::*;

    fn means() -> Means {
        let terms = Terms::new(Duration::from_mins(2));
        Means {
            way: config::Way::Auto,
            conditional: true,
            kms_target: false,
            copy_max: copy_max(terms),
        }
    }

    fn spot() -> Spot {
        Spot {
            bucket: "raw".into(),
            key: "a.csv".into(),
        }
    }

    #[test]
    fn a_copy_must_finish_well_within_w() {
        for (visibility, want) in [(30, 96 << 20), (120, 480 << 20), (43_200, S3_COPY_MAX)] {
            let terms = Terms::new(Duration::from_secs(visibility));
            assert_eq!(copy_max(terms), want, "{visibility} s");
        }
    }

    #[test]
    fn a_new_small_object_is_written_at_once() {
        let (single, multi) = (object().etag, ETag::new("ab-3"));
        let hint = Hint {
            size: Some(3),
            etag: Some(&single),
            created: true,
            received_before: false,
        };
        let stream = Means {
            way: config::Way::Stream,
            ..means()
        };
        let kms = Means {
            kms_target: true,
            ..means()
        };
        for (why, means, hint, want) in [
            ("new and small", means(), hint, "blind"),
            (
                "received before",
                means(),
                Hint {
                    received_before: true,
                    ..hint
                },
                "both",
            ),
            (
                "a removal",
                means(),
                Hint {
                    created: false,
                    ..hint
                },
                "both",
            ),
            ("no size", means(), Hint { size: None, ..hint }, "source"),
            ("no eTag", means(), Hint { etag: None, ..hint }, "source"),
            (
                "multipart",
                means(),
                Hint {
                    etag: Some(&multi),
                    ..hint
                },
                "source",
            ),
            (
                "large",
                means(),
                Hint {
                    size: Some(1 << 30),
                    ..hint
                },
                "source",
            ),
            ("streamed", stream, hint, "source"),
            ("KMS at the destination", kms, hint, "source"),
        ] {
            let got = match means.first_try(hint) {
                FirstTry::Blind(_) => "blind",
                FirstTry::SourceOnly(_) => "source",
                FirstTry::BothSides(_) => "both",
            };
            assert_eq!(got, want, "{why}");
        }
    }

    #[test]
    fn a_write_is_conditional_on_what_was_seen() {
        let target = Object {
            etag: ETag::new("ff"),
            ..object()
        };
        let unchanged = Condition::Unchanged(target.etag.clone());
        let off = Means {
            conditional: false,
            ..means()
        };
        for (why, means, target, want, looks) in [
            ("nothing there", means(), None, Condition::Absent, false),
            ("something there", means(), Some(&target), unchanged, true),
            ("no conditions", off, None, Condition::Unconditional, true),
            (
                "no conditions, something there",
                off,
                Some(&target),
                Condition::Unconditional,
                true,
            ),
        ] {
            let Plan::Copy(copy) = means.plan(&spot(), Some(&object()), target) else {
                panic!("{why}: not a copy");
            };
            assert_eq!(copy.condition, want, "{why}");
            assert_eq!(copy.looks_after(), looks, "{why}");
            assert_eq!(copy.pin, object().etag, "{why}");
        }
    }

    #[test]
    fn a_copy_is_marked_where_s3_cannot_show_that_it_is_equal() {
        let stream = Means {
            way: config::Way::Stream,
            ..means()
        };
        let kms_target = Means {
            kms_target: true,
            ..means()
        };
        let multipart = Object {
            etag: ETag::new("ab-3"),
            ..object()
        };
        let kms = Object {
            kms: true,
            ..object()
        };
        for (why, means, source, want) in [
            ("plain", means(), object(), false),
            ("streamed", stream, object(), true),
            ("multipart source", means(), multipart, true),
            ("KMS source", means(), kms, true),
            ("KMS destination", kms_target, object(), true),
        ] {
            let Plan::Copy(copy) = means.plan(&spot(), Some(&source), None) else {
                panic!("{why}: not a copy");
            };
            assert_eq!(copy.marked, want, "{why}");
        }
    }

    #[test]
    fn a_refused_blind_write_replaces_only_what_it_can_tell_apart() {
        let etag = object().etag;
        let hint = Hint {
            size: Some(3),
            etag: Some(&etag),
            created: true,
            received_before: false,
        };
        let FirstTry::Blind(blind) = means().first_try(hint) else {
            panic!("not blind");
        };
        let other = ETag::new("900150983cd24fb0d6963f7d28e17f72");
        let plain = Object {
            etag: other.clone(),
            ..object()
        };
        let mut marked = plain.clone();
        marked.metadata.insert("brigade-source".into(), "{}".into());
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
            ("a marked copy", marked, false),
            ("a KMS object", kms, false),
            ("a multipart object", multipart, false),
        ] {
            let copy = means().replace(&blind, &target);
            assert_eq!(copy.is_some(), want, "{why}");
            if let Some(copy) = copy {
                assert_eq!(copy.condition, Condition::Unchanged(other.clone()), "{why}");
                assert!(copy.looks_after(), "{why}");
            }
        }
    }

    #[test]
    fn what_is_too_large_says_so() {
        let large = Object {
            size: 1 << 40,
            ..object()
        };
        let Plan::NotYet(why) = means().plan(&spot(), Some(&large), None) else {
            panic!("a plan for 1 TiB");
        };
        assert!(
            why.contains("1.0 TiB") && why.contains("480.0 MiB"),
            "{why}"
        );
    }

    #[test]
    fn nothing_is_done_about_what_is_gone_or_there() {
        assert_eq!(
            means().plan(&spot(), None, None),
            Plan::Nothing(Nothing::SourceGone)
        );
        let equal = means().plan(&spot(), Some(&object()), Some(&object()));
        assert_eq!(equal, Plan::Nothing(Nothing::AlreadyThere(Proof::ETag)));
    }
}
