//! One process's line to the in-memory AWS: cut when the process dies, dark while the network is down.
//!
//! What a dead process has sent still happens; what it would send or hear from then on does not.
//! So a crash is seen from AWS as it really is, whatever the tasks of the dead do in this one.

use std::sync::{Arc, Mutex, PoisonError};

use aws_smithy_runtime_api::client::result::ConnectorError;
use tokio::time::Instant;

use super::fault::Silence;
use super::wire::silent;

/// A line; clones are the same line.
#[derive(Debug, Clone, Default)]
pub(crate) struct Line(Arc<Mutex<State>>);

#[derive(Debug, Default)]
struct State {
    cut: bool,
    dark: Option<(Instant, Silence)>,
}

impl Line {
    /// Ends it for good.
    pub(crate) fn cut(&self) {
        self.with(|state| state.cut = true);
    }

    /// Nothing passes until then.
    pub(crate) fn darken(&self, until: Instant, silence: Silence) {
        self.with(|state| state.dark = Some((until, silence)));
    }

    /// Passes something on, or does not.
    pub(super) async fn pass(&self) -> Result<(), ConnectorError> {
        let (cut, dark) = self.with(|state| (state.cut, state.dark));
        if cut {
            return std::future::pending().await;
        }
        match dark {
            Some((until, silence)) if Instant::now() < until => Err(silent(silence).await),
            Some(_) | None => Ok(()),
        }
    }

    fn with<R>(&self, act: impl FnOnce(&mut State) -> R) -> R {
        act(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
