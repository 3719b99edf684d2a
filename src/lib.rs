//! Bucket Brigade keeps S3 buckets in step.
#![forbid(unsafe_code)]

pub mod config;
