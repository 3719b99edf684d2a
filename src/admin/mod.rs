//! Looking at a running daemon: `/live`, `/ready`, `/metrics`, `/status.json`.
//!
//! *Live* says that the loops turn: attempts count, so an outage of SQS does not kill the fleet.
//! *Ready* says that AWS answers. Nothing here changes anything. Names that are not ours are [refused](host).

mod host;
mod serve;
mod status;

use std::net::SocketAddr;
use std::sync::{Arc, OnceLock};

use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::middleware::from_fn_with_state;
use axum::response::{IntoResponse, Json, Response};
use axum::routing::get;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

pub use status::{QueueView, Status, View};

/// The listener. It answers from the moment it has its address: while the daemon still waits for
/// SQS, it is alive and not ready.
#[derive(Debug)]
pub struct Admin {
    listener: TcpListener,
    view_slot: ViewSlot,
    allowed_hosts: host::Allowed,
}

/// Through which the listener sees the daemon, once there is one. Clones lead to the same one.
#[derive(Debug, Clone, Default)]
pub struct ViewSlot(Arc<OnceLock<Arc<View>>>);

impl ViewSlot {
    /// Lets the daemon be seen.
    pub fn open(&self, view: Arc<View>) {
        // A second daemon in the same slot would be a mistake; the first stays.
        let _ = self.0.set(view);
    }
}

impl Admin {
    /// Takes the address.
    ///
    /// # Errors
    /// When it cannot be listened on.
    pub async fn bind(at: SocketAddr) -> std::io::Result<Self> {
        Ok(Self {
            listener: TcpListener::bind(at).await?,
            view_slot: ViewSlot::default(),
            allowed_hosts: host::Allowed::from([]),
        })
    }

    /// Answers requests for these names, too.
    #[must_use]
    pub fn answering_to(self, names: &[String]) -> Self {
        Self {
            allowed_hosts: names.into(),
            ..self
        }
    }

    /// Where to show the daemon.
    #[must_use]
    pub fn view_slot(&self) -> ViewSlot {
        self.view_slot.clone()
    }

    /// Serves until it is stopped.
    ///
    /// # Errors
    /// None: a listener that fails tries again.
    pub async fn run(self, stop: CancellationToken) -> anyhow::Result<()> {
        let routes = Router::new()
            .route("/live", get(live))
            .route("/ready", get(ready))
            .route("/metrics", get(scrape))
            .route("/status.json", get(status))
            .layer(from_fn_with_state(self.allowed_hosts, host::checked))
            .with_state(self.view_slot);
        serve::serve(self.listener, routes, stop).await;
        Ok(())
    }
}

async fn live(State(view_slot): State<ViewSlot>) -> Response {
    let wrong = view_slot.0.get().map(|view| view.not_live());
    verdict(&wrong.unwrap_or_default())
}

async fn ready(State(view_slot): State<ViewSlot>) -> Response {
    let wrong = view_slot.0.get().map(|view| view.not_ready());
    verdict(&wrong.unwrap_or_else(|| vec![STARTING.into()]))
}

async fn scrape(State(view_slot): State<ViewSlot>) -> Response {
    let kind = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    match view_slot.0.get() {
        Some(view) => ([(header::CONTENT_TYPE, kind)], view.scrape()).into_response(),
        None => verdict(&[STARTING.into()]),
    }
}

async fn status(State(view_slot): State<ViewSlot>) -> Response {
    match view_slot.0.get() {
        Some(view) => Json(view.status()).into_response(),
        None => verdict(&[STARTING.into()]),
    }
}

const STARTING: &str = "starting: waiting for SQS";

/// 200, or 503 with what is wrong, a line each.
fn verdict(wrong: &[String]) -> Response {
    if wrong.is_empty() {
        (StatusCode::OK, "ok\n").into_response()
    } else {
        (StatusCode::SERVICE_UNAVAILABLE, wrong.join("\n") + "\n").into_response()
    }
}
