//! Limits the length of answers.
//!
//! The SDK reads every answer but an object's body to its end before it parses it, however long that is, so an endpoint
//! or a proxy could fill the memory with one error page. The HTTP client therefore ends such answers, for all services
//! and for credential providers.

use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::connector_metadata::ConnectorMetadata;
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpClient,
    SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_runtime_api::client::runtime_components::{
    RuntimeComponents, RuntimeComponentsBuilder,
};
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::config_bag::ConfigBag;
use bytesize::ByteSize;
use http_body_util::{BodyExt, LengthLimitError, Limited};

/// An error has a code and a message.
const ERROR: usize = 1 << 20;

/// A page of 1,000 open uploads, each with a key of 1 KiB whose every byte is escaped.
const ANSWER: usize = 8 << 20;

/// Ten messages of 1 MiB, escaped in JSON; a thousand rows.
const LARGE: usize = 64 << 20;

/// What may be answered at length.
const LONG_ANSWERS: [&str; 2] = ["AmazonSQS.ReceiveMessage", "AmazonAthena.GetQueryResults"];

/// The same client, whose answers end.
pub(super) fn capped(http: SharedHttpClient) -> SharedHttpClient {
    SharedHttpClient::new(Capped(http))
}

#[derive(Debug)]
struct Capped(SharedHttpClient);

impl HttpClient for Capped {
    fn http_connector(
        &self,
        settings: &HttpConnectorSettings,
        components: &RuntimeComponents,
    ) -> SharedHttpConnector {
        SharedHttpConnector::new(Connector(self.0.http_connector(settings, components)))
    }

    fn validate_base_client_config(
        &self,
        components: &RuntimeComponentsBuilder,
        cfg: &ConfigBag,
    ) -> Result<(), BoxError> {
        self.0.validate_base_client_config(components, cfg)
    }

    fn validate_final_config(
        &self,
        components: &RuntimeComponents,
        cfg: &ConfigBag,
    ) -> Result<(), BoxError> {
        self.0.validate_final_config(components, cfg)
    }

    fn connector_metadata(&self) -> Option<ConnectorMetadata> {
        self.0.connector_metadata()
    }
}

#[derive(Debug)]
struct Connector(SharedHttpConnector);

impl HttpConnector for Connector {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let good = longest(&request);
        let answer = self.0.call(request);
        HttpConnectorFuture::new(async move {
            let answer = answer.await?;
            let most = if answer.status().is_success() {
                good
            } else {
                Some(ERROR)
            };
            Ok(match most {
                Some(most) => answer.map(|body| limited(body, most)),
                None => answer,
            })
        })
    }
}

/// How long a good answer may be; `None` where it is an object.
fn longest(request: &HttpRequest) -> Option<usize> {
    let query = request.uri().split_once('?').map_or("", |(_, query)| query);
    if query.split('&').any(|pair| pair == "x-id=GetObject") {
        return None;
    }
    let target = request.headers().get("x-amz-target");
    let is_long = target.is_some_and(|target| LONG_ANSWERS.contains(&target));
    Some(if is_long { LARGE } else { ANSWER })
}

fn limited(body: SdkBody, most: usize) -> SdkBody {
    // In memory already, as an empty one is.
    if body.bytes().is_some_and(|bytes| bytes.len() <= most) {
        return body;
    }
    SdkBody::from_body_1_x(Limited::new(body, most).map_err(move |error| {
        if error.is::<LengthLimitError>() {
            format!("the answer is longer than {}", ByteSize(most as u64)).into()
        } else {
            error
        }
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_an_objects_body_has_no_bound() {
        for (why, uri, target, want) in [
            ("an object", "https://b.s3/k?x-id=GetObject", None, None),
            (
                "a part of one",
                "https://b.s3/k?partNumber=1&x-id=GetObject",
                None,
                None,
            ),
            (
                "a key that says so",
                "https://b.s3/k%3Fx-id=GetObject?uploads",
                None,
                Some(ANSWER),
            ),
            (
                "its tags",
                "https://b.s3/k?tagging&x-id=GetObjectTagging",
                None,
                Some(ANSWER),
            ),
            (
                "messages",
                "https://sqs/",
                Some("AmazonSQS.ReceiveMessage"),
                Some(LARGE),
            ),
            (
                "of a queue",
                "https://sqs/",
                Some("AmazonSQS.DeleteMessage"),
                Some(ANSWER),
            ),
        ] {
            let mut request = HttpRequest::empty();
            request.set_uri(uri).expect("an address");
            if let Some(target) = target {
                request.headers_mut().insert("x-amz-target", target);
            }
            assert_eq!(longest(&request), want, "{why}");
        }
    }

    #[tokio::test]
    async fn a_body_is_read_to_its_bound_and_no_further() {
        for (length, fits) in [(ERROR, true), (ERROR + 1, false)] {
            let body = limited(SdkBody::from(vec![b' '; length]), ERROR);
            let read = body.collect().await;
            assert_eq!(read.is_ok(), fits, "{length}");
            if let Err(error) = read {
                assert_eq!(error.to_string(), "the answer is longer than 1.0 MiB");
            }
        }
    }
}
