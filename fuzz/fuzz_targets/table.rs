//! What Glue answers when it is asked for a table, whatever it is: a layout, or an error that fits in a log.
//!
//! The first byte chooses the status, the rest is the body. It goes through the real client.
#![no_main]

use std::sync::LazyLock;

use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::retry::RetryConfig;
use brigade::catalog::Glue;
use brigade::metrics::Metrics;
use libfuzzer_sys::fuzz_target;
use tokio::runtime::{Builder, Runtime};

static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| {
    let runtime = Builder::new_current_thread().enable_time().build();
    runtime.expect("a runtime without threads and sockets")
});

/// Gives the same answer to each call.
#[derive(Debug, Clone)]
struct Fixed {
    status: u16,
    body: Vec<u8>,
}

impl HttpClient for Fixed {
    fn http_connector(
        &self,
        _: &HttpConnectorSettings,
        _: &RuntimeComponents,
    ) -> SharedHttpConnector {
        SharedHttpConnector::new(self.clone())
    }
}

impl HttpConnector for Fixed {
    fn call(&self, _: HttpRequest) -> HttpConnectorFuture {
        let status = self.status.try_into().expect("a status");
        let body = SdkBody::from(self.body.clone());
        HttpConnectorFuture::ready(Ok(HttpResponse::new(status, body)))
    }
}

fuzz_target!(|input: &[u8]| {
    let Some((first, body)) = input.split_first() else {
        return;
    };
    let status = [200, 400, 500][usize::from(first % 3)];
    let body = body.to_vec();
    let credentials = Credentials::new("AKIDEXAMPLE", "secret", None, None, "fuzz");
    let sdk = SdkConfig::builder()
        .behavior_version(BehaviorVersion::v2026_01_12())
        .region(Region::new("eu-west-1"))
        .credentials_provider(SharedCredentialsProvider::new(credentials))
        .retry_config(RetryConfig::disabled())
        .http_client(Fixed { status, body })
        .build();
    let glue = Glue::new(aws_sdk_glue::Client::new(&sdk), Metrics::new("fuzz").0);
    match RUNTIME.block_on(glue.table("lake", "orders")) {
        Ok(layout) => assert_eq!(status, 200, "{layout:?}"),
        Err(error) => assert!(error.to_string().len() < 2_500),
    }
});
