//! The first try: as if the destination were empty, and with what the event tells.

use super::reconcile::{Run, Seen, Step};
use super::task::Failure;
use crate::copy::{Copy, FirstTry, Hint};
use crate::event::Kind;
use crate::s3::{self, ETag};

impl Run<'_> {
    /// Acts as if the destination were empty.
    pub(super) async fn first_try(&mut self) -> Result<Step, Failure> {
        let event = self.task.event;
        let hint = Hint {
            size: event.size.filter(|size| (self.task.target.takes)(*size)),
            bounded: self.task.target.bounded,
            etag: self.task.etag.as_ref(),
            created: event.kind == Kind::Created,
            received_before: self.task.received_before,
        };
        match self.means().first_try(hint) {
            FirstTry::Blind(copy) if !self.task.target.dated => {
                match self.write(&copy, None, None).await? {
                    Step::Refused => self.refused(&copy).await,
                    step @ (Step::End(_) | Step::LookAgain) => Ok(step),
                }
            }
            FirstTry::Read { pin, size, .. } => self.read(&pin, size).await,
            FirstTry::Blind(_) | FirstTry::SourceOnly(_) => {
                let source = self.source().await?;
                if source.is_none() && self.task.follows {
                    // There may be a copy of an older version.
                    return Ok(Step::LookAgain);
                }
                let seen = Seen {
                    source,
                    ..Seen::default()
                };
                self.round(&seen).await
            }
            FirstTry::BothSides(_) => Ok(Step::LookAgain),
        }
    }

    /// A blind write was refused. What the event tells may still be enough to replace what stands
    /// there without a look at the source.
    async fn refused(&mut self, blind: &Copy) -> Result<Step, Failure> {
        let target = self.target(None).await?;
        let replace = target
            .as_ref()
            .and_then(|target| self.means().replace(blind, target));
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
        task.turn.take(size).await;
        let sides = (task.from, task.to.s3);
        let read = copier.read(task.route, sides, &task.event.key, (pin, size));
        let read = match read.await {
            Ok(read) => read,
            Err(e) if e.is_lost_race() => return Ok(Step::LookAgain),
            // Only a look tells what there is to restore, or whether the bucket is missing.
            Err(e) if matches!(e.kind, s3::Kind::Archived | s3::Kind::NotFound) => {
                return Ok(Step::LookAgain);
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
