//! What a route takes away: copies whose source is gone, and originals that were copied.

mod deletes;
mod moves;

use crate::aws::{Bucket, Seed, World};
use crate::stage::Stage;

fn put(world: &World, body: &str) {
    world.put("raw", Seed::new("in/a.csv", body.to_owned()));
}

fn delete(world: &World) {
    world.delete("raw", "in/a.csv", None);
}

fn text(stage: &Stage) -> Option<String> {
    stage
        .copy("a.csv")
        .map(|body| String::from_utf8(body).expect("it is text"))
}

fn is_there(stage: &Stage, bucket: &str, key: &str) -> bool {
    stage.world.object(bucket, key).is_some()
}

/// A stage on which both sides keep versions.
fn versioned() -> Stage {
    let stage = Stage::without_target(1);
    stage
        .world
        .create_bucket(Bucket::new("lake", "eu-west-1").versioned());
    stage
        .world
        .create_bucket(Bucket::new("raw", "us-east-1").versioned());
    stage.world.notify("raw", &stage.queue);
    stage
}
