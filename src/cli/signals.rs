//! Ctrl-C and SIGTERM: the first asks, the second does not wait.

use anyhow::Context;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio_util::sync::CancellationToken;

/// A command that was interrupted before its work was done, and what became of the work.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("interrupted: {0}")]
pub(super) struct Interrupted(pub(super) String);

/// The signals that end a process.
pub(super) struct Signals {
    terminate: Signal,
    interrupt: Signal,
}

impl Signals {
    pub(super) fn listen() -> anyhow::Result<Self> {
        let listen = |kind| signal(kind).context("cannot listen to signals");
        let (terminate, interrupt) = (SignalKind::terminate(), SignalKind::interrupt());
        Ok(Self {
            terminate: listen(terminate)?,
            interrupt: listen(interrupt)?,
        })
    }

    pub(super) async fn next(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}

/// Runs work that ends by itself, in order, once `stop` is cancelled, as the first signal does.
pub(super) async fn interruptible<T>(
    stop: &CancellationToken,
    work: impl Future<Output = anyhow::Result<T>>,
) -> anyhow::Result<T> {
    let mut signals = Signals::listen()?;
    tokio::pin!(work);
    tokio::select! {
        done = &mut work => return done,
        () = signals.next() => stop.cancel(),
    }
    tokio::select! {
        done = work => done,
        () = signals.next() => Err(Interrupted("a second signal, nothing was waited for".into()).into()),
    }
}
