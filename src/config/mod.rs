//! What the operator says: `config.toml`, the environment, and the rules both must keep.
//!
//! One file a section; `read` is how they are read, `value` what a value can be,
//! `rules` what must hold between sections. A [`Config`] that came out of [`Config::load`] is valid:
//! every value was read, every range and every rule between sections holds. What was wrong is refused
//! all at once, each fault naming its key as the operator typed it.
//!
//! Files import each other by their own paths; what stands here is for other folders.

mod account;
mod admin;
mod aws;
mod catalog;
mod crawler;
mod load;
mod nearest;
mod queue;
mod read;
mod retry;
mod route;
mod rules;
mod schema;
mod sections;
mod table;
#[cfg(test)]
pub(crate) mod tests;
mod value;
mod work;

pub use account::{Account, DEFAULT_ACCOUNT};
pub use admin::Admin;
pub use aws::{Aws, ConditionalWrites};
pub use catalog::Catalog;
pub use crawler::Crawler;
pub use load::Loaded;
pub use queue::{Envelope, Queue};
pub use read::fault::{Fault, Refusal};
pub use read::origins::{Origin, Origins};
pub use read::sources::Sources;
pub use retry::Retry;
pub use route::Route;
pub use route::archived::{Archived, Restore};
pub use route::parts::Parts;
pub use route::properties::Properties;
pub use route::words::{
    Acl, AfterCopy, Collisions, Deletes, Encryption, Glacier, RestoreTier, SourceMissing,
    StorageClass, TagPolicy, Transfer,
};
pub use rules::advice::Advice;
pub use rules::needs_streaming::NeedsStreaming;
pub use schema::schema;
pub use sections::Config;
pub use table::Table;
pub use value::access_point::AccessPoint;
pub(crate) use value::glob::globs;
pub use value::location::{LONGEST_KEY, Location, Target};
pub use value::notify::{Notify, NotifyKind};
pub use value::partition::Partition;
pub use value::rate::Rate;
pub use value::sql::is_select;
pub use value::template::{NeedsDate, Part, Template};
pub use work::Work;
