//! What a worker needs to take one event through all of its routes.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::{Arc, Mutex};

use super::arrival::Announce;
use super::circuit_breakers::CircuitBreakers;
use crate::metrics::Metrics;
use crate::reconcile::Reconciler;
use crate::route::Routes;
use crate::s3::{Bucket, BucketClient, S3Clients};

/// Takes events through their routes, with or without a message.
pub struct Replicator {
    /// Where keys go.
    pub routes: Routes,
    /// Whether a route is paused.
    pub breakers: CircuitBreakers,
    /// Makes destinations equal.
    pub reconciler: Reconciler,
    /// Every account's way to S3.
    pub s3_clients: S3Clients,
    /// What is counted.
    pub metrics: Metrics,
    /// Where arrivals are notified.
    pub arrivals: Arc<dyn Announce>,
    /// The routes that were warned that they move what has no versions.
    pub unversioned: Mutex<BTreeSet<String>>,
}

impl Replicator {
    pub(super) fn client<'a>(
        &'a self,
        account: Option<&str>,
        bucket: &'a Bucket,
    ) -> BucketClient<'a> {
        BucketClient {
            s3: self.s3_clients.of(account),
            bucket,
        }
    }
}

impl fmt::Debug for Replicator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Replicator")
            .field("routes", &self.routes)
            .finish_non_exhaustive()
    }
}
