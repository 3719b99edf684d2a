//! Of the whole configuration.

mod anything;
pub(super) mod example;
