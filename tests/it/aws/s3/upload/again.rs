//! A second `CompleteMultipartUpload` of the same upload.
//!
//! It is a `NoSuchUpload`, says the API reference. Field reports (adobe/S3Mock#2586,
//! minio/minio#13318) saw S3 give its first answer to the same call again; nobody says for how
//! long. A caller that lost that answer has to live with both: a test may choose the other one.

use std::collections::BTreeMap;
use std::time::Duration;

use bytes::Bytes;
use jiff::Timestamp;

use crate::aws::Aws;
use crate::aws::reply::Reply;
use crate::aws::s3::address::Ask;

/// Answers that may be given again, by upload.
#[derive(Debug, Default)]
pub(in crate::aws::s3) struct Answers {
    good_for: Duration,
    given: BTreeMap<String, Given>,
}

#[derive(Debug)]
struct Given {
    at: Timestamp,
    bucket: String,
    key: String,
    list: Bytes,
    answer: Reply,
}

impl Answers {
    pub(super) fn find(&self, ask: &Ask<'_>, now: Timestamp) -> Option<Reply> {
        let given = self.given.get(ask.query("uploadId"))?;
        let same =
            (&given.bucket, &given.key, &given.list) == (&ask.bucket, &ask.key, &ask.request.body);
        let good = same && now < given.at + self.good_for;
        good.then(|| given.answer.clone())
    }

    pub(super) fn keep(&mut self, ask: &Ask<'_>, now: Timestamp, answer: Reply) {
        let given = Given {
            at: now,
            bucket: ask.bucket.clone(),
            key: ask.key.clone(),
            list: ask.request.body.clone(),
            answer,
        };
        let id = ask.query("uploadId").to_owned();
        self.given.insert(id, given);
    }
}

impl Aws {
    /// Lets S3 answer the same Complete again for so long.
    pub(crate) fn repeat_completes(&self, good_for: Duration) {
        self.with(|state, _| state.s3.answers.good_for = good_for);
    }
}
