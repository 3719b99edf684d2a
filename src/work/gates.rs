//! The gates of all routes, and what their queues want to know of them.

use std::collections::BTreeMap;
use std::sync::Arc;

use tokio::sync::watch;
use tokio::time::Instant;

use super::hold::Gate;

/// Every route's gate. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Gates {
    gates: Arc<BTreeMap<String, Gate>>,
    changed: watch::Receiver<()>,
}

impl Gates {
    /// Open gates for these routes.
    #[must_use]
    pub fn new<'a>(routes: impl IntoIterator<Item = &'a str>) -> Self {
        let (sender, changed) = watch::channel(());
        let gate = |name: &str| (name.to_owned(), Gate::new(name.to_owned(), sender.clone()));
        Self {
            gates: Arc::new(routes.into_iter().map(gate).collect()),
            changed,
        }
    }

    /// One route's gate.
    ///
    /// # Panics
    /// When the route is not one of those it was made for.
    #[must_use]
    pub fn of(&self, route: &str) -> &Gate {
        self.gates.get(route).expect("a gate for every route")
    }

    /// When the next probe is due, if every one of `routes` is held: until then their queue need
    /// not be polled, so nothing is received and counted in vain.
    #[must_use]
    pub fn all_held<'a>(&self, routes: impl IntoIterator<Item = &'a str>) -> Option<Instant> {
        let mut first = None;
        for route in routes {
            let probe_at = self.of(route).probe_at()?;
            first = Some(first.map_or(probe_at, |first: Instant| first.min(probe_at)));
        }
        first
    }

    /// Forgets what has changed so far.
    pub fn seen(&mut self) {
        self.changed.mark_unchanged();
    }

    /// Wakes when a gate has opened or closed since the last call on this clone.
    pub async fn changed(&mut self) {
        // The senders live in the gates, which live in `self`.
        let _ = self.changed.changed().await;
    }

    /// Each route's name and gate.
    pub fn iter(&self) -> impl Iterator<Item = (&String, &Gate)> {
        self.gates.iter()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::super::hold::FIRST_WAIT;
    use super::super::hold::tests::{gates, go, no_bucket};
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_queue_rests_only_when_all_its_routes_are_held() {
        let mut gates = gates();
        let both = ["orders", "stock"];
        go(gates.of("orders")).route_failed(no_bucket());
        assert_eq!(gates.all_held(both), None, "stock still runs");
        tokio::time::advance(Duration::from_secs(1)).await;
        go(gates.of("stock")).route_failed(no_bucket());
        gates.changed().await;
        let probe = gates.all_held(both).expect("both are held");
        assert_eq!(probe - Instant::now() + Duration::from_secs(1), FIRST_WAIT);
        assert_eq!(
            gates.all_held([]),
            None,
            "a queue without routes is polled: messages are skipped"
        );
    }
}
