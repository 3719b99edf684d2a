//! Objects that cannot be read before they are restored.

use aws_sdk_s3::operation::head_object::HeadObjectOutput;
use aws_sdk_s3::types::StorageClass;

/// Whether an object can be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Archive {
    /// At once.
    Readable,
    /// Once a restore is done that is under way.
    Restoring,
    /// Once it is restored; the copy that is restored then goes again after some days.
    Glacier,
    /// Once it is restored; it then stays.
    IntelligentTiering,
}

impl Archive {
    /// From a HEAD. `GLACIER_IR` is read like any other class.
    pub(super) fn of(head: &HeadObjectOutput) -> Self {
        // ongoing-request="false", expiry-date="…"
        let restore = head.restore().unwrap_or_default();
        let archived = match head.storage_class() {
            Some(StorageClass::Glacier | StorageClass::DeepArchive) => Self::Glacier,
            Some(_) | None if head.archive_status().is_some() => Self::IntelligentTiering,
            Some(_) | None => return Self::Readable,
        };
        if restore.contains("ongoing-request=\"true\"") {
            Self::Restoring
        } else if restore.contains("ongoing-request=\"false\"") {
            Self::Readable
        } else {
            archived
        }
    }
}

#[cfg(test)]
mod tests {
    use aws_sdk_s3::types::ArchiveStatus;

    use super::*;

    #[test]
    fn a_look_tells_whether_an_object_can_be_read() {
        let under_way = Some("ongoing-request=\"true\"");
        let done = Some("ongoing-request=\"false\", expiry-date=\"Fri, 21 Dec 2012 00:00:00 GMT\"");
        let deep = Some(ArchiveStatus::DeepArchiveAccess);
        for (class, status, restore, want) in [
            (None, None, None, Archive::Readable),
            (Some("GLACIER_IR"), None, None, Archive::Readable),
            (Some("GLACIER"), None, None, Archive::Glacier),
            (Some("DEEP_ARCHIVE"), None, None, Archive::Glacier),
            (Some("DEEP_ARCHIVE"), None, under_way, Archive::Restoring),
            (Some("GLACIER"), None, done, Archive::Readable),
            (Some("INTELLIGENT_TIERING"), None, None, Archive::Readable),
            (
                Some("INTELLIGENT_TIERING"),
                deep.clone(),
                None,
                Archive::IntelligentTiering,
            ),
            (
                Some("INTELLIGENT_TIERING"),
                deep,
                under_way,
                Archive::Restoring,
            ),
        ] {
            let head = HeadObjectOutput::builder()
                .set_storage_class(class.map(StorageClass::from))
                .set_archive_status(status.clone())
                .set_restore(restore.map(str::to_owned));
            let head = head.build();
            assert_eq!(Archive::of(&head), want, "{class:?} {status:?} {restore:?}");
        }
    }
}
