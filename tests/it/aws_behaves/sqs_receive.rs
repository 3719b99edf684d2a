//! `ReceiveMessage`: long polls, visibility, attributes, giving up.

use std::time::Duration;

use aws_sdk_sqs::types::{Message, MessageSystemAttributeName};
use tokio::time::{Instant, advance, sleep};

use super::{sqs, told};
use crate::aws::{Queue, World};

async fn send(world: &World, url: &str, body: &str) {
    sqs(world)
        .send_message()
        .queue_url(url)
        .message_body(body)
        .send()
        .await
        .unwrap();
}

async fn receive(world: &World, url: &str, wait: i32) -> Vec<Message> {
    let receive = sqs(world)
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
    let world = World::new(1);
    let url = world.create_queue(Queue::new("events", "us-east-1"));
    let start = Instant::now();
    assert_eq!(receive(&world, &url, 0).await.len(), 0);
    assert_eq!(
        start.elapsed(),
        Duration::ZERO,
        "a short poll does not wait"
    );
    assert_eq!(receive(&world, &url, 20).await.len(), 0);
    assert_eq!(start.elapsed(), Duration::from_secs(20), "nothing came");

    let start = Instant::now();
    let later = async {
        sleep(Duration::from_millis(3_456)).await;
        send(&world, &url, "a").await;
    };
    let (got, ()) = tokio::join!(receive(&world, &url, 20), later);
    assert_eq!(
        (got.len(), start.elapsed()),
        (1, Duration::from_millis(3_456))
    );

    let start = Instant::now();
    assert_eq!(receive(&world, &url, 20).await.len(), 0, "hidden for 30 s");
    assert_eq!(receive(&world, &url, 20).await.len(), 1, "and then not");
    assert_eq!(start.elapsed(), Duration::from_secs(30));
}

#[tokio::test(start_paused = true)]
async fn a_message_is_hidden_to_the_millisecond() {
    let world = World::new(1);
    let url =
        world.create_queue(Queue::new("events", "us-east-1").visibility(Duration::from_secs(7)));
    send(&world, &url, "a").await;
    let first = receive(&world, &url, 0).await.remove(0);
    let sent = world.queue(&url).messages()[0].sent;
    assert_eq!(
        (world.queue(&url).visible(), world.queue(&url).in_flight()),
        (0, 1)
    );
    advance(Duration::from_millis(6_999)).await;
    assert_eq!(receive(&world, &url, 0).await.len(), 0);
    advance(Duration::from_millis(1)).await;
    assert_eq!(
        (world.queue(&url).visible(), world.queue(&url).in_flight()),
        (1, 0)
    );
    let again = receive(&world, &url, 0).await.remove(0);
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
    let world = World::new(1);
    let url = world.create_queue(Queue::new("events", "us-east-1"));
    for n in 0..12 {
        send(&world, &url, &n.to_string()).await;
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
        let receive = sqs(&world)
            .receive_message()
            .queue_url(&url)
            .max_number_of_messages(most);
        let receive = receive.wait_time_seconds(wait).visibility_timeout(hidden);
        assert_eq!(told(&receive.send().await), want, "{why}");
    }
    let bare = sqs(&world)
        .receive_message()
        .queue_url(&url)
        .send()
        .await
        .unwrap();
    assert_eq!(
        (bare.messages().len(), bare.messages()[0].attributes()),
        (1, None)
    );
    assert_eq!(receive(&world, &url, 0).await.len(), 10);
    assert_eq!(receive(&world, &url, 0).await.len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_message_received_too_often_goes_to_the_dead_letter_queue_as_it_is() {
    let world = World::new(1);
    let dead = Queue::new("dead", "us-east-1");
    let queue = Queue::new("events", "us-east-1")
        .visibility(Duration::from_secs(1))
        .redrive(&dead, 3);
    let (dead, url) = (world.create_queue(dead), world.create_queue(queue));
    send(&world, &url, "a").await;
    let first = receive(&world, &url, 0).await.remove(0);
    for n in 2..=3 {
        advance(Duration::from_secs(1)).await;
        assert_eq!(receive(&world, &url, 0).await.len(), 1, "receive {n} of 3");
    }
    advance(Duration::from_secs(1)).await;
    let start = Instant::now();
    let (parked, given) = tokio::join!(receive(&world, &dead, 5), receive(&world, &url, 0));
    assert_eq!(
        (given.len(), world.queue(&url).messages().len()),
        (0, 0),
        "the fourth is one too many"
    );
    assert_eq!(
        parked[0].message_id, first.message_id,
        "and wakes whoever waits over there"
    );
    assert_eq!(start.elapsed(), Duration::ZERO, "at once");
    let attributes = parked[0].attributes.as_ref().unwrap();
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
    let world = World::new(1);
    let url = world.create_queue(Queue::new("events", "us-east-1"));
    let poll = sqs(&world)
        .receive_message()
        .queue_url(&url)
        .wait_time_seconds(20)
        .send();
    let delete = async {
        sleep(Duration::from_secs(1)).await;
        world.delete_queue(&url);
    };
    let start = Instant::now();
    let (polled, ()) = tokio::join!(poll, delete);
    assert_eq!(told(&polled), "400 AWS.SimpleQueueService.NonExistentQueue");
    assert_eq!(start.elapsed(), Duration::from_secs(1));
}
