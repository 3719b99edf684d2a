//! Making one destination equal to its source: observe, plan, act, and decide again where the
//! world has moved on meanwhile.
//!
//! ```text
//! first try   as if the destination were empty ── done: one call
//!               │ 412 / 404                    no answer ──▶ shown again after W
//!               ▼
//! observe     d = head(destination), s = head(source)
//! plan        nothing ▸ done        copy, pinned to s, conditional on d
//! act           │ 412 / 409 / 404 ──▶ decide again
//!               ▼
//! look        after a write that may have replaced something: is the source still what was
//!             written? else decide again
//! ```

use std::collections::BTreeSet;

use jiff::{Timestamp, Unit};

use super::lanes::Turn;

use crate::config::Way;
use crate::copy::{
    Act, Copier, Copy, CopyError, Done, FirstTry, ForRoute, Hint, Means, Nothing, Plan,
};
use crate::event::{Event, Kind};
use crate::queue::Window;
use crate::s3::{Condition, ETag, Found, Object, S3Error, Side, Spot};

/// Losing a race this often in a row means that the key is busy: let it rest.
const ROUNDS: u32 = 4;

/// One key to make equal, on one route.
#[derive(Debug, Clone)]
pub struct Task<'a> {
    /// The route.
    pub route: ForRoute<'a>,
    /// Where the source is.
    pub from: Side<'a>,
    /// What was said about it.
    pub event: &'a Event,
    /// The event's `eTag`.
    pub etag: Option<ETag>,
    /// Where the copy goes.
    pub to: Side<'a>,
    /// Makes the destination key; dated routes need the source's time.
    pub target: Target<'a>,
    /// The route's `way`.
    pub way: Way,
    /// Why S3 shall not copy between the two by itself.
    pub apart: Option<&'static str>,
    /// An earlier delivery of the same message may have written already.
    pub received_before: bool,
    /// A large copy has to wait for its lane.
    pub turn: Turn<'a>,
}

/// Where the copy goes.
#[derive(Clone, Copy)]
pub struct Target<'a> {
    /// The key, for a source last modified then.
    pub key: &'a (dyn Fn(Option<Timestamp>) -> Result<String, String> + Send + Sync),
    /// The key depends on the source's Last-Modified.
    pub dated: bool,
    /// Whether the route takes an object of this size.
    pub takes: &'a (dyn Fn(u64) -> bool + Send + Sync),
}

impl std::fmt::Debug for Target<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Target")
            .field("dated", &self.dated)
            .finish_non_exhaustive()
    }
}

/// How a key ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reached {
    /// The destination was written, and is right.
    Written {
        /// How the bytes travelled.
        way: crate::copy::Way,
        /// How many.
        bytes: u64,
    },
    /// There was nothing to do.
    Nothing(Nothing),
    /// The object as it is now is outside the route's size limits.
    Size,
}

/// Why a key did not end.
#[derive(Debug, Clone, thiserror::Error)]
pub enum Failure {
    /// The copy failed.
    #[error(transparent)]
    Copy(#[from] CopyError),
    /// The key is busy.
    #[error("lost {ROUNDS} races in a row against other writers")]
    Contended,
    /// This release cannot do it.
    #[error("{0}")]
    NotYet(String),
    /// The destination key cannot be made.
    #[error("{0}")]
    Target(String),
}

impl From<S3Error> for Failure {
    fn from(e: S3Error) -> Self {
        Self::Copy(e.into())
    }
}

/// How a key ended, and whether anything was written on the way: whatever the end, something may
/// have arrived.
#[derive(Debug)]
pub struct Reconciled {
    /// How it ended.
    pub end: Result<Reached, Failure>,
    /// A write took effect.
    pub wrote: bool,
}

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
            written: None,
            began: BTreeSet::new(),
            large: false,
        };
        let end = match run.reach_an_end().await {
            Ok(end) => run.tidied(end).await,
            Err(failure) => Err(failure),
        };
        Reconciled {
            end,
            wrote: run.written.is_some(),
        }
    }
}

/// One key on its way to its end.
pub(super) struct Run<'a> {
    pub(super) copier: &'a Copier,
    pub(super) task: &'a Task<'a>,
    pub(super) window: &'a Window,
    /// The last write that took effect.
    pub(super) written: Option<Reached>,
    /// The destination keys of uploads that were begun.
    pub(super) began: BTreeSet<String>,
    /// The source was seen to be larger than one request may copy.
    pub(super) large: bool,
}

/// What a round has to go by.
#[derive(Default)]
struct Seen {
    source: Option<Object>,
    target: Option<Object>,
}

/// What came of a step.
enum Step {
    End(Reached),
    /// S3 refused the write: something stands there, or the source has moved on.
    Refused,
    /// Written, but the world has moved on, or nothing shows yet that the copy is right.
    LookAgain,
}

impl Run<'_> {
    async fn reach_an_end(&mut self) -> Result<Reached, Failure> {
        if let Step::End(end) = self.first_try().await? {
            return Ok(end);
        }
        for _ in 0..ROUNDS {
            let seen = self.observe().await?;
            if let Step::End(end) = self.round(&seen).await? {
                return Ok(end);
            }
        }
        Err(Failure::Contended)
    }

    /// Acts as if the destination were empty.
    async fn first_try(&mut self) -> Result<Step, Failure> {
        let event = self.task.event;
        let hint = Hint {
            size: event.size,
            etag: self.task.etag.as_ref(),
            created: event.kind == Kind::Created,
            received_before: self.task.received_before,
        };
        match self.means().first_try(hint) {
            FirstTry::Blind(copy) if !self.task.target.dated => {
                match self.write(&copy, None).await? {
                    Step::Refused => self.refused(&copy).await,
                    step @ (Step::End(_) | Step::LookAgain) => Ok(step),
                }
            }
            FirstTry::Blind(_) | FirstTry::SourceOnly(_) => {
                let source = self.source().await?;
                self.round(&Seen {
                    source,
                    target: None,
                })
                .await
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
            return self.write(&copy, None).await;
        }
        let source = self.source().await?;
        self.round(&Seen { source, target }).await
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
        })
    }

    async fn source(&self) -> Result<Option<Object>, Failure> {
        let (Side { s3, bucket }, key) = (self.task.from, &self.task.event.key);
        Ok(s3.head_for_certain(bucket, key).await?)
    }

    async fn target(&self, time: Option<Timestamp>) -> Result<Option<Object>, Failure> {
        let key = (self.task.target.key)(time).map_err(Failure::Target)?;
        let Side { s3, bucket } = self.task.to;
        match s3.head(bucket, &key).await? {
            Found::Object(object) => Ok(Some(*object)),
            // Should the bucket be missing, the write will say so.
            Found::Gone | Found::Nothing => Ok(None),
        }
    }

    /// Plans from what was seen and carries it out.
    async fn round(&mut self, seen: &Seen) -> Result<Step, Failure> {
        let source = seen.source.as_ref();
        self.large |= source.is_some_and(|source| source.size > self.means().one_request());
        if source.is_some_and(|source| !(self.task.target.takes)(source.size)) {
            return Ok(Step::End(Reached::Size));
        }
        let spot = Spot::new(self.task.from.bucket, &self.task.event.key);
        match self.means().plan(&spot, source, seen.target.as_ref()) {
            // What an earlier round of ours has written is no duplicate.
            Plan::Nothing(Nothing::AlreadyThere(proof)) => {
                let there = Reached::Nothing(Nothing::AlreadyThere(proof));
                Ok(Step::End(self.written.clone().unwrap_or(there)))
            }
            Plan::Nothing(nothing) => Ok(Step::End(Reached::Nothing(nothing))),
            Plan::NotYet(why) => Err(Failure::NotYet(why)),
            Plan::Copy(copy) => self.write(&copy, source).await,
        }
    }

    /// Writes, and looks at the source again where the write may have replaced something.
    async fn write(&mut self, copy: &Copy, source: Option<&Object>) -> Result<Step, Failure> {
        let task = self.task;
        let time = source.map(|source| source.last_modified);
        let target = (task.target.key)(time).map_err(Failure::Target)?;
        let act = Act {
            route: task.route,
            from: task.from,
            key: &task.event.key,
            to: task.to,
            target: &target,
            copy,
            source,
        };
        let bytes = source
            .map(|source| source.size)
            .or(task.event.size)
            .unwrap_or_default();
        task.turn.take(bytes).await;
        if copy.way.in_parts() {
            self.began.insert(target.clone());
        }
        tracing::debug!(target, way = %copy.way, condition = ?copy.condition, "writing");
        let done = match self.copier.act(act, self.window).await {
            Ok(done) => done,
            Err(CopyError::S3(
                S3Error::Precondition { .. } | S3Error::Conflict { .. } | S3Error::Gone { .. },
            )) => return Ok(Step::Refused),
            // The bucket has just said that it knows no conditions.
            Err(CopyError::S3(S3Error::NotImplemented { .. }))
                if copy.condition != Condition::Unconditional && !self.means().conditional =>
            {
                return Ok(Step::Refused);
            }
            Err(other) => return Err(other.into()),
        };
        let end = Reached::Written {
            way: copy.way,
            bytes,
        };
        self.written = Some(end.clone());
        if copy.looks_after() && !self.still_written(source, copy, &done).await? {
            return Ok(Step::LookAgain);
        }
        Ok(if done.proven {
            Step::End(end)
        } else {
            Step::LookAgain
        })
    }

    /// Whether the source is still what was written.
    async fn still_written(
        &self,
        source: Option<&Object>,
        copy: &Copy,
        done: &Done,
    ) -> Result<bool, Failure> {
        let (Side { s3, bucket }, event) = (self.task.from, self.task.event);
        let Found::Object(now) = s3.head(bucket, &event.key).await? else {
            return Ok(false);
        };
        if now.etag != copy.pin {
            return Ok(false);
        }
        if let Some(source) = source {
            // The same bytes may have come under other headers since.
            return Ok(source.headers == now.headers && source.metadata == now.metadata);
        }
        // Written blindly, so that which headers were copied is not known; which version is.
        if done.source_version.is_some() || now.version_id.is_some() {
            return Ok(done.source_version == now.version_id);
        }
        // The event tells when its version came into being, and S3 counts Last-Modified in whole
        // seconds. Anything later is another version.
        Ok(event
            .time
            .is_some_and(|time| now.last_modified <= next_second(time)))
    }

    pub(super) fn means(&self) -> Means {
        Means {
            way: self.task.way,
            apart: self.task.apart,
            conditional: self.task.to.s3.conditional(&self.task.to.bucket.name),
            kms_target: self.copier.is_kms(&self.task.to.bucket.name),
            copy_max: crate::copy::copy_max(self.window.terms()),
        }
    }
}

fn next_second(time: Timestamp) -> Timestamp {
    let up = jiff::TimestampRound::new()
        .smallest(Unit::Second)
        .mode(jiff::RoundMode::Ceil);
    time.round(up).unwrap_or(time)
}
