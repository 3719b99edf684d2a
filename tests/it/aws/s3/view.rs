//! What a test sees of buckets, and what it does to them as an outsider.

use super::bucket::{Bucket, Version};
use super::history::History;
use super::seed::TestObject;
use super::{S3, event};
use crate::aws::Aws;

impl Aws {
    /// Makes a bucket.
    pub(crate) fn create_bucket(&self, bucket: Bucket) {
        self.with(|state, _| state.s3.buckets.insert(bucket.name.clone(), bucket));
    }

    /// Takes a bucket away from all callers, or gives it back as it was.
    pub(crate) fn hide_bucket(&self, bucket: &str, hidden: bool) {
        self.with(|state, _| {
            let bucket = state.s3.buckets.get_mut(bucket);
            bucket.expect("a test makes the bucket first").hidden = hidden;
        });
    }

    /// Tells a bucket to announce its changes to a queue; a test event is sent at once.
    pub(crate) fn notify(&self, bucket: &str, queue_url: &str) {
        self.with(|state, now| {
            let S3 {
                buckets, outbox, ..
            } = &mut state.s3;
            let bucket = buckets
                .get_mut(bucket)
                .expect("a test makes the bucket first");
            bucket.notify.push(queue_url.to_owned());
            outbox.push((queue_url.to_owned(), event::test(&bucket.name, now)));
        });
    }

    /// Lets a bucket announce nothing any more.
    pub(crate) fn hush(&self, bucket: &str) {
        self.with(|state, _| {
            let bucket = state.s3.buckets.get_mut(bucket);
            bucket
                .expect("a test makes the bucket first")
                .notify
                .clear();
        });
    }

    /// Puts an object as an outsider does: no call, no permission, but announced.
    pub(crate) fn put(&self, bucket: &str, seed: TestObject) -> Version {
        self.with(|state, now| {
            let (s3, _, _, mut scene) = state.scene(now);
            let (key, event) = (seed.key.clone(), seed.event());
            let kms = s3.buckets[bucket].kms;
            let object = seed.object(kms, scene.rng);
            s3.put((bucket, &key), object, None, event, &mut scene)
                .expect("the bucket is there")
        })
    }

    /// Changes the only tag of a key's current object, as an outsider does.
    pub(crate) fn tag(&self, bucket: &str, key: &str, tag: (&str, &str)) {
        self.with(|state, _| {
            let bucket = state.s3.buckets.get_mut(bucket);
            let bucket = bucket.expect("a test makes the bucket first");
            let tag = (tag.0.to_owned(), tag.1.to_owned());
            bucket.retag(key, None, [tag].into());
        });
    }

    /// Deletes as an outsider does: the key, or one version of it for good.
    pub(crate) fn delete(&self, bucket: &str, key: &str, version_id: Option<&str>) {
        self.with(|state, now| {
            let (s3, _, _, mut scene) = state.scene(now);
            s3.delete(&mut scene, bucket, key, version_id)
                .expect("a test makes the bucket first");
        });
    }

    /// The current version of a key, if that is an object.
    pub(crate) fn object(&self, bucket: &str, key: &str) -> Option<Version> {
        self.versions(bucket, key)
            .pop()
            .filter(|version| version.object.is_some())
    }

    /// All versions of a key, oldest first.
    pub(crate) fn versions(&self, bucket: &str, key: &str) -> Vec<Version> {
        self.with(|state, _| {
            state.s3.buckets[bucket]
                .keys
                .get(key)
                .cloned()
                .unwrap_or_default()
        })
    }

    /// All changes of a key, oldest first.
    pub(crate) fn history(&self, bucket: &str, key: &str) -> History {
        self.with(|state, _| {
            state.s3.buckets[bucket]
                .histories
                .get(key)
                .cloned()
                .unwrap_or_default()
        })
    }
}
