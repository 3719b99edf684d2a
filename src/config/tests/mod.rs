//! Of the whole configuration.

mod anything;
pub(super) mod example;

// What the page of settings is made of (`crate::docs`).
pub(crate) use crate::config::read::coerce::Wanted;
pub(crate) use crate::config::read::tree::{join, node};
pub(crate) use crate::config::read::variable::of as variable_of;
pub(crate) use example::{FILE, generic};
