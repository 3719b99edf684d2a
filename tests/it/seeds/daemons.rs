//! Daemons that are started, stopped, killed and cut off.

use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use brigade::admin::View;
use brigade::app::App;
use brigade::config::Config;
use brigade::edge::Edge;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;

use crate::aws::{Line, Silence};

/// What starts a process again after it could not start: a service manager, in seconds.
const RESTART: Duration = Duration::from_secs(5);

/// What a daemon without work may take to end. Longer, and a stage hangs: nobody else would say so,
/// because `shutdown_timeout` cuts it.
const DRAIN: Duration = Duration::from_secs(10);

/// One daemon, over all its lives.
#[derive(Default)]
pub(super) struct Daemon {
    life: Option<Life>,
    /// Until when its network is gone, and how that looks; a restart changes nothing about it.
    dark: Option<(Instant, Silence)>,
    /// How its lives ended that should not have.
    pub(super) troubles: Arc<Mutex<Vec<String>>>,
}

struct Life {
    line: Line,
    stop: CancellationToken,
    tasks: JoinSet<()>,
    view: Arc<OnceLock<Arc<View>>>,
}

impl Daemon {
    /// Starts a life, once the one before has ended.
    pub(super) fn start(&mut self, config: &Config, line: Line, edge: Edge) {
        if let Some((until, silence)) = self.dark {
            line.darken(until, silence);
        }
        let stop = CancellationToken::new();
        let mut before = self.life.take().map(|life| life.tasks).unwrap_or_default();
        let troubles = self.troubles.clone();
        let config = config.clone();
        let mut tasks = JoinSet::new();
        let view = Arc::<OnceLock<Arc<View>>>::default();
        let (asked, seen) = (stop.clone(), Arc::clone(&view));
        tasks.spawn(async move {
            while before.join_next().await.is_some() {}
            let started = asked
                .run_until_cancelled(Box::pin(started(&config, &edge)))
                .await;
            let Some(app) = started else { return };
            let view = app.view();
            let _ = seen.set(Arc::clone(&view));
            let mut since = None;
            let signal = async {
                asked.cancelled_owned().await;
                since = Some(Instant::now());
            };
            let ended = app.run(signal).await;
            // A drain that was cut leaves what it held to the leases.
            let cut = since.is_some_and(|since| since.elapsed() >= config.work.shutdown_timeout);
            // Tasks of a drain that was cut end at their next turn.
            sleep(Duration::from_millis(1)).await;
            let mut troubles = troubles.lock().unwrap_or_else(PoisonError::into_inner);
            if let Err(died) = ended
                && !cut
            {
                troubles.push(format!("a daemon died: {died:#}"));
            }
            match sum(&view, "brigade_deliveries_in_flight") {
                0 => {}
                _ if cut => {}
                held => troubles.push(format!("a daemon ended, and counts {held} held messages")),
            }
        });
        self.life = Some(Life {
            line,
            stop,
            tasks,
            view,
        });
    }

    pub(super) fn is_up(&self) -> bool {
        self.life
            .as_ref()
            .is_some_and(|life| !life.stop.is_cancelled())
    }

    /// Its network is gone until then.
    pub(super) fn darken(&mut self, until: Instant, silence: Silence) {
        self.dark = Some((until, silence));
        if let Some(life) = &self.life {
            life.line.darken(until, silence);
        }
    }

    /// How many routes it holds.
    pub(super) fn paused_routes(&self) -> usize {
        let view = self.life.as_ref().and_then(|life| life.view.get());
        view.map_or(0, |view| sum(view, "brigade_route_paused"))
    }

    /// SIGKILL: nothing it would still send leaves, nothing of it runs on.
    pub(super) fn kill(&mut self) {
        if let Some(life) = self.life.take() {
            life.line.cut();
        }
    }

    /// SIGTERM.
    pub(super) fn signal(&self) {
        if let Some(life) = &self.life {
            life.stop.cancel();
        }
    }

    /// Waits for the end of a life that was told to stop in a calm simulation.
    pub(super) async fn ended(&mut self) {
        let Some(mut life) = self.life.take() else {
            return;
        };
        let ends = async { while life.tasks.join_next().await.is_some() {} };
        if tokio::time::timeout(DRAIN, ends).await.is_err() {
            let mut troubles = self.troubles.lock().unwrap_or_else(PoisonError::into_inner);
            troubles.push(format!("not drained in {DRAIN:?}"));
        }
    }
}

async fn started(config: &Config, edge: &Edge) -> App {
    loop {
        if let Ok(app) = App::start(config, edge).await {
            return app;
        }
        sleep(RESTART).await;
    }
}

/// A gauge over all its labels.
fn sum(view: &View, gauge: &str) -> usize {
    let scraped = view.scrape();
    let gauges = scraped
        .lines()
        .filter_map(|line| line.strip_prefix(gauge)?.strip_prefix('{'));
    gauges
        .filter_map(|line| line.rsplit(' ').next()?.parse::<usize>().ok())
        .sum()
}
