//! Looking at a running daemon: `/live`, `/ready`, `/metrics`, `/status.json`.
//!
//! *Live* says that the loops turn: attempts count, so an outage of SQS does not kill the fleet.
//! *Ready* says that AWS answers. Nothing here changes anything.

mod status;

use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Json};
use axum::routing::get;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

pub use status::{QueueView, Status, View};

/// The listener.
#[derive(Debug)]
pub struct Admin {
    listener: TcpListener,
    view: Arc<View>,
}

impl Admin {
    /// Takes the address.
    ///
    /// # Errors
    /// When it cannot be listened on.
    pub async fn bind(at: SocketAddr, view: Arc<View>) -> std::io::Result<Self> {
        Ok(Self {
            listener: TcpListener::bind(at).await?,
            view,
        })
    }

    /// Answers until told to stop.
    ///
    /// # Errors
    /// When the listener fails.
    pub async fn run(self, stop: CancellationToken) -> anyhow::Result<()> {
        let routes = Router::new()
            .route("/live", get(live))
            .route("/ready", get(ready))
            .route("/metrics", get(scrape))
            .route("/status.json", get(status))
            .with_state(self.view);
        let server = axum::serve(self.listener, routes);
        Ok(server
            .with_graceful_shutdown(stop.cancelled_owned())
            .await?)
    }
}

async fn live(State(view): State<Arc<View>>) -> impl IntoResponse {
    verdict(&view.not_live())
}

async fn ready(State(view): State<Arc<View>>) -> impl IntoResponse {
    verdict(&view.not_ready())
}

async fn scrape(State(view): State<Arc<View>>) -> impl IntoResponse {
    let kind = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    ([(header::CONTENT_TYPE, kind)], view.scrape())
}

async fn status(State(view): State<Arc<View>>) -> impl IntoResponse {
    Json(view.status())
}

/// 200, or 503 with what is wrong, a line each.
fn verdict(wrong: &[String]) -> (StatusCode, String) {
    if wrong.is_empty() {
        (StatusCode::OK, "ok\n".into())
    } else {
        (StatusCode::SERVICE_UNAVAILABLE, wrong.join("\n") + "\n")
    }
}
