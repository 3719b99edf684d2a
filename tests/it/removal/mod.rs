//! What a route takes away: copies whose source is gone, and source objects that were copied.

mod deletes;
mod moves;

use crate::aws::{Aws, Bucket, TestObject};
use crate::stage::Stage;

fn put(aws: &Aws, body: &str) {
    aws.put("raw", TestObject::new("in/a.csv", body.to_owned()));
}

fn delete(aws: &Aws) {
    aws.delete("raw", "in/a.csv", None);
}

fn text(stage: &Stage) -> Option<String> {
    stage
        .copy("a.csv")
        .map(|body| String::from_utf8(body).expect("it is text"))
}

fn is_there(stage: &Stage, bucket: &str, key: &str) -> bool {
    stage.aws.object(bucket, key).is_some()
}

/// A stage on which both sides keep versions.
fn versioned() -> Stage {
    let stage = Stage::without_target(1);
    stage
        .aws
        .create_bucket(Bucket::new("lake", "eu-west-1").versioned());
    stage
        .aws
        .create_bucket(Bucket::new("raw", "us-east-1").versioned());
    stage.aws.notify("raw", &stage.queue);
    stage
}
