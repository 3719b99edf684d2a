//! The first attempt: uses what the event says, and assumes that nothing is at the destination.

use super::end::Failure;
use super::run::{Run, Seen, Step};
use crate::event::Kind;
use crate::plan::{Copy, FirstAttempt, Hint};
use crate::s3::{self, ETag};

impl Run<'_> {
    /// Acts as if the destination were empty.
    pub(super) async fn first_attempt(&mut self) -> Result<Step, Failure> {
        let event = self.task.event;
        let hint = Hint {
            size: event.size.filter(|size| self.task.takes(*size)),
            bounded: self.task.route.has_size_limits(),
            etag: self.etag.as_ref(),
            created: event.kind == Kind::Created,
            received_before: self.task.again,
        };
        match self.capabilities().first_attempt(hint) {
            FirstAttempt::Blind(copy) if !self.task.route.is_dated() => {
                match self.write(&copy, None, None).await? {
                    Step::Refused => self.refused(&copy).await,
                    step @ (Step::End(_) | Step::ObserveAgain) => Ok(step),
                }
            }
            FirstAttempt::Read { pin, size, .. } => self.read(&pin, size).await,
            FirstAttempt::Blind(_) | FirstAttempt::SourceOnly(_) => {
                let source = self.source().await?;
                if source.is_none() && self.task.route.follows {
                    // There may be a copy of an older version.
                    return Ok(Step::ObserveAgain);
                }
                let seen = Seen {
                    source,
                    ..Seen::default()
                };
                self.round(&seen).await
            }
            FirstAttempt::BothSides(_) => Ok(Step::ObserveAgain),
        }
    }

    /// A blind write was refused. What the event tells may still be enough to replace what stands
    /// there without a HEAD of the source.
    async fn refused(&mut self, blind: &Copy) -> Result<Step, Failure> {
        let target = self.target(None).await?;
        let replace = target
            .as_ref()
            .and_then(|target| self.capabilities().replace(blind, target));
        if let Some(copy) = replace {
            return self.write(&copy, None, None).await;
        }
        let source = self.source().await?;
        let seen = Seen {
            source,
            target,
            asked: true,
            body: None,
        };
        self.round(&seen).await
    }

    /// Reads the source as the event names it, and writes as if the destination were empty.
    async fn read(&mut self, pin: &ETag, size: u64) -> Result<Step, Failure> {
        let (task, copier) = (self.task, self.copier);
        task.may_transfer(size).await;
        let clients = (task.from, task.to.s3);
        let read = copier.read(task.route, clients, &task.event.key, (pin, size));
        let read = match read.await {
            Ok(read) => read,
            Err(e) if e.is_lost_race() => return Ok(Step::ObserveAgain),
            // Only a look tells what there is to restore, or whether the bucket is missing.
            Err(e) if matches!(e.kind, s3::Kind::Archived | s3::Kind::NotFound) => {
                return Ok(Step::ObserveAgain);
            }
            Err(other) => return Err(other.into()),
        };
        let seen = Seen {
            source: Some(read.object),
            target: None,
            asked: false,
            body: Some(read.body.bytes().clone()),
        };
        self.round(&seen).await
    }
}
