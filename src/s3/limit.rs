//! Limits the concurrent calls of each account and bucket, shared by all workers, and separately those that need its
//! KMS key.
//!
//! A layer of the [stack](super::stack) that lets a call through while it is below the [limit](super::aimd), and learns
//! from its answer. S3's refusals lower the bucket's limit. KMS's refusals come through S3 and lower the limit of calls
//! that carry bytes, because only they need the key. A call that waits for the key's limit does not occupy the bucket's
//! meanwhile.
//!
//! The limit is a semaphore. When it falls below the number of calls under way, ended calls do not return their permits
//! until the difference is paid.

use std::collections::{BTreeMap, HashMap};
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::task::{Context, Poll, ready};

use pin_project_lite::pin_project;
use serde::Serialize;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::sync::PollSemaphore;
use tower::{Layer, Service};

use super::aimd::Aimd;
use super::error::{Kind, S3Error, Throttle};
use crate::lock::locked;

/// The limits of one account. Cheap to clone.
#[derive(Debug, Clone)]
pub(super) struct BucketLimits(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    account: String,
    most: u32,
    buckets: Mutex<HashMap<String, BucketLimit>>,
}

/// What holds for calls to one bucket.
#[derive(Debug, Clone)]
pub(super) struct BucketLimit {
    calls: Arc<Limit>,
    key: Arc<Limit>,
}

/// A bucket's limits, as they are seen from outside.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct LimitStatus {
    /// Calls at once.
    pub calls: u32,
    /// Calls at once that need its KMS key; absent while KMS has no objection.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kms: Option<u32>,
}

#[derive(Debug)]
struct Limit {
    account: String,
    bucket: String,
    whose: Throttle,
    room: Arc<Semaphore>,
    /// Places that shall not come back; changed under the lock of `aimd`.
    owed: AtomicUsize,
    aimd: Mutex<Aimd>,
}

impl BucketLimits {
    pub(super) fn new(account: &str, most: u32) -> Self {
        Self(Arc::new(Shared {
            account: account.to_owned(),
            most,
            buckets: Mutex::default(),
        }))
    }

    pub(super) fn of(&self, bucket: &str) -> BucketLimit {
        let mut buckets = self.buckets();
        if let Some(known) = buckets.get(bucket) {
            return known.clone();
        }
        let Shared { account, most, .. } = &*self.0;
        let limit = |whose, aimd| Arc::new(Limit::new(account, bucket, whose, aimd));
        let limit = BucketLimit {
            calls: limit(Throttle::S3, Aimd::new(*most)),
            key: limit(Throttle::Kms, Aimd::at_most(*most)),
        };
        buckets.insert(bucket.to_owned(), limit.clone());
        limit
    }

    pub(super) fn status(&self) -> BTreeMap<String, LimitStatus> {
        let status = |limit: &BucketLimit| {
            let key = limit.key.aimd();
            LimitStatus {
                calls: limit.calls.aimd().limit(),
                kms: (!key.is_full()).then(|| key.limit()),
            }
        };
        let buckets = self.buckets();
        let all = buckets.iter();
        all.map(|(bucket, limit)| (bucket.clone(), status(limit)))
            .collect()
    }

    fn buckets(&self) -> MutexGuard<'_, HashMap<String, BucketLimit>> {
        locked(&self.0.buckets)
    }
}

impl BucketLimit {
    /// For every call. One that does not hold its place takes its turn, and no more.
    pub(super) fn calls(&self, holding: bool) -> LimitLayer {
        LimitLayer {
            limit: Some(self.calls.clone()),
            holding,
        }
    }

    /// For those that carry bytes. Which of a bucket's objects have a key is not known before the
    /// answer, and buckets are rarely mixed.
    pub(super) fn key(&self, op: &str, holding: bool) -> LimitLayer {
        let carries_bytes = matches!(
            op,
            "GetObject"
                | "PutObject"
                | "CopyObject"
                | "CreateMultipartUpload"
                | "UploadPart"
                | "UploadPartCopy"
                | "CompleteMultipartUpload"
        );
        LimitLayer {
            limit: carries_bytes.then(|| self.key.clone()),
            holding,
        }
    }
}

impl Limit {
    fn new(account: &str, bucket: &str, whose: Throttle, aimd: Aimd) -> Self {
        Self {
            account: account.to_owned(),
            bucket: bucket.to_owned(),
            whose,
            room: Arc::new(Semaphore::new(aimd.limit() as usize)),
            owed: AtomicUsize::new(0),
            aimd: Mutex::new(aimd),
        }
    }

    fn aimd(&self) -> MutexGuard<'_, Aimd> {
        locked(&self.aimd)
    }

    fn learn(&self, round: u64, error: Option<&S3Error>) {
        match error.map(|error| &error.kind) {
            Some(Kind::Throttled(by)) if *by == self.whose => self.refused(round),
            // Says nothing about how much is too much.
            Some(Kind::Throttled(_) | Kind::NotSent | Kind::Lease) => {}
            Some(_) if error.is_some_and(|error| !error.is_answer()) => {}
            Some(_) | None => self.worked(round),
        }
    }

    fn worked(&self, round: u64) {
        let mut aimd = self.aimd();
        let before = aimd.limit();
        aimd.worked(round);
        if aimd.limit() == before {
            return;
        }
        let owed = self.owed.load(Ordering::Relaxed);
        if owed > 0 {
            self.owed.store(owed - 1, Ordering::Relaxed);
        } else {
            self.room.add_permits(1);
        }
        let (full, limit) = (aimd.is_full(), aimd.limit());
        drop(aimd);
        if full {
            let (account, bucket, by) = (&self.account, &self.bucket, self.whose);
            tracing::debug!(account, bucket, ?by, limit, "full speed");
        }
    }

    fn refused(&self, round: u64) {
        let mut aimd = self.aimd();
        let (before, was_full) = (aimd.limit(), aimd.is_full());
        let owed = self.owed.load(Ordering::Relaxed);
        let at_once = before as usize + owed - self.room.available_permits();
        if !aimd.refused(round, u32::try_from(at_once).unwrap_or(u32::MAX)) {
            return;
        }
        let less = (before - aimd.limit()) as usize;
        let taken = self.room.forget_permits(less);
        self.owed.store(owed + less - taken, Ordering::Relaxed);
        let limit = aimd.limit();
        drop(aimd);
        let (account, bucket, by) = (&self.account, &self.bucket, self.whose);
        if was_full {
            tracing::info!(
                account,
                bucket,
                ?by,
                limit,
                "throttled; sending fewer calls at once"
            );
        } else {
            tracing::debug!(account, bucket, ?by, limit, "slowing down");
        }
    }
}

/// One call's place under a limit.
#[derive(Debug)]
struct Place {
    limit: Arc<Limit>,
    round: u64,
    permit: Option<OwnedSemaphorePermit>,
}

impl Drop for Place {
    fn drop(&mut self) {
        if self.limit.owed.load(Ordering::Relaxed) == 0 {
            return;
        }
        let _aimd = self.limit.aimd();
        let owed = self.limit.owed.load(Ordering::Relaxed);
        if let (Some(owed), Some(permit)) = (owed.checked_sub(1), self.permit.take()) {
            self.limit.owed.store(owed, Ordering::Relaxed);
            permit.forget();
        }
    }
}

/// Puts a limit around a service; no limit lets everything through.
#[derive(Debug, Clone)]
pub(super) struct LimitLayer {
    limit: Option<Arc<Limit>>,
    holding: bool,
}

impl<S> Layer<S> for LimitLayer {
    type Service = Limited<S>;

    fn layer(&self, inner: S) -> Limited<S> {
        let under = |limit: &Arc<Limit>| (limit.clone(), PollSemaphore::new(limit.room.clone()));
        Limited {
            inner,
            limit: self.limit.as_ref().map(under),
            holding: self.holding,
            permit: None,
        }
    }
}

/// A service under a limit.
#[derive(Debug)]
pub(super) struct Limited<S> {
    inner: S,
    limit: Option<(Arc<Limit>, PollSemaphore)>,
    holding: bool,
    permit: Option<OwnedSemaphorePermit>,
}

impl<S: Clone> Clone for Limited<S> {
    fn clone(&self) -> Self {
        Self {
            inner: self.inner.clone(),
            limit: self.limit.clone(),
            holding: self.holding,
            // Each has to get its own.
            permit: None,
        }
    }
}

impl<S, R, T> Service<R> for Limited<S>
where
    S: Service<R, Response = T, Error = S3Error>,
{
    type Response = T;
    type Error = S3Error;
    type Future = Answer<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S3Error>> {
        if let (None, Some((_, room))) = (&self.permit, &mut self.limit) {
            self.permit = ready!(room.poll_acquire(cx));
        }
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: R) -> Self::Future {
        let place = self.limit.as_ref().map(|(limit, _)| Place {
            limit: limit.clone(),
            round: limit.aimd().round(),
            permit: self.permit.take().filter(|_| self.holding),
        });
        Answer {
            inner: self.inner.call(request),
            place,
        }
    }
}

pin_project! {
    /// An answer that is learnt from when it comes.
    pub(super) struct Answer<F> {
        #[pin]
        inner: F,
        place: Option<Place>,
    }
}

impl<F, T> Future for Answer<F>
where
    F: Future<Output = Result<T, S3Error>>,
{
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let answer = ready!(this.inner.poll(cx));
        if let Some(place) = this.place.take() {
            place.limit.learn(place.round, answer.as_ref().err());
        }
        Poll::Ready(answer)
    }
}
