//! Daemons that are started, stopped, killed and cut off.

use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use brigade::admin::View;
use brigade::app::App;
use brigade::config::Config;
use brigade::edge::Edge;
use tokio::task::JoinSet;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

use crate::aws::Line;

/// What starts a process again after it could not start: a service manager, in seconds.
const RESTART: Duration = Duration::from_secs(5);

/// What a daemon may take to end: its `shutdown_timeout`, and some.
const DRAIN: Duration = Duration::from_secs(40);

/// One daemon, over all its lives.
#[derive(Default)]
pub(super) struct Daemon {
    life: Option<Life>,
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
        let stop = CancellationToken::new();
        let view = Arc::<OnceLock<Arc<View>>>::default();
        let mut before = self.life.take().map(|life| life.tasks).unwrap_or_default();
        let troubles = self.troubles.clone();
        let config = config.clone();
        let mut tasks = JoinSet::new();
        let (asked, seen) = (stop.clone(), Arc::clone(&view));
        tasks.spawn(async move {
            while before.join_next().await.is_some() {}
            let started = asked
                .run_until_cancelled(Box::pin(started(&config, &edge)))
                .await;
            let Some(app) = started else { return };
            let _ = seen.set(app.view());
            if let Err(died) = app.run(asked.cancelled_owned()).await {
                let mut troubles = troubles.lock().unwrap_or_else(PoisonError::into_inner);
                troubles.push(format!("a daemon died: {died:#}"));
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

    pub(super) fn line(&self) -> Option<&Line> {
        self.life.as_ref().map(|life| &life.line)
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

    /// Waits for the end of a life that was told to stop, and says how many messages it still
    /// counts as held.
    pub(super) async fn ended(&mut self) -> u64 {
        let Some(mut life) = self.life.take() else {
            return 0;
        };
        let ends = async { while life.tasks.join_next().await.is_some() {} };
        if tokio::time::timeout(DRAIN, ends).await.is_err() {
            let mut troubles = self.troubles.lock().unwrap_or_else(PoisonError::into_inner);
            troubles.push(format!("not drained in {DRAIN:?}"));
        }
        life.view.get().map_or(0, |view| held(view))
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

fn held(view: &View) -> u64 {
    let scraped = view.scrape();
    let gauges = scraped
        .lines()
        .filter_map(|line| line.strip_prefix("brigade_deliveries_in_flight{"));
    gauges
        .filter_map(|line| line.rsplit(' ').next()?.parse::<u64>().ok())
        .sum()
}
