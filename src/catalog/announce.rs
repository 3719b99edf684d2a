//! Where arrivals go: to whoever makes them known.

use futures_util::FutureExt;
use futures_util::future::BoxFuture;

use super::crawlers::Crawlers;
use crate::work::{Announce, Arrival, Unannounced};

/// All that follows from an arrival. The default knows nobody to tell.
#[derive(Debug, Default)]
pub struct Catalog {
    crawlers: Crawlers,
}

impl Catalog {
    /// Tells these crawlers.
    #[must_use]
    pub fn new(crawlers: Crawlers) -> Self {
        Self { crawlers }
    }
}

impl Announce for Catalog {
    fn arrived<'a>(&'a self, arrival: &'a Arrival) -> BoxFuture<'a, Result<(), Unannounced>> {
        async {
            for crawler in &arrival.route.crawlers {
                self.crawlers.arrived(crawler);
            }
            Ok(())
        }
        .boxed()
    }
}
