//! `[route.NAME]`: which objects go where.

pub(in crate::config) mod access_points;
pub(in crate::config) mod archived;
pub(in crate::config) mod check;
pub(in crate::config) mod parts;
pub(in crate::config) mod properties;
pub(in crate::config) mod removal;
pub(in crate::config) mod words;

use bytesize::ByteSize;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::config::route::words::{
    Acl, Collisions, Deletes, Encryption, Glacier, Original, RestoreTier, SourceMissing,
    StorageClass, TagPolicy, Way,
};
use crate::config::value::access_point::AccessPoint;
use crate::config::value::list::OneOrMany;
use crate::config::value::location::{Location, Target};
use crate::config::value::notify::Notify;
use crate::config::value::rate::Rate;
use crate::config::value::region;
use crate::config::value::size;
use crate::config::value::template::Template;
use crate::config::value::text::FromText;

/// `[route.NAME]`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Route {
    /// Default: all queues.
    #[serde(default)]
    pub queue: Option<String>,
    /// `s3://bucket/prefix`.
    #[schemars(example = "s3://raw/incoming/")]
    pub from: Location,
    /// Default: found out from the bucket.
    #[serde(default, deserialize_with = "region::optional")]
    pub from_region: Option<String>,
    /// The access point that reads go through. Default: none.
    #[serde(default)]
    #[schemars(example = "arn:aws:s3:us-east-1:111122223333:accesspoint/raw")]
    pub from_access_point: Option<AccessPoint>,
    /// Whose credentials read. Default: home's.
    #[serde(default)]
    pub from_account: Option<String>,
    /// `s3://bucket/key-template`.
    #[schemars(example = "s3://lake/orders/{path}")]
    pub to: Target,
    /// Default: found out from the bucket.
    #[serde(default, deserialize_with = "region::optional")]
    pub to_region: Option<String>,
    /// The access point that writes go through. Default: none.
    #[serde(default)]
    #[schemars(example = "arn:aws:s3:eu-west-1:111122223333:accesspoint/lake")]
    pub to_access_point: Option<AccessPoint>,
    /// Whose credentials write. Default: home's.
    #[serde(default)]
    pub to_account: Option<String>,
    /// Keys must end in any of these; default: all do.
    #[serde(default)]
    #[schemars(with = "OneOrMany<String>")]
    pub suffix: Vec<String>,
    /// Globs on the key after the prefix: any of these, default all. `*.csv` is the top level
    /// only, `**/*.csv` any depth.
    #[serde(default)]
    #[schemars(with = "OneOrMany<String>")]
    pub include: Vec<String>,
    /// Globs on the key after the prefix: none of these.
    #[serde(default)]
    #[schemars(with = "OneOrMany<String>")]
    pub exclude: Vec<String>,
    /// Smaller objects are left, this size is taken.
    #[serde(default, with = "size::optional")]
    #[schemars(with = "Option<size::Text>")]
    pub min_size: Option<ByteSize>,
    /// Larger objects are left, this size is taken.
    #[serde(default, with = "size::optional")]
    #[schemars(with = "Option<size::Text>")]
    pub max_size: Option<ByteSize>,
    /// How bytes travel.
    #[serde(default)]
    pub way: Way,
    /// The bytes of a part, where a copy is made in parts, 5MiB to 5GiB. Unset: as its source is cut,
    /// else 8MiB to 16MiB through this process, 64MiB inside S3, more where 10,000 would be too few.
    #[serde(default, with = "size::optional")]
    #[schemars(with = "Option<size::Text>")]
    pub part_size: Option<ByteSize>,
    /// Larger objects are copied in parts inside S3, 5MiB to 5GiB. Unset: those that one
    /// `CopyObject` might not finish within an eighth of the queue's `visibility_timeout`.
    #[serde(default, with = "size::optional")]
    #[schemars(with = "Option<size::Text>")]
    pub multipart_copy_threshold: Option<ByteSize>,
    /// What its streamed bytes may take. Unset: no bound.
    #[serde(default)]
    pub bandwidth: Option<Rate>,
    /// What becomes of a source that must be restored before it can be read.
    #[serde(default)]
    pub glacier: Glacier,
    /// How long what was restored can be read.
    #[serde(default = "one_day")]
    pub restore_days: u32,
    /// How fast it is restored.
    #[serde(default)]
    pub restore_tier: RestoreTier,
    /// What becomes of a copy whose source is gone.
    #[serde(default)]
    pub deletes: Deletes,
    /// What becomes of a source that was copied.
    #[serde(default)]
    pub original: Original,
    /// Key template in the source's bucket, for `original = "move"`.
    #[serde(default)]
    #[schemars(example = "completed/")]
    pub move_to: Option<Template>,
    /// What a key that is gone means (`NoSuchKey` only).
    #[serde(default)]
    pub source_missing: SourceMissing,
    /// Whether two source keys may map to one destination key.
    #[serde(default)]
    pub collisions: Collisions,
    /// What becomes of the source's tags.
    #[serde(default)]
    pub tags: TagPolicy,
    /// Park what a copy cannot keep all of, instead of warning of it.
    #[serde(default)]
    pub strict: bool,
    /// Of copies. Default: `STANDARD`.
    #[serde(default)]
    pub storage_class: Option<StorageClass>,
    /// How copies are encrypted. Default: as their bucket does.
    #[serde(default)]
    pub sse: Option<Encryption>,
    /// With which KMS key. Default: the bucket's, else the account's own for S3.
    #[serde(default)]
    pub sse_kms_key_id: Option<String>,
    /// What KMS is told of each use of the key, as `NAME=VALUE`.
    #[serde(default)]
    #[schemars(with = "OneOrMany<String>")]
    pub sse_kms_context: Vec<String>,
    /// Whether copies share a key of their bucket's. Default: as their bucket says.
    #[serde(default)]
    pub bucket_key: Option<bool>,
    /// A canned ACL for copies. Default: none is sent.
    #[serde(default)]
    pub acl: Option<Acl>,
    /// Every call to the source fails if its bucket is not this account's.
    #[serde(default)]
    pub from_bucket_owner: Option<String>,
    /// Every call to the destination fails if its bucket is not this account's.
    #[serde(default)]
    pub to_bucket_owner: Option<String>,
    /// Whether we pay for what is read from a source whose requesters pay.
    #[serde(default)]
    pub request_payer: bool,
    /// `[crawler.NAME]`s to run after arrivals.
    #[serde(default)]
    #[schemars(with = "OneOrMany<String>")]
    pub crawlers: Vec<String>,
    /// `[table.NAME]`s that get a partition for each arrival.
    #[serde(default)]
    #[schemars(with = "OneOrMany<String>")]
    pub tables: Vec<String>,
    /// An SNS topic, an SQS queue or an `EventBridge` bus that is told of arrivals.
    #[serde(default)]
    pub notify: Option<Notify>,
    /// Whose credentials tell it. Default: home's.
    #[serde(default)]
    pub notify_account: Option<String>,
}

impl Route {
    /// A route with every setting at its default.
    ///
    /// # Errors
    /// When a place cannot be read.
    pub fn new(from: &str, to: &str) -> Result<Self, String> {
        Ok(Self {
            queue: None,
            from: FromText::from_text(from)?,
            from_region: None,
            from_access_point: None,
            from_account: None,
            to: FromText::from_text(to)?,
            to_region: None,
            to_access_point: None,
            to_account: None,
            suffix: Vec::new(),
            include: Vec::new(),
            exclude: Vec::new(),
            min_size: None,
            max_size: None,
            way: Way::default(),
            part_size: None,
            multipart_copy_threshold: None,
            bandwidth: None,
            glacier: Glacier::default(),
            restore_days: one_day(),
            restore_tier: RestoreTier::default(),
            deletes: Deletes::default(),
            original: Original::default(),
            move_to: None,
            source_missing: SourceMissing::default(),
            collisions: Collisions::default(),
            tags: TagPolicy::default(),
            strict: false,
            storage_class: None,
            sse: None,
            sse_kms_key_id: None,
            sse_kms_context: Vec::new(),
            bucket_key: None,
            acl: None,
            from_bucket_owner: None,
            to_bucket_owner: None,
            request_payer: false,
            crawlers: Vec::new(),
            tables: Vec::new(),
            notify: None,
            notify_account: None,
        })
    }
}

/// Of what was restored; the shortest.
fn one_day() -> u32 {
    1
}

#[cfg(test)]
mod tests;
