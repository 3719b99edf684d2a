//! `[route.NAME]`: which objects go where.

pub(crate) mod access_points;
pub(crate) mod archived;
pub(crate) mod check;
pub(crate) mod parts;
pub(crate) mod properties;
pub(crate) mod removal;
pub(crate) mod words;

use bytesize::ByteSize;
use schemars::JsonSchema;
use serde::de::{self, value::MapDeserializer};
use serde::{Deserialize, Serialize};

use crate::config::route::words::{
    Acl, AfterCopy, Collisions, Deletes, Encryption, Glacier, RestoreTier, SourceMissing,
    StorageClass, TagPolicy, Transfer,
};
use crate::config::value::{
    access_point::AccessPoint,
    list::OneOrMany,
    location::{Location, Target},
    notify::Notify,
    rate::Rate,
    region, size,
    template::Template,
};

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
    /// Whose credentials read. Default: the default account's.
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
    /// Whose credentials write. Default: the default account's.
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
    pub transfer: Transfer,
    /// The bytes of a part, where a copy is made in parts, 5MiB to 5GiB. Unset: as its source is cut,
    /// else 8MiB to 16MiB through this process, 64MiB inside S3, more where 10,000 would be too few.
    #[serde(default, with = "size::optional")]
    #[schemars(with = "Option<size::Text>", range(min = 5 << 20, max = 5_u64 << 30))]
    pub part_size: Option<ByteSize>,
    /// Larger objects are copied in parts inside S3, 5MiB to 5GiB. Unset: those that one
    /// `CopyObject` might not finish within an eighth of the queue's `visibility_timeout`.
    #[serde(default, with = "size::optional")]
    #[schemars(with = "Option<size::Text>", range(min = 5 << 20, max = 5_u64 << 30))]
    pub multipart_copy_threshold: Option<ByteSize>,
    /// What its streamed bytes may take. Unset: no bound.
    #[serde(default)]
    pub bandwidth: Option<Rate>,
    /// What becomes of a source that must be restored before it can be read.
    #[serde(default)]
    pub glacier: Glacier,
    /// How long what was restored can be read.
    #[serde(default = "one_day")]
    #[schemars(range(min = 1))]
    pub restore_days: u32,
    /// How fast it is restored.
    #[serde(default)]
    pub restore_tier: RestoreTier,
    /// What becomes of a copy whose source is gone.
    #[serde(default)]
    pub deletes: Deletes,
    /// What becomes of a source that was copied.
    #[serde(default)]
    pub after_copy: AfterCopy,
    /// Key template in the source's bucket, for `after_copy = "move"`.
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
    /// Dead-letter what a copy cannot keep all of, instead of warning of it.
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
    /// KMS encryption context, as `NAME=VALUE`.
    #[serde(default)]
    #[schemars(with = "OneOrMany<String>")]
    pub sse_kms_context: Vec<String>,
    /// Whether copies share a key of their bucket's. Default: as their bucket says.
    #[serde(default)]
    pub bucket_key_enabled: Option<bool>,
    /// A canned ACL for copies. Default: none is sent.
    #[serde(default)]
    pub acl: Option<Acl>,
    /// Every call to the source fails if its bucket is not this account's.
    #[serde(default)]
    pub from_expected_bucket_owner: Option<String>,
    /// Every call to the destination fails if its bucket is not this account's.
    #[serde(default)]
    pub to_expected_bucket_owner: Option<String>,
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
    /// An SNS topic, an SQS queue or an `EventBridge` bus that arrivals are notified to.
    #[serde(default)]
    pub notify: Option<Notify>,
    /// Whose credentials send notifications. Default: the default account's.
    #[serde(default)]
    pub notify_account: Option<String>,
}

impl Route {
    /// A route with every setting at its default.
    ///
    /// # Errors
    /// When a place cannot be read.
    pub fn new(from: &str, to: &str) -> Result<Self, String> {
        let places = [("from", from), ("to", to)].into_iter();
        let places = MapDeserializer::<_, de::value::Error>::new(places);
        Self::deserialize(places).map_err(|why| why.to_string())
    }

    /// The route by which source objects come to `move_to`: one more destination, in the source's own
    /// bucket, and made as that bucket makes its objects.
    ///
    /// Every key is named here, so that whoever adds one decides what it is about: the route's source and what
    /// it takes, which both have in common, or its destination.
    #[must_use]
    pub fn aside(&self) -> Option<Self> {
        let key = self.move_to.clone()?;
        if self.after_copy != AfterCopy::Move {
            return None;
        }
        Some(Self {
            // Its destination is in the source's bucket.
            to: Target {
                bucket: self.from.bucket.clone(),
                key,
            },
            to_region: self.from_region.clone(),
            to_access_point: self.from_access_point.clone(),
            to_account: self.from_account.clone(),
            to_expected_bucket_owner: self.from_expected_bucket_owner.clone(),
            // What the route says of its own destination.
            storage_class: None,
            sse: None,
            sse_kms_key_id: None,
            sse_kms_context: Vec::new(),
            bucket_key_enabled: None,
            acl: None,
            crawlers: Vec::new(),
            tables: Vec::new(),
            notify: None,
            notify_account: None,
            // What it says of its source, and how it works.
            queue: self.queue.clone(),
            from: self.from.clone(),
            from_region: self.from_region.clone(),
            from_access_point: self.from_access_point.clone(),
            from_account: self.from_account.clone(),
            from_expected_bucket_owner: self.from_expected_bucket_owner.clone(),
            suffix: self.suffix.clone(),
            include: self.include.clone(),
            exclude: self.exclude.clone(),
            min_size: self.min_size,
            max_size: self.max_size,
            transfer: self.transfer,
            part_size: self.part_size,
            multipart_copy_threshold: self.multipart_copy_threshold,
            bandwidth: self.bandwidth,
            glacier: self.glacier,
            restore_days: self.restore_days,
            restore_tier: self.restore_tier,
            deletes: self.deletes,
            after_copy: self.after_copy,
            move_to: self.move_to.clone(),
            source_missing: self.source_missing,
            collisions: self.collisions,
            tags: self.tags,
            strict: self.strict,
            request_payer: self.request_payer,
        })
    }
}

/// Of what was restored; the shortest.
fn one_day() -> u32 {
    1
}

#[cfg(test)]
mod tests;
