//! What a standard queue may do to its consumers, when it is told to.

use std::collections::BTreeSet;
use std::time::Duration;

use aws_sdk_sqs::types::Message;
use tokio::time::sleep;

use super::sqs;
use crate::aws::{Bucket, Mischief, Queue, Seed, World};

/// A queue that hears of ten objects.
fn ten_events(mischief: Mischief) -> (World, String) {
    let world = World::new(5);
    let url = world.create_queue(Queue::new("events", "us-east-1"));
    world.create_bucket(Bucket::new("raw", "us-east-1"));
    world.notify("raw", &url);
    world.empty(&url);
    world.make_mischief(mischief);
    for n in 0..10 {
        world.put("raw", Seed::new(&format!("{n}"), "x"));
    }
    (world, url)
}

async fn receive(world: &World, url: &str) -> Vec<Message> {
    let receive = sqs(world).receive_message().queue_url(url);
    let receive = receive.max_number_of_messages(10).send();
    receive.await.unwrap().messages.unwrap_or_default()
}

async fn delete(world: &World, url: &str, message: &Message) {
    let handle = message.receipt_handle().unwrap();
    let delete = sqs(world).delete_message().queue_url(url);
    delete.receipt_handle(handle).send().await.unwrap();
}

fn ids(messages: &[Message]) -> Vec<&str> {
    messages.iter().filter_map(Message::message_id).collect()
}

#[tokio::test(start_paused = true)]
async fn messages_come_twice_late_and_in_any_order() {
    let (world, url) = ten_events(Mischief {
        duplicate: 1.0,
        ..Mischief::default()
    });
    assert_eq!(world.queue(&url).messages().len(), 20);

    let (world, url) = ten_events(Mischief {
        late: Duration::from_mins(1),
        ..Mischief::default()
    });
    let soon = world.queue(&url).visible();
    assert!(soon < 10, "{soon}");
    sleep(Duration::from_mins(1)).await;
    assert_eq!(world.queue(&url).visible(), 10);

    let (world, url) = ten_events(Mischief {
        shuffle: true,
        ..Mischief::default()
    });
    let mut got = Vec::new();
    while got.len() < 10 {
        let some = receive(&world, &url).await;
        assert!(!some.is_empty(), "what is visible can be received");
        got.extend(some.iter().filter_map(|m| m.body.clone()));
    }
    assert!(!got.is_sorted(), "in order by chance only");
}

#[tokio::test(start_paused = true)]
async fn a_message_may_be_given_to_a_second_consumer() {
    let (world, url) = ten_events(Mischief {
        twice: 1.0,
        ..Mischief::default()
    });
    let first = receive(&world, &url).await;
    sleep(Duration::from_secs(2)).await;
    let second = receive(&world, &url).await;
    assert_eq!(ids(&first), ids(&second));
    delete(&world, &url, &first[0]).await;
    assert_eq!(world.stale_deletes().len(), 1, "the second has it now");
    delete(&world, &url, &second[0]).await;
    assert_eq!(world.queue(&url).messages().len(), 9);
}

#[tokio::test(start_paused = true)]
async fn a_deleted_message_may_come_back() {
    let (world, url) = ten_events(Mischief {
        undead: 1.0,
        ..Mischief::default()
    });
    let all = receive(&world, &url).await;
    for message in &all {
        delete(&world, &url, message).await;
    }
    assert_eq!(world.settled().len(), 10);
    let back = receive(&world, &url).await;
    let all: BTreeSet<_> = ids(&all).into_iter().collect();
    assert_eq!(ids(&back).into_iter().collect::<BTreeSet<_>>(), all);
}
