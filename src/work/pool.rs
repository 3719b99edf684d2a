//! Runs so many deliveries at once, each in a task of the pool's own.
//!
//! The pool ends when its input closes. Messages that have not been started by then return to the queue at once, so
//! that another process can receive them; running work is finished. [`worker_pools`](super::worker_pools) limits how
//! many small and large objects are worked at once.

use std::sync::Arc;

use tokio::sync::mpsc;
use tokio::task::{JoinError, JoinSet};
use tokio::time::timeout_at;
use tracing::Instrument;

use super::{Delivery, Settlement, Verdict, Waiting, Worker};

/// Works the deliveries of one or more queues.
#[derive(Debug)]
pub struct Pool {
    /// The work itself.
    pub worker: Arc<Worker>,
}

/// A delivery, and where its verdict goes.
#[derive(Debug)]
pub struct Job {
    /// What is to be worked.
    pub delivery: Delivery,
    /// The settler of the queue it came from.
    pub settle: mpsc::Sender<Verdict>,
    /// Until it has its first slot, or stops waiting for it.
    pub waiting: Waiting,
}

impl Pool {
    /// Works until `jobs` closes and all of them have ended.
    pub async fn run(self, mut jobs: mpsc::Receiver<Job>) {
        let mut running = JoinSet::new();
        while let Some(job) = jobs.recv().await {
            let worker = self.worker.clone();
            // Each waits for its slot by itself, and so in turn with messages that are between two records.
            let end = async move {
                let delivery = job.delivery;
                let (lost, requeue_at) = (
                    delivery.lease.write_lease().lost().clone(),
                    delivery.lease.requeue_at(),
                );
                let slot = worker.pools.slot(delivery.message.body.len(), job.waiting);
                let slot = lost.run_until_cancelled(timeout_at(requeue_at, slot));
                let verdict = match slot.await {
                    Some(Ok(Some(slot))) => Box::pin(worker.work(delivery, slot)).await,
                    Some(Err(_)) => delivery.verdict(Settlement::Requeue, Vec::new()).await,
                    // Told to stop, or without a lease, and then without a receipt.
                    Some(Ok(None)) | None => delivery.release().await,
                };
                // A settler that is gone has died, and the supervisor says so.
                let _ = job.settle.send(verdict).await;
            };
            running.spawn(end.in_current_span());
            while let Some(ended) = running.try_join_next() {
                reported(ended);
            }
        }
        while let Some(ended) = running.join_next().await {
            reported(ended);
        }
    }
}

/// The worker catches what panics in its work; here nothing but a fault of its own frame arrives. It must not end
/// the process: the lease runs out, and the message comes again.
fn reported(ended: Result<(), JoinError>) {
    if let Err(error) = ended {
        tracing::error!(%error, "worker panicked; its message returns to the queue");
    }
}
