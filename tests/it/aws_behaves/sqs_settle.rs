//! `DeleteMessage`, `ChangeMessageVisibility` and their batches.

use std::time::Duration;

use aws_sdk_sqs::error::ProvideErrorMetadata;
use aws_sdk_sqs::types::{
    ChangeMessageVisibilityBatchRequestEntry, DeleteMessageBatchRequestEntry,
};
use tokio::time::advance;

use super::{reported, sqs};
use crate::aws::{Aws, Fault, Queue, Rule, Stale};

/// A world with one message on a queue with 10 s of visibility.
async fn one_message() -> (Aws, String) {
    let aws = Aws::new(1);
    let url =
        aws.create_queue(Queue::new("events", "us-east-1").visibility(Duration::from_secs(10)));
    sqs(&aws)
        .send_message()
        .queue_url(&url)
        .message_body("a")
        .send()
        .await
        .unwrap();
    (aws, url)
}

async fn receive(aws: &Aws, url: &str) -> String {
    let got = sqs(aws)
        .receive_message()
        .queue_url(url)
        .send()
        .await
        .unwrap();
    got.messages()[0].receipt_handle.clone().unwrap()
}

async fn hide(aws: &Aws, url: &str, handle: &str, seconds: i32) -> String {
    let change = sqs(aws)
        .change_message_visibility()
        .queue_url(url)
        .receipt_handle(handle);
    reported(&change.visibility_timeout(seconds).send().await)
}

async fn delete(aws: &Aws, url: &str, handle: &str) -> String {
    reported(
        &sqs(aws)
            .delete_message()
            .queue_url(url)
            .receipt_handle(handle)
            .send()
            .await,
    )
}

#[tokio::test(start_paused = true)]
async fn visibility_is_moved_both_ways_while_the_message_is_held() {
    let (aws, url) = one_message().await;
    let handle = receive(&aws, &url).await;
    advance(Duration::from_secs(9)).await;
    assert_eq!(hide(&aws, &url, &handle, 20).await, "ok");
    advance(Duration::from_millis(19_999)).await;
    assert_eq!(aws.queue(&url).in_flight(), 1, "counted from the change");
    assert_eq!(hide(&aws, &url, &handle, 0).await, "ok");
    assert_eq!(aws.queue(&url).visible(), 1, "shown at once");
}

#[tokio::test(start_paused = true)]
async fn twelve_hours_from_the_receive_is_the_ceiling() {
    let (aws, url) = one_message().await;
    let handle = receive(&aws, &url).await;
    assert_eq!(
        hide(&aws, &url, &handle, 43_201).await,
        "400 InvalidParameterValue"
    );
    advance(Duration::from_secs(1)).await;
    assert_eq!(
        hide(&aws, &url, &handle, 43_200).await,
        "400 InvalidParameterValue"
    );
    assert_eq!(hide(&aws, &url, &handle, 43_199).await, "ok");
    advance(Duration::from_secs(43_000)).await;
    assert_eq!(
        hide(&aws, &url, &handle, 200).await,
        "400 InvalidParameterValue",
        "changes add no time"
    );
    assert_eq!(hide(&aws, &url, &handle, 199).await, "ok");
}

#[tokio::test(start_paused = true)]
async fn a_stale_handle_moves_nothing_and_deletes_nothing() {
    let not_in_flight = "400 AWS.SimpleQueueService.MessageNotInflight";
    for (why, again, change, stale, left) in [
        (
            "a later receive has it",
            true,
            "400 ReceiptHandleIsInvalid",
            Stale::Superseded,
            1,
        ),
        (
            "its time has run out",
            false,
            not_in_flight,
            Stale::Expired,
            1,
        ),
    ] {
        let (aws, url) = one_message().await;
        let handle = receive(&aws, &url).await;
        advance(Duration::from_secs(10)).await;
        if again {
            receive(&aws, &url).await;
        }
        assert_eq!(hide(&aws, &url, &handle, 5).await, change, "{why}");
        assert_eq!(
            delete(&aws, &url, &handle).await,
            "ok",
            "{why}: success, and yet"
        );
        assert_eq!(aws.queue(&url).messages().len(), left, "{why}");
        let stales = aws.stale_deletes();
        assert_eq!((stales.len(), stales[0].why), (1, stale), "{why}");
        assert_eq!(
            stales[0].message_id,
            aws.queue(&url).messages()[0].id,
            "{why}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn a_deleted_message_is_gone_and_a_made_up_handle_is_invalid() {
    let (aws, url) = one_message().await;
    let handle = receive(&aws, &url).await;
    assert_eq!(delete(&aws, &url, &handle).await, "ok");
    assert_eq!(aws.queue(&url).messages().len(), 0);
    assert_eq!(aws.stale_deletes(), [], "that one was good");
    assert_eq!(delete(&aws, &url, &handle).await, "ok", "twice is no error");
    assert_eq!(aws.stale_deletes()[0].why, Stale::Gone);
    assert_eq!(
        hide(&aws, &url, &handle, 5).await,
        "400 InvalidParameterValue"
    );
    assert_eq!(
        delete(&aws, &url, "made-up").await,
        "400 ReceiptHandleIsInvalid"
    );
    assert_eq!(
        hide(&aws, &url, "made-up", 5).await,
        "400 ReceiptHandleIsInvalid"
    );
    let delete = sqs(&aws).delete_message().queue_url(&url);
    let refused = delete.receipt_handle("made-up").send().await.unwrap_err();
    assert_eq!(
        refused.message(),
        Some("The input receipt handle \"made-up\" is not a valid receipt handle.")
    );
}

#[tokio::test(start_paused = true)]
async fn a_handle_is_refused_twelve_hours_after_its_receive() {
    let half_a_day = Duration::from_hours(12);
    let short_of_it = half_a_day.saturating_sub(Duration::from_millis(1));
    let expired = "400 InvalidParameterValue";
    for (why, before, after, want) in [
        ("just in time", "held", short_of_it, "ok"),
        ("its time has run out", "held", half_a_day, expired),
        (
            "a later receive has it",
            "received again",
            half_a_day,
            expired,
        ),
        ("it was deleted", "deleted", half_a_day, expired),
    ] {
        let (aws, url) = one_message().await;
        let handle = receive(&aws, &url).await;
        match before {
            "held" => assert_eq!(hide(&aws, &url, &handle, 43_200).await, "ok", "{why}"),
            "received again" => {
                assert_eq!(hide(&aws, &url, &handle, 0).await, "ok", "{why}");
                receive(&aws, &url).await;
            }
            _ => assert_eq!(delete(&aws, &url, &handle).await, "ok", "{why}"),
        }
        advance(after).await;
        assert_eq!(delete(&aws, &url, &handle).await, want, "{why}");
        assert_eq!(hide(&aws, &url, &handle, 1).await, expired, "{why}");
        assert_eq!(aws.stale_deletes(), [], "{why}: no silent success");
    }
}

#[tokio::test(start_paused = true)]
async fn a_batch_fails_by_entry_with_a_200() {
    let (aws, url) = one_message().await;
    let handle = receive(&aws, &url).await;
    let sqs = sqs(&aws);
    let change = |id: &str, handle: &str| {
        let entry = ChangeMessageVisibilityBatchRequestEntry::builder()
            .id(id)
            .visibility_timeout(60);
        entry.receipt_handle(handle).build().unwrap()
    };
    let batch = sqs.change_message_visibility_batch().queue_url(&url);
    let batch = batch
        .entries(change("good", &handle))
        .entries(change("bad", "made-up"));
    let answer = batch.send().await.unwrap();
    assert_eq!(
        (answer.successful()[0].id(), answer.failed()[0].id()),
        ("good", "bad")
    );
    assert_eq!(answer.failed()[0].code(), "ReceiptHandleIsInvalid");
    advance(Duration::from_secs(59)).await;

    aws.inject(
        Rule::new(Fault::Entries(vec![0]))
            .on("sqs", "DeleteMessageBatch")
            .times(1),
    );
    for (why, want_failed, left) in [("thrown in", 1, 1), ("the next time", 0, 0)] {
        let entry = DeleteMessageBatchRequestEntry::builder()
            .id("a")
            .receipt_handle(&handle);
        let batch = sqs
            .delete_message_batch()
            .queue_url(&url)
            .entries(entry.build().unwrap());
        let answer = batch.send().await.unwrap();
        assert_eq!(answer.failed().len(), want_failed, "{why}");
        assert!(
            answer.failed().iter().all(|failed| !failed.sender_fault()),
            "{why}"
        );
        assert_eq!(aws.queue(&url).messages().len(), left, "{why}");
    }
}
