//! Makes what follows an arrival besides crawlers; `brigade reconcile` needs it too.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use super::catalog::Makings;
use crate::account::Account;
use crate::catalog::{self, Tables};
use crate::config::{Notify, NotifyKind, Queue};
use crate::metrics::Metrics;
use crate::notify::{Client, NotificationHandle, Notifications, Outlet, notifications};
use crate::supervisor::Supervisor;

impl Makings<'_> {
    /// The tables; their tasks end when nothing can arrive any more.
    #[must_use]
    pub fn tables(&self, supervisor: &mut Supervisor) -> Tables {
        let tables = self.config.table.iter().map(|(name, table)| {
            let (glue, region) = self.glue(table.account.as_deref(), table.region.as_deref());
            let rng = fastrand::Rng::with_seed(self.edge.rng.seed());
            let (table, task) = catalog::table(name, table, region, glue, rng);
            supervisor.spawn(format!("table {name}"), async move {
                task.run().await;
                Ok(())
            });
            table
        });
        tables.collect()
    }

    /// The targets; routes with one target and one account share its task.
    #[must_use]
    pub fn notifications(&self, supervisor: &mut Supervisor) -> Notifications {
        let mut targets: BTreeMap<(&str, Option<&str>), Arc<NotificationHandle>> = BTreeMap::new();
        let mut routes = Vec::new();
        for (name, route) in &self.config.route {
            let Some(notify) = &route.notify else {
                continue;
            };
            let account = route.notify_account.as_deref();
            let target = targets.entry((&notify.target, account));
            let target = target.or_insert_with(|| {
                let outlet = outlet(self.accounts.of(account), notify, self.metrics);
                let rng = fastrand::Rng::with_seed(self.edge.rng.seed());
                let (reported, environment) = (notify.to_string(), &self.config.environment);
                let (handle, task) = notifications(&reported, environment, outlet, rng);
                supervisor.spawn(format!("notifications to {reported}"), async move {
                    task.run().await;
                    Ok(())
                });
                Arc::new(handle)
            });
            routes.push((name.clone(), target.clone()));
        }
        routes.into_iter().collect()
    }
}

/// The way to a target.
#[must_use]
pub fn outlet(account: &Account, notify: &Notify, metrics: &Metrics) -> Outlet {
    let region = notify.region.as_deref();
    let client = match notify.kind {
        NotifyKind::Topic => Client::Topic(account.sns(region)),
        NotifyKind::Queue => {
            let region = notify.region.clone();
            let queue = Queue::new(&notify.target);
            Client::Queue(account.sqs(&Queue { region, ..queue }))
        }
        NotifyKind::Bus => Client::Bus(account.events(region), Mutex::default()),
    };
    Outlet::new(notify, client, metrics.clone())
}
