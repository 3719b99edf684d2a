//! Checks whether a target exists, for `brigade check`. The daemon finds out by sending to it.

use aws_sdk_glue::error::{ProvideErrorMetadata, SdkError};
use aws_smithy_runtime_api::http::Response;

use super::outlet::{Client, Outlet, is_denied, whole};
use crate::obstacle::Obstacle;

impl Outlet {
    /// What is in the way, as far as a look shows. Whether it may be told, only telling would.
    pub async fn obstacle(&self) -> Option<Obstacle> {
        let target = &self.target;
        match &self.client {
            Client::Topic(sns) => {
                let answer = sns.get_topic_attributes().topic_arn(target).send().await;
                seen("sns:GetTopicAttributes", "sns:Publish", answer)
            }
            Client::Queue(sqs) => {
                let answer = sqs.get_queue_attributes().queue_url(target).send().await;
                seen("sqs:GetQueueAttributes", "sqs:SendMessage", answer)
            }
            Client::Bus(events, _) => {
                let answer = events.describe_event_bus().name(target).send().await;
                seen("events:DescribeEventBus", "events:PutEvents", answer)
            }
        }
    }
}

fn seen<T, E>(
    check: &str,
    report: &str,
    answer: Result<T, SdkError<E, Response>>,
) -> Option<Obstacle>
where
    E: ProvideErrorMetadata + std::error::Error + 'static,
{
    let error = answer.err()?;
    let code = error.code().unwrap_or_default();
    Some(if is_denied(code) {
        Obstacle::Warns(format!(
            "cannot be checked ({check}: {code}); the daemon needs {report} there"
        ))
    } else {
        let (_, operation) = check.split_once(':').unwrap_or_default();
        Obstacle::Fails(whole(operation, &error).why)
    })
}
