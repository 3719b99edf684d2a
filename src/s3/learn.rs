//! What answers teach about an account's buckets: conditions, checksums.

use super::bucket::Bucket;
use super::client::S3;
use super::error::{Flaw, Kind, S3Error};
use super::object::{Algorithm, Checksum, Condition, Written};
use crate::config::ConditionalWrites;

impl S3 {
    /// Whether writes into a bucket carry conditions.
    #[must_use]
    pub fn conditional(&self, bucket: &str) -> bool {
        self.account.aws.conditional() && !self.account.unconditional().contains(bucket)
    }

    /// Whether every [`Algorithm`] is known there: AWS knows them, others may refuse a body for one.
    #[must_use]
    pub fn knows_checksums(&self) -> bool {
        !self.account.aws.is_custom_endpoint()
    }

    /// Whether a bucket was seen to compare bodies with checksums of an algorithm.
    #[must_use]
    pub fn compares(&self, bucket: &Bucket, algorithm: Algorithm) -> bool {
        let known = self.account.comparing();
        known
            .get(&bucket.name)
            .is_some_and(|known| known.contains(&algorithm))
    }

    /// Remembers a bucket that has answered with the checksum of what it was sent.
    pub(super) fn learn_checksums(&self, bucket: &Bucket, sent: &Checksum, written: &Written) {
        let reported = written.checksum.as_ref() == Some(sent);
        if reported && !self.compares(bucket, sent.algorithm) {
            let mut known = self.account.comparing();
            known
                .entry(bucket.name.clone())
                .or_default()
                .push(sent.algorithm);
        }
    }

    /// Whether a HEAD counts an object's tags for callers that may read them. AWS emulators may not.
    #[must_use]
    pub fn counts_tags(&self) -> bool {
        !self.account.aws.is_custom_endpoint()
    }

    /// Remembers a bucket that knows no conditions, unless the operator says that it does; and that one which does
    /// not take the same write without them, either, was suspected wrongly.
    pub(super) fn learn_conditions<T>(
        &self,
        bucket: &Bucket,
        condition: &Condition,
        answer: &Result<T, S3Error>,
    ) {
        let Err(S3Error {
            kind: Kind::NotImplemented,
            message,
            ..
        }) = answer
        else {
            return;
        };
        if self.account.aws.conditional_writes != ConditionalWrites::Auto {
            return;
        }
        let (bucket, account) = (&bucket.name, &self.account.name);
        if *condition == Condition::Unconditional {
            self.account.unconditional().remove(bucket);
        } else if self.account.unconditional().insert(bucket.clone()) {
            tracing::warn!(
                bucket,
                account,
                detail = message,
                "bucket does not support conditional writes; each write is followed by a HEAD of its source"
            );
        }
    }

    /// Says whose credentials were refused, and what to do about a key nobody knows.
    pub(super) fn whose<T>(&self, answer: Result<T, S3Error>) -> Result<T, S3Error> {
        answer.map_err(|mut error| {
            let section = self.account.section();
            let message = &error.message;
            // An inner call may have said it already.
            if let Kind::Credentials(flaw) = error.kind
                && !message.starts_with(&section)
            {
                let mut said = format!("{section}: {message}");
                if flaw == Flaw::Unknown {
                    said = format!("{said}; {}", self.account.unknown_key());
                }
                error.message = said.into();
            }
            error
        })
    }
}
