//! The in-memory AWS does what AWS does: each rule is asked of it with the real SDK clients.

#![expect(clippy::unwrap_used, reason = "what these tests share are tests too")]

mod athena;
mod athena_results;
mod credentials;
mod faults;
mod glue;
mod network;
mod notifications;
mod s3_access;
mod s3_access_points;
mod s3_copy;
mod s3_delete;
mod s3_events;
mod s3_list;
mod s3_properties;
mod s3_put;
mod s3_read;
mod s3_read_part;
mod s3_tagging;
mod s3_upload;
mod s3_upload_checksums;
mod s3_upload_copy;
mod s3_upload_list;
mod s3_versioning;
mod secrets;
mod sqs_limits;
mod sqs_mischief;
mod sqs_receive;
mod sqs_send;
mod sqs_settle;
mod sts;
mod tables;

use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;

use crate::aws::{Aws, Bucket};

/// A world with `raw` (us-east-1) and `lake` (eu-west-1), both versioned if asked.
fn two_buckets(versioned: bool) -> Aws {
    let aws = Aws::new(7);
    for (name, region) in [("raw", "us-east-1"), ("lake", "eu-west-1")] {
        let bucket = Bucket::new(name, region);
        aws.create_bucket(if versioned {
            bucket.versioned()
        } else {
            bucket
        });
    }
    aws
}

fn s3(aws: &Aws, region: &str) -> aws_sdk_s3::Client {
    aws_sdk_s3::Client::new(&aws.sdk(region))
}

fn sqs(aws: &Aws) -> aws_sdk_sqs::Client {
    aws_sdk_sqs::Client::new(&aws.sdk("us-east-1"))
}

/// What the client was told, in one line: `ok`, `412 PreconditionFailed`, `timeout`, `dispatch`.
fn reported<T, E>(result: &Result<T, SdkError<E, HttpResponse>>) -> String
where
    E: ProvideErrorMetadata,
{
    match result {
        Ok(_) => "ok".to_owned(),
        Err(SdkError::ServiceError(error)) => {
            let status = error.raw().status().as_u16();
            format!("{status} {}", error.err().code().unwrap_or("-"))
        }
        Err(SdkError::TimeoutError(_)) => "timeout".to_owned(),
        Err(SdkError::DispatchFailure(_)) => "dispatch".to_owned(),
        Err(SdkError::ResponseError(_)) => "response".to_owned(),
        Err(_) => "construction".to_owned(),
    }
}
