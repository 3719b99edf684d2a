//! How the listener answers: a connection carries one request, and each connection has an end.
//!
//! Nobody is asked who they are, so whoever can reach the port may open connections and send nothing. A health check must
//! be answered even so: each connection is accepted at once, and once [`MOST`] are open the oldest that
//! has not sent a request is closed for it. Nor does a stop wait for them: what is asked is answered at once, so that
//! [`LAST`] is enough for who really asks.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use axum::Router;
use axum::serve::Listener;
use hyper::server::conn::http1;
use hyper::service::{Service, service_fn};
use hyper_util::rt::TokioIo;
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{AbortHandle, JoinSet};
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

/// Connections at once.
const MOST: usize = 64;

/// How long a connection may take, from when it is accepted until its answer is read.
const PATIENCE: Duration = Duration::from_secs(5);

/// How long connections are waited for once the daemon stops.
const LAST: Duration = Duration::from_secs(1);

/// A connection that is open.
struct Open {
    task: AbortHandle,
    /// Its request has arrived whole.
    asked: Arc<AtomicBool>,
}

/// Serves until it is stopped.
pub(super) async fn serve(mut listener: TcpListener, routes: Router, stop: CancellationToken) {
    let (mut tasks, mut open) = (JoinSet::new(), VecDeque::new());
    loop {
        tokio::select! {
            () = stop.cancelled() => break,
            Some(_) = tasks.join_next() => {}
            (stream, _) = Listener::accept(&mut listener) => {
                make_room(&mut open);
                let asked = Arc::new(AtomicBool::new(false));
                let task = tasks.spawn(answer(stream, routes.clone(), asked.clone()));
                open.push_back(Open { task, asked });
            }
        }
    }
    drop(listener);
    // Dropping the set ends what is open still.
    let _ = timeout(LAST, async { while tasks.join_next().await.is_some() {} }).await;
}

/// Closes the oldest connection without a request if there are too many, or else the oldest.
fn make_room(open: &mut VecDeque<Open>) {
    open.retain(|open| !open.task.is_finished());
    if open.len() >= MOST {
        let silent = open
            .iter()
            .position(|open| !open.asked.load(Ordering::Relaxed));
        if let Some(shed) = open.remove(silent.unwrap_or(0)) {
            shed.task.abort();
        }
    }
}

async fn answer(stream: TcpStream, routes: Router, asked: Arc<AtomicBool>) {
    let service = TowerToHyperService::new(routes);
    let service = service_fn(move |request| {
        asked.store(true, Ordering::Relaxed);
        service.call(request)
    });
    let exchange = http1::Builder::new()
        .keep_alive(false)
        .serve_connection(TokioIo::new(stream), service);
    // Clients that went away, sent no HTTP or took too long are ignored.
    let _ = timeout(PATIENCE, exchange).await;
}

#[cfg(test)]
mod tests {
    use std::net::SocketAddr;

    use axum::routing::get;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::time::Instant;

    use super::*;

    /// A listener that says `ok`, where it is, and how it is stopped.
    async fn listening() -> (SocketAddr, CancellationToken, JoinSet<()>) {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let at = listener.local_addr().expect("it is bound");
        let routes = Router::new().route("/", get(async || "ok"));
        let stop = CancellationToken::new();
        let mut served = JoinSet::new();
        served.spawn(serve(listener, routes, stop.clone()));
        (at, stop, served)
    }

    /// Sends it, and reads until the other side is done.
    async fn said(at: SocketAddr, request: &str) -> String {
        let mut stream = TcpStream::connect(at).await.expect("it listens");
        stream.write_all(request.as_bytes()).await.expect("sent");
        let mut said = String::new();
        stream.read_to_string(&mut said).await.expect("an end");
        said
    }

    const ASKED: &str = "GET / HTTP/1.1\r\nHost: h\r\n\r\n";

    /// What is sent of a request that never ends.
    const NEVER_DONE: [&str; 3] = [
        "",
        "GET / HTTP/1.1\r\nHost:",
        "GET / HTTP/1.1\r\nX-1: 1\r\n",
    ];

    #[tokio::test]
    async fn a_request_is_answered_and_its_connection_closed() {
        let (at, _stop, _served) = listening().await;
        let answer = said(at, ASKED).await;
        assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
        assert!(answer.contains("connection: close\r\n"), "{answer}");
        assert!(answer.ends_with("\r\n\r\nok"), "{answer}");
    }

    #[tokio::test(start_paused = true)]
    async fn who_never_ends_a_request_is_let_go() {
        let (at, _stop, _served) = listening().await;
        for half in NEVER_DONE {
            let ended = timeout(Duration::from_secs(10), said(at, half)).await;
            assert_eq!(ended.as_deref(), Ok(""), "{half:?}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_request_is_answered_at_once_however_many_say_nothing() {
        for half in NEVER_DONE {
            let (at, _stop, _served) = listening().await;
            let mut silent = Vec::new();
            for _ in 0..3 * MOST {
                let mut stream = TcpStream::connect(at).await.expect("it listens");
                // Those that were closed meanwhile cannot be written to.
                let _ = stream.write_all(half.as_bytes()).await;
                silent.push(stream);
            }
            let began = Instant::now();
            assert!(said(at, ASKED).await.ends_with("ok"), "{half:?}");
            assert!(began.elapsed() < PATIENCE / 5, "{:?}", began.elapsed());
            let mut first = String::new();
            let closed = silent[0].read_to_string(&mut first).await;
            assert!(first.is_empty(), "{closed:?}: {first}");
            assert!(began.elapsed() < PATIENCE / 5, "the oldest was closed");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_stop_does_not_wait_for_who_says_nothing() {
        let (at, stop, mut served) = listening().await;
        let mut paused = Vec::new();
        for half in NEVER_DONE {
            let mut stream = TcpStream::connect(at).await.expect("it listens");
            stream.write_all(half.as_bytes()).await.expect("sent");
            paused.push(stream);
        }
        // Accepted after them.
        assert!(said(at, ASKED).await.ends_with("ok"));
        let began = Instant::now();
        stop.cancel();
        let ended = served.join_next().await;
        assert!(matches!(ended, Some(Ok(()))), "{ended:?}");
        assert!(began.elapsed() < PATIENCE, "{:?}", began.elapsed());
        assert!(TcpStream::connect(at).await.is_err(), "nobody listens");
    }
}
