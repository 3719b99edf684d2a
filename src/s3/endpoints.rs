//! Caches the endpoint of each bucket.
//!
//! The SDK evaluates S3's endpoint rules twice per call, and its own cache is keyed by all parameters, the object's key
//! among them. No rule depends on keys, prefixes or copy sources.

use std::collections::HashMap;
use std::sync::{PoisonError, RwLock};

use aws_sdk_s3::config::endpoint::{
    DefaultResolver, Endpoint, EndpointFuture, Params, ResolveEndpoint,
};

/// What the names of directory buckets, and of access points to them, end in.
const DIRECTORIES: [&str; 2] = ["--x-s3", "--xa-s3"];

/// The endpoints of one client: its region, and what else holds for all its calls, never changes.
#[derive(Debug, Default)]
pub(super) struct Endpoints {
    rules: DefaultResolver,
    by_bucket: RwLock<HashMap<String, Endpoint>>,
}

impl ResolveEndpoint for Endpoints {
    fn resolve_endpoint<'a>(&'a self, params: &'a Params) -> EndpointFuture<'a> {
        // Some operations say more of their own, and all do of directory buckets.
        let special = params.use_s3_express_control_endpoint().is_some()
            || params.use_object_lambda_endpoint().is_some()
            || params.disable_access_points().is_some();
        let is_directory = |bucket: &str| DIRECTORIES.iter().any(|end| bucket.ends_with(end));
        let ordinary = |bucket: &&str| !special && !is_directory(bucket);
        let Some(bucket) = params.bucket().filter(ordinary) else {
            return self.rules.resolve_endpoint(params);
        };
        if let Some(known) = self.known(bucket) {
            return EndpointFuture::ready(Ok(known));
        }
        EndpointFuture::new(async move {
            let endpoint = self.rules.resolve_endpoint(params).await?;
            let mut by_bucket = self
                .by_bucket
                .write()
                .unwrap_or_else(PoisonError::into_inner);
            by_bucket.insert(bucket.to_owned(), endpoint.clone());
            Ok(endpoint)
        })
    }
}

impl Endpoints {
    fn known(&self, bucket: &str) -> Option<Endpoint> {
        let by_bucket = self
            .by_bucket
            .read()
            .unwrap_or_else(PoisonError::into_inner);
        by_bucket.get(bucket).cloned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn params(bucket: &str, key: &str) -> Params {
        let params = Params::builder().region("eu-west-1").bucket(bucket);
        params.key(key).build().unwrap()
    }

    #[tokio::test]
    async fn each_bucket_has_the_endpoint_that_the_rules_say() {
        let (endpoints, rules) = (Endpoints::default(), DefaultResolver::new());
        let point = "arn:aws:s3:eu-west-1:111122223333:accesspoint/door";
        // Twice, and mixed: the second time nobody asks the rules.
        for key in ["a", "b/c"] {
            for bucket in ["lake", "with.dots", "lake2", point, "here--euw1-az1--x-s3"] {
                let params = params(bucket, key);
                let want = rules.resolve_endpoint(&params).await.unwrap();
                let is = endpoints.resolve_endpoint(&params).await.unwrap();
                assert_eq!(is, want, "{bucket}");
            }
        }
        assert_eq!(endpoints.by_bucket.read().unwrap().len(), 4);
    }

    #[tokio::test]
    async fn what_the_rules_refuse_is_not_remembered() {
        let endpoints = Endpoints::default();
        let params = params("arn:aws:s3:eu-west-1:111122223333:nothing/door", "a");
        assert!(endpoints.resolve_endpoint(&params).await.is_err());
        assert!(endpoints.by_bucket.read().unwrap().is_empty());
    }
}
