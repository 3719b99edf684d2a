//! Reads an answer of SQS only when there is memory for it.
//!
//! The size of an answer is known once its headers are there: a long poll may bring nothing or ten mebibytes. So the
//! connector waits between headers and body. Unread bytes stay in the socket's buffer, a few hundred kilobytes at most.
//! The lease counts from before the request, so waiting only shortens it. The call's timeout is suspended meanwhile,
//! because messages of an answer that is given up are hidden and held by nobody.
//!
//! The budget reaches the connector as a task-local value, because the SDK makes the call within the task.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use aws_smithy_runtime_api::client::connector_metadata::ConnectorMetadata;
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpClient,
    SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use tokio::sync::watch;
use tokio::time::{Instant, sleep, timeout_at};

use super::load::{LARGEST, Load, Weight};
use crate::lock::locked;

tokio::task_local! {
    static ADMISSION: Arc<Admission>;
}

/// One receive's part of the budget.
struct Admission {
    load: Load,
    /// What its messages weigh at most, and what an answer without a length does.
    at_most: usize,
    /// When its messages are soon visible again.
    until: Instant,
    /// What was reserved for the answer, and then what it has taken.
    share: Mutex<Option<Weight>>,
    waits: watch::Sender<bool>,
}

/// Why a call was given up.
pub(super) enum Late {
    NoAnswer,
    NoMemory,
}

impl Admission {
    async fn admit(&self, length: Option<u64>) {
        let length = length.map_or(self.at_most, |length| {
            usize::try_from(length).unwrap_or(usize::MAX)
        });
        // As it came, gathered, and as it was read: for a moment all three are there. But never more than was reserved,
        // or fits at all: the messages are hidden already.
        let bytes = length.saturating_mul(3).min(self.at_most);
        let reserved = self.swap(None);
        let share = if let Some(mut reserved) = reserved {
            reserved.split(bytes)
        } else {
            self.waits.send_replace(true);
            let share = self.load.take(bytes).await;
            self.waits.send_replace(false);
            share
        };
        self.swap(Some(share));
    }

    fn swap(&self, share: Option<Weight>) -> Option<Weight> {
        let mut slot = locked(&self.share);
        std::mem::replace(&mut *slot, share)
    }

    /// Returns once the call has taken too long, without what its answer waits for memory.
    async fn late(&self, patience: Duration) -> Late {
        let mut waits = self.waits.subscribe();
        tokio::select! {
            biased;
            _ = waits.wait_for(|waits| *waits) => {}
            () = sleep(patience) => return Late::NoAnswer,
        }
        let admitted = waits.wait_for(|waits| !*waits);
        if timeout_at(self.until, admitted).await.is_err() {
            return Late::NoMemory;
        }
        sleep(patience).await;
        Late::NoAnswer
    }
}

/// Makes a call for up to `most` messages that are hidden until `until`. Its answer is read once its bytes are taken from
/// what was reserved for it, or else from the budget: what they weigh, and the answer.
pub(super) async fn within<T>(
    load: &Load,
    reserved: Option<Weight>,
    most: u8,
    until: Instant,
    call: impl Future<Output = T>,
) -> (T, Weight) {
    let admission = Arc::new(Admission {
        load: load.clone(),
        at_most: usize::from(most) * LARGEST,
        until,
        share: Mutex::new(reserved),
        waits: watch::Sender::new(false),
    });
    let answer = ADMISSION.scope(Arc::clone(&admission), call).await;
    let weight = admission.swap(None).unwrap_or_default();
    (answer, weight)
}

/// Runs a call for so long; what its answer waits for memory does not count, but has a bound of its own.
pub(super) async fn patiently<T>(
    patience: Duration,
    call: impl Future<Output = T>,
) -> Result<T, Late> {
    let admission = ADMISSION.try_with(Arc::clone).ok();
    let late = async {
        if let Some(admission) = admission {
            return admission.late(patience).await;
        }
        sleep(patience).await;
        Late::NoAnswer
    };
    tokio::select! {
        biased;
        answer = call => Ok(answer),
        late = late => Err(late),
    }
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
        let Ok(admission) = ADMISSION.try_with(Arc::clone) else {
            return answer;
        };
        HttpConnectorFuture::new(async move {
            let answer = answer.await?;
            admission.admit(answer.body().content_length()).await;
            Ok(answer)
        })
    }
}
