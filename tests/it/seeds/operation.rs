//! The calls of the daemons that a script can name.

use serde::{Deserialize, Serialize};

/// A call of the daemons.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Operation {
    HeadObject,
    GetObject,
    CopyObject,
    PutObject,
    DeleteObject,
    CreateMultipartUpload,
    UploadPart,
    UploadPartCopy,
    CompleteMultipartUpload,
    AbortMultipartUpload,
    ListMultipartUploads,
    ListParts,
    GetObjectTagging,
    PutObjectTagging,
    GetQueueAttributes,
    ReceiveMessage,
    ChangeMessageVisibility,
    ChangeMessageVisibilityBatch,
    DeleteMessageBatch,
    SendMessage,
    PublishBatch,
    StartCrawler,
    GetCrawler,
}

impl Operation {
    pub(super) fn service(self) -> &'static str {
        match self {
            Self::HeadObject
            | Self::GetObject
            | Self::CopyObject
            | Self::PutObject
            | Self::DeleteObject
            | Self::CreateMultipartUpload
            | Self::UploadPart
            | Self::UploadPartCopy
            | Self::CompleteMultipartUpload
            | Self::AbortMultipartUpload
            | Self::ListMultipartUploads
            | Self::ListParts
            | Self::GetObjectTagging
            | Self::PutObjectTagging => "s3",
            Self::StartCrawler | Self::GetCrawler => "glue",
            Self::PublishBatch => "sns",
            Self::GetQueueAttributes
            | Self::ReceiveMessage
            | Self::ChangeMessageVisibility
            | Self::ChangeMessageVisibilityBatch
            | Self::DeleteMessageBatch
            | Self::SendMessage => "sqs",
        }
    }

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::HeadObject => "HeadObject",
            Self::GetObject => "GetObject",
            Self::CopyObject => "CopyObject",
            Self::PutObject => "PutObject",
            Self::DeleteObject => "DeleteObject",
            Self::CreateMultipartUpload => "CreateMultipartUpload",
            Self::UploadPart => "UploadPart",
            Self::UploadPartCopy => "UploadPartCopy",
            Self::CompleteMultipartUpload => "CompleteMultipartUpload",
            Self::AbortMultipartUpload => "AbortMultipartUpload",
            Self::ListMultipartUploads => "ListMultipartUploads",
            Self::ListParts => "ListParts",
            Self::GetObjectTagging => "GetObjectTagging",
            Self::PutObjectTagging => "PutObjectTagging",
            Self::GetQueueAttributes => "GetQueueAttributes",
            Self::ReceiveMessage => "ReceiveMessage",
            Self::ChangeMessageVisibility => "ChangeMessageVisibility",
            Self::ChangeMessageVisibilityBatch => "ChangeMessageVisibilityBatch",
            Self::DeleteMessageBatch => "DeleteMessageBatch",
            Self::SendMessage => "SendMessage",
            Self::PublishBatch => "PublishBatch",
            Self::StartCrawler => "StartCrawler",
            Self::GetCrawler => "GetCrawler",
        }
    }
}
