//! The only folder that calls S3: guarded calls, typed errors, clients by region.
//!
//! Every call passes the same tower stack ([`stack`]), is counted once per attempt, and ends in an [`S3Error`] that
//! says what to do about it. Nothing outside this folder sees a type of the SDK.

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
mod endpoints;
mod error;
mod learn;
mod limit;
mod list;
mod object;
mod raw;
mod read;
mod restore;
mod s3_clients;
mod sdk;
mod seen;
mod source_part;
mod stack;
mod tagging;
mod upload;
mod write;

pub use account::{ClientSettings, S3AccountStatus};
pub use archive::Archive;
pub use bandwidth::Bandwidth;
pub use bucket::Bucket;
pub use client::{BucketClient, S3};
pub use error::{Flaw, Kind, Retry, S3Error, Throttle};
pub use limit::LimitStatus;
pub use list::Listed;
pub use object::{
    Algorithm, Aside, Checksum, Condition, ETag, Headers, Object, ObjectAttributes, ObjectLocation,
    Written,
};
pub use read::{Found, SLOWEST};
pub use s3_clients::S3Clients;
pub use source_part::SourcePart;
pub use tagging::{Tags, tagging_header};
pub use upload::{Complete, MOST_PARTS, Part, PartSender, Sums, Upload};
pub use write::{CopyObject, PutObject};
