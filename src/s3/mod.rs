//! The only door to S3: guarded calls, typed errors, clients by region.
//!
//! Every call passes the same tower stack ([`stack`]), is counted once an attempt, and ends in an
//! [`S3Error`] that says what to do about it. Nothing outside this folder sees an SDK type.

mod account;
mod aimd;
mod answer;
mod archive;
mod attempt;
mod bandwidth;
mod bucket;
mod client;
mod clients;
mod copy_source;
mod doors;
mod endpoints;
mod error;
mod learn;
mod limit;
mod list;
mod object;
mod raw;
mod read;
mod restore;
mod sdk;
mod seen;
mod source_part;
mod stack;
mod tagging;
mod upload;
mod write;

pub use account::{DoorStatus, Opening};
pub use archive::Archive;
pub use bandwidth::Bandwidth;
pub use bucket::Bucket;
pub use client::{S3, Side};
pub use doors::Doors;
pub use error::{Flaw, Kind, Retry, S3Error, Throttle};
pub use limit::LimitStatus;
pub use list::Listed;
pub use object::{
    Algorithm, Aside, Checksum, Condition, Dress, ETag, Headers, Object, Spot, Written,
};
pub use read::{Found, SLOWEST};
pub use source_part::SourcePart;
pub use tagging::{Tags, tagging_header};
pub use upload::{Complete, Inlet, MOST_PARTS, Part, Sums, Upload};
pub use write::{CopyObject, PutObject};
