//! Glue, queues, buses and Secrets Manager as a test tells them to be, behind the real clients.

use std::fmt;
use std::sync::{Arc, Mutex};

use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::retry::RetryConfig;
use serde_json::{Value, json};
use tokio::time::Instant;

use super::glue::Glue;
use crate::metrics::Metrics;

/// What the service says to one call.
#[derive(Clone)]
pub(crate) enum Answer {
    Is(Value),
    /// These bytes, with this status.
    Raw(u16, Vec<u8>),
    /// An error of this code.
    Error(&'static str),
    /// The connection breaks.
    Broken,
}

type Script = dyn FnMut(&str, &Value) -> Answer + Send;

/// Answers each call from a script and remembers when it came.
#[derive(Clone)]
pub(crate) struct Scripted {
    script: Arc<Mutex<Script>>,
    calls: Arc<Mutex<Vec<(String, Value, u64)>>>,
    boot: Instant,
}

impl Scripted {
    /// `script` is given the operation and the body.
    pub(crate) fn new(script: impl FnMut(&str, &Value) -> Answer + Send + 'static) -> Self {
        Self {
            script: Arc::new(Mutex::new(script)),
            calls: Arc::default(),
            boot: Instant::now(),
        }
    }

    /// What it says to one call, which is not remembered.
    pub(crate) fn answer(&self, op: &str, body: &Value) -> Answer {
        (*self.script.lock().unwrap())(op, body)
    }

    pub(crate) fn boot(&self) -> Instant {
        self.boot
    }

    /// The seconds at which an operation was called.
    pub(crate) fn times(&self, op: &str) -> Vec<u64> {
        let calls = self.calls.lock().unwrap();
        calls
            .iter()
            .filter(|(called, ..)| called == op)
            .map(|(.., at)| *at)
            .collect()
    }

    /// The bodies with which an operation was called.
    pub(crate) fn bodies(&self, op: &str) -> Vec<Value> {
        let calls = self.calls.lock().unwrap();
        calls
            .iter()
            .filter(|(called, ..)| called == op)
            .map(|(_, body, _)| body.clone())
            .collect()
    }

    pub(crate) fn glue(&self) -> Glue {
        let client = aws_sdk_glue::Client::new(&self.sdk());
        Glue::new(client, Metrics::new("test").0)
    }

    pub(crate) fn secrets(&self) -> aws_sdk_secretsmanager::Client {
        aws_sdk_secretsmanager::Client::new(&self.sdk())
    }

    pub(crate) fn queue(&self) -> aws_sdk_sqs::Client {
        aws_sdk_sqs::Client::new(&self.sdk())
    }

    pub(crate) fn bus(&self) -> aws_sdk_eventbridge::Client {
        aws_sdk_eventbridge::Client::new(&self.sdk())
    }

    fn sdk(&self) -> SdkConfig {
        SdkConfig::builder()
            .behavior_version(BehaviorVersion::v2026_01_12())
            .region(Region::new("eu-west-1"))
            .credentials_provider(SharedCredentialsProvider::new(credentials()))
            .retry_config(RetryConfig::disabled())
            .http_client(self.clone())
            .build()
    }
}

fn credentials() -> aws_credential_types::Credentials {
    aws_credential_types::Credentials::new("AKIDEXAMPLE", "secret", None, None, "test")
}

impl fmt::Debug for Scripted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Scripted").finish_non_exhaustive()
    }
}

impl HttpClient for Scripted {
    fn http_connector(
        &self,
        _: &HttpConnectorSettings,
        _: &RuntimeComponents,
    ) -> SharedHttpConnector {
        SharedHttpConnector::new(self.clone())
    }
}

impl HttpConnector for Scripted {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let target = request
            .headers()
            .get("x-amz-target")
            .expect("a JSON protocol");
        let op = target
            .rsplit('.')
            .next()
            .expect("split yields one")
            .to_owned();
        let body = serde_json::from_slice(request.body().bytes().expect("in memory")).unwrap();
        let answer = self.answer(&op, &body);
        self.calls
            .lock()
            .unwrap()
            .push((op, body, self.boot.elapsed().as_secs()));
        HttpConnectorFuture::new(async move {
            // Others come in between, as they do on a real line.
            tokio::task::yield_now().await;
            match answer {
                Answer::Is(value) => Ok(response(200, &value)),
                Answer::Raw(status, body) => Ok(HttpResponse::new(
                    status.try_into().unwrap(),
                    SdkBody::from(body),
                )),
                Answer::Error(code) => Ok(response(
                    400,
                    &json!({"__type": code, "Message": "so it is"}),
                )),
                Answer::Broken => Err(ConnectorError::io("connection reset".into())),
            }
        })
    }
}

fn response(status: u16, body: &Value) -> HttpResponse {
    HttpResponse::new(status.try_into().unwrap(), SdkBody::from(body.to_string()))
}
