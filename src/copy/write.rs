//! One write to carry out, and how it ended.

use std::collections::BTreeMap;

use bytes::Bytes;

use super::tagging::Tagging;
use crate::plan::{Copy, ExpectedCopy, Provenance, TransferMethod};
use crate::queue::{Terms, WriteLease};
use crate::route::Route;
use crate::s3::{BucketClient, ETag, Kind, S3Error, Tags};

/// One write to carry out.
#[derive(Debug, Clone, Copy)]
pub struct WriteRequest<'a> {
    /// For which route.
    pub route: &'a Route,
    /// Where the source is.
    pub from: BucketClient<'a>,
    /// Under which key.
    pub key: &'a str,
    /// Where the copy goes.
    pub to: BucketClient<'a>,
    /// Under which key.
    pub target: &'a str,
    /// What was decided.
    pub copy: &'a Copy,
    /// What the copy has to be, if its source was seen.
    pub expected: Option<ExpectedCopy<'a>>,
    /// The source's bytes, where they came with that.
    pub body: Option<&'a Bytes>,
    /// An earlier attempt may have been cut off; the source was seen since.
    pub again: bool,
    /// An earlier attempt has made an upload corrupt: no open one is continued.
    pub corrupt: bool,
}

/// What a copy in parts leaves behind that did not become one.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Leftovers {
    /// An upload that could not be aborted.
    pub stays: bool,
    /// Parts it has made itself, which a later attempt continues with.
    pub gained: bool,
    /// An upload was corrupt.
    pub corrupt: bool,
}

impl Leftovers {
    /// What both leave behind.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        Self {
            stays: self.stays || other.stays,
            gained: self.gained || other.gained,
            corrupt: self.corrupt || other.corrupt,
        }
    }
}

/// A write that took effect.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Done {
    /// The source version that was read, if S3 returned it.
    pub source_version: Option<String>,
    /// False when the answer cannot show that the copy is right and nobody has looked yet.
    pub proven: bool,
    /// The version that was written, in a bucket that keeps them.
    pub version: Option<String>,
    /// The copy's tags, where they are still to be put onto it.
    pub tags: Option<Tags>,
}

impl<'a> WriteRequest<'a> {
    /// What the copy has to be, where nothing can be done without it.
    pub(super) fn seen(&self) -> Result<ExpectedCopy<'a>, S3Error> {
        self.expected.ok_or_else(|| {
            let code = "Unseen".into();
            let message = format!("{} needs a HEAD of its source", self.copy.transfer);
            S3Error::with("GetObject", Kind::Refused { code }, message)
        })
    }

    /// A lease with more time for one write, where an earlier attempt may have been cut off for want of it.
    pub(super) async fn patient(
        &self,
        write_lease: &WriteLease,
    ) -> Result<Option<WriteLease>, S3Error> {
        let bytes = self.expected.map_or(0, |copy| copy.source().size);
        let patience = self.copy.transfer.patience(bytes);
        if !self.again || patience <= write_lease.terms().write_timeout() {
            return Ok(None);
        }
        let longer = write_lease.reaching(Terms::for_write_of(patience)).await;
        let op = match self.copy.transfer {
            TransferMethod::ServerSide => "CopyObject",
            TransferMethod::Stream
            | TransferMethod::ServerSideParts
            | TransferMethod::StreamParts => "PutObject",
        };
        Ok(Some(longer.map_err(|_| S3Error::new(op, Kind::Lease))?))
    }

    /// The copy's user metadata, with its provenance if it carries one, which says what was `sent`.
    pub(super) fn metadata(
        &self,
        tagging: &Tagging,
        sent: Option<&ETag>,
    ) -> BTreeMap<String, String> {
        let Some(expected) = self.expected else {
            return BTreeMap::new();
        };
        let provenance = self.copy.with_provenance.then(|| {
            Provenance::of(&expected)
                .of_body(sent)
                .before_its_tags(tagging.follows())
        });
        expected.metadata(provenance.as_ref())
    }
}
