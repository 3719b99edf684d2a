//! Who tells of a copy whose key has a date, once the delivery that made it cannot name it any more.

use std::time::Duration;

use brigade::config::{Config, Route};

use crate::aws::{Fault, Moment, Rule, Silence, TestObject};
use crate::stage::{Stage, at, event, events, until};

const TOPIC: &str = "arn:aws:sns:us-east-1:111122223333:arrivals";
const ETAG: &str = "900150983cd24fb0d6963f7d28e17f72";
const COPY: &str = "2026-11-02/a.csv";

/// An object of today that no event has told of yet.
fn stage() -> (Stage, Config) {
    let stage = Stage::new(1);
    stage.aws.create_topic(TOPIC);
    stage
        .aws
        .put("raw", TestObject::new("in/a.csv", "abc".to_owned()));
    stage.aws.empty(&stage.queue);
    let mut config = stage.config(&format!("notify = \"{TOPIC}\""));
    let dated = Route::new("s3://raw/in/", "s3://lake/{yyyy}-{mm}-{dd}/{path}").expect("a route");
    let orders = config.route.get_mut("orders").expect("the stage's route");
    orders.to = dated.to;
    events(&mut config).visibility_timeout = Duration::from_mins(10);
    (stage, config)
}

/// An event of the object, or of one that had its name and bytes on the day before.
async fn hear(stage: &Stage, day: u8) {
    let time = format!("2026-11-0{day}T09:00:00Z");
    stage.send(&event("in/a.csv", 3, ETAG, &time)).await;
}

/// When it was told of the copy.
fn reported(stage: &Stage) -> Vec<jiff::Timestamp> {
    let all = stage.aws.published(TOPIC).into_iter();
    let of_it = all.filter(|said| said.body.contains(COPY));
    of_it.map(|said| said.at).collect()
}

/// An event of yesterday brings the copy of today, and nobody hears of it.
async fn dies_before_it_tells(stage: &Stage, config: &Config) {
    let silent = Rule::new(Fault::Dropped(Silence::Hang)).on("sns", "PublishBatch");
    stage.aws.inject(silent);
    hear(stage, 1).await;
    let daemon = stage.start(config).await;
    until("it is about to tell", || {
        stage.aws.calls().count("sns", "PublishBatch") == 1
    })
    .await;
    drop(daemon);
    stage.aws.calm();
    assert!(stage.aws.object("lake", COPY).is_some());
}

/// The next daemon ends all messages, and has told of the copy by then.
async fn somebody_tells(stage: &Stage, config: &Config) {
    let daemon = stage.start(config).await;
    stage.drained().await;
    daemon.stop().await;
    assert!(!reported(stage).is_empty());
}

#[tokio::test(start_paused = true)]
async fn who_finds_it_tells() {
    let (stage, config) = stage();
    dies_before_it_tells(&stage, &config).await;
    hear(&stage, 2).await;
    // From then on nobody can tell its day.
    at(&stage, "DeleteMessageBatch", 0, Moment::Before, |aws| {
        aws.delete("raw", "in/a.csv", None);
    });
    somebody_tells(&stage, &config).await;
}

#[tokio::test(start_paused = true)]
async fn who_finds_its_original_gone_looks_for_it() {
    let (stage, config) = stage();
    dies_before_it_tells(&stage, &config).await;
    stage.aws.delete("raw", "in/a.csv", None);
    hear(&stage, 2).await;
    somebody_tells(&stage, &config).await;
}

#[tokio::test(start_paused = true)]
async fn who_had_no_answer_tells_when_it_can_no_longer_land() {
    let (stage, config) = stage();
    let late = Fault::Late(Duration::from_mins(2), Silence::Hang);
    stage
        .aws
        .inject(Rule::new(late).on("s3", "CopyObject").times(1));
    hear(&stage, 1).await;
    let daemon = stage.start(&config).await;
    until("it has landed", || stage.aws.object("lake", COPY).is_some()).await;
    let landed = stage.aws.now();
    stage.aws.delete("raw", "in/a.csv", None);
    stage.drained().await;
    daemon.stop().await;
    let reported = reported(&stage);
    assert!(
        reported.iter().any(|at| *at >= landed),
        "{reported:?}, {landed}"
    );
}

#[tokio::test(start_paused = true)]
async fn an_old_copy_is_no_news() {
    let (stage, config) = stage();
    hear(&stage, 2).await;
    let daemon = stage.start(&config).await;
    stage.drained().await;
    assert_eq!(reported(&stage).len(), 1);
    // As a backfill asks: nothing has come since.
    let again = event("in/a.csv", 3, ETAG, "2026-11-02T23:00:00Z");
    stage.send(&again).await;
    stage.drained().await;
    daemon.stop().await;
    assert_eq!(reported(&stage).len(), 1);
}
