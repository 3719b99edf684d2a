//! Carries out what was planned from what was seen.

use bytes::Bytes;

use super::end::{Ended, Equal, Failure};
use super::run::{Run, Seen, Step};
use crate::copy::{CopyError, WriteRequest};
use crate::plan::{Copy, Nothing, Plan, TransferMethod, dropped};
use crate::s3::{Archive, BucketClient, Condition, Kind, Object};

impl Run<'_> {
    /// Plans from what was seen and carries it out.
    pub(super) async fn round(&mut self, seen: &Seen) -> Result<Step, Failure> {
        let source = seen.source.as_ref();
        self.large |= source.is_some_and(|source| source.size > self.capabilities().one_request());
        if source.is_some_and(|source| !self.task.takes(source.size)) {
            return Ok(Step::End(Ended::Size));
        }
        let expected = source.map(|source| self.expected(source));
        let plan = self
            .capabilities()
            .plan(expected.as_ref(), seen.target.as_ref());
        match plan {
            Plan::Nothing(Nothing::AlreadyThere(proof)) if !self.retag => {
                Ok(Step::End(self.there(seen, proof)?))
            }
            Plan::Nothing(Nothing::AlreadyThere(proof)) | Plan::Tags(proof) => {
                Box::pin(self.tag_again(seen, proof)).await
            }
            Plan::Nothing(nothing) => Ok(Step::End(Ended::Nothing(nothing))),
            // Its event did not tell the size. Bytes that are there already must not move again.
            Plan::Copy(copy) if copy.transfer.in_parts() && !seen.asked => Ok(Step::ObserveAgain),
            Plan::Copy(copy) => match source {
                Some(source) if source.archive != Archive::Readable => {
                    Box::pin(self.archived(source)).await
                }
                source => {
                    self.leave_behind(source, &copy)?;
                    self.write(&copy, source, seen.body.as_ref()).await
                }
            },
            Plan::Delete(condition) => self.delete(&condition).await,
        }
    }

    /// Deletes the copy, and looks at the source again: it may have come back meanwhile.
    async fn delete(&mut self, condition: &Condition) -> Result<Step, Failure> {
        let target = self.key_for(None)?;
        let BucketClient { s3, bucket } = self.task.to;
        tracing::debug!(to_key = target, ?condition, "deleting copy");
        self.writes_to(&target);
        match s3
            .delete(bucket, &target, condition, self.write_lease)
            .await
        {
            Ok(()) => (self.wrote, self.written) = (true, None),
            Err(e) if self.lost_a_race(condition, &e) => return Ok(Step::Refused),
            Err(other) => return Err(other.into()),
        }
        Ok(match self.source().await? {
            Some(_) => Step::ObserveAgain,
            None => Step::End(Ended::Deleted),
        })
    }

    /// Writes, and looks at the source again where the write may have replaced something.
    pub(super) async fn write(
        &mut self,
        copy: &Copy,
        source: Option<&Object>,
        body: Option<&Bytes>,
    ) -> Result<Step, Failure> {
        let task = self.task;
        let target = self.key_for(source)?;
        let bytes = source
            .map(|source| source.size)
            .or(task.event.size)
            .unwrap_or_default();
        // One CopyObject takes seconds at most, and no memory: it is small, however large.
        if copy.transfer != TransferMethod::ServerSide {
            task.may_transfer(bytes).await;
        }
        if copy.transfer.in_parts() {
            self.began.insert(target.clone());
        }
        tracing::debug!(to_key = target, transfer = %copy.transfer, condition = ?copy.condition, "writing copy");
        self.writes_to(&target);
        let request = WriteRequest {
            route: task.route,
            from: task.from,
            key: &task.event.key,
            to: task.to,
            target: &target,
            copy,
            expected: source.map(|source| self.expected(source)),
            body,
            again: task.again,
            corrupt: self.left.corrupt,
        };
        let (done, left) = self.copier.dispatch(request, self.write_lease).await;
        self.left = self.left.and(left);
        let done = match done {
            Ok(done) => done,
            Err(CopyError::S3(e)) if self.lost_a_race(&copy.condition, &e) => {
                return Ok(Step::Refused);
            }
            // Written blindly, or archived since; a look tells what there is to restore.
            Err(CopyError::S3(e)) if e.kind == Kind::Archived => return Ok(Step::ObserveAgain),
            Err(unequal @ CopyError::Integrity { .. }) => {
                (self.written, self.equal) = (None, None);
                return Err(unequal.into());
            }
            Err(other) => return Err(other.into()),
        };
        let end = Ended::Written {
            transfer: copy.transfer,
            bytes,
        };
        (self.wrote, self.written) = (true, Some(end.clone()));
        if let (Some(source), Some(tags)) = (source, &done.tags) {
            let to = (target.as_str(), done.version.as_deref());
            if !Box::pin(self.put_tags(source, to, tags)).await? {
                return Ok(Step::ObserveAgain);
            }
        }
        self.equal = Some(Equal {
            etag: copy.pin.clone(),
            target,
            modified: source.map(|source| source.last_modified),
            since: None,
        });
        if self.capabilities().verifies(copy) && !self.still_written(source, copy, &done).await? {
            return Ok(Step::ObserveAgain);
        }
        Ok(if done.proven {
            Step::End(end)
        } else {
            Step::ObserveAgain
        })
    }

    /// Says what is left behind; an error if nothing may be.
    fn leave_behind(&self, source: Option<&Object>, copy: &Copy) -> Result<(), Failure> {
        let left = source.map_or_else(Vec::new, |source| dropped(source, copy));
        let task = self.task;
        if left.is_empty() || !task.route.properties.strict {
            self.copier.warn(task.route, &task.event.key, &left);
            return Ok(());
        }
        let reported: Vec<_> = left.iter().map(ToString::to_string).collect();
        Err(Failure::Dropped(reported.join(", ")))
    }
}
