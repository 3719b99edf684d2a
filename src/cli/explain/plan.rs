//! What is done first about an event, why, and what it costs at best.

use bytesize::ByteSize;

use crate::config::SourceMissing;
use crate::plan::{Capabilities, Copy, Cut, FirstAttempt, Hint, ONE_PART};

/// What is known of the event and its route.
pub(super) struct Asked<'a> {
    pub(super) capabilities: Capabilities,
    pub(super) hint: Hint<'a>,
    /// The destination's key carries the source's date.
    pub(super) dated: bool,
    /// Tags travel, too.
    pub(super) tags: bool,
}

/// What is planned, in words.
pub(super) struct Plan {
    pub(super) steps: String,
    pub(super) why: String,
    pub(super) calls: String,
}

pub(super) fn plan(asked: &Asked<'_>) -> Plan {
    let Asked {
        capabilities, hint, ..
    } = asked;
    let head = match (capabilities.conditional, capabilities.follows) {
        (true, false) => "",
        (true, true) => ", then a HEAD of the source (deletes are followed)",
        (false, _) => ", then a HEAD of the source (no conditional writes)",
    };
    if let Some(cut) = hint.size.and_then(|size| capabilities.cut(size)) {
        return in_parts(asked, &cut, head);
    }
    let first = match capabilities.first_attempt(*hint) {
        FirstAttempt::Blind(_) if asked.dated => {
            FirstAttempt::SourceOnly("the destination key needs the source's date")
        }
        first @ (FirstAttempt::Blind(_)
        | FirstAttempt::Read { .. }
        | FirstAttempt::SourceOnly(_)
        | FirstAttempt::BothSides(_)) => first,
    };
    let extra = u32::from(!head.is_empty());
    match first {
        FirstAttempt::Blind(Copy { why, .. }) => Plan {
            steps: format!("CopyObject pinned to the event's eTag, if nothing is there yet{head}"),
            why: format!(
                "{why} (at most {} in one call)",
                ByteSize(capabilities.copy_max)
            ),
            calls: format!("{} S3, if it is new", 1 + extra),
        },
        FirstAttempt::Read { why, .. } => Plan {
            steps: format!(
                "GetObject pinned to the event's eTag, then PutObject if nothing is there yet{head}"
            ),
            why: why.into(),
            calls: format!("{} S3, if it is new", 2 + extra),
        },
        FirstAttempt::SourceOnly(why) if capabilities.streams() => Plan {
            steps: format!(
                "HeadObject of the source, then GetObject → PutObject if nothing is there yet{head}"
            ),
            why: why.into(),
            calls: format!("{} S3 or more, if it is new", 3 + extra),
        },
        FirstAttempt::SourceOnly(why) => Plan {
            steps: format!("HeadObject of the source, then copy if nothing is there yet{head}"),
            why: why.into(),
            calls: format!("{} S3 or more, if it is new", 2 + extra),
        },
        FirstAttempt::BothSides(why) => Plan {
            steps: "HeadObject of both sides, then copy unless they are proved equal".into(),
            why: why.into(),
            calls: "2 S3 if they are equal, 3 if nothing is there, 4 if something else is".into(),
        },
    }
}

/// Of a removal: like any other event it only names a key.
pub(super) fn removal(follows: bool, missing: SourceMissing) -> Plan {
    let gone = match missing {
        _ if follows => "its copy is deleted",
        SourceMissing::Skip => {
            "nothing is done and the copy stays (deletes = \"ignore\"), counted as source_gone"
        }
        SourceMissing::Retry => {
            "the copy stays (deletes = \"ignore\") and the message returns to the queue \
             (source_missing = \"retry\")"
        }
        SourceMissing::DeadLetter => {
            "the copy stays (deletes = \"ignore\") and the message is dead-lettered as \
             source_missing (source_missing = \"dead-letter\")"
        }
    };
    Plan {
        steps: format!(
            "HeadObject of both sides; if the source is gone, {gone}; if it is there again, copy unless \
             the two are proved equal"
        ),
        why: "the event of a removal: what to do follows from what stands at the source now".into(),
        // A bare 404 may be a missing bucket: a GET, whose 404 has a body, shows which.
        calls: if follows {
            "4 S3 if the copy is deleted, 6 where the source's bucket keeps no versions"
        } else {
            "2 S3 if it is gone, 3 where the source's bucket keeps no versions"
        }
        .into(),
    }
}

fn in_parts(asked: &Asked<'_>, cut: &Cut, head: &str) -> Plan {
    let Asked {
        capabilities, hint, ..
    } = asked;
    let how = match capabilities.streams() {
        true if cut.part > ONE_PART => "GetObject → UploadPart, streamed",
        true => "GetObject → UploadPart",
        false => "UploadPartCopy",
    };
    let (parts, part) = (cut.parts, ByteSize(cut.part));
    // How its source is cut is asked where the copy may be cut alike.
    let cut_before = hint.etag.is_some_and(|etag| etag.parts().is_some());
    let heads = [
        !head.is_empty(),
        asked.tags,
        cut_before && capabilities.part_size.is_none(),
    ];
    let heads: u64 = heads.into_iter().map(u64::from).sum();
    Plan {
        steps: format!(
            "HeadObject of both sides, then {parts} parts of {part} ({how}), eight at once{head}"
        ),
        why: "larger than one request may copy; an upload that was begun is gone on with".into(),
        // Both sides, the open uploads, a new one and its manifest, its end.
        calls: format!("{} S3, if it is new", 7 + cut.calls + heads),
    }
}
