//! Making one destination equal to its source: observe, plan, act, and decide again where the
//! world has moved on meanwhile.
//!
//! ```text
//! first try   as if the destination were empty ── done: one call
//!               │ 412 / 404                    no answer ──▶ shown again after W
//!               ▼
//! observe     d = head(destination), s = head(source)
//! plan        nothing ▸ done        copy, pinned to s; or delete; conditional on d
//! act           │ 412 / 409 / 404 ──▶ decide again
//!               ▼
//! look        after a write that may have replaced something, and after all that follows deletes:
//!             is the source still what was written, or gone? else decide again
//! ```

use std::collections::BTreeSet;

use bytes::Bytes;
use jiff::Timestamp;

use super::task::{Equal, Failure, ROUNDS, Reached, Reconciled, Task};
use crate::copy::{Act, Copier, Copy, CopyError, Means, Nothing, Plan, Traces, Way, copy_max};
use crate::queue::Window;
use crate::s3::{Archive, Condition, Found, Kind, Object, S3Error, Side, Spot};

/// Makes destinations equal. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Reconciler {
    copier: Copier,
}

impl Reconciler {
    /// A reconciler that copies with `copier`.
    #[must_use]
    pub fn new(copier: Copier) -> Self {
        Self { copier }
    }

    /// Makes one destination equal to its source. Writes without an answer are in the window.
    pub async fn reconcile(&self, task: &Task<'_>, window: &Window) -> Reconciled {
        let mut run = Run {
            copier: &self.copier,
            task,
            window,
            wrote: false,
            equal: None,
            targets: Vec::new(),
            written: None,
            began: BTreeSet::new(),
            traces: Traces::default(),
            large: false,
            retag: false,
        };
        let end = match run.reach_an_end().await {
            Ok(end) => run.tidied(end).await,
            Err(failure) => Err(run.rid_of_torn(failure).await),
        };
        let proved = matches!(
            end,
            Ok(Reached::Written { .. } | Reached::Nothing(Nothing::AlreadyThere(_)))
        );
        Reconciled {
            end,
            wrote: run.wrote,
            gained: run.traces.gained.into_inner(),
            equal: run.equal.filter(|_| proved),
            targets: run.targets,
        }
    }
}

/// One key on its way to its end.
pub(super) struct Run<'a> {
    pub(super) copier: &'a Copier,
    pub(super) task: &'a Task<'a>,
    pub(super) window: &'a Window,
    /// A write took effect.
    pub(super) wrote: bool,
    /// What stands at the destination was proved equal to the source.
    pub(super) equal: Option<Equal>,
    /// Where something was or may have been written: several keys if a source got another date.
    pub(super) targets: Vec<String>,
    /// The copy that was written last, if that is what stands there.
    pub(super) written: Option<Reached>,
    /// The destination keys of uploads that were begun.
    pub(super) began: BTreeSet<String>,
    /// What they left behind.
    pub(super) traces: Traces,
    /// The source was seen to be larger than one request may copy.
    pub(super) large: bool,
    /// Tags were put onto a copy that may have been replaced meanwhile.
    pub(super) retag: bool,
}

/// What a round has to go by.
#[derive(Default)]
pub(super) struct Seen {
    pub(super) source: Option<Object>,
    pub(super) target: Option<Object>,
    /// Whether the destination was asked for one.
    pub(super) asked: bool,
    /// The source's bytes, where they came with the look.
    pub(super) body: Option<Bytes>,
}

/// What came of a step.
pub(super) enum Step {
    End(Reached),
    /// S3 refused the write: something stands there, or the source has moved on.
    Refused,
    /// Written, but the world has moved on, or nothing shows yet that the copy is right.
    LookAgain,
}

impl Run<'_> {
    async fn reach_an_end(&mut self) -> Result<Reached, Failure> {
        let mut step = self.first_try().await;
        let (mut rounds, mut torn) = (ROUNDS, false);
        loop {
            match step {
                Ok(Step::End(end)) => return Ok(end),
                Ok(Step::Refused | Step::LookAgain) => {}
                // Bytes that are not the source's are copied once more; if they are not again, that lasts.
                Err(failure) if failure.is_torn() && !torn => {
                    torn = true;
                    let (route, key) = (self.task.route.name, &self.task.event.key);
                    tracing::warn!(route, key, %failure, "copying once more from the source");
                }
                Err(other) => return Err(other),
            }
            rounds = rounds.checked_sub(1).ok_or(Failure::Contended)?;
            let seen = self.observe().await?;
            step = self.round(&seen).await;
        }
    }

    /// Looks at both sides; the destination first, so that a source seen is newer than it.
    async fn observe(&self) -> Result<Seen, Failure> {
        let mut time = None;
        if self.task.target.dated {
            // The destination's key is not known before the source's time is.
            let Some(source) = self.source().await? else {
                return Ok(Seen::default());
            };
            time = Some(source.last_modified);
        }
        let target = self.target(time).await?;
        let source = self.source().await?;
        let key = self.task.target.key;
        let moved = time.is_some()
            && source
                .as_ref()
                .is_some_and(|source| key(Some(source.last_modified)) != key(time));
        Ok(Seen {
            source,
            // The source belongs elsewhere by now; if something stands there, S3 will say so.
            target: target.filter(|_| !moved),
            asked: true,
            body: None,
        })
    }

    pub(super) async fn source(&self) -> Result<Option<Object>, Failure> {
        let (Side { s3, bucket }, key) = (self.task.from, &self.task.event.key);
        Ok(s3.head_for_certain(bucket, key).await?)
    }

    pub(super) async fn target(&self, time: Option<Timestamp>) -> Result<Option<Object>, Failure> {
        let key = (self.task.target.key)(time).map_err(Failure::Target)?;
        let Side { s3, bucket } = self.task.to;
        if self.task.follows {
            // Where there is nothing to delete, nothing would tell that the bucket is missing.
            return Ok(s3.head_for_certain(bucket, &key).await?);
        }
        match s3.head(bucket, &key).await? {
            Found::Object(object) => Ok(Some(*object)),
            // Should the bucket be missing, the write will say so.
            Found::Gone | Found::Nothing => Ok(None),
        }
    }

    /// Plans from what was seen and carries it out.
    pub(super) async fn round(&mut self, seen: &Seen) -> Result<Step, Failure> {
        let source = seen.source.as_ref();
        self.large |= source.is_some_and(|source| source.size > self.means().one_request());
        if source.is_some_and(|source| !(self.task.target.takes)(source.size)) {
            return Ok(Step::End(Reached::Size));
        }
        let spot = Spot::new(self.task.from.bucket, &self.task.event.key);
        match self.means().plan(&spot, source, seen.target.as_ref()) {
            Plan::Nothing(Nothing::AlreadyThere(proof)) if !self.retag => {
                Ok(Step::End(self.there(seen, proof)?))
            }
            Plan::Nothing(Nothing::AlreadyThere(proof)) | Plan::Tags(proof) => {
                Box::pin(self.tag_again(seen, proof)).await
            }
            Plan::Nothing(nothing) => Ok(Step::End(Reached::Nothing(nothing))),
            // Its event did not tell the size. Bytes that are there already must not move again.
            Plan::Copy(copy) if copy.way.in_parts() && !seen.asked => Ok(Step::LookAgain),
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
        let Side { s3, bucket } = self.task.to;
        tracing::debug!(to_key = target, ?condition, "deleting");
        self.writes_to(&target);
        match s3.delete(bucket, &target, condition, self.window).await {
            Ok(()) => (self.wrote, self.written) = (true, None),
            Err(e) if self.lost_a_race(condition, &e) => return Ok(Step::Refused),
            Err(other) => return Err(other.into()),
        }
        Ok(match self.source().await? {
            Some(_) => Step::LookAgain,
            None => Step::End(Reached::Deleted),
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
        if copy.way != Way::Server {
            task.turn.take(bytes).await;
        }
        if copy.way.in_parts() {
            self.began.insert(target.clone());
        }
        tracing::debug!(to_key = target, way = %copy.way, condition = ?copy.condition, "writing");
        self.writes_to(&target);
        let act = Act {
            route: task.route,
            from: task.from,
            key: &task.event.key,
            to: task.to,
            target: &target,
            copy,
            source,
            body,
            again: task.received_before,
            traces: &self.traces,
        };
        let done = match self.copier.act(act, self.window).await {
            Ok(done) => done,
            Err(CopyError::S3(e)) if self.lost_a_race(&copy.condition, &e) => {
                return Ok(Step::Refused);
            }
            // Written blindly, or archived since; a look tells what there is to restore.
            Err(CopyError::S3(e)) if e.kind == Kind::Archived => return Ok(Step::LookAgain),
            Err(landed @ CopyError::Integrity { .. }) => {
                (self.written, self.equal) = (None, None);
                return Err(landed.into());
            }
            Err(other) => return Err(other.into()),
        };
        let end = Reached::Written {
            way: copy.way,
            bytes,
        };
        (self.wrote, self.written) = (true, Some(end.clone()));
        if let (Some(source), Some(tags)) = (source, &done.tags) {
            let to = (target.as_str(), done.version.as_deref());
            if !Box::pin(self.put_tags(source, to, tags)).await? {
                return Ok(Step::LookAgain);
            }
        }
        self.equal = Some(Equal {
            etag: copy.pin.clone(),
            target,
            modified: source.map(|source| source.last_modified),
            since: None,
        });
        if self.means().looks_after(copy) && !self.still_written(source, copy, &done).await? {
            return Ok(Step::LookAgain);
        }
        Ok(if done.proven {
            Step::End(end)
        } else {
            Step::LookAgain
        })
    }

    fn writes_to(&mut self, target: &str) {
        self.targets.retain(|known| known != target);
        self.targets.push(target.to_owned());
    }

    /// The destination's key, for a source that was seen.
    pub(super) fn key_for(&self, source: Option<&Object>) -> Result<String, Failure> {
        let time = source.map(|source| source.last_modified);
        (self.task.target.key)(time).map_err(Failure::Target)
    }

    fn lost_a_race(&self, condition: &Condition, e: &S3Error) -> bool {
        // Or the bucket has just said that it knows no conditions.
        let unknown = matches!(
            e,
            S3Error {
                kind: Kind::NotImplemented,
                ..
            }
        ) && *condition != Condition::Unconditional
            && !self.means().conditional;
        e.is_lost_race() || unknown
    }

    pub(super) fn means(&self) -> Means {
        Means {
            way: self.task.way,
            apart: self.task.apart,
            conditional: self.task.to.s3.conditional(&self.task.to.bucket.name),
            kms_target: match self.task.route.properties.sse {
                Some(sse) => sse.is_kms(),
                None => self.copier.is_kms(&self.task.to.bucket.name),
            },
            follows: self.task.follows,
            copy_max: copy_max(self.window.terms(), self.task.route.parts),
            part_size: self.task.route.parts.size,
            strict: self.task.route.properties.strict,
        }
    }
}
