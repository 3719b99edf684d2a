//! What a standard queue may do to its consumers, when it is told to.

use std::collections::BTreeSet;
use std::time::Duration;

use aws_sdk_sqs::types::Message;
use tokio::time::sleep;

use super::sqs;
use crate::aws::{Aws, Bucket, Mischief, Queue, TestObject};

/// A queue that hears of ten objects.
fn ten_events(mischief: Mischief) -> (Aws, String) {
    let aws = Aws::new(5);
    let url = aws.create_queue(Queue::new("events", "us-east-1"));
    aws.create_bucket(Bucket::new("raw", "us-east-1"));
    aws.notify("raw", &url);
    aws.empty(&url);
    aws.make_mischief(mischief);
    for n in 0..10 {
        aws.put("raw", TestObject::new(&format!("{n}"), "x"));
    }
    (aws, url)
}

async fn receive(aws: &Aws, url: &str) -> Vec<Message> {
    let receive = sqs(aws).receive_message().queue_url(url);
    let receive = receive.max_number_of_messages(10).send();
    receive.await.unwrap().messages.unwrap_or_default()
}

async fn delete(aws: &Aws, url: &str, message: &Message) {
    let handle = message.receipt_handle().unwrap();
    let delete = sqs(aws).delete_message().queue_url(url);
    delete.receipt_handle(handle).send().await.unwrap();
}

fn ids(messages: &[Message]) -> Vec<&str> {
    messages.iter().filter_map(Message::message_id).collect()
}

#[tokio::test(start_paused = true)]
async fn messages_come_twice_late_and_in_any_order() {
    let (aws, url) = ten_events(Mischief {
        duplicate: 1.0,
        ..Mischief::default()
    });
    assert_eq!(aws.queue(&url).messages().len(), 20);

    let (aws, url) = ten_events(Mischief {
        late: Duration::from_mins(1),
        ..Mischief::default()
    });
    let soon = aws.queue(&url).visible();
    assert!(soon < 10, "{soon}");
    sleep(Duration::from_mins(1)).await;
    assert_eq!(aws.queue(&url).visible(), 10);

    let (aws, url) = ten_events(Mischief {
        shuffle: true,
        ..Mischief::default()
    });
    let mut got = Vec::new();
    while got.len() < 10 {
        let some = receive(&aws, &url).await;
        assert!(!some.is_empty(), "what is visible can be received");
        got.extend(some.iter().filter_map(|m| m.body.clone()));
    }
    assert!(!got.is_sorted(), "in order by chance only");
}

#[tokio::test(start_paused = true)]
async fn a_message_may_be_given_to_a_second_consumer() {
    let (aws, url) = ten_events(Mischief {
        twice: 1.0,
        ..Mischief::default()
    });
    let first = receive(&aws, &url).await;
    sleep(Duration::from_secs(2)).await;
    let second = receive(&aws, &url).await;
    assert_eq!(ids(&first), ids(&second));
    delete(&aws, &url, &first[0]).await;
    assert_eq!(aws.stale_deletes().len(), 1, "the second has it now");
    delete(&aws, &url, &second[0]).await;
    assert_eq!(aws.queue(&url).messages().len(), 9);
}

#[tokio::test(start_paused = true)]
async fn a_deleted_message_may_come_back() {
    let (aws, url) = ten_events(Mischief {
        undead: 1.0,
        ..Mischief::default()
    });
    let all = receive(&aws, &url).await;
    for message in &all {
        delete(&aws, &url, message).await;
    }
    assert_eq!(aws.settled().len(), 10);
    let back = receive(&aws, &url).await;
    let all: BTreeSet<_> = ids(&all).into_iter().collect();
    assert_eq!(ids(&back).into_iter().collect::<BTreeSet<_>>(), all);
}
