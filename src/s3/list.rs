//! Listing a bucket, a page a call.

use std::time::Duration;

use aws_sdk_s3::types::EncodingType;

use super::attempt::Attempt;
use super::bucket::Bucket;
use super::client::S3;
use super::error::{Kind, S3Error};
use super::sdk::{about, paying};
use super::stack::{Call, Effect, guard};
use crate::event::from_form;

/// S3 reads up to a thousand keys, and the delete markers between them.
const TIMEOUT: Duration = Duration::from_secs(30);

const LIST: Call = Call {
    op: "ListObjectsV2",
    effect: Effect::Repeatable,
};

/// One page of a bucket's objects.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    /// A thousand at most, as they are called.
    pub keys: Vec<String>,
    /// Where the next page begins; `None` after the last.
    pub next: Option<String>,
}

impl S3 {
    /// The current objects whose keys begin with `prefix`, from a place on that the page before has named.
    ///
    /// # Errors
    /// [`S3Error`], of the kind [`Kind::Unanswered`] where the answer is no list, or its end never comes.
    pub async fn list(
        &self,
        bucket: &Bucket,
        prefix: &str,
        from: Option<&str>,
    ) -> Result<Listed, S3Error> {
        let client = self.client(bucket).await?;
        let answer = guard(&self.limits, &bucket.name, LIST, TIMEOUT, || {
            let attempt = Attempt::start(self.limits.metrics(), LIST.op);
            // XML cannot hold every character of a key.
            let request = paying!(client.list_objects_v2(), bucket)
                .encoding_type(EncodingType::Url)
                .set_prefix((!prefix.is_empty()).then(|| prefix.to_owned()))
                .set_continuation_token(from.map(str::to_owned));
            async move { attempt.end(request.send().await) }
        });
        let page = self.learn(bucket, answer.await)?;
        let is_encoded = page.encoding_type == Some(EncodingType::Url);
        let mut keys = Vec::new();
        for object in page.contents.unwrap_or_default() {
            let key = object.key.unwrap_or_default();
            let key = if is_encoded {
                from_form(&key)
            } else {
                Some(key)
            };
            keys.push(key.ok_or_else(|| unclear("a key that is not UTF-8"))?);
        }
        let next = page
            .next_continuation_token
            .filter(|_| page.is_truncated == Some(true));
        if page.is_truncated == Some(true) && (next.is_none() || next.as_deref() == from) {
            return Err(unclear("a list that does not say where it goes on"));
        }
        Ok(Listed { keys, next })
    }
}

fn unclear(message: &str) -> S3Error {
    S3Error::with(LIST.op, Kind::Unanswered, message)
}
