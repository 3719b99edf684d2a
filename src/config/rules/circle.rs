//! Circles among things that feed each other.

use std::collections::{BTreeSet, VecDeque};

/// The shortest circle that begins with `first`, so that each is reported once, among so many of which one may
/// feed another.
pub(crate) fn circle_from(
    first: usize,
    count: usize,
    feeds: impl Fn(usize, usize) -> bool,
) -> Option<Vec<usize>> {
    let mut seen = BTreeSet::new();
    let mut flows = VecDeque::from([vec![first]]);
    while let Some(flow) = flows.pop_front() {
        let last = *flow.last().expect("a way begins with the first");
        // A route that feeds itself is reported as that, not as part of every circle through it.
        if feeds(last, first) {
            return Some(flow);
        }
        for next in first + 1..count {
            if feeds(last, next) && seen.insert(next) {
                flows.push_back(flow.iter().copied().chain([next]).collect());
            }
        }
    }
    None
}
