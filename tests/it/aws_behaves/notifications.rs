//! Topics and buses: what they take, and how they say what they do not.

use std::time::Duration;

use aws_sdk_eventbridge::types::PutEventsRequestEntry;
use aws_sdk_sns::types::PublishBatchRequestEntry;
use tokio::time::advance;

use super::reported;
use crate::aws::{Aws, Denial, Fault, HOME_KEY, Rule};

const TOPIC: &str = "arn:aws:sns:us-east-1:111122223333:t";
const FIFO: &str = "arn:aws:sns:us-east-1:111122223333:t.fifo";
const BUS: &str = "arn:aws:events:us-east-1:111122223333:event-bus/b";

fn aws() -> Aws {
    let aws = Aws::new(1);
    aws.create_topic(TOPIC);
    aws.create_topic(FIFO);
    aws.create_bus(BUS);
    aws
}

fn entry(n: usize, order: Option<(&str, &str)>) -> PublishBatchRequestEntry {
    PublishBatchRequestEntry::builder()
        .id(n.to_string())
        .message(format!("<{n}> & \"more\"+é"))
        .set_message_group_id(order.map(|(group, _)| group.into()))
        .set_message_deduplication_id(order.map(|(_, id)| id.into()))
        .build()
        .unwrap()
}

#[tokio::test(start_paused = true)]
async fn a_topic_takes_ten_at_a_time_and_tells_of_each() {
    let aws = aws();
    let sns = aws_sdk_sns::Client::new(&aws.sdk("us-east-1"));
    let publish = async |topic: &str, list: Vec<PublishBatchRequestEntry>| {
        let call = sns.publish_batch().topic_arn(topic);
        call.set_publish_batch_request_entries(Some(list))
            .send()
            .await
    };
    let many = |n: usize| (0..n).map(|n| entry(n, None)).collect::<Vec<_>>();
    let done = publish(TOPIC, many(10)).await.unwrap();
    assert_eq!((done.successful().len(), done.failed().len()), (10, 0));
    assert_eq!(aws.published(TOPIC)[3].body, "<3> & \"more\"+é");
    let twice = vec![entry(1, None), entry(1, None)];
    let elsewhere = TOPIC.replace("us-east-1", "eu-west-1");
    for (topic, list, want) in [
        (TOPIC, many(11), "400 TooManyEntriesInBatchRequest"),
        (TOPIC, twice, "400 BatchEntryIdsNotDistinct"),
        (
            "arn:aws:sns:us-east-1:111122223333:other",
            many(1),
            "404 NotFound",
        ),
        (elsewhere.as_str(), many(1), "400 InvalidParameter"),
    ] {
        assert_eq!(reported(&publish(topic, list).await), want);
    }
    aws.inject(
        Rule::new(Fault::Entries(vec![1]))
            .on("sns", "PublishBatch")
            .times(1),
    );
    let partly = publish(TOPIC, many(3)).await.unwrap();
    assert_eq!(partly.failed()[0].id(), "1");
    assert_eq!(partly.successful().len(), 2);
    assert_eq!(aws.published(TOPIC).len(), 12);
    aws.inject(
        Rule::new(Fault::SlowDown)
            .on("sns", "PublishBatch")
            .times(1),
    );
    assert_eq!(reported(&publish(TOPIC, many(1)).await), "429 Throttled");
    let denial = Denial {
        access_key: HOME_KEY.into(),
        action: "sns:Publish".into(),
        resource: "t".into(),
    };
    aws.access(|access| access.deny(denial));
    assert_eq!(
        reported(&publish(TOPIC, many(1)).await),
        "403 AuthorizationError"
    );
}

#[tokio::test(start_paused = true)]
async fn a_fifo_topic_wants_a_group_and_drops_what_it_has_for_five_minutes() {
    let aws = aws();
    let sns = aws_sdk_sns::Client::new(&aws.sdk("us-east-1"));
    let publish = async |order| {
        let call = sns.publish_batch().topic_arn(FIFO);
        let call = call.publish_batch_request_entries(entry(1, order));
        call.send().await.unwrap().failed().len()
    };
    assert_eq!(publish(None).await, 1);
    assert_eq!(publish(Some(("g", "a"))).await, 0);
    advance(Duration::from_secs(299)).await;
    assert_eq!(publish(Some(("g", "a"))).await, 0);
    assert_eq!(aws.published(FIFO).len(), 1);
    advance(Duration::from_secs(1)).await;
    assert_eq!(publish(Some(("g", "a"))).await, 0);
    assert_eq!(aws.published(FIFO).len(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_bus_tells_of_each_entry_and_takes_what_goes_to_no_bus() {
    let aws = aws();
    let events = aws_sdk_eventbridge::Client::new(&aws.sdk("us-east-1"));
    let entry = |bus: &str, detail: &str| {
        PutEventsRequestEntry::builder()
            .source("s")
            .detail_type("d")
            .detail(detail)
            .event_bus_name(bus)
            .build()
    };
    let put = async |list: Vec<PutEventsRequestEntry>| {
        events.put_events().set_entries(Some(list)).send().await
    };
    let missing = "arn:aws:events:us-east-1:111122223333:event-bus/other";
    let done = put(vec![
        entry(BUS, "{}"),
        entry(BUS, "[1"),
        entry(missing, "{}"),
    ])
    .await
    .unwrap();
    assert_eq!(done.failed_entry_count(), 1);
    let codes: Vec<_> = done
        .entries()
        .iter()
        .map(|entry| entry.error_code())
        .collect();
    assert_eq!(codes, [None, Some("MalformedDetail"), None]);
    assert_eq!(aws.events(BUS).len(), 1);
    let many = (0..11).map(|_| entry(BUS, "{}")).collect();
    assert_eq!(reported(&put(many).await), "400 ValidationException");

    let describe = async |bus: &str| events.describe_event_bus().name(bus).send().await;
    assert_eq!(reported(&describe(BUS).await), "ok");
    assert_eq!(
        reported(&describe(missing).await),
        "400 ResourceNotFoundException"
    );
    aws.inject(
        Rule::new(Fault::SlowDown)
            .on("events", "PutEvents")
            .times(1),
    );
    assert_eq!(
        reported(&put(vec![entry(BUS, "{}")]).await),
        "400 ThrottlingException"
    );
    let denial = Denial {
        access_key: HOME_KEY.into(),
        action: "events:PutEvents".into(),
        resource: "event-bus/b".into(),
    };
    aws.access(|access| access.deny(denial));
    assert_eq!(
        reported(&put(vec![entry(BUS, "{}")]).await),
        "400 AccessDeniedException"
    );
}
