//! What happened in the worlds that were played: seeds that reach nothing prove nothing.

use std::collections::BTreeMap;
use std::fmt;

use super::play::Played;
use super::stage::{SOURCE, bucket_of, is_outsiders};
use crate::aws::Call;

/// How often something happened, by its name.
#[derive(Debug, Clone, Default)]
pub(super) struct Tally(BTreeMap<&'static str, u64>);

/// What any few hundred seeds must reach.
const REACHED: [&str; 16] = [
    "changes of a source",
    "copies",
    "writes refused by a condition",
    "writes without an answer",
    "bodies torn",
    "throttled calls",
    "errors in a 200",
    "entries of batches refused",
    "visibility extended",
    "leases lost",
    "messages received again",
    "deletes with a stale handle",
    "messages parked",
    "processes killed",
    "crawls",
    "denied calls",
];

impl Tally {
    pub(super) fn of(played: &Played) -> Self {
        let mut tally = Self::default();
        let (world, script) = (&played.stage.world, &played.stage.script);
        for key in 0..script.keys.len() {
            let changes = world.history(SOURCE, &played.stage.key(key)).0.len();
            tally.add("changes of a source", changes);
            for route in 0..script.routes.len() {
                for target in played.stage.targets(route, key) {
                    let copies = world.history(&bucket_of(route), &target).0;
                    let ours = copies.iter().filter_map(|write| write.current.as_ref());
                    tally.add("copies", ours.filter(|copy| !is_outsiders(copy)).count());
                }
            }
        }
        for call in &world.calls().0 {
            tally.call(call);
        }
        let settled = world.settled();
        let again = settled.iter().filter(|settled| settled.receives > 1);
        tally.add("messages received again", again.count());
        tally.add("messages settled", settled.len());
        tally.add("deletes with a stale handle", world.stale_deletes().len());
        tally.add("messages parked", played.parked.len());
        tally.add("processes killed", played.killed);
        tally.add("seeds", 1);
        tally
    }

    fn call(&mut self, call: &Call) {
        self.add("calls", 1);
        let writes = ["CopyObject", "PutObject"].contains(&call.operation.as_str());
        let changes = call.operation.starts_with("ChangeMessageVisibility");
        match (call.status, call.fault, call.operation.as_str()) {
            (_, Some("torn"), _) => self.add("bodies torn", 1),
            (_, Some("slow-down"), _) => self.add("throttled calls", 1),
            (_, Some("error-in-200" | "empty-200"), _) => self.add("errors in a 200", 1),
            (_, Some("entries"), _) => self.add("entries of batches refused", 1),
            (None, ..) if writes => self.add("writes without an answer", 1),
            (Some(412), ..) if writes => self.add("writes refused by a condition", 1),
            (Some(403), ..) => self.add("denied calls", 1),
            (Some(400), ..) if changes => self.add("leases lost", 1),
            (Some(200), _, "ChangeMessageVisibility") => self.add("visibility extended", 1),
            (Some(200), _, "StartCrawler") => self.add("crawls", 1),
            _ => {}
        }
    }

    fn add(&mut self, what: &'static str, times: usize) {
        *self.0.entry(what).or_default() += times as u64;
    }

    pub(super) fn join(&mut self, other: &Self) {
        for (what, times) in &other.0 {
            *self.0.entry(what).or_default() += times;
        }
    }

    /// What should have happened and never did.
    pub(super) fn missing(&self) -> Vec<&'static str> {
        let never = |what: &&str| self.0.get(what).is_none_or(|times| *times == 0);
        REACHED.into_iter().filter(never).collect()
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (what, times) in &self.0 {
            writeln!(f, "{times:>12}  {what}")?;
        }
        Ok(())
    }
}
