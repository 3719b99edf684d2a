//! `brigade run`: the daemon.

use std::path::Path;

use anyhow::Context;
use tokio_util::sync::CancellationToken;
use tracing::Instrument;

use super::signals::Signals;
use super::version;
use crate::admin::Admin;
use crate::app::App;
use crate::cgroup;
use crate::config::Config;
use crate::edge::Edge;
use crate::telemetry::{self, Structured};

/// Runs until SIGTERM or SIGINT, then drains; a second signal exits at once.
///
/// # Errors
/// When it cannot start, or when a stage has died.
pub(super) fn run(config: &Config) -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    let done = runtime.block_on(daemon(config).instrument(telemetry::root(&config.environment)));
    // What still runs after the drain has had its time.
    runtime.shutdown_background();
    done
}

async fn daemon(config: &Config) -> anyhow::Result<()> {
    let mut signals = Signals::listen()?;
    let edge = Edge::real();
    tracing::info!(
        version = version::NUMBER,
        commit = version::COMMIT,
        "starting"
    );
    for one in config.advice() {
        tracing::warn!(
            setting = one.key,
            why = one.why,
            "setting probably not meant"
        );
    }
    cgroup::warn_if_short(Path::new("/"), &config.work);
    // First, so that a used port is known before anything is received, and a container that
    // waits for SQS is not taken for dead.
    let at = config.admin.listen;
    let admin = Admin::bind(at)
        .await
        .with_context(|| format!("admin.listen = \"{at}\" cannot be listened on"))?
        .answering_to(&config.admin.allowed_hosts);
    let (view_slot, stop) = (admin.view_slot(), CancellationToken::new());
    let mut admin = Box::pin(admin.run(stop.clone()));
    let app = tokio::select! {
        app = App::start(config, &edge) => app,
        ended = &mut admin => return ended.context("admin"),
        () = signals.next() => return Ok(()),
    };
    let mut app = app?;
    view_slot.open(app.view());
    app.adopt("admin", stop, admin);
    app.view().s3_clients.warn_of_blind_writes(config);
    let queues = Structured::new(config.queue.keys().collect::<Vec<_>>());
    let routes = Structured::new(config.route.keys().collect::<Vec<_>>());
    let (queues, routes, admin) = (queues.field(), routes.field(), config.admin.listen);
    tracing::info!(queues, routes, %admin, "running");

    let (first, mut asked) = tokio::sync::oneshot::channel();
    let drained = app.run(async move {
        signals.next().await;
        tracing::info!("draining; a second signal exits at once");
        let _ = first.send(signals);
    });
    tokio::pin!(drained);
    let mut signals = tokio::select! {
        done = &mut drained => return done,
        Ok(signals) = &mut asked => signals,
    };
    tokio::select! {
        done = drained => {
            if done.is_ok() {
                tracing::info!("drained");
            }
            done
        }
        () = signals.next() => anyhow::bail!("a second signal: stopped without draining"),
    }
}
