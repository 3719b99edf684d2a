//! `ReceiveMessage`: long polls, visibility, attributes, giving up.

use std::time::Duration;

use aws_sdk_sqs::types::{Message, MessageSystemAttributeName};
use tokio::time::{Instant, advance, sleep};

use super::{reported, sqs};
use crate::aws::{Aws, Queue};

async fn send(aws: &Aws, url: &str, body: &str) {
    sqs(aws)
        .send_message()
        .queue_url(url)
        .message_body(body)
        .send()
        .await
        .unwrap();
}

async fn receive(aws: &Aws, url: &str, wait: i32) -> Vec<Message> {
    let receive = sqs(aws)
        .receive_message()
        .queue_url(url)
        .wait_time_seconds(wait);
    let receive = receive
        .max_number_of_messages(10)
        .message_system_attribute_names("All".into());
    receive.send().await.unwrap().messages.unwrap_or_default()
}

#[tokio::test(start_paused = true)]
async fn a_long_poll_ends_with_a_message_or_with_its_time() {
    let aws = Aws::new(1);
    let url = aws.create_queue(Queue::new("events", "us-east-1"));
    let start = Instant::now();
    assert_eq!(receive(&aws, &url, 0).await.len(), 0);
    assert_eq!(
        start.elapsed(),
        Duration::ZERO,
        "a short poll does not wait"
    );
    assert_eq!(receive(&aws, &url, 20).await.len(), 0);
    assert_eq!(start.elapsed(), Duration::from_secs(20), "nothing came");

    let start = Instant::now();
    let later = async {
        sleep(Duration::from_millis(3_456)).await;
        send(&aws, &url, "a").await;
    };
    let (got, ()) = tokio::join!(receive(&aws, &url, 20), later);
    assert_eq!(
        (got.len(), start.elapsed()),
        (1, Duration::from_millis(3_456))
    );

    let start = Instant::now();
    assert_eq!(receive(&aws, &url, 20).await.len(), 0, "hidden for 30 s");
    assert_eq!(receive(&aws, &url, 20).await.len(), 1, "and then not");
    assert_eq!(start.elapsed(), Duration::from_secs(30));
}

#[tokio::test(start_paused = true)]
async fn a_message_is_hidden_to_the_millisecond() {
    let aws = Aws::new(1);
    let url =
        aws.create_queue(Queue::new("events", "us-east-1").visibility(Duration::from_secs(7)));
    send(&aws, &url, "a").await;
    let first = receive(&aws, &url, 0).await.remove(0);
    let sent = aws.queue(&url).messages()[0].sent;
    assert_eq!(
        (aws.queue(&url).visible(), aws.queue(&url).in_flight()),
        (0, 1)
    );
    advance(Duration::from_millis(6_999)).await;
    assert_eq!(receive(&aws, &url, 0).await.len(), 0);
    advance(Duration::from_millis(1)).await;
    assert_eq!(
        (aws.queue(&url).visible(), aws.queue(&url).in_flight()),
        (1, 0)
    );
    let again = receive(&aws, &url, 0).await.remove(0);
    assert_ne!(first.receipt_handle, again.receipt_handle);
    assert_eq!(first.message_id, again.message_id);
    let attributes = again.attributes.unwrap();
    for (name, want) in [
        ("ApproximateReceiveCount", "2".to_owned()),
        ("SentTimestamp", sent.as_millisecond().to_string()),
        (
            "ApproximateFirstReceiveTimestamp",
            sent.as_millisecond().to_string(),
        ),
    ] {
        assert_eq!(
            attributes[&MessageSystemAttributeName::from(name)],
            want,
            "{name}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn a_receive_takes_at_most_ten_and_says_no_more_than_asked() {
    let aws = Aws::new(1);
    let url = aws.create_queue(Queue::new("events", "us-east-1"));
    for n in 0..12 {
        send(&aws, &url, &n.to_string()).await;
    }
    for (why, most, wait, hidden, want) in [
        ("eleven", 11, 0, 1, "400 InvalidParameterValue"),
        ("none", 0, 0, 1, "400 InvalidParameterValue"),
        ("a wait of 21 s", 1, 21, 1, "400 InvalidParameterValue"),
        (
            "hidden beyond 12 h",
            1,
            0,
            43_201,
            "400 InvalidParameterValue",
        ),
    ] {
        let receive = sqs(&aws)
            .receive_message()
            .queue_url(&url)
            .max_number_of_messages(most);
        let receive = receive.wait_time_seconds(wait).visibility_timeout(hidden);
        assert_eq!(reported(&receive.send().await), want, "{why}");
    }
    let bare = sqs(&aws)
        .receive_message()
        .queue_url(&url)
        .send()
        .await
        .unwrap();
    assert_eq!(
        (bare.messages().len(), bare.messages()[0].attributes()),
        (1, None)
    );
    assert_eq!(receive(&aws, &url, 0).await.len(), 10);
    assert_eq!(receive(&aws, &url, 0).await.len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_message_received_too_often_goes_to_the_dead_letter_queue_as_it_is() {
    let aws = Aws::new(1);
    let dead = Queue::new("dead", "us-east-1");
    let queue = Queue::new("events", "us-east-1")
        .visibility(Duration::from_secs(1))
        .redrive(&dead, 3);
    let (dead, url) = (aws.create_queue(dead), aws.create_queue(queue));
    send(&aws, &url, "a").await;
    let first = receive(&aws, &url, 0).await.remove(0);
    for n in 2..=3 {
        advance(Duration::from_secs(1)).await;
        assert_eq!(receive(&aws, &url, 0).await.len(), 1, "receive {n} of 3");
    }
    advance(Duration::from_secs(1)).await;
    let start = Instant::now();
    let (dead_lettered, given) = tokio::join!(receive(&aws, &dead, 5), receive(&aws, &url, 0));
    assert_eq!(
        (given.len(), aws.queue(&url).messages().len()),
        (0, 0),
        "the fourth is one too many"
    );
    assert_eq!(
        dead_lettered[0].message_id, first.message_id,
        "and wakes whoever waits over there"
    );
    assert_eq!(start.elapsed(), Duration::ZERO, "at once");
    let attributes = dead_lettered[0].attributes.as_ref().unwrap();
    assert_eq!(
        attributes[&MessageSystemAttributeName::ApproximateReceiveCount],
        "4"
    );
    assert_eq!(
        attributes[&MessageSystemAttributeName::DeadLetterQueueSourceArn],
        "arn:aws:sqs:us-east-1:111122223333:events"
    );
    assert_eq!(
        attributes[&MessageSystemAttributeName::SentTimestamp],
        first.attributes.unwrap()[&MessageSystemAttributeName::SentTimestamp]
    );
}

#[tokio::test(start_paused = true)]
async fn a_queue_that_is_deleted_ends_its_polls() {
    let aws = Aws::new(1);
    let url = aws.create_queue(Queue::new("events", "us-east-1"));
    let poll = sqs(&aws)
        .receive_message()
        .queue_url(&url)
        .wait_time_seconds(20)
        .send();
    let delete = async {
        sleep(Duration::from_secs(1)).await;
        aws.delete_queue(&url);
    };
    let start = Instant::now();
    let (polled, ()) = tokio::join!(poll, delete);
    assert_eq!(
        reported(&polled),
        "400 AWS.SimpleQueueService.NonExistentQueue"
    );
    assert_eq!(start.elapsed(), Duration::from_secs(1));
}
