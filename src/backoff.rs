//! How long to wait after failures in a row.

use std::time::Duration;

use fastrand::Rng;

/// Doubles the wait with each failure in a row; half of it is left to the randomness.
#[derive(Debug)]
pub(crate) struct Backoff {
    base: Duration,
    cap: Duration,
    failures: u32,
}

impl Backoff {
    pub(crate) fn new(base: Duration, cap: Duration) -> Self {
        Self {
            base,
            cap: cap.max(base),
            failures: 0,
        }
    }

    pub(crate) fn reset(&mut self) {
        self.failures = 0;
    }

    pub(crate) fn next(&mut self, rng: &mut Rng) -> Duration {
        let doubled = 2_u32.saturating_pow(self.failures);
        self.failures = self.failures.saturating_add(1);
        self.base
            .saturating_mul(doubled)
            .min(self.cap)
            .mul_f64(0.5 + rng.f64() / 2.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_wait_doubles_up_to_its_cap_and_begins_anew() {
        let mut rng = Rng::with_seed(7);
        let mut backoff = Backoff::new(Duration::from_secs(1), Duration::from_secs(5));
        for longest in [1, 2, 4, 5, 5].map(Duration::from_secs) {
            let wait = backoff.next(&mut rng);
            assert!(
                longest / 2 <= wait && wait <= longest,
                "{wait:?}, at most {longest:?}"
            );
        }
        backoff.reset();
        assert!(backoff.next(&mut rng) <= Duration::from_secs(1));
        let mut long = Backoff::new(Duration::MAX / 4, Duration::from_secs(1));
        assert!(
            long.next(&mut rng) >= Duration::MAX / 8,
            "never below its base"
        );
    }
}
