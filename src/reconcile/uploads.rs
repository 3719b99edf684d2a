//! Aborts multipart uploads that nobody will continue.
//!
//! A copy in parts leaves its upload open where a later attempt may continue it: the next delivery of the message, or
//! the message that was dead-lettered and is sent back. If the key ends otherwise (the source is gone, is small by now,
//! or another worker has copied it), that attempt aborts the upload. If S3 does not abort it, it is tried again before
//! the message may be settled.

use std::collections::BTreeSet;

use super::end::{Ended, Failure};
use super::run::Run;
use crate::copy::sweep;
use crate::s3::{Kind, S3Error};

impl Run<'_> {
    /// Takes back what this try or one before may have begun, unless it became the copy.
    pub(super) async fn without_uploads(&self, end: Ended) -> Result<Ended, Failure> {
        let (task, event) = (self.task, self.task.event);
        let mut targets = self.began.clone();
        let stands = self.equal.as_ref();
        let most = self.capabilities().one_request();
        let reported = event.size.is_some_and(|size| size > most);
        // A try before this one may have met another version than that of the event, a large one.
        let same = stands.is_some_and(|equal| self.etag.as_ref() == Some(&equal.etag));
        let met = task.again && !(same && event.size.is_some());
        let large = self.large || reported || met;
        if large {
            targets.extend(stands.map(|equal| equal.target.clone()));
            // Where the key holds a date it is the source's, then; the event's comes near, if it has one.
            if !task.route.is_dated() || event.time.is_some() {
                targets.insert(self.key_at(event.time)?);
            }
        }
        if let (Ended::Written { transfer, .. }, Some(equal)) = (&end, stands)
            && transfer.in_parts()
            && !self.left.stays
        {
            targets.remove(&equal.target);
        }
        self.abort(targets).await?;
        Ok(end)
    }

    /// Takes back what a try that ends so has left, if bytes in it were corrupt: it must not be gone on with.
    pub(super) async fn without_corrupt_uploads(&self, failure: Failure) -> Failure {
        if !(self.left.corrupt && self.left.stays) {
            return failure;
        }
        match self.abort(self.began.clone()).await {
            Ok(()) => failure,
            Err(e) => {
                let key = &self.task.event.key;
                tracing::warn!(key, %failure, "corrupt upload not aborted");
                e.into()
            }
        }
    }

    async fn abort(&self, targets: BTreeSet<String>) -> Result<(), S3Error> {
        let to = self.task.to;
        for target in targets {
            match sweep(to, &target).await {
                Err(
                    error @ S3Error {
                        kind: Kind::Denied, ..
                    },
                ) => {
                    let bucket = &to.bucket.name;
                    tracing::warn!(bucket, key = target, %error, "open uploads cannot be listed");
                }
                swept => swept?,
            }
        }
        Ok(())
    }
}
