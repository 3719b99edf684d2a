//! Types of values, each read from its text.

pub(super) mod access_point;
pub(super) mod address;
pub(super) mod arn;
pub(super) mod duration;
mod folder;
pub(super) mod glob;
mod injective;
pub(super) mod list;
pub(super) mod location;
pub(super) mod notify;
pub(super) mod partition;
pub(super) mod queue_url;
pub(super) mod rate;
pub(super) mod region;
pub(super) mod size;
pub(super) mod sql;
pub(super) mod template;
pub(super) mod text;
