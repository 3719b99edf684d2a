//! How tags get onto a copy.
//!
//! `CopyObject` carries them by itself. On every other way they are read from the source and sent
//! with the write; what is too long for a header is put onto the copy once it is there, which its
//! mark says, so that a crash in between is seen and made good.
//!
//! HEAD tells how many tags there are. But it tells nothing to who may not read tags, and whoever
//! requires tags must not take that for "none". So nothing is taken for "none" only where the
//! route's tags could be read within the last minute; else they are asked for, and always for what
//! is made in parts. So a small object without tags costs no call, but for one a minute; and a right
//! that is taken away is noticed after a minute, within which tags of such may be missed.

use super::copier::Copier;
use super::tagging::Tagging;
use super::write::WriteRequest;
use crate::config::TagPolicy;
use crate::plan::TransferMethod;
use crate::queue::WriteLease;
use crate::route::Route;
use crate::s3::{BucketClient, Kind, Object, S3Error, Tags, tagging_header};

impl Copier {
    /// How tags get onto this copy.
    pub(super) async fn tagging(&self, request: WriteRequest<'_>) -> Result<Tagging, S3Error> {
        if !self.wants_tags(request.route) {
            return Ok(Tagging::Left);
        }
        if request.copy.transfer == TransferMethod::ServerSide {
            return Ok(Tagging::Copied);
        }
        let source = request.seen()?.source();
        let counted = request.from.s3.counts_tags() && self.rights.are_read(&request.route.name);
        if request.copy.transfer == TransferMethod::Stream && source.tag_count.is_none() && counted
        {
            return Ok(Tagging::Left);
        }
        let tags = Box::pin(self.tags(request.route, (request.from, request.key), source));
        Ok(match tags.await? {
            Some(tags) if !tags.is_empty() => match tagging_header(&tags) {
                Some(header) => Tagging::Sent(header),
                None => Tagging::Follow(tags),
            },
            Some(_) | None => Tagging::Left,
        })
    }

    /// The source's tags; `None` where they are to be left alone.
    ///
    /// # Errors
    /// [`S3Error`]; `Kind::Precondition` when the source has moved on.
    pub async fn tags(
        &self,
        route: &Route,
        (BucketClient { s3, bucket }, key): (BucketClient<'_>, &str),
        source: &Object,
    ) -> Result<Option<Tags>, S3Error> {
        if !self.wants_tags(route) {
            return Ok(None);
        }
        if source.tag_count == Some(0) {
            return Ok(Some(Tags::new()));
        }
        match s3.tags(bucket, key, source).await {
            Ok(tags) => {
                self.rights.read(&route.name);
                Ok(Some(tags))
            }
            Err(
                error @ S3Error {
                    kind: Kind::Denied, ..
                },
            ) if is_best_effort(route) => {
                self.rights.refused(&route.name, &error);
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }

    /// Puts tags onto a copy that is there.
    ///
    /// # Errors
    /// [`S3Error`]; `Kind::Gone` when it is there no more.
    pub async fn put_tags(
        &self,
        route: &Route,
        (BucketClient { s3, bucket }, key, version): (BucketClient<'_>, &str, Option<&str>),
        tags: &Tags,
        write_lease: &WriteLease,
    ) -> Result<(), S3Error> {
        match s3.put_tags((bucket, key, version), tags, write_lease).await {
            Err(
                error @ S3Error {
                    kind: Kind::Denied, ..
                },
            ) if is_best_effort(route) => {
                self.rights.refused(&route.name, &error);
                Ok(())
            }
            answer => answer,
        }
    }

    /// Whether a refused write is tried again without tags, which may be why it was refused.
    pub(super) fn may_leave_tags(route: &Route, tagging: &Tagging, error: &S3Error) -> bool {
        let denied = matches!(
            error,
            S3Error {
                kind: Kind::Denied,
                ..
            }
        );
        denied && is_best_effort(route) && tagging.needs_a_right()
    }

    fn wants_tags(&self, route: &Route) -> bool {
        match route.properties.tags {
            TagPolicy::Require => true,
            TagPolicy::BestEffort => !self.rights.are_refused(&route.name),
            TagPolicy::Skip => false,
        }
    }

    /// Remembers that a write was refused for its tags: it succeeded without.
    pub(super) fn left_tags(&self, route: &Route, error: &S3Error) {
        self.rights.refused(&route.name, error);
    }
}

fn is_best_effort(route: &Route) -> bool {
    route.properties.tags == TagPolicy::BestEffort
}
