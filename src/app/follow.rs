//! Makes what follows an arrival besides crawlers; `brigade reconcile` needs it too.

use super::catalog::Makings;
use crate::catalog::{self, Tables};
use crate::supervisor::Supervisor;

impl Makings<'_> {
    /// The tables; their tasks end when nothing can arrive any more.
    #[must_use]
    pub fn tables(&self, supervisor: &mut Supervisor) -> Tables {
        let tables = self.config.table.iter().map(|(name, table)| {
            let account = self.accounts.of(table.account.as_deref());
            let region = table.region.as_deref();
            let region = region.or(account.aws().region.as_deref());
            let glue = account.glue(region, self.metrics.clone());
            let dice = fastrand::Rng::with_seed(self.edge.dice.seed());
            let region = region.unwrap_or("the SDK's region");
            let (table, task) = catalog::table(name, table, region, glue, dice);
            supervisor.spawn(format!("table {name}"), async move {
                task.run().await;
                Ok(())
            });
            table
        });
        tables.collect()
    }
}
