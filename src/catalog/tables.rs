//! Gives tables the partition of what arrives, before its message may end.
//!
//! ```text
//! arrived ─▶ known? ──yes──▶ done, no call
//!              │ no
//!              ▼
//!           Batches ─▶ TableTask: GetTable (cached), BatchCreatePartition (≤ 100)
//! ```
//!
//! The rules:
//! * a partition that exists already is success, wherever its location is: nothing is changed or deleted;
//! * what is known of a table is cached for ten minutes, a refusal only for as long as its repair takes. An arrival
//!   that a person asked for does not use the cache of partitions;
//! * a key without its values concerns its object; a missing table concerns the route.

mod task;

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use fastrand::Rng;
use serde::Serialize;
use tokio::time::Instant;
use tracing::info;

pub use self::task::TableTask;
use super::glue::{Glue, Layout, MOST, Made};
use super::hive::{self, NoPartition, Partition};
use crate::batch::{Asker, batches};
use crate::config;
use crate::lock::locked;
use crate::work::{Arrival, Occasion, Unannounced};

/// How long what Glue said is believed.
const BELIEVED: Duration = Duration::from_mins(10);
/// The same where it means that an object has no partition: a person may be mending the table.
const BELIEVED_BAD: Duration = Duration::from_secs(10);
/// Partitions remembered of one table; some hundred bytes each.
const REMEMBERED: usize = 10_000;

type Answer = Result<(), Unannounced>;

/// All tables of the configuration, by the names of their sections: where arrivals are announced.
#[derive(Debug, Default)]
pub struct Tables(BTreeMap<String, TableHandle>);

/// The state of every table, for `/status.json`.
#[derive(Debug, Clone, Default)]
pub struct TablesSeen(Arc<BTreeMap<String, Arc<Shared>>>);

/// The workers' end of one [`TableTask`].
#[derive(Debug)]
pub struct TableHandle {
    asker: Asker<Place, Answer>,
    shared: Arc<Shared>,
}

/// Where something has arrived.
#[derive(Debug, Clone)]
struct Place {
    bucket: String,
    key: String,
    /// What all keys of the route begin with.
    prefix: usize,
    /// A person asked for it: nothing that is remembered is believed.
    asked: bool,
}

#[derive(Debug)]
struct Shared {
    section: String,
    database: String,
    table: String,
    region: String,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    layout: Option<(Instant, Arc<Layout>)>,
    known: HashMap<Vec<String>, Instant>,
    made: u64,
    hidden: u64,
    error: Option<String>,
}

/// One table, as `/status.json` shows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TableStatus {
    /// Its database.
    pub database: String,
    /// Its name in Glue.
    pub table: String,
    /// Where it is.
    pub region: String,
    /// Its partition keys, once Glue has answered.
    pub partition_keys: Vec<String>,
    /// Partitions known to be there.
    pub known_partitions: usize,
    /// Partitions this process has made.
    pub made_partitions: u64,
    /// Objects that queries skip: `_SUCCESS`, staging folders, folder markers. They need no partition.
    pub hidden_objects: u64,
    /// The last failure, until something works again.
    pub error: Option<String>,
}

impl FromIterator<TableHandle> for Tables {
    fn from_iter<T: IntoIterator<Item = TableHandle>>(tables: T) -> Self {
        let named = |table: TableHandle| (table.shared.section.clone(), table);
        Self(tables.into_iter().map(named).collect())
    }
}

impl Tables {
    /// Makes sure that every table of the route has the partition of what has arrived.
    pub(super) async fn arrived(&self, arrival: &Arrival) -> Answer {
        let Some(key) = arrival.target.as_ref().filter(|_| !arrival.removed) else {
            return Ok(());
        };
        for name in &arrival.route.tables {
            // Whoever has no table has nobody to ask.
            let Some(table) = self.0.get(name) else {
                continue;
            };
            let place = Place {
                bucket: arrival.route.to.bucket.clone(),
                key: key.clone(),
                prefix: arrival.route.to.key.literal_prefix().len(),
                asked: arrival.occasion == Occasion::Asked,
            };
            table.arrived(place).await?;
        }
        Ok(())
    }

    /// For readers of the state: it keeps no task alive.
    #[must_use]
    pub fn seen(&self) -> TablesSeen {
        let shared = |(name, table): (&String, &TableHandle)| (name.clone(), table.shared.clone());
        TablesSeen(Arc::new(self.0.iter().map(shared).collect()))
    }
}

impl TablesSeen {
    /// Every table, for `/status.json`.
    #[must_use]
    pub fn status(&self) -> BTreeMap<String, TableStatus> {
        let status = |(name, table): (&String, &Arc<Shared>)| (name.clone(), table.status());
        self.0.iter().map(status).collect()
    }
}

/// The two ends of `[table.SECTION]`; `glue` is of `region`.
#[must_use]
pub fn table(
    section: &str,
    config: &config::Table,
    region: &str,
    glue: Glue,
    rng: Rng,
) -> (TableHandle, TableTask) {
    let shared = Arc::new(Shared {
        section: section.to_owned(),
        database: config.database.clone(),
        table: config.name.as_deref().unwrap_or(section).to_owned(),
        region: region.to_owned(),
        state: Mutex::default(),
    });
    let (asker, batches) = batches(MOST, 1);
    let task = TableTask {
        batches,
        shared: shared.clone(),
        glue,
        rng: Mutex::new(rng),
    };
    (TableHandle { asker, shared }, task)
}

impl TableHandle {
    async fn arrived(&self, place: Place) -> Answer {
        match self.known(&place).filter(|_| !place.asked) {
            Some(Ok(None)) => {}
            Some(Ok(Some(partition))) if self.shared.knows(&partition.values) => return Ok(()),
            Some(Ok(Some(_)) | Err(_)) | None => {
                self.asker.announce(place.clone()).await?;
            }
        }
        if let Some(Ok(None)) = self.known(&place) {
            self.shared.state().hidden += 1;
        }
        Ok(())
    }

    /// The partition of a place, as the table was seen last.
    fn known(&self, place: &Place) -> Option<Result<Option<Partition>, NoPartition>> {
        let layout = self.shared.layout(BELIEVED)?;
        Some(place.partition(&layout))
    }
}

impl Place {
    /// The partition it is in; none if queries skip it.
    fn partition(&self, layout: &Layout) -> Result<Option<Partition>, NoPartition> {
        if hive::is_hidden(&layout.keys, &self.key, self.prefix) {
            return Ok(None);
        }
        hive::partition(&layout.keys, &self.key).map(Some)
    }
}

impl Shared {
    fn layout(&self, age: Duration) -> Option<Arc<Layout>> {
        let state = self.state();
        let (reported, layout) = state.layout.as_ref()?;
        (reported.elapsed() < age).then(|| layout.clone())
    }

    fn knows(&self, values: &[String]) -> bool {
        let state = self.state();
        let reported = state.known.get(values);
        reported.is_some_and(|reported| reported.elapsed() < BELIEVED)
    }

    fn learn(&self, values: Vec<String>, made: Made) {
        let mut state = self.state();
        state.error = None;
        if made == Made::New {
            state.made += 1;
            let table = self.says(&values.join("/"));
            info!(table, "partition added");
        }
        if state.known.len() >= REMEMBERED {
            state
                .known
                .retain(|_, reported| reported.elapsed() < BELIEVED);
        }
        if state.known.len() >= REMEMBERED {
            // Asking again is cheap.
            state.known.clear();
        }
        state.known.insert(values, Instant::now());
    }

    fn says(&self, what: &str) -> String {
        let Self {
            database,
            table,
            region,
            ..
        } = self;
        format!("table {database}.{table} in {region}: {what}")
    }

    fn status(&self) -> TableStatus {
        let state = self.state();
        let layout = state.layout.as_ref();
        TableStatus {
            database: self.database.clone(),
            table: self.table.clone(),
            region: self.region.clone(),
            partition_keys: layout.map_or_else(Vec::new, |(_, layout)| layout.keys.clone()),
            known_partitions: state.known.len(),
            made_partitions: state.made,
            hidden_objects: state.hidden,
            error: state.error.clone(),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        locked(&self.state)
    }
}

#[cfg(test)]
mod anything;
#[cfg(test)]
mod tests;
