//! The circuit breakers of all routes, and what their queues want to know of them.

use std::collections::BTreeMap;
use std::sync::Arc;

use tokio::sync::watch;
use tokio::time::Instant;

use super::circuit_breaker::CircuitBreaker;

/// Every route's circuit breaker. Cheap to clone.
#[derive(Debug, Clone)]
pub struct CircuitBreakers {
    breakers: Arc<BTreeMap<String, CircuitBreaker>>,
    changed: watch::Receiver<()>,
}

impl CircuitBreakers {
    /// Open circuit breakers for these routes.
    #[must_use]
    pub fn new<'a>(routes: impl IntoIterator<Item = &'a str>) -> Self {
        let (sender, changed) = watch::channel(());
        let breaker = |name: &str| {
            (
                name.to_owned(),
                CircuitBreaker::new(name.to_owned(), sender.clone()),
            )
        };
        Self {
            breakers: Arc::new(routes.into_iter().map(breaker).collect()),
            changed,
        }
    }

    /// One route's circuit breaker.
    ///
    /// # Panics
    /// When the route is not one of those it was made for.
    #[must_use]
    pub fn of(&self, route: &str) -> &CircuitBreaker {
        self.breakers
            .get(route)
            .expect("a circuit breaker for every route")
    }

    /// When the next probe is due, if every one of `routes` is held: until then their queue need
    /// not be polled, so nothing is received and counted in vain.
    #[must_use]
    pub fn all_paused<'a>(&self, routes: impl IntoIterator<Item = &'a str>) -> Option<Instant> {
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

    /// Wakes when a circuit breaker has opened or closed since the last call on this clone.
    pub async fn changed(&mut self) {
        // The senders live in the circuit breakers, which live in `self`.
        let _ = self.changed.changed().await;
    }

    /// Each route's name and circuit breaker.
    pub fn iter(&self) -> impl Iterator<Item = (&String, &CircuitBreaker)> {
        self.breakers.iter()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::super::circuit_breaker::FIRST_WAIT;
    use super::super::circuit_breaker::tests::{breakers, go, no_bucket};
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_queue_rests_only_when_all_its_routes_are_held() {
        let mut breakers = breakers();
        let both = ["orders", "stock"];
        go(breakers.of("orders")).route_failed(no_bucket());
        assert_eq!(breakers.all_paused(both), None, "stock still runs");
        tokio::time::advance(Duration::from_secs(1)).await;
        go(breakers.of("stock")).route_failed(no_bucket());
        breakers.changed().await;
        let probe = breakers.all_paused(both).expect("both are held");
        assert_eq!(probe - Instant::now() + Duration::from_secs(1), FIRST_WAIT);
        assert_eq!(
            breakers.all_paused([]),
            None,
            "a queue without routes is polled: messages are skipped"
        );
    }
}
