//! Start order, stop order, and what happens when a task dies.
//!
//! Only *sources* (the pollers, the crawler schedules, the admin listener) watch the stop token.
//! Everything after them stops because its input closed, so a shutdown travels the same way a
//! message does and nothing is stopped with work still queued behind it.
//!
//! A task that ends on its own, without being asked to, ends the process with its name: a daemon
//! that lost a stage would look alive and do nothing.

use std::time::Duration;

use anyhow::Context;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use tracing::{Instrument, Span};

/// Owns every long-lived task.
#[derive(Debug, Default)]
pub struct Supervisor {
    tasks: JoinSet<(String, anyhow::Result<()>)>,
    stop: CancellationToken,
}

impl Supervisor {
    /// Cancelled when the process is asked to stop, or when a task has died.
    #[must_use]
    pub fn stop(&self) -> CancellationToken {
        self.stop.clone()
    }

    /// Starts a task under the name that will be said if it dies.
    pub fn spawn(
        &mut self,
        name: impl Into<String>,
        task: impl Future<Output = anyhow::Result<()>> + Send + 'static,
    ) {
        let name = name.into();
        // Spans do not cross a spawn by themselves, and `environment` is on every line.
        self.tasks
            .spawn(async move { (name, task.await) }.instrument(Span::current()));
    }

    /// Runs until `signal` or the first task to end, then drains for at most `grace`.
    ///
    /// # Errors
    /// When a task failed, panicked, or ended without being asked to, and when the drain was cut off.
    pub async fn run(
        mut self,
        signal: impl Future<Output = ()>,
        grace: Duration,
    ) -> anyhow::Result<()> {
        let first = tokio::select! {
            biased;
            () = signal => None,
            ended = self.tasks.join_next() => ended,
        };
        self.stop.cancel();
        let drain = async {
            let mut verdict = Ok(());
            while let Some(ended) = self.tasks.join_next().await {
                let ended = ended
                    .map_err(Into::into)
                    .and_then(|(name, end)| end.context(name));
                verdict = verdict.and(ended);
            }
            verdict
        };
        let drained = tokio::time::timeout(grace, drain).await;
        match first {
            Some(Ok((name, Ok(())))) => anyhow::bail!("{name} ended on its own"),
            Some(Ok((name, Err(e)))) => Err(e.context(name)),
            Some(Err(panic)) => Err(panic.into()),
            None => drained.unwrap_or_else(|_| {
                let tasks = self.tasks.len();
                tracing::error!(
                    grace_seconds = grace.as_secs_f64(),
                    tasks,
                    "shutdown timed out; messages in flight become visible when their leases expire"
                );
                anyhow::bail!("the drain was cut off after {grace:?}; tasks still running: {tasks}")
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GRACE: Duration = Duration::from_secs(25);

    #[tokio::test(start_paused = true)]
    async fn a_task_that_ends_on_its_own_ends_the_process_with_its_name() {
        for (why, end, want) in [
            ("quietly", Ok(()), "intake ended on its own"),
            (
                "with an error",
                Err(anyhow::anyhow!("no room")),
                "intake: no room",
            ),
        ] {
            let mut supervisor = Supervisor::default();
            supervisor.spawn("intake", async move { end });
            let verdict = supervisor.run(std::future::pending(), GRACE).await;
            assert_eq!(format!("{:#}", verdict.unwrap_err()), want, "{why}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_signal_lets_tasks_finish() {
        let mut supervisor = Supervisor::default();
        let stop = supervisor.stop();
        let (said, heard) = tokio::sync::oneshot::channel();
        supervisor.spawn("worker", async move {
            stop.cancelled().await;
            tokio::time::sleep(Duration::from_secs(10)).await;
            said.send("finished").map_err(|e| anyhow::anyhow!(e))
        });
        supervisor
            .run(std::future::ready(()), GRACE)
            .await
            .expect("a clean drain");
        assert_eq!(heard.await, Ok("finished"));
    }

    #[tokio::test(start_paused = true)]
    async fn a_drain_has_a_deadline() {
        let mut supervisor = Supervisor::default();
        supervisor.spawn("stuck", std::future::pending());
        let started = tokio::time::Instant::now();
        let ended = supervisor.run(std::future::ready(()), GRACE).await;
        let said = ended.expect_err("what was cut off has failed").to_string();
        assert_eq!(
            said,
            "the drain was cut off after 25s; tasks still running: 1"
        );
        assert_eq!(started.elapsed(), GRACE);
    }
}
