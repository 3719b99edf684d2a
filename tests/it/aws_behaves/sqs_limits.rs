//! How many messages a queue gives out at a time, and how long it keeps them.

use std::time::Duration;

use aws_sdk_sqs::types::Message;
use tokio::time::{Instant, advance, sleep};

use super::{reported, sqs};
use crate::aws::{Aws, Queue};

async fn receive(aws: &Aws, url: &str, wait: i32) -> Vec<Message> {
    let receive = sqs(aws).receive_message().queue_url(url);
    let receive = receive.wait_time_seconds(wait).max_number_of_messages(10);
    receive.send().await.unwrap().messages.unwrap_or_default()
}

async fn delete(aws: &Aws, url: &str, message: &Message) -> String {
    let handle = message.receipt_handle().unwrap();
    let delete = sqs(aws).delete_message().queue_url(url);
    reported(&delete.receipt_handle(handle).send().await)
}

#[tokio::test(start_paused = true)]
async fn no_more_than_the_limit_are_in_flight() {
    let aws = Aws::new(1);
    let url = aws.create_queue(Queue::new("events", "us-east-1").in_flight(2));
    for body in ["a", "b", "c", "d"] {
        aws.send(&url, body);
    }
    let start = Instant::now();
    let given = receive(&aws, &url, 0).await;
    assert_eq!(given.len(), 2, "though it asked for ten");
    let short = sqs(&aws).receive_message().queue_url(&url).send().await;
    assert_eq!(reported(&short), "403 OverLimit", "a short poll");
    assert_eq!(receive(&aws, &url, 20).await.len(), 0, "a long poll");
    assert_eq!(start.elapsed(), Duration::from_secs(20), "waited for all");

    let later = async {
        sleep(Duration::from_secs(3)).await;
        delete(&aws, &url, &given[0]).await
    };
    let (got, deleted) = tokio::join!(receive(&aws, &url, 20), later);
    assert_eq!((got.len(), deleted.as_str()), (1, "ok"), "a delete");
    assert_eq!(start.elapsed(), Duration::from_secs(23), "makes room");

    let got = receive(&aws, &url, 20).await;
    assert_eq!(got[0].message_id, given[1].message_id, "and so does time");
    assert_eq!(start.elapsed(), Duration::from_secs(30));
}

#[tokio::test(start_paused = true)]
async fn what_is_kept_long_enough_is_gone() {
    let (hour, day) = (Duration::from_hours(1), Duration::from_hours(24));
    let moment = Duration::from_millis(1);
    for (why, retention, want) in [("four days", None, 4 * day), ("an hour", Some(hour), hour)] {
        let aws = Aws::new(1);
        let queue = Queue::new("events", "us-east-1");
        let url = aws.create_queue(match retention {
            Some(retention) => queue.retention(retention),
            None => queue,
        });
        aws.send(&url, "a");
        let attributes = sqs(&aws).get_queue_attributes().queue_url(&url);
        let attributes = attributes.attribute_names("MessageRetentionPeriod".into());
        let reported = attributes.send().await.unwrap().attributes.unwrap();
        let seconds = &reported[&"MessageRetentionPeriod".into()];
        assert_eq!(*seconds, want.as_secs().to_string(), "{why}");

        advance(want.saturating_sub(moment)).await;
        let last = receive(&aws, &url, 0).await.remove(0);
        advance(moment).await;
        assert!(aws.is_dry(&url), "{why}: also while it is held");
        assert_eq!(
            delete(&aws, &url, &last).await,
            "ok",
            "{why}: as if it had been"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn a_dead_letter_is_as_old_as_the_message_it_was() {
    let day = Duration::from_hours(24);
    let aws = Aws::new(1);
    let dead = Queue::new("dead", "us-east-1");
    let queue = Queue::new("events", "us-east-1").redrive(&dead, 1);
    let (dead, url) = (aws.create_queue(dead), aws.create_queue(queue));
    aws.send(&url, "a");
    assert_eq!(receive(&aws, &url, 0).await.len(), 1);
    advance(3 * day).await;
    assert_eq!(receive(&aws, &url, 0).await.len(), 0, "given up on");
    assert!(!aws.is_dry(&dead), "after three days");
    advance(day).await;
    assert_eq!(receive(&aws, &dead, 0).await.len(), 0, "after four");
}
