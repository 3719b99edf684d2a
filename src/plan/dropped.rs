//! What no copy of a source can keep. Pure.
//!
//! `CopyObject` without a HEAD of the source does not show it, so `strict = true` sends that HEAD first. Annotations
//! are not listed here: `CopyObject` carries them, other transfers do not, and no HEAD tells that there are any.

use std::fmt;

use super::capabilities::Copy;
use crate::s3::{Algorithm, Object};

/// Something that stays behind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum DroppedAttribute {
    /// User metadata that no header can hold.
    Metadata,
    /// Retention or a legal hold: the destination has its own.
    Lock,
    /// Where a website redirects to.
    Redirect,
    /// A checksum that parts cannot have as a whole, or that is not among those we know.
    Checksum,
}

impl fmt::Display for DroppedAttribute {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Metadata => "user metadata that no header can hold",
            Self::Lock => "Object Lock retention or legal hold",
            Self::Redirect => "the website redirect location",
            Self::Checksum => {
                "its checksum: one that a copy in parts cannot have (SHA), or that only S3 can copy"
            }
        })
    }
}

/// What a copy of `source`, made so, leaves behind.
#[must_use]
pub fn dropped(source: &Object, copy: &Copy) -> Vec<DroppedAttribute> {
    let joins = source.algorithm().is_none_or(Algorithm::is_joinable);
    let all = [
        // S3 copies properties that it does not return to us.
        (
            DroppedAttribute::Metadata,
            source.aside.missing_metadata && copy.with_provenance,
        ),
        (DroppedAttribute::Lock, source.aside.locked),
        (DroppedAttribute::Redirect, source.aside.redirects),
        (
            DroppedAttribute::Checksum,
            !joins && copy.transfer.in_parts()
                || source.aside.other_checksum && copy.transfer.is_by_hand(),
        ),
    ];
    let left = all.into_iter().filter(|(_, left)| *left);
    left.map(|(what, _)| what).collect()
}

#[cfg(test)]
mod tests {
    use super::super::samples::object;
    use super::super::transfer::TransferMethod;
    use super::*;
    use crate::s3::{Algorithm, Aside, Checksum, Condition};

    #[test]
    fn what_stays_behind_depends_on_the_way() {
        let copy = |transfer, with_provenance| Copy {
            transfer,
            pin: object().etag,
            condition: Condition::Absent,
            with_provenance,
            why: "",
        };
        let (server, parts) = (
            copy(TransferMethod::ServerSide, false),
            copy(TransferMethod::ServerSideParts, true),
        );
        let aside = |aside| Object { aside, ..object() };
        let none = Aside::default();
        let sha = Object {
            checksum: Some(Checksum {
                algorithm: Algorithm::Sha256,
                value: "x".into(),
            }),
            ..object()
        };
        let shas = Object {
            composite: Some(Algorithm::Sha1),
            ..object()
        };
        let missing = aside(Aside {
            missing_metadata: true,
            ..none
        });
        let locked = aside(Aside {
            locked: true,
            ..none
        });
        let redirects = aside(Aside {
            redirects: true,
            ..none
        });
        let other = aside(Aside {
            other_checksum: true,
            ..none
        });
        for (why, source, copy, want) in [
            ("nothing", object(), &parts, vec![]),
            ("S3 copies it itself", missing.clone(), &server, vec![]),
            (
                "metadata by hand",
                missing,
                &parts,
                vec![DroppedAttribute::Metadata],
            ),
            ("a lock", locked, &server, vec![DroppedAttribute::Lock]),
            (
                "a redirect",
                redirects,
                &server,
                vec![DroppedAttribute::Redirect],
            ),
            (
                "a checksum of another kind, by S3",
                other.clone(),
                &server,
                vec![],
            ),
            ("… by hand", other, &parts, vec![DroppedAttribute::Checksum]),
            ("a SHA in one", sha.clone(), &server, vec![]),
            (
                "a SHA in parts",
                sha,
                &parts,
                vec![DroppedAttribute::Checksum],
            ),
            (
                "SHAs of parts",
                shas,
                &parts,
                vec![DroppedAttribute::Checksum],
            ),
        ] {
            assert_eq!(dropped(&source, copy), want, "{why}");
        }
    }
}
