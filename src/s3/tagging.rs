//! Tags alone: read with the version they belong to, and put onto a copy that is already there.
//!
//! S3 changes tags in place, under no condition. So they are read by the key, and the answer says
//! of which version they are; where nothing has versions, a second look says that the object is
//! still the one they were asked for. No version id is sent, so no right to versions is needed.

use std::collections::BTreeMap;
use std::time::Duration;

use aws_sdk_s3::types::{Tag, Tagging};

use super::attempt::Attempt;
use super::bucket::Bucket;
use super::client::S3;
use super::error::{Kind, S3Error};
use super::object::Object;
use super::read::Found;
use super::sdk::{about, paying};
use super::stack::{Call, Effect, guard};
use crate::event::to_percent;
use crate::queue::WriteLease;

/// Tags, by their keys.
pub type Tags = BTreeMap<String, String>;

const TIMEOUT: Duration = Duration::from_secs(10);

/// What S3 takes in a header (API reference, `PutObject`: 2 KB).
const HEADER_MAX: usize = 2 << 10;

/// AWS's own tags, which nobody else may put.
const RESERVED: &str = "aws:";

impl S3 {
    /// The tags of an object that was seen there.
    ///
    /// # Errors
    /// [`S3Error`]; `Kind::Precondition` when another object stands there by now.
    pub async fn tags(&self, bucket: &Bucket, key: &str, seen: &Object) -> Result<Tags, S3Error> {
        let client = self.client(bucket).await?;
        let call = Call {
            op: "GetObjectTagging",
            effect: Effect::Repeatable,
        };
        let answer = guard(&self.limits, &bucket.name, call, TIMEOUT, || {
            let attempt = Attempt::start(self.limits.metrics(), call.op);
            let request = paying!(client.get_object_tagging(), bucket).key(key);
            async move { attempt.end(request.send().await) }
        });
        let moved = S3Error::new(call.op, Kind::Precondition);
        let answer = match self.learn(bucket, answer.await) {
            // An endpoint without tags has none. But a delete marker gets the same answer.
            Err(S3Error {
                kind: Kind::NotImplemented,
                ..
            }) => {
                let there = seen.tag_count.is_none() && self.is_there(bucket, key, seen).await?;
                return there.then(Tags::new).ok_or(moved);
            }
            answer => answer?,
        };
        if answer.tag_set.is_empty() && seen.tag_count.is_none() {
            return Ok(Tags::new());
        }
        let is_its = match seen.own_version() {
            Some(version) => answer.version_id.as_deref() == Some(version),
            None => self.is_there(bucket, key, seen).await?,
        };
        if !is_its {
            return Err(moved);
        }
        let tags = answer.tag_set.into_iter().map(|tag| (tag.key, tag.value));
        Ok(tags.filter(|(key, _)| !key.starts_with(RESERVED)).collect())
    }

    async fn is_there(&self, bucket: &Bucket, key: &str, seen: &Object) -> Result<bool, S3Error> {
        Ok(match self.head(bucket, key).await? {
            Found::Object(now) => now.is_same(seen),
            Found::Gone | Found::Nothing => false,
        })
    }

    /// Puts tags onto an object, instead of those it has.
    ///
    /// # Errors
    /// [`S3Error`].
    pub async fn put_tags(
        &self,
        (bucket, key, version): (&Bucket, &str, Option<&str>),
        tags: &Tags,
        write_lease: &WriteLease,
    ) -> Result<(), S3Error> {
        let client = self.client(bucket).await?;
        let call = Call {
            op: "PutObjectTagging",
            effect: Effect::Once,
        };
        let timeout = write_lease.terms().write_timeout();
        let answer = guard(&self.limits, &bucket.name, call, timeout, || {
            let set = tags.iter().map(|(key, value)| {
                let tag = Tag::builder().key(key).value(value).build();
                tag.expect("it has a key and a value")
            });
            let tagging = Tagging::builder().set_tag_set(Some(set.collect()));
            let request = paying!(client.put_object_tagging(), bucket)
                .key(key)
                .set_version_id(version.map(str::to_owned))
                .tagging(tagging.build().expect("it has a set of tags"));
            self.write(call.op, write_lease, request.send(), |_| Some(()))
        });
        self.learn(bucket, answer.await)
    }
}

/// Tags as a header says them, if they fit into one.
#[must_use]
pub fn tagging_header(tags: &Tags) -> Option<String> {
    let pairs = tags
        .iter()
        .map(|(key, value)| format!("{}={}", to_percent(key), to_percent(value)));
    let header = pairs.collect::<Vec<_>>().join("&");
    (header.len() <= HEADER_MAX).then_some(header)
}

#[cfg(test)]
mod tests {
    use percent_encoding::percent_decode_str;
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_header_holds_at_most_2_kib() {
        let tags = |length| Tags::from([("k".into(), "v".repeat(length))]);
        assert_eq!(tagging_header(&tags(3)).as_deref(), Some("k=vvv"));
        assert!(tagging_header(&tags(HEADER_MAX - 2)).is_some());
        assert!(tagging_header(&tags(HEADER_MAX - 1)).is_none());
    }

    proptest! {
        #[test]
        fn tags_are_read_from_the_header_as_they_were(
            tags in prop::collection::btree_map(r"[\PC&=+% ]{1,8}", r"[\PC&=+% ]{0,8}", 0..10),
        ) {
            let header = tagging_header(&tags).expect("it fits");
            prop_assert!(header.bytes().all(|b| b.is_ascii_graphic()), "fit for a header: {header}");
            let decode = |text: &str| percent_decode_str(text).decode_utf8().unwrap().into_owned();
            let pairs = header.split('&').filter(|pair| !pair.is_empty());
            let read = pairs.map(|pair| {
                let (key, value) = pair.split_once('=').expect("a pair");
                (decode(key), decode(value))
            });
            prop_assert_eq!(read.collect::<Tags>(), tags);
        }
    }
}
