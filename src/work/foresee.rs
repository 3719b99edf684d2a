//! What would be done about an object: both sides are read, nothing is written.

use std::sync::Arc;

use super::replicator::Replicator;
use crate::config::Encryption;
use crate::plan::{Capabilities, ExpectedCopy, Plan};
use crate::queue::Terms;
use crate::route::Route;
use crate::s3::{Found, Object, ObjectLocation, S3Error};

/// What one route would do about an object.
#[derive(Debug)]
pub struct Foreseen {
    /// The route.
    pub route: Arc<Route>,
    /// The destination's key, where it can be made.
    pub target: Option<String>,
    /// The source as it is now, if it is there.
    pub source: Option<Object>,
    /// What would be done.
    pub plan: Planned,
}

/// What would be done on one route.
#[derive(Debug)]
pub enum Planned {
    /// This.
    Plan(Plan),
    /// Nothing: the object as it is now is outside the route's size limits.
    Size,
    /// It is not known, for the same reason that it could not be done.
    Failed(String),
}

impl Replicator {
    /// What each route that takes the object would do about it, from what stands on both sides now.
    pub async fn foresee(&self, location: &ObjectLocation, terms: Terms) -> Vec<Foreseen> {
        let mut all = Vec::new();
        for route in self
            .routes
            .choose(None, &location.bucket, &location.key, None)
        {
            let mut foreseen = Foreseen {
                route: route.clone(),
                target: None,
                source: None,
                plan: Planned::Size,
            };
            if let Err(why) = self.observe(location, terms, &mut foreseen).await {
                foreseen.plan = Planned::Failed(why);
            }
            all.push(foreseen);
        }
        all
    }

    async fn observe(
        &self,
        location: &ObjectLocation,
        terms: Terms,
        foreseen: &mut Foreseen,
    ) -> Result<(), String> {
        let reported = |e: S3Error| e.to_string();
        let route = foreseen.route.clone();
        let from = self.client(route.from_account.as_deref(), &route.source_bucket);
        let to = self.client(route.to_account.as_deref(), &route.destination_bucket);
        let source = from.s3.head_for_certain(from.bucket, &location.key).await;
        foreseen.source = source.map_err(reported)?;
        let source = foreseen.source.as_ref();
        let time = source.map(|source| source.last_modified);
        let target = match route.destination(&location.key, time) {
            Ok(key) => {
                let found = to.s3.head(to.bucket, &key).await.map_err(reported)?;
                foreseen.target = Some(key);
                match found {
                    Found::Object(object) => Some(*object),
                    Found::Gone | Found::Nothing => None,
                }
            }
            // A dated key of what is gone: nobody knows it.
            Err(_) if source.is_none() => None,
            Err(e) => return Err(e.to_string()),
        };
        let takes = |size| {
            route
                .matches(&location.bucket, &location.key, Some(size))
                .is_ok()
        };
        if source.is_none_or(|source| takes(source.size)) {
            let conditional = to.s3.conditional(&to.bucket.name);
            let kms = route.properties.sse.is_some_and(Encryption::is_kms);
            let capabilities = Capabilities::of(&route, terms, (conditional, kms));
            let expected =
                source.map(|source| ExpectedCopy::of(location, source, capabilities.identity));
            foreseen.plan = Planned::Plan(capabilities.plan(expected.as_ref(), target.as_ref()));
        }
        Ok(())
    }
}
