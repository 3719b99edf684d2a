//! Circles among things that feed each other.

use std::collections::{BTreeSet, VecDeque};

/// The shortest circle in which `first` comes first, so that each is told once, among so many of which one may
/// feed another.
pub(crate) fn circle_from(
    first: usize,
    count: usize,
    feeds: impl Fn(usize, usize) -> bool,
) -> Option<Vec<usize>> {
    let mut seen = BTreeSet::new();
    let mut ways = VecDeque::from([vec![first]]);
    while let Some(way) = ways.pop_front() {
        let last = *way.last().expect("a way begins with the first");
        // What feeds itself is told as that, not as part of every circle through it.
        if feeds(last, first) {
            return Some(way);
        }
        for next in first + 1..count {
            if feeds(last, next) && seen.insert(next) {
                ways.push_back(way.iter().copied().chain([next]).collect());
            }
        }
    }
    None
}
