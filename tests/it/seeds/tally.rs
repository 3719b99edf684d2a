//! What happened in the simulations that were played: seeds that reach nothing prove nothing.

use std::collections::BTreeMap;
use std::fmt;

use super::play::Played;
use super::stage::{SOURCE, UNREADABLE, is_outsiders};
use crate::aws::{Call, Message, Version, What, Write};

/// How often something happened, by its name.
#[derive(Debug, Clone, Default)]
pub(super) struct Tally(BTreeMap<&'static str, u64>);

/// What any few hundred seeds must reach.
const REACHED: [&str; 34] = [
    "changes of a source",
    "undeletes",
    "copies",
    "copies under KMS",
    "writes refused by a condition",
    "writes without an answer",
    "writes that land late",
    "copies that read now and write later",
    "conflicts",
    "bodies torn",
    "throttled calls",
    "errors in a 200",
    "entries of batches refused",
    "visibility extended",
    "leases lost",
    "messages received again",
    "deletes with a stale handle",
    "messages dead-lettered",
    "unreadable objects",
    "processes killed",
    "processes stopped",
    "networks gone",
    "clock jumps",
    "buckets gone",
    "routes held when it is mended",
    "full batches",
    "copies deleted",
    "source objects moved",
    "uploads completed",
    "uploads taken back",
    "uploads looked at again",
    "crawls",
    "denied calls",
    "copies through access points",
];

/// What takes so many seeds to be reached for certain.
const SELDOM: (u64, &str) = (3_000, "messages re-queued");

impl Tally {
    pub(super) fn of(played: &Played) -> Self {
        let mut tally = Self::default();
        let (aws, script) = (&played.stage.aws, &played.stage.script);
        for key in 0..script.keys.len() {
            let changes = aws.history(SOURCE, &played.stage.key(key)).0;
            tally.add("changes of a source", changes.len());
            let back = |pair: &&[Write]| pair[0].current.is_none() && removed(&pair[1]);
            tally.add("undeletes", changes.windows(2).filter(back).count());
            for route in played.stage.transfers() {
                for target in played.stage.targets(route, key) {
                    let copies = aws.history(&played.stage.bucket(route), &target).0;
                    let ours = copies.iter().filter_map(|write| write.current.as_ref());
                    let ours = ours.filter(|copy| !is_outsiders(copy)).collect::<Vec<_>>();
                    let kms =
                        |copy: &&&Version| copy.object.as_ref().is_some_and(|o| o.encryption.kms);
                    tally.add("copies", ours.len());
                    if !played.stage.access_points.is_empty() {
                        tally.add("copies through access points", ours.len());
                    }
                    tally.add("copies under KMS", ours.iter().filter(kms).count());
                }
            }
        }
        for call in &aws.calls().0 {
            tally.call(call);
        }
        let settled = aws.settled();
        let again = settled.iter().filter(|settled| settled.receives > 1);
        tally.add("messages received again", again.count());
        tally.add("messages settled", settled.len());
        let batches = settled.chunk_by(|a, b| a.at == b.at);
        tally.add(
            "full batches",
            batches.filter(|batch| batch.len() >= 10).count(),
        );
        tally.add("deletes with a stale handle", aws.stale_deletes().len());
        tally.add("messages dead-lettered", played.dead_lettered.len());
        let unreadable = |message: &&Message| message.body.contains(UNREADABLE);
        let unreadable = played.dead_lettered.iter().filter(unreadable);
        tally.add("unreadable objects", unreadable.count());
        tally.join(&played.happened);
        tally.add("seeds", 1);
        tally
    }

    fn call(&mut self, call: &Call) {
        self.add("calls", 1);
        let writes = [
            "CopyObject",
            "PutObject",
            "CompleteMultipartUpload",
            "DeleteObject",
        ];
        let writes = writes.contains(&call.operation.as_str());
        let changes = call.operation.starts_with("ChangeMessageVisibility");
        match (call.status, call.fault, call.operation.as_str()) {
            (_, Some("late"), _) if writes => self.add("writes that land late", 1),
            (_, Some("long-copy"), _) => self.add("copies that read now and write later", 1),
            (_, Some("conflict"), _) => self.add("conflicts", 1),
            (_, Some("torn"), _) => self.add("bodies torn", 1),
            (_, Some("slow-down"), _) => self.add("throttled calls", 1),
            (_, Some("error-in-200" | "empty-200"), _) => self.add("errors in a 200", 1),
            (_, Some("entries"), _) => self.add("entries of batches refused", 1),
            (None, ..) if writes => self.add("writes without an answer", 1),
            (Some(412), ..) if writes => self.add("writes refused by a condition", 1),
            (Some(403), ..) => self.add("denied calls", 1),
            (Some(400), ..) if changes => self.add("leases lost", 1),
            (Some(200), _, "ChangeMessageVisibility") => self.add("visibility extended", 1),
            (Some(204), _, "DeleteObject") if call.place == SOURCE => {
                self.add("source objects moved", 1);
            }
            (Some(204), _, "DeleteObject") => self.add("copies deleted", 1),
            (Some(200), _, "CompleteMultipartUpload") => self.add("uploads completed", 1),
            (Some(204), _, "AbortMultipartUpload") => self.add("uploads taken back", 1),
            (Some(200), _, "ListParts") => self.add("uploads looked at again", 1),
            (Some(200), _, "SendMessage") if call.place.ends_with("/events") => {
                self.add("messages re-queued", 1);
            }
            (Some(200), _, "StartCrawler") => self.add("crawls", 1),
            _ => {}
        }
    }

    pub(super) fn add(&mut self, what: &'static str, times: usize) {
        *self.0.entry(what).or_default() += times as u64;
    }

    pub(super) fn join(&mut self, other: &Self) {
        for (what, times) in &other.0 {
            *self.0.entry(what).or_default() += times;
        }
    }

    /// What should have happened in so many seeds and never did.
    pub(super) fn missing(&self, seeds: u64) -> Vec<&'static str> {
        let (most, seldom) = SELDOM;
        let seldom = (seeds >= most).then_some(seldom);
        let never = |what: &&str| self.0.get(what).is_none_or(|times| *times == 0);
        REACHED.into_iter().chain(seldom).filter(never).collect()
    }
}

/// Whether this took away what hid an object.
fn removed(write: &Write) -> bool {
    matches!(write.what, What::Removed { .. }) && write.current.is_some()
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (what, times) in &self.0 {
            writeln!(f, "{times:>12}  {what}")?;
        }
        Ok(())
    }
}
