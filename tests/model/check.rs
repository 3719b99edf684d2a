//! The search: every state that can be reached, breadth first, so that the first counterexample is
//! a shortest one.
//!
//! A state that was expanded is forgotten but for a fingerprint of 128 bits and the step that led
//! to it; a trace is told by taking those steps again.

use std::collections::{HashMap, VecDeque};
use std::fmt::Write as _;
use std::hash::{BuildHasherDefault, Hash, Hasher};

use crate::rules::{Rules, Setting};
use crate::state::State;
use crate::step::{Label, next};
use crate::wrong::{self, Wrong};

/// What a search found.
pub(crate) enum Found {
    /// Nothing is wrong in so many states.
    Nothing { simulations: usize },
    /// Something is, and this is how it came about.
    Counterexample { wrong: Wrong, trace: String },
}

/// The number of a state, in the order they were found.
type Number = u32;

/// How a state was found.
struct Origin {
    from: Number,
    step: usize,
}

/// Visits every state that can be reached.
pub(crate) fn search(setting: &Setting, rules: Rules) -> Found {
    let first = State::new(setting.keys, usize::from(setting.routes));
    let mut numbers: HashMap<u128, Number, BuildHasherDefault<Quick>> = HashMap::default();
    numbers.insert(fingerprint(&first), 0);
    let mut origins = vec![Origin { from: 0, step: 0 }];
    let mut rests = vec![true];
    // Which world leads to which, for the way back from rest.
    let mut edges: Vec<(Number, Number)> = Vec::new();
    let mut open = VecDeque::from([first.clone()]);
    let mut from: Number = 0;
    while let Some(world) = open.pop_front() {
        for (step, (_, world)) in next(setting, rules, &world).into_iter().enumerate() {
            let new = Number::try_from(origins.len()).expect("few worlds");
            let to = *numbers.entry(fingerprint(&world)).or_insert(new);
            edges.push((to, from));
            if to < new {
                continue;
            }
            origins.push(Origin { from, step });
            rests.push(world.at_rest());
            let at_rest = world.at_rest().then(|| wrong::at_rest(&world, setting));
            if let Some(wrong) = world.wrong.or(at_rest.flatten()) {
                let trace = trace(setting, rules, first, &origins, to);
                return Found::Counterexample { wrong, trace };
            }
            open.push_back(world);
        }
        from += 1;
    }
    match stuck(rests, edges) {
        Some(end) => Found::Counterexample {
            wrong: Wrong::Stuck,
            trace: trace(setting, rules, first, &origins, end),
        },
        None => Found::Nothing {
            simulations: origins.len(),
        },
    }
}

/// A world from which no way leads to rest, found by walking back from all that rest.
fn stuck(mut fine: Vec<bool>, mut edges: Vec<(Number, Number)>) -> Option<Number> {
    edges.sort_unstable();
    let rests = (0..).zip(&fine).filter(|(_, rests)| **rests);
    let mut open: Vec<Number> = rests.map(|(world, _)| world).collect();
    while let Some(to) = open.pop() {
        let first = edges.partition_point(|edge| edge.0 < to);
        for (_, from) in edges[first..].iter().take_while(|edge| edge.0 == to) {
            let from_is_fine = &mut fine[index(*from)];
            if !*from_is_fine {
                *from_is_fine = true;
                open.push(*from);
            }
        }
    }
    (0..)
        .zip(fine)
        .find(|(_, fine)| !fine)
        .map(|(world, _)| world)
}

fn index(number: Number) -> usize {
    usize::try_from(number).expect("an index")
}

/// Tells the steps from the first world to `end`, each with the world it led to.
fn trace(setting: &Setting, rules: Rules, first: State, origins: &[Origin], end: Number) -> String {
    let mut steps = Vec::new();
    let mut at = end;
    while at != 0 {
        let origin = &origins[index(at)];
        steps.push(origin.step);
        at = origin.from;
    }
    let (mut world, mut reported) = (first, String::new());
    for step in steps.into_iter().rev() {
        let (label, then) = next(setting, rules, &world).swap_remove(step);
        let _ = writeln!(reported, "{:58} {then}", line(label));
        world = then;
    }
    reported
}

fn line(Label { who, what }: Label) -> String {
    let Some(message) = who else {
        return what.to_owned();
    };
    let of = if message.key == 0 {
        ""
    } else {
        " of the other key"
    };
    let again = if message.received_before {
        ", again"
    } else {
        ""
    };
    format!("event {}{of}{again}: {what}", message.event)
}

fn fingerprint(world: &State) -> u128 {
    let mut quick = Quick::default();
    world.hash(&mut quick);
    u128::from(quick.0) << 64 | u128::from(quick.1)
}

/// Two multiplicative hashes side by side: quick also without optimisation.
#[derive(Default)]
struct Quick(u64, u64);

impl Hasher for Quick {
    fn finish(&self) -> u64 {
        self.0 ^ (self.0 >> 32)
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.write_u8(*byte);
        }
    }

    fn write_u8(&mut self, value: u8) {
        self.write_u64(u64::from(value));
    }

    fn write_usize(&mut self, value: usize) {
        self.write_u64(u64::try_from(value).unwrap_or_default());
    }

    fn write_isize(&mut self, value: isize) {
        self.write_u64(u64::try_from(value).unwrap_or_default());
    }

    fn write_u128(&mut self, value: u128) {
        let [low, high] = [value, value >> 64].map(|half| half & u128::from(u64::MAX));
        self.write_u64(u64::try_from(low ^ high).unwrap_or_default());
    }

    fn write_u64(&mut self, value: u64) {
        self.0 = (self.0.rotate_left(5) ^ value).wrapping_mul(0x517c_c1b7_2722_0a95);
        self.1 = (self.1 ^ value)
            .wrapping_mul(0x9e37_79b9_7f4a_7c15)
            .rotate_left(29);
    }
}

#[test]
fn worlds_that_lead_nowhere_are_stuck() {
    // 0 rests and leads to 1, which leads back; 2 leads to 3, and 3 to itself.
    let rests = vec![true, false, false, false];
    let edges = vec![(1, 0), (0, 1), (2, 0), (3, 2), (3, 3)];
    assert_eq!(stuck(rests.clone(), edges.clone()), Some(2));
    let back = [edges, vec![(1, 3)]].concat();
    assert_eq!(stuck(rests, back), None);
}
