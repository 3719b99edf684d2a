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

use jiff::{Timestamp, Unit};

use crate::config::Way;
use crate::copy::{Act, Copier, Copy, CopyError, Done, FirstTry, Hint, Means, Nothing, Plan};
use crate::event::{Event, Kind};
use crate::queue::Window;
use crate::s3::{Bucket, ETag, Found, Object, S3Error, Spot};

/// Losing a race this often in a row means that the key is busy: let it rest.
const ROUNDS: u32 = 4;

/// One key to make equal, on one route.
#[derive(Debug, Clone)]
pub struct Task<'a> {
    /// Where the source is.
    pub from: &'a Bucket,
    /// What was said about it.
    pub event: &'a Event,
    /// The event's `eTag`.
    pub etag: Option<ETag>,
    /// Where the copy goes.
    pub to: &'a Bucket,
    /// Makes the destination key; dated routes need the source's time.
    pub target: Target<'a>,
    /// The route's `way`.
    pub way: Way,
    /// The destination honours conditions on writes.
    pub conditional: bool,
    /// An earlier delivery of the same message may have written already.
    pub received_before: bool,
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
pub enum End {
    /// The destination was written, and is right.
    Written {
        /// How the bytes travelled.
        way: &'static str,
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

/// Makes destinations equal. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Reconciler {
    copier: Copier,
}

/// What a round has to go by.
struct Seen {
    source: Option<Object>,
    target: Option<Object>,
}

impl Reconciler {
    /// A reconciler that copies with `copier`.
    #[must_use]
    pub fn new(copier: Copier) -> Self {
        Self { copier }
    }

    /// Makes one destination equal to its source.
    ///
    /// # Errors
    /// [`Failure`]; writes without an answer are in the window.
    pub async fn reconcile(&self, task: &Task<'_>, window: &Window) -> Result<End, Failure> {
        if let Some(end) = self.first_try(task, window).await? {
            return Ok(end);
        }
        for _ in 0..ROUNDS {
            let seen = self.observe(task).await?;
            if let Some(end) = self.round(task, &seen, window).await? {
                return Ok(end);
            }
        }
        Err(Failure::Contended)
    }

    /// Acts as if the destination were empty; `None` when that did not settle it.
    async fn first_try(&self, task: &Task<'_>, window: &Window) -> Result<Option<End>, Failure> {
        let hint = Hint {
            size: task.event.size,
            etag: task.etag.as_ref(),
            created: task.event.kind == Kind::Created,
            received_before: task.received_before,
        };
        match self.means(task, window).first_try(hint) {
            FirstTry::Blind(copy) if !task.target.dated => {
                match self.write(task, &copy, None, window).await? {
                    Some(end) => Ok(Some(end)),
                    None => self.refused(task, &copy, window).await,
                }
            }
            FirstTry::Blind(_) | FirstTry::SourceOnly(_) => {
                let s3 = self.copier.s3();
                let source = s3.head_for_certain(task.from, &task.event.key).await?;
                self.round(
                    task,
                    &Seen {
                        source,
                        target: None,
                    },
                    window,
                )
                .await
            }
            FirstTry::BothSides(_) => Ok(None),
        }
    }

    /// A blind write was refused: something stands there, or the source has moved on. What the
    /// event tells may still be enough to replace it without a look at the source.
    async fn refused(
        &self,
        task: &Task<'_>,
        blind: &Copy,
        window: &Window,
    ) -> Result<Option<End>, Failure> {
        let target = self.head_target(task, None).await?;
        let replace = target
            .as_ref()
            .and_then(|target| self.means(task, window).replace(blind, target));
        if let Some(copy) = replace {
            return self.write(task, &copy, None, window).await;
        }
        let source = self
            .copier
            .s3()
            .head_for_certain(task.from, &task.event.key)
            .await?;
        self.round(task, &Seen { source, target }, window).await
    }

    /// Looks at both sides; the destination first, so that a source seen is newer than it.
    async fn observe(&self, task: &Task<'_>) -> Result<Seen, Failure> {
        let s3 = self.copier.s3();
        let source = || s3.head_for_certain(task.from, &task.event.key);
        if task.target.dated {
            // The destination's key is not known before the source's time is.
            let source = source().await?;
            let Some(time) = source.as_ref().map(|source| source.last_modified) else {
                return Ok(Seen {
                    source: None,
                    target: None,
                });
            };
            let target = self.head_target(task, Some(time)).await?;
            return Ok(Seen { source, target });
        }
        let target = self.head_target(task, None).await?;
        Ok(Seen {
            source: source().await?,
            target,
        })
    }

    async fn head_target(
        &self,
        task: &Task<'_>,
        time: Option<Timestamp>,
    ) -> Result<Option<Object>, Failure> {
        let key = (task.target.key)(time).map_err(Failure::Target)?;
        match self.copier.s3().head(task.to, &key).await? {
            Found::Object(object) => Ok(Some(*object)),
            // Should the bucket be missing, the write will say so.
            Found::Gone | Found::Nothing => Ok(None),
        }
    }

    /// Plans from what was seen and carries it out; `None` when it must be decided again.
    async fn round(
        &self,
        task: &Task<'_>,
        seen: &Seen,
        window: &Window,
    ) -> Result<Option<End>, Failure> {
        if seen
            .source
            .as_ref()
            .is_some_and(|source| !(task.target.takes)(source.size))
        {
            return Ok(Some(End::Size));
        }
        let spot = Spot::new(task.from, &task.event.key);
        let means = self.means(task, window);
        match means.plan(&spot, seen.source.as_ref(), seen.target.as_ref()) {
            Plan::Nothing(nothing) => Ok(Some(End::Nothing(nothing))),
            Plan::NotYet(why) => Err(Failure::NotYet(why)),
            Plan::Copy(copy) => self.write(task, &copy, seen.source.as_ref(), window).await,
        }
    }

    /// Writes, and looks at the source again where the write may have replaced something.
    async fn write(
        &self,
        task: &Task<'_>,
        copy: &Copy,
        source: Option<&Object>,
        window: &Window,
    ) -> Result<Option<End>, Failure> {
        let key = &task.event.key;
        let time = source.map(|source| source.last_modified);
        let target = (task.target.key)(time).map_err(Failure::Target)?;
        let act = Act {
            from: task.from,
            key,
            to: task.to,
            target: &target,
            copy,
            source,
        };
        tracing::debug!(target, way = %copy.way, condition = ?copy.condition, "writing");
        let done = match self.copier.act(act, window).await {
            Ok(done) => done,
            Err(CopyError::S3(
                S3Error::Precondition { .. } | S3Error::Conflict { .. } | S3Error::Gone { .. },
            )) => return Ok(None),
            Err(other) => return Err(other.into()),
        };
        if copy.looks_after() && !self.still_written(task, source, copy, &done).await? {
            return Ok(None);
        }
        let bytes = source
            .map(|source| source.size)
            .or(task.event.size)
            .unwrap_or_default();
        Ok(done.proven.then_some(End::Written {
            way: copy.way.name(),
            bytes,
        }))
    }

    /// Whether the source is still the version that was written.
    async fn still_written(
        &self,
        task: &Task<'_>,
        source: Option<&Object>,
        copy: &Copy,
        done: &Done,
    ) -> Result<bool, Failure> {
        let Found::Object(now) = self.copier.s3().head(task.from, &task.event.key).await? else {
            return Ok(false);
        };
        if now.etag != copy.pin {
            return Ok(false);
        }
        let version = source.map_or(&done.source_version, |source| &source.version_id);
        if version.is_some() || now.version_id.is_some() {
            return Ok(*version == now.version_id);
        }
        Ok(match source {
            Some(source) => source.last_modified == now.last_modified,
            // Written blindly: the event tells when its version came into being, and S3 counts
            // Last-Modified in whole seconds. Anything later is another version.
            None => task
                .event
                .time
                .is_some_and(|time| now.last_modified <= next_second(time)),
        })
    }

    fn means(&self, task: &Task<'_>, window: &Window) -> Means {
        Means {
            way: task.way,
            conditional: task.conditional,
            kms_target: self.copier.is_kms(&task.to.name),
            copy_max: crate::copy::copy_max(window.terms()),
        }
    }
}

fn next_second(time: Timestamp) -> Timestamp {
    let up = jiff::TimestampRound::new()
        .smallest(Unit::Second)
        .mode(jiff::RoundMode::Ceil);
    time.round(up).unwrap_or(time)
}
