//! Where the process touches the world: HTTP, wall time, randomness, credentials.
//!
//! Everything that makes one run differ from another comes in here, once, from `main`. A test
//! hands in an HTTP client that answers from memory, a clock it sets and randomness it can throw again,
//! and starts as many daemons in one process as it likes. Monotonic time is `tokio::time`.

use std::fmt;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use aws_credential_types::provider::SharedCredentialsProvider;
use aws_sdk_s3::config::SharedHttpClient;
use aws_smithy_http_client::proxy::ProxyConfig;
use aws_smithy_http_client::tls::{self, TlsContext, TrustStore};
use aws_smithy_http_client::{Builder, Connector};
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use jiff::Timestamp;

use crate::lock::locked;

/// S3 closes idle connections after about 20 s; ours must be gone before (aws-sdk-rust#440, #1106).
const POOL_IDLE: Duration = Duration::from_secs(15);

/// Idle connections kept for one host: as many as one host can be busy with at once.
const POOL_IDLE_PER_HOST: usize = 256;

/// The outside world, as one daemon sees it. Cheap to clone.
#[derive(Clone)]
pub struct Edge {
    /// Every request of every service goes through this one client and its pool, but for accounts
    /// that trust roots of their own.
    pub http: SharedHttpClient,
    /// Wall time: for lag and for what is written into messages, never for deadlines.
    pub clock: Clock,
    /// Jitter.
    pub rng: Rng,
    /// Credentials instead of the SDK's default chain.
    pub credentials: Option<SharedCredentialsProvider>,
}

/// The wall clock.
#[derive(Clone)]
pub struct Clock(Arc<dyn Fn() -> Timestamp + Send + Sync>);

impl Clock {
    /// A clock of one's own.
    #[must_use]
    pub fn new(clock: impl Fn() -> Timestamp + Send + Sync + 'static) -> Self {
        Self(Arc::new(clock))
    }

    /// What it is now.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        (self.0)()
    }
}

impl fmt::Debug for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Wall")
    }
}

impl Edge {
    /// The real world.
    #[must_use]
    #[expect(
        clippy::disallowed_methods,
        reason = "this is the one place that asks the clock"
    )]
    pub fn real() -> Self {
        Self {
            http: http(None),
            clock: Clock::new(Timestamp::now),
            rng: Rng::default(),
            credentials: None,
        }
    }

    /// The same world, reached by a client of its own that believes these roots only.
    #[must_use]
    pub fn trusting(&self, roots: TrustStore) -> Self {
        Self {
            http: http(Some(roots)),
            ..self.clone()
        }
    }
}

/// A client that trusts these roots, or the machine's, and goes through the proxies that the environment
/// names (`HTTPS_PROXY`, `HTTP_PROXY`, `NO_PROXY`).
fn http(roots: Option<TrustStore>) -> SharedHttpClient {
    let trust = TlsContext::builder().with_trust_store(roots.unwrap_or_default());
    let trust = trust.build().expect("roots are all that is set");
    let provider = tls::Provider::Rustls(tls::rustls_provider::CryptoMode::AwsLc);
    Builder::new().build_with_connector_fn(move |settings, components| {
        let mut connector = Connector::builder()
            .pool_idle_timeout(POOL_IDLE)
            .pool_max_idle_per_host(POOL_IDLE_PER_HOST)
            .proxy_config(ProxyConfig::from_env())
            .tls_provider(provider.clone())
            .tls_context(trust.clone());
        connector.set_connector_settings(settings.cloned());
        connector.set_sleep_impl(components.and_then(RuntimeComponents::sleep_impl));
        connector.build()
    })
}

impl fmt::Debug for Edge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Edge")
            .field("rng", &self.rng)
            .finish_non_exhaustive()
    }
}

/// Random numbers that replay from a seed. Clones share one sequence.
#[derive(Debug, Clone, Default)]
pub struct Rng(Arc<Mutex<fastrand::Rng>>);

impl Rng {
    /// The sequence of `seed`.
    #[must_use]
    pub fn seeded(seed: u64) -> Self {
        Self(Arc::new(Mutex::new(fastrand::Rng::with_seed(seed))))
    }

    /// A seed for randomness of one's own.
    #[must_use]
    pub fn seed(&self) -> u64 {
        locked(&self.0).u64(..)
    }

    /// A number from 0 up to, not including, 1.
    #[must_use]
    pub fn roll(&self) -> f64 {
        locked(&self.0).f64()
    }

    /// Full jitter: anything from nothing to `most`.
    #[must_use]
    pub fn jitter(&self, most: Duration) -> Duration {
        most.mul_f64(self.roll())
    }

    /// Half of `around`, and a random part of the other half: spread, but never at once.
    #[must_use]
    pub fn spread(&self, around: Duration) -> Duration {
        around.mul_f64(0.5 + self.roll() / 2.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_throws_the_same_dice() {
        let (a, b) = (Rng::seeded(7), Rng::seeded(7));
        let rolls = |rng: &Rng| (0..8).map(|_| rng.roll().to_bits()).collect::<Vec<_>>();
        assert_eq!(rolls(&a), rolls(&b));
        assert_ne!(rolls(&a), rolls(&Rng::seeded(8)));
    }

    #[test]
    fn a_spread_wait_is_at_least_half() {
        let rng = Rng::seeded(1);
        for _ in 0..100 {
            let wait = rng.spread(Duration::from_secs(10));
            assert!((5..=10).contains(&wait.as_secs()), "{wait:?}");
        }
    }
}
