//! One key on one route: makes the destination equal to its source. It knows no message, lease keeper or queue.
//!
//! ```text
//! first attempt  as if the destination were empty ── done: one call
//!                  │ 412 / 404                    no answer ──▶ returned to the queue after W
//!                  ▼
//! observe        d = head(destination), s = head(source)
//! plan           nothing ▸ done        copy, pinned to s; or delete; conditional on d
//! act              │ 412 / 409 / 404 ──▶ decide again
//!                  ▼
//! verify         after a write that may have replaced something, and after all that follows deletes:
//!                is the source still what was written, or gone? else decide again
//! ```

mod act;
mod archived;
mod end;
mod first_attempt;
mod observe;
mod run;
mod tags;
mod task;
mod uploads;
mod verify;

pub use end::{Ended, Equal, Failure, ROUNDS, Reconciled};
pub use task::{Task, TransferSlots};

use run::{Run, Step};

use crate::copy::{Copier, Progress};
use crate::plan::Nothing;
use crate::queue::WriteLease;
use crate::s3::ObjectLocation;

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

    /// How far the copies in parts have come.
    #[must_use]
    pub fn progress(&self) -> &Progress {
        self.copier.progress()
    }

    /// Makes one destination equal to its source. Writes without an answer are in the window.
    pub async fn reconcile(&self, task: &Task<'_>, write_lease: &WriteLease) -> Reconciled {
        let from = ObjectLocation::new(task.from.bucket, &task.event.key);
        let mut run = Run::new(&self.copier, task, &from, write_lease);
        let end = match run.run().await {
            Ok(end) => run.without_uploads(end).await,
            Err(failure) => Err(run.without_corrupt_uploads(failure).await),
        };
        let proved = matches!(
            end,
            Ok(Ended::Written { .. } | Ended::Nothing(Nothing::AlreadyThere(_)))
        );
        Reconciled {
            end,
            wrote: run.wrote,
            gained: run.left.gained,
            equal: run.equal.filter(|_| proved),
            targets: run.targets,
        }
    }
}

impl Run<'_> {
    async fn run(&mut self) -> Result<Ended, Failure> {
        let mut step = self.first_attempt().await;
        let (mut rounds, mut corrupt) = (ROUNDS, false);
        loop {
            match step {
                Ok(Step::End(end)) => return Ok(end),
                Ok(Step::Refused | Step::ObserveAgain) => {}
                // Bytes that are not the source's are copied once more; if they are not again, that lasts.
                Err(failure) if failure.is_corrupt() && !corrupt => {
                    corrupt = true;
                    let (route, key) = (&self.task.route.name, &self.task.event.key);
                    tracing::warn!(route, key, %failure, "copy was corrupt; copying once more");
                }
                Err(other) => return Err(other),
            }
            rounds = rounds.checked_sub(1).ok_or(Failure::Contended)?;
            let seen = self.observe().await?;
            step = self.round(&seen).await;
        }
    }
}
