//! Bucket Brigade keeps S3 buckets in step.
#![forbid(unsafe_code)]

pub mod admin;
pub mod app;
pub mod catalog;
pub mod cli;
pub mod config;
pub mod copy;
pub mod edge;
pub mod event;
pub mod home;
pub mod intake;
pub mod metrics;
mod park;
pub mod queue;
pub mod route;
pub mod s3;
pub mod settle;
pub mod start;
pub mod supervisor;
pub mod telemetry;
pub mod work;
