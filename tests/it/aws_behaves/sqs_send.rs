//! `SendMessage` and its batch, `GetQueueUrl`, `GetQueueAttributes`.

use aws_sdk_sqs::operation::send_message::builders::SendMessageFluentBuilder;
use aws_sdk_sqs::primitives::Blob;
use aws_sdk_sqs::types::{MessageAttributeValue, QueueAttributeName, SendMessageBatchRequestEntry};

use super::{reported, sqs};
use crate::aws::{Aws, Denial, HOME_KEY, Queue};

fn text(value: &str) -> MessageAttributeValue {
    MessageAttributeValue::builder()
        .data_type("String")
        .string_value(value)
        .build()
        .unwrap()
}

#[tokio::test(start_paused = true)]
async fn what_sqs_refuses_to_take_is_refused() {
    let aws = Aws::new(1);
    let url = aws.create_queue(Queue::new("events", "us-east-1"));
    let sqs = sqs(&aws);
    let send = |body: &str| sqs.send_message().queue_url(&url).message_body(body);
    let with = |count: usize| {
        (0..count).fold(send("x"), |send: SendMessageFluentBuilder, n| {
            send.message_attributes(format!("a{n}"), text("v"))
        })
    };
    let mib = "x".repeat(1 << 20);
    #[rustfmt::skip]
    let table = [
        ("1 MiB",                      send(&mib),                                  "ok"),
        ("a byte more",                send(&format!("{mib}x")),                    "400 InvalidParameterValue"),
        ("1 MiB with an attribute",    send(&mib[8..]).message_attributes("a", text("v")), "ok"),
        ("a byte more of it",          send(&mib[7..]).message_attributes("a", text("v")), "400 InvalidParameterValue"),
        ("nothing",                    send(""),                                    "400 MissingParameter"),
        ("tab and newline",            send("a\t\r\n😀"),                            "ok"),
        ("a control character",        send("a\u{1}"),                              "400 InvalidMessageContents"),
        ("a non-character",            send("a\u{ffff}"),                           "400 InvalidMessageContents"),
        ("ten attributes",             with(10),                                    "ok"),
        ("eleven attributes",          with(11),                                    "400 InvalidParameterValue"),
        ("an empty attribute",         send("x").message_attributes("a", text("")), "400 InvalidParameterValue"),
        ("a control character there",  send("x").message_attributes("a", text("\u{2}")), "400 InvalidParameterValue"),
        ("a reserved name",            send("x").message_attributes("AWS.a", text("v")), "400 InvalidParameterValue"),
        ("a delay beyond 15 minutes",  send("x").delay_seconds(901),                "400 InvalidParameterValue"),
    ];
    for (why, send, want) in table {
        let before = aws.queue(&url).messages().len();
        assert_eq!(reported(&send.send().await), want, "{why}");
        assert_eq!(
            aws.queue(&url).messages().len() > before,
            want == "ok",
            "{why}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn a_batch_is_refused_for_its_shape_and_answered_entry_by_entry() {
    let aws = Aws::new(1);
    let url = aws.create_queue(Queue::new("events", "us-east-1"));
    let sqs = sqs(&aws);
    let entry = |id: &str, body: &str| {
        SendMessageBatchRequestEntry::builder()
            .id(id)
            .message_body(body)
            .build()
            .unwrap()
    };
    let half = "x".repeat(1 << 19);
    #[rustfmt::skip]
    let table = [
        ("ten",          (0..10).map(|n| entry(&n.to_string(), "x")).collect(), "ok"),
        ("eleven",       (0..11).map(|n| entry(&n.to_string(), "x")).collect(), "400 AWS.SimpleQueueService.TooManyEntriesInBatchRequest"),
        ("none",         vec![],                                       "400 AWS.SimpleQueueService.EmptyBatchRequest"),
        ("the same id",  vec![entry("a", "x"), entry("a", "y")],       "400 AWS.SimpleQueueService.BatchEntryIdsNotDistinct"),
        ("an odd id",    vec![entry("a.b", "x")],                      "400 AWS.SimpleQueueService.InvalidBatchEntryId"),
        ("1 MiB in all", vec![entry("a", &half), entry("b", &half)],   "ok"),
        ("a byte more",  vec![entry("a", &half), entry("b", &half), entry("c", "x")], "400 AWS.SimpleQueueService.BatchRequestTooLong"),
    ];
    for (why, entries, want) in table {
        let batch = sqs
            .send_message_batch()
            .queue_url(&url)
            .set_entries(Some(entries))
            .send()
            .await;
        assert_eq!(reported(&batch), want, "{why}");
    }
    let entries = vec![entry("good", "x"), entry("bad", "\u{1}")];
    let batch = sqs
        .send_message_batch()
        .queue_url(&url)
        .set_entries(Some(entries))
        .send()
        .await
        .unwrap();
    let (good, bad) = (&batch.successful()[0], &batch.failed()[0]);
    assert_eq!(
        (good.id(), bad.id(), bad.code()),
        ("good", "bad", "InvalidMessageContents")
    );
    assert!(bad.sender_fault());
}

#[tokio::test(start_paused = true)]
async fn digests_are_those_of_aws() {
    let aws = Aws::new(1);
    let url = aws.create_queue(Queue::new("events", "us-east-1"));
    let number = MessageAttributeValue::builder()
        .data_type("Number")
        .string_value("1493147359900");
    let message = sqs(&aws).send_message().queue_url(&url).message_body("abc");
    let answer = message
        .message_attributes("timestamp", number.build().unwrap())
        .send()
        .await
        .unwrap();
    assert_eq!(
        answer.md5_of_message_body(),
        Some("900150983cd24fb0d6963f7d28e17f72")
    );
    // Known from other implementations' tests against AWS.
    assert_eq!(
        answer.md5_of_message_attributes(),
        Some("235c5c510d26fb653d073faed50ae77c")
    );

    let bytes = MessageAttributeValue::builder()
        .data_type("Binary")
        .binary_value(Blob::new([0, 255]));
    let send = sqs(&aws).send_message().queue_url(&url).message_body("abc");
    send.message_attributes("b", bytes.build().unwrap())
        .send()
        .await
        .unwrap();
    let receive = sqs(&aws)
        .receive_message()
        .queue_url(&url)
        .max_number_of_messages(10);
    let got = receive.message_attribute_names("All").send().await.unwrap();
    let attributes = got.messages()[1].message_attributes().unwrap();
    // Computed elsewhere, after the developer guide.
    assert_eq!(
        got.messages()[1].md5_of_message_attributes(),
        Some("fd655a218bb089c0d7ecd08d9ccc9271")
    );
    assert_eq!(attributes["b"].binary_value().unwrap().as_ref(), [0, 255]);
}

#[tokio::test(start_paused = true)]
async fn a_queue_tells_about_itself_when_asked() {
    let aws = Aws::new(1);
    let dead = Queue::new("dead", "us-east-1");
    let url = aws.create_queue(Queue::new("events", "us-east-1").redrive(&dead, 5));
    let sqs = sqs(&aws);
    let found = sqs
        .get_queue_url()
        .queue_name("events")
        .send()
        .await
        .unwrap();
    assert_eq!(found.queue_url(), Some(url.as_str()));
    sqs.send_message()
        .queue_url(&url)
        .message_body("a")
        .send()
        .await
        .unwrap();
    sqs.send_message()
        .queue_url(&url)
        .message_body("b")
        .send()
        .await
        .unwrap();
    sqs.send_message()
        .queue_url(&url)
        .message_body("c")
        .delay_seconds(5)
        .send()
        .await
        .unwrap();
    sqs.receive_message().queue_url(&url).send().await.unwrap();
    let ask = |name| {
        sqs.get_queue_attributes()
            .queue_url(&url)
            .attribute_names(name)
    };
    let all = ask(QueueAttributeName::All)
        .send()
        .await
        .unwrap()
        .attributes
        .unwrap();
    for (name, want) in [
        ("QueueArn", "arn:aws:sqs:us-east-1:111122223333:events"),
        ("VisibilityTimeout", "30"),
        ("ApproximateNumberOfMessages", "1"),
        ("ApproximateNumberOfMessagesNotVisible", "1"),
        ("ApproximateNumberOfMessagesDelayed", "1"),
        (
            "RedrivePolicy",
            "{\"deadLetterTargetArn\":\"arn:aws:sqs:us-east-1:111122223333:dead\",\"maxReceiveCount\":5}",
        ),
    ] {
        assert_eq!(all[&QueueAttributeName::from(name)], want, "{name}");
    }
    let one = ask(QueueAttributeName::QueueArn)
        .send()
        .await
        .unwrap()
        .attributes
        .unwrap();
    assert_eq!(one.len(), 1, "only what was asked for");
    let odd = ask("Colour".into()).send().await;
    assert_eq!(reported(&odd), "400 InvalidAttributeName");
}

#[tokio::test(start_paused = true)]
async fn a_queue_can_be_missing_elsewhere_or_closed() {
    let aws = Aws::new(1);
    let url = aws.create_queue(Queue::new("events", "us-east-1"));
    let missing = "400 AWS.SimpleQueueService.NonExistentQueue";
    let receive = sqs(&aws)
        .receive_message()
        .queue_url(format!("{url}x"))
        .send()
        .await;
    assert!(
        receive
            .as_ref()
            .unwrap_err()
            .as_service_error()
            .unwrap()
            .is_queue_does_not_exist()
    );
    assert_eq!(reported(&receive), missing);
    let elsewhere = aws_sdk_sqs::Client::new(&aws.sdk("eu-west-1"));
    assert_eq!(
        reported(&elsewhere.receive_message().queue_url(&url).send().await),
        missing
    );
    let stranger = aws_sdk_sqs::Client::new(&aws.sdk_as("AKIANOONE", "us-east-1"));
    let refused = stranger.receive_message().queue_url(&url).send().await;
    assert_eq!(reported(&refused), "403 InvalidClientTokenId");
    aws.access(|access| {
        let (access_key, action) = (HOME_KEY.to_owned(), "sqs:DeleteMessage".to_owned());
        access.deny(Denial {
            access_key,
            action,
            resource: "events".to_owned(),
        });
    });
    let delete = sqs(&aws)
        .delete_message()
        .queue_url(&url)
        .receipt_handle("x")
        .send()
        .await;
    assert_eq!(reported(&delete), "400 AccessDeniedException");
}
