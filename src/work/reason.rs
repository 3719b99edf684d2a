//! Why a message is dead-lettered or returned, and why a route is paused: one enum, whose names are stable.
//!
//! They stand in `brigade.reason` of dead-lettered messages, in metrics, in logs and in `/status.json`. What each means,
//! where to look first and how to fix it stands here, once; docs/runbook.md shows it, and a test compares the two.

use serde::{Serialize, Serializer};

use crate::s3::Kind;

/// Why something did not succeed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(missing_docs, reason = "each has its text in `Reason::entry`")]
pub enum Reason {
    Malformed,
    NewerVersion,
    SourceMissing,
    Denied,
    Refused,
    Archived,
    Restoring,
    KmsKey,
    Integrity,
    Unreadable,
    BadTargetKey,
    DroppedAttribute,
    Unannounced,
    Contended,
    Throttled,
    Unanswered,
    Unreachable,
    LeaseShort,
    RoutePaused,
    NoBucket,
    Credentials,
    WrongRegion,
    NotImplemented,
    Panicked,
}

/// What a reason is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Entry {
    /// As it is written everywhere.
    pub name: &'static str,
    /// What has happened, and what becomes of the message.
    pub meaning: &'static str,
    /// Where to look first.
    pub check: &'static str,
    /// What to do.
    pub fix: &'static str,
}

/// What each reason is about, in the order of the enum.
#[rustfmt::skip]
const TABLE: [(Reason, Entry); 24] = [
    (Reason::Malformed, Entry {
        name: "malformed",
        meaning: "The body is no event that brigade knows. The message is dead-lettered at once.",
        check: "`brigade explain` with the body; it says at which place it is not understood.",
        fix: "Find out who sends to the queue. If it is a work message of your own, correct its JSON and send it again. A queue that carries other envelopes needs them in `queue.NAME.accept`.",
    }),
    (Reason::NewerVersion, Entry {
        name: "newer_version",
        meaning: "The work message was written by a newer release. It is returned to the queue until a process that knows its version receives it.",
        check: "The versions of all running processes: `brigade --version`.",
        fix: "Finish the rolling deployment. After a rollback, send the message again with the older release.",
    }),
    (Reason::SourceMissing, Entry {
        name: "source_missing",
        meaning: "The source object is gone, and the route says `source_missing = \"retry\"` or `\"dead-letter\"`.",
        check: "Whether the object was deleted, by a person, a lifecycle rule or another consumer.",
        fix: "If it may be gone, say `source_missing = \"skip\"`. Else restore it and send the message back.",
    }),
    (Reason::Denied, Entry {
        name: "denied",
        meaning: "S3 denies this object. A message is dead-lettered on its third receive; while the route itself is denied, the route is paused and nothing is dead-lettered.",
        check: "The error: it names the action that is missing, the caller and the request id. If the route is paused, recent changes of IAM, bucket, access point, KMS key and organization policies.",
        fix: "Grant the action on both sides (docs/iam.md). An object that belongs to another account needs its owner's grant, or bucket ownership `BucketOwnerEnforced`. Then send the messages back.",
    }),
    (Reason::Refused, Entry {
        name: "refused",
        meaning: "S3 answers that this request can never succeed, for example for an object encrypted with a customer's key (SSE-C). The message is dead-lettered at once; if the route's check is refused as well, the route is paused.",
        check: "The code in the error, such as `InvalidRequest`; the object's encryption, size and storage class; the route's `storage_class`, `sse` and `acl`.",
        fix: "Copy objects with SSE-C by other means, or exclude them with `exclude`. Correct the route's settings if they are what S3 refuses, then send the messages back.",
    }),
    (Reason::Archived, Entry {
        name: "archived",
        meaning: "The source object is in an archive class and cannot be read. The message is dead-lettered.",
        check: "The object's storage class.",
        fix: "Restore the object and send the message back, or say `glacier = \"restore\"` or `\"skip\"` on the route.",
    }),
    (Reason::Restoring, Entry {
        name: "restoring",
        meaning: "The source object is being restored from an archive class. The message comes again until it can be read, which takes minutes to two days; that does not count as an attempt.",
        check: "The object's `x-amz-restore` header.",
        fix: "Nothing. With `s3:ObjectRestore:Completed` among the bucket's notifications the copy is made as soon as the object can be read.",
    }),
    (Reason::KmsKey, Entry {
        name: "kms_key",
        meaning: "A KMS key cannot be used: disabled, scheduled for deletion, in another region. One with which nothing can be written pauses the route; one source object's own key dead-letters its message on its third receive.",
        check: "The key's state and policy, in the account and region that the error names.",
        fix: "Enable the key or cancel its deletion; then a paused route resumes by itself, and dead-lettered messages can be sent back.",
    }),
    (Reason::Integrity, Entry {
        name: "integrity",
        meaning: "The bytes that arrived are not the source's, twice in one attempt. The message is dead-lettered; a wrong copy never counts as done.",
        check: "Proxies and appliances between the daemon and S3; the hardware; a custom endpoint that changes bodies.",
        fix: "Remove what changes the bytes, then send the message back. A copy that stands there wrong is replaced then.",
    }),
    (Reason::Unreadable, Entry {
        name: "unreadable",
        meaning: "S3's good answer about the object has a header that cannot be read, and will have it next time too. The message is dead-lettered at once.",
        check: "The error names the header; the object's headers and metadata as another client shows them.",
        fix: "Write the object's metadata anew (a copy onto itself with `REPLACE`), or correct the endpoint that answers so. Then send the message back.",
    }),
    (Reason::BadTargetKey, Entry {
        name: "bad_target_key",
        meaning: "The route's `to` makes no key that S3 takes of this source key: it would be empty, or longer than 1,024 bytes.",
        check: "`brigade explain` with the event.",
        fix: "Change `to`, or exclude such keys.",
    }),
    (Reason::DroppedAttribute, Entry {
        name: "dropped_attribute",
        meaning: "The route says `strict = true`, and the copy would lose something: the error says what.",
        check: "The object's headers, metadata, checksums and Object Lock.",
        fix: "Say `strict = false` to copy it without, or exclude such objects.",
    }),
    (Reason::Unannounced, Entry {
        name: "unannounced",
        meaning: "The object was copied, but what follows failed: its partition in Glue, a notification, or an arrival. The message comes again; where no attempt can succeed for this object, such as one that belongs to no partition, it is dead-lettered.",
        check: "The error: it names the table, topic, queue or bus.",
        fix: "Correct the table's partition keys or the object's path, the permission, or the target's ARN. Then send the message back as a work message or run `brigade reconcile`, which announces the copy again.",
    }),
    (Reason::Contended, Entry {
        name: "contended",
        meaning: "Other writers changed source or destination in each of four rounds. The message comes again, and is dead-lettered after `max_attempts` receives.",
        check: "Who else writes to the destination key, or how often the source is overwritten.",
        fix: "Give each writer its own prefix. Send the message back once it is quiet.",
    }),
    (Reason::Throttled, Entry {
        name: "throttled",
        meaning: "S3 or KMS asks for fewer requests (503 SlowDown). brigade slows down by itself and tries again; the message is dead-lettered after `max_attempts` receives.",
        check: "`brigade_s3_limit` and `brigade_kms_limit`; other clients of the same prefix or key.",
        fix: "Spread the keys over more prefixes, ask AWS for a higher KMS quota, or use S3 Bucket Keys.",
    }),
    (Reason::Unanswered, Entry {
        name: "unanswered",
        meaning: "A request was sent, and no answer shows whether it took effect (500, a timeout, a broken connection). The message comes again once the request can no longer take effect.",
        check: "The request id in the error and the AWS Health Dashboard; the network between the daemon and S3.",
        fix: "Usually nothing. For slow networks, a longer `visibility_timeout` gives each request more time.",
    }),
    (Reason::Unreachable, Entry {
        name: "unreachable",
        meaning: "The request could not be sent: no connection to the endpoint.",
        check: "DNS, security groups, VPC endpoints, proxies, `endpoint_url`.",
        fix: "Correct the network; the messages wait in the queue meanwhile.",
    }),
    (Reason::LeaseShort, Entry {
        name: "lease_short",
        meaning: "The message's visibility could not be extended in time, so no write was sent any more. The message comes again.",
        check: "Errors of `ChangeMessageVisibility`; a machine that is overloaded or was suspended.",
        fix: "A longer `visibility_timeout`, or a larger machine.",
    }),
    (Reason::RoutePaused, Entry {
        name: "route_paused",
        meaning: "The route is paused or is being checked, so the message is returned to the queue; that does not count as an attempt.",
        check: "`/status.json`: the route's reason and error.",
        fix: "Correct what the route's reason names; it resumes by itself.",
    }),
    (Reason::NoBucket, Entry {
        name: "no_bucket",
        meaning: "A bucket or access point of the route does not exist. The route is paused.",
        check: "Spelling, account and region of `from` and `to`.",
        fix: "Create the bucket, or correct the route.",
    }),
    (Reason::Credentials, Entry {
        name: "credentials",
        meaning: "The credentials are missing, unknown, expired or of another partition. The route is paused; a secret is read again by itself.",
        check: "The task's role, the secret's content and age, the clock of the machine.",
        fix: "Rotate or replace the credentials. The route resumes by itself.",
    }),
    (Reason::WrongRegion, Entry {
        name: "wrong_region",
        meaning: "The bucket is in another region than the one that was asked. The route is paused.",
        check: "`from_region`, `to_region` and the account's `region`.",
        fix: "Leave the region out, so that it is found, or correct it.",
    }),
    (Reason::NotImplemented, Entry {
        name: "not_implemented",
        meaning: "The endpoint does not know a request that the route needs (501, 405). The route is paused.",
        check: "The operation in the error; what the S3-compatible endpoint supports.",
        fix: "Set `conditional_writes`, `tags` or `transfer` on the account or route to what the endpoint supports.",
    }),
    (Reason::Panicked, Entry {
        name: "panicked",
        meaning: "Work on the message met a fault of brigade and panicked. Other messages are not affected. It comes again with growing pauses, and is dead-lettered if every attempt panics.",
        check: "The log line `panicked`: its place in the code and its message; `brigade_panics_total`.",
        fix: "Report it with that line and the event. Send the message back once a release has mended it.",
    }),
];

impl Reason {
    /// As it is written everywhere.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.entry().name
    }

    /// Why a request that concerns no object fails for every other one, too; `None` where it need not.
    #[must_use]
    pub fn of_route(kind: &Kind) -> Option<Self> {
        match kind {
            Kind::NoBucket => Some(Self::NoBucket),
            Kind::Credentials(_) => Some(Self::Credentials),
            Kind::Region(_) => Some(Self::WrongRegion),
            Kind::Throttled(_) => Some(Self::Throttled),
            Kind::Unanswered => Some(Self::Unanswered),
            Kind::NotSent => Some(Self::Unreachable),
            Kind::Gone
            | Kind::NotFound
            | Kind::Precondition
            | Kind::Conflict
            | Kind::Denied
            | Kind::Key
            | Kind::Archived
            | Kind::Lease
            | Kind::Corrupt
            | Kind::Unreadable
            | Kind::NotImplemented
            | Kind::Refused { .. } => None,
        }
    }

    /// What it is about.
    #[must_use]
    pub fn entry(self) -> Entry {
        TABLE[self as usize].1
    }
}

impl Serialize for Reason {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

impl std::fmt::Display for Reason {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::fmt::Write;

    use super::*;

    /// The runbook's sections of reasons.
    fn sections() -> String {
        TABLE.iter().fold(String::new(), |mut text, (_, entry)| {
            let Entry {
                name,
                meaning,
                check,
                fix,
            } = entry;
            let _ = write!(
                text,
                "\n### `{name}`\n\n{meaning}\n\n- **First look**: {check}\n- **Fix**: {fix}\n"
            );
            text
        })
    }

    #[test]
    fn the_runbook_has_a_section_for_every_reason() {
        let page = include_str!("../../docs/runbook.md");
        let (_, shown) = page.split_once("<!-- reasons -->\n").expect("its place");
        assert_eq!(shown, sections());
    }

    #[test]
    fn every_reason_stands_at_its_place_with_a_name_of_its_own() {
        let names: BTreeSet<_> = TABLE.iter().map(|(_, entry)| entry.name).collect();
        assert_eq!(names.len(), TABLE.len());
        for (place, (reason, entry)) in TABLE.iter().enumerate() {
            assert_eq!(*reason as usize, place, "{reason:?}");
            let plain = |c: char| c.is_ascii_lowercase() || c == '_';
            assert!(entry.name.chars().all(plain), "{}", entry.name);
        }
    }
}
