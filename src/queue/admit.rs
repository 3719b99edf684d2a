//! Answers of SQS are read only when there is memory for them.
//!
//! How much an answer holds is known once its headers are there, and not before: a long poll may bring nothing or ten
//! mebibytes. So the connector waits between the two. What is not read stays in the socket's buffer, a few hundred
//! kilobytes at most; the lease counts from before the request, so waiting makes it shorter and nothing else.
//!
//! The budget reaches the connector through the task, as the SDK makes the call within it.

use std::sync::{Arc, Mutex, PoisonError};

use aws_smithy_runtime_api::client::connector_metadata::ConnectorMetadata;
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpClient,
    SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;

use super::load::{Load, Weight};

tokio::task_local! {
    static ADMISSION: Admission;
}

/// One receive's part of the budget.
#[derive(Clone)]
struct Admission {
    load: Load,
    /// What the poll found room for: the most that its answer takes, and what one without a length does.
    at_most: usize,
    taken: Arc<Mutex<Weight>>,
}

impl Admission {
    async fn admit(self, length: Option<u64>) {
        let length = length.map_or(self.at_most, |length| {
            usize::try_from(length).unwrap_or(usize::MAX)
        });
        // As it came, gathered, and as it was read: for a moment all three are there. But never more than the poll found
        // room for: its messages are hidden already, and would wait for others to end until their call times out.
        let bytes = length.saturating_mul(3).min(self.at_most);
        let weight = self.load.take(bytes).await;
        *self.taken.lock().unwrap_or_else(PoisonError::into_inner) = weight;
    }
}

/// Makes a call whose answer is read once its bytes are taken from the budget: what they weigh, and the answer.
pub(super) async fn within<T>(
    load: &Load,
    at_most: usize,
    call: impl Future<Output = T>,
) -> (T, Weight) {
    let taken = Arc::default();
    let admission = Admission {
        load: load.clone(),
        at_most,
        taken: Arc::clone(&taken),
    };
    let answer = ADMISSION.scope(admission, call).await;
    let weight = std::mem::take(&mut *taken.lock().unwrap_or_else(PoisonError::into_inner));
    (answer, weight)
}

/// A client whose answers wait for the budget of the receive that asked for them, if there is one.
#[must_use]
pub fn admitting(http: SharedHttpClient) -> SharedHttpClient {
    SharedHttpClient::new(Client(http))
}

#[derive(Debug)]
struct Client(SharedHttpClient);

#[derive(Debug)]
struct Connector(SharedHttpConnector);

impl HttpClient for Client {
    fn http_connector(
        &self,
        settings: &HttpConnectorSettings,
        components: &RuntimeComponents,
    ) -> SharedHttpConnector {
        SharedHttpConnector::new(Connector(self.0.http_connector(settings, components)))
    }

    fn connector_metadata(&self) -> Option<ConnectorMetadata> {
        self.0.connector_metadata()
    }
}

impl HttpConnector for Connector {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let answer = self.0.call(request);
        let Ok(admission) = ADMISSION.try_with(Clone::clone) else {
            return answer;
        };
        HttpConnectorFuture::new(async move {
            let answer = answer.await?;
            admission.admit(answer.body().content_length()).await;
            Ok(answer)
        })
    }
}
