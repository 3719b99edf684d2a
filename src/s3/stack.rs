//! The rules around every S3 call: one tower stack, the same for all operations.
//!
//! A call enters at the first line of [`guard`]; each retry re-enters at the second. Retry is
//! outermost, so a call that is backing off holds no permit; then come the bucket's own
//! [limits](super::limit), so that who waits for a busy bucket is in no other's way, and what all
//! calls share; the timeout is innermost, so that queueing is not timed. The SDK's own retries are off.
//!
//! Outside of the stack stand the credentials, where a secret keeps them: they are there before a
//! call is timed, and a call that was refused for them is sent again once with newer ones. Such an
//! answer is certain: nothing took effect.

use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Semaphore;
use tokio::time::Instant;
use tower::limit::GlobalConcurrencyLimitLayer;
use tower::retry::Policy;
use tower::{BoxError, Service, ServiceBuilder, ServiceExt, service_fn};

use super::error::{Flaw, Kind, Retry, S3Error};
use super::limit::{BucketLimit, BucketLimits};
use crate::config::{self, DEFAULT_ACCOUNT};
use crate::credentials::Secret;
use crate::edge::Rng;
use crate::metrics::{Metrics, OperationLabels};

/// More than some 200 new connections at once fail in name resolution (aws-sdk-rust#1136).
const CALLS_AT_ONCE: u32 = 256;

/// What all calls of one account share, most of it with all accounts of the daemon.
#[derive(Debug, Clone)]
pub(super) struct Limits {
    in_flight: GlobalConcurrencyLimitLayer,
    /// As many again for calls that take minutes.
    long: GlobalConcurrencyLimitLayer,
    /// The account's own.
    buckets: BucketLimits,
    /// Whether a call keeps its places until it ends.
    holding: bool,
    backoff: Backoff,
    metrics: Metrics,
    /// Where the account's credentials are kept, if that is a secret.
    secret: Option<Secret>,
}

impl Limits {
    pub(super) fn new(retry: &config::Retry, rng: Rng, metrics: Metrics) -> Self {
        let backoff = Backoff {
            left: retry.max_attempts.saturating_sub(1),
            attempts: 0,
            began: Instant::now(),
            wait: retry.initial_backoff,
            most: retry.max_backoff,
            rng,
            call: Call {
                op: "",
                effect: Effect::Repeatable,
            },
            metrics: metrics.clone(),
        };
        let room = || Arc::new(Semaphore::new(CALLS_AT_ONCE as usize));
        Self {
            in_flight: GlobalConcurrencyLimitLayer::with_semaphore(room()),
            long: GlobalConcurrencyLimitLayer::with_semaphore(room()),
            buckets: BucketLimits::new(DEFAULT_ACCOUNT, CALLS_AT_ONCE),
            holding: true,
            backoff,
            metrics,
            secret: None,
        }
    }

    /// The same for calls of an account, whose credentials may be kept in a secret.
    pub(super) fn of(&self, account: &str, secret: Option<Secret>) -> Self {
        Self {
            buckets: BucketLimits::new(account, CALLS_AT_ONCE),
            secret,
            ..self.clone()
        }
    }

    /// The same for a call that takes minutes, or waits for other calls before it can end: it takes its turn
    /// and holds no place at its bucket, or short ones would wait for it, and it for them.
    pub(super) fn passing(&self) -> Self {
        Self {
            in_flight: self.long.clone(),
            holding: false,
            ..self.clone()
        }
    }

    pub(super) fn buckets(&self) -> &BucketLimits {
        &self.buckets
    }

    pub(super) fn metrics(&self) -> &Metrics {
        &self.metrics
    }
}

/// One operation as the stack needs to know it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Call {
    /// As AWS names it.
    pub(super) op: &'static str,
    pub(super) effect: Effect,
}

/// Whether sending a request twice can do harm.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Effect {
    /// A read, or a part of an upload: the same again changes nothing.
    Repeatable,
    /// The sender must read the object before it sends another.
    Once,
}

/// Sends `call` under the process-wide rules and the bucket's own.
pub(super) async fn guard<'a, T, F, Answer>(
    limits: &Limits,
    bucket: &str,
    call: Call,
    timeout: Duration,
    send: F,
) -> Result<T, S3Error>
where
    F: Fn() -> Answer + Clone + Send,
    Answer: Future<Output = Result<T, S3Error>> + Send + 'a,
    T: Send,
{
    let generation = match &limits.secret {
        None => 0,
        Some(secret) => secret
            .ready()
            .await
            .map_err(|e| S3Error::with(call.op, Kind::Credentials(Flaw::Other), e.to_string()))?,
    };
    // Boxed: the SDK's futures are large, and their types are deeper than the compiler follows.
    let send = move |()| -> BoxFuture<'a, T> { Box::pin(send()) };
    let bucket = limits.buckets.of(bucket);
    let retry = Backoff::of(&limits.backoff, call);
    let answer = stack(limits, &bucket, retry.clone(), timeout, send.clone());
    // Boxed: the stack is large, and part of every future that ends in a call.
    let refused = match Box::pin(answer.oneshot(())).await {
        Err(e) if matches!(e.kind, Kind::Credentials(Flaw::Unknown | Flaw::Outdated)) => e,
        answer => return answer,
    };
    match &limits.secret {
        Some(secret) if secret.renew(generation).await => {
            let retry = retry.after(refused.attempts);
            let answer = stack(limits, &bucket, retry, timeout, send);
            Box::pin(answer.oneshot(())).await
        }
        Some(_) | None => Err(refused),
    }
}

type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = Result<T, S3Error>> + Send + 'a>>;

fn stack<T, F, Answer>(
    limits: &Limits,
    bucket: &BucketLimit,
    retry: Backoff,
    timeout: Duration,
    send: F,
) -> impl Service<(), Response = T, Error = S3Error, Future: Send> + use<T, F, Answer>
where
    F: Fn(()) -> Answer + Clone + Send,
    Answer: Future<Output = Result<T, S3Error>> + Send,
    T: Send,
{
    let call = retry.call;
    ServiceBuilder::new()
        // Outermost: a call that is backing off holds no permit.
        .retry(retry)
        .layer(bucket.key(call.op, limits.holding))
        .layer(bucket.calls(limits.holding))
        // tower boxes the errors of the layers below; name them again before retry looks.
        .map_err(move |e| named(call.op, e))
        .layer(limits.in_flight.clone())
        // Innermost: times the attempt, not the queue in front of it. A write that is dropped
        // here says by its own drop that it was not answered.
        .timeout(timeout)
        .service(service_fn(send).map_err(BoxError::from))
}

fn named(op: &'static str, e: BoxError) -> S3Error {
    match e.downcast::<S3Error>() {
        Ok(known) => *known,
        Err(timeout) => S3Error::with(op, Kind::Unanswered, timeout.to_string()),
    }
}

/// Doubles the wait on each attempt, with full jitter. tower clones the policy for each call, so
/// `left` counts the attempts of one call, not of the process. Every failed attempt passes here, so this
/// is where an error learns how many there were and how long they took.
#[derive(Debug, Clone)]
struct Backoff {
    left: u32,
    /// So many attempts have ended.
    attempts: u32,
    /// When the first began to wait for its turn.
    began: Instant,
    wait: Duration,
    most: Duration,
    rng: Rng,
    call: Call,
    metrics: Metrics,
}

impl Backoff {
    /// The same rules for one call that begins now.
    fn of(rules: &Self, call: Call) -> Self {
        let began = Instant::now();
        Self {
            began,
            call,
            ..rules.clone()
        }
    }

    /// The same once more, after so many attempts.
    fn after(self, attempts: u32) -> Self {
        Self { attempts, ..self }
    }
}

impl<T> Policy<(), T, S3Error> for Backoff {
    type Future = tokio::time::Sleep;

    fn retry(&mut self, (): &mut (), result: &mut Result<T, S3Error>) -> Option<Self::Future> {
        let error = result.as_mut().err()?;
        self.attempts += 1;
        error.attempts = self.attempts;
        error.elapsed = self.began.elapsed();
        let again = match (error.retry(), self.call.effect) {
            (Retry::Wait, _) | (Retry::Look, Effect::Repeatable) => true,
            (Retry::Look, Effect::Once) | (Retry::Never, _) => false,
        };
        if !again {
            return None;
        }
        self.left = self.left.checked_sub(1)?;
        let op = OperationLabels {
            service: "s3",
            operation: self.call.op,
        };
        self.metrics.retries.get_or_create(&op).inc();
        tracing::debug!(operation = self.call.op, %error, "retrying request");
        let wait = self.rng.jitter(self.wait);
        self.wait = (self.wait * 2).min(self.most);
        Some(tokio::time::sleep(wait))
    }

    fn clone_request(&mut self, (): &()) -> Option<()> {
        Some(())
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use super::*;
    use crate::s3::error::Throttle;

    fn limits(max_attempts: u32) -> Limits {
        let retry = config::Retry {
            max_attempts,
            initial_backoff: Duration::from_millis(100),
            max_backoff: Duration::from_secs(20),
        };
        Limits::new(&retry, Rng::seeded(1), Metrics::new("test").0)
    }

    async fn attempts(effect: Effect, error: S3Error) -> u32 {
        let sent = Arc::new(AtomicU32::new(0));
        let (limits, call) = (limits(3), Call { op: "Op", effect });
        let answer = guard(&limits, "bucket", call, Duration::from_secs(5), || {
            let (sent, error) = (sent.clone(), error.clone());
            async move {
                sent.fetch_add(1, Ordering::Relaxed);
                Err::<(), _>(error)
            }
        });
        let error = answer.await.expect_err("it always fails");
        let sent = sent.load(Ordering::Relaxed);
        assert_eq!(error.attempts, sent, "the error says how often it was sent");
        sent
    }

    #[tokio::test(start_paused = true)]
    async fn a_write_without_an_answer_is_never_sent_again() {
        let throttled = || S3Error::new("Op", Kind::Throttled(Throttle::S3));
        let unanswered = || S3Error::new("Op", Kind::Unanswered);
        for (why, effect, error, want) in [
            ("throttled read", Effect::Repeatable, throttled(), 3),
            ("throttled write", Effect::Once, throttled(), 3),
            ("unanswered read", Effect::Repeatable, unanswered(), 3),
            ("unanswered write", Effect::Once, unanswered(), 1),
            (
                "an answer",
                Effect::Repeatable,
                S3Error::new("Op", Kind::Precondition),
                1,
            ),
        ] {
            assert_eq!(attempts(effect, error).await, want, "{why}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_call_without_an_answer_ends_at_its_timeout() {
        let call = Call {
            op: "Op",
            effect: Effect::Once,
        };
        let started = tokio::time::Instant::now();
        let timeout = Duration::from_secs(15);
        let never = guard(
            &limits(3),
            "bucket",
            call,
            timeout,
            std::future::pending::<Result<(), _>>,
        )
        .await;
        assert!(
            matches!(&never, Err(e) if e.kind == Kind::Unanswered && e.attempts == 1 && e.elapsed == timeout),
            "{never:?}"
        );
        assert_eq!(started.elapsed(), timeout);
    }

    #[tokio::test(start_paused = true)]
    async fn waiting_for_a_retry_holds_no_permit_and_queueing_is_not_timed() {
        let mut limits = limits(2);
        limits.in_flight = GlobalConcurrencyLimitLayer::new(1);
        limits.backoff.wait = Duration::from_hours(1);
        let call = Call {
            op: "Op",
            effect: Effect::Repeatable,
        };
        let second = Duration::from_secs(1);
        let throttled =
            || async { Err::<(), _>(S3Error::new("Op", Kind::Throttled(Throttle::S3))) };
        let slow = || async {
            tokio::time::sleep(Duration::from_millis(900)).await;
            Ok(())
        };
        let started = tokio::time::Instant::now();
        let others = async {
            let (a, b) = tokio::join!(
                guard(&limits, "bucket", call, second, slow),
                guard(&limits, "bucket", call, second, slow)
            );
            (a.is_ok() && b.is_ok(), started.elapsed())
        };
        let (_, (fine, took)) =
            tokio::join!(guard(&limits, "bucket", call, second, throttled), others);
        assert!(
            fine,
            "the second waits 900 ms for its permit, then takes 900 ms: no timeout"
        );
        assert_eq!(
            took.as_millis(),
            1_800,
            "the one that backs off is in nobody's way"
        );
    }
}
