//! When to start a crawler. Pure: times are durations since the daemon started.
//!
//! ```text
//! arrivals   | |||    |                   a start waits until it has been quiet, but not for ever,
//!            first    last                and never comes close upon the one before
//! start = max( min(last + debounce, first + at_most_every), last start + at_most_every )
//! ```
//!
//! The rules:
//! * a run covers what arrived before its start was asked for; the rest needs another run;
//! * a run that failed covers nothing;
//! * boot counts as an arrival: what the last process still owed is not known;
//! * Glue queues nothing, and a run that is not ours may have passed by what has just arrived. So
//!   when it stands in the way, exactly one more run follows as soon as the crawler is ready;
//! * `at_most_every` counts our own starts only.

use std::time::Duration;

/// What one crawler owes, and when it may pay.
#[derive(Debug)]
pub struct Schedule {
    debounce: Duration,
    at_most_every: Duration,
    /// Arrivals that no run covers yet.
    owed: Option<Arrivals>,
    run: Run,
    last_start: Option<Duration>,
    /// After a failure: no start before this.
    deferred_until: Duration,
    /// A run not ours stood in the way: waiting for quiet is over.
    at_once: bool,
}

#[derive(Debug, Clone, Copy)]
struct Arrivals {
    first: Duration,
    last: Duration,
}

#[derive(Debug, Clone, Copy)]
enum Run {
    None,
    Ours { covers: Arrivals },
    Theirs,
}

/// How a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// What it covers is catalogued.
    Succeeded,
    /// Failed, cancelled or lost from sight: what it covers is owed again, after this wait.
    Failed {
        /// Grows with each failure in a row; the caller counts them.
        wait: Duration,
    },
}

impl Schedule {
    /// Begins at `boot`, owing a run.
    #[must_use]
    pub fn new(debounce: Duration, at_most_every: Duration, boot: Duration) -> Self {
        Self {
            debounce,
            at_most_every,
            owed: Some(Arrivals {
                first: boot,
                last: boot,
            }),
            run: Run::None,
            last_start: None,
            deferred_until: Duration::ZERO,
            at_once: false,
        }
    }

    /// Notes that something arrived.
    pub fn arrived(&mut self, now: Duration) {
        self.owed
            .get_or_insert(Arrivals {
                first: now,
                last: now,
            })
            .last = now;
    }

    /// When to ask for the next start. `None` while a run is under way or nothing is owed.
    #[must_use]
    pub fn due(&self) -> Option<Duration> {
        let Run::None = self.run else { return None };
        let Arrivals { first, last } = self.owed?;
        let calm = if self.at_once {
            Duration::ZERO
        } else {
            self.debounce
                .saturating_add(last)
                .min(self.at_most_every.saturating_add(first))
        };
        let spaced = self
            .last_start
            .map_or(Duration::ZERO, |at| at.saturating_add(self.at_most_every));
        Some(calm.max(spaced).max(self.deferred_until))
    }

    /// A start asked for at `asked` was granted.
    ///
    /// Not when the answer came: what arrived in between may have been passed by.
    pub fn started(&mut self, asked: Duration) {
        let covers = self.owed.take().unwrap_or(Arrivals {
            first: asked,
            last: asked,
        });
        self.run = Run::Ours { covers };
        self.last_start = Some(asked);
        self.at_once = false;
    }

    /// A start was refused because a run that is not ours is under way.
    pub fn busy(&mut self, now: Duration) {
        self.owed.get_or_insert(Arrivals {
            first: now,
            last: now,
        });
        self.run = Run::Theirs;
    }

    /// A start failed otherwise; to be asked for again after `wait`.
    pub fn refused(&mut self, now: Duration, wait: Duration) {
        self.deferred_until = now.saturating_add(wait);
    }

    /// The crawler is ready again. How a run that is not ours ended makes no difference.
    pub fn ended(&mut self, now: Duration, ending: Ending) {
        match (std::mem::replace(&mut self.run, Run::None), ending) {
            (Run::None, _) | (Run::Ours { .. }, Ending::Succeeded) => {}
            (Run::Theirs, _) => self.at_once = true,
            (Run::Ours { covers }, Ending::Failed { wait }) => {
                let last = self.owed.map_or(covers.last, |since| since.last);
                self.owed = Some(Arrivals {
                    first: covers.first,
                    last,
                });
                self.deferred_until = now.saturating_add(wait);
            }
        }
    }

    /// Whether anything has arrived that no run covers, not even the one under way.
    #[must_use]
    pub fn dirty(&self) -> bool {
        self.owed.is_some()
    }

    /// Whether a run is under way, and whether it is ours.
    #[must_use]
    pub fn under_way(&self) -> Option<bool> {
        match self.run {
            Run::None => None,
            Run::Ours { .. } => Some(true),
            Run::Theirs => Some(false),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::Ending::{Failed, Succeeded};
    use super::*;

    const fn s(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[derive(Clone, Copy)]
    enum Then {
        Arrived(u64),
        Started(u64),
        Busy(u64),
        Refused(u64, u64),
        Ended(u64, Ending),
    }
    use Then::{Arrived, Busy, Ended, Refused, Started};

    #[test]
    #[rustfmt::skip]
    fn a_start_waits_for_quiet_but_not_for_ever_and_keeps_its_distance() {
        let failed = Failed { wait: s(700) };
        for (why, story, want) in [
            ("boot counts as an arrival",          &[][..],                                                       Some(130)),
            ("an arrival puts the start off",      &[Arrived(120)],                                               Some(150)),
            ("but not for ever",                   &[Arrived(690), Arrived(699)],                                 Some(700)),
            ("nothing while our run is under way", &[Started(130)],                                               None),
            ("nor while it has to be repeated",    &[Started(130), Arrived(131)],                                 None),
            ("nothing after it covered all",       &[Started(130), Ended(200, Succeeded)],                        None),
            ("an arrival during it needs another", &[Started(130), Arrived(131), Ended(200, Succeeded)],          Some(730)),
            ("so does one later on",               &[Started(130), Ended(200, Succeeded), Arrived(720)],          Some(750)),
            ("at a distance",                      &[Started(130), Ended(200, Succeeded), Arrived(250)],          Some(730)),
            ("a long run needs no further wait",   &[Started(130), Arrived(131), Ended(900, Succeeded)],          Some(730)),
            ("a failed run covers nothing",        &[Started(130), Ended(200, Failed { wait: s(1) })],            Some(730)),
            ("and is held back",                   &[Started(130), Ended(200, failed)],                           Some(900)),
            ("whatever arrives meanwhile",         &[Started(130), Arrived(150), Ended(200, failed), Arrived(899)], Some(900)),
            ("nor does it wait for quiet again",   &[Started(130), Ended(200, Failed { wait: s(1) }), Arrived(725)], Some(730)),
            ("a refusal holds back as well",       &[Refused(130, 300)],                                          Some(430)),
            ("a run not ours is waited for",       &[Busy(130)],                                                  None),
            ("then one more starts at once",       &[Busy(130), Ended(140, Succeeded)],                           Some(0)),
            ("however the other ended",            &[Busy(130), Ended(140, failed)],                              Some(0)),
            ("and whatever arrived meanwhile",     &[Busy(130), Arrived(139), Ended(140, Succeeded)],             Some(0)),
            ("exactly one",                        &[Busy(130), Ended(140, Succeeded), Started(140), Ended(150, Succeeded)], None),
            ("even if another comes between",      &[Busy(130), Ended(140, Succeeded), Busy(140), Ended(150, Succeeded)], Some(0)),
            ("but close upon our own start",       &[Started(130), Arrived(131), Ended(200, Succeeded), Busy(730), Ended(740, Succeeded)], Some(730)),
            ("with the next one quiet counts again", &[Busy(130), Ended(140, Succeeded), Started(140), Ended(150, Succeeded), Arrived(900)], Some(930)),
        ] {
            let mut schedule = Schedule::new(s(30), s(600), s(100));
            for then in story {
                match *then {
                    Arrived(at) => schedule.arrived(s(at)),
                    Started(at) => schedule.started(s(at)),
                    Busy(at) => schedule.busy(s(at)),
                    Refused(at, wait) => schedule.refused(s(at), s(wait)),
                    Ended(at, ending) => schedule.ended(s(at), ending),
                }
            }
            assert_eq!(schedule.due(), want.map(s), "{why}");
        }
    }

    /// What happened in a simulated life.
    #[derive(Default, Debug)]
    struct Life {
        /// When each run of ours started, what had arrived by then, and whether it succeeded.
        starts: Vec<(Duration, usize, bool)>,
        /// How many starts there had been whenever another's run stood in the way.
        busy: Vec<usize>,
    }

    /// Lives through arrivals, runs of `run` seconds of which the first few fail as told, and runs
    /// of others at the times told; ends when nothing is due any more.
    fn live(
        mut schedule: Schedule,
        arrivals: &[u64],
        run: u64,
        failures: &[bool],
        others: &[(u64, u64)],
    ) -> Life {
        let (mut life, mut now, mut arrived) = (Life::default(), Duration::ZERO, 0);
        let mut run_ends: Option<Duration> = None;
        for _ in 0..10_000 {
            let arrival = arrivals.get(arrived).map(|at| s(*at));
            let acts = run_ends.or_else(|| schedule.due()).map(|at| at.max(now));
            let Some(next) = arrival.into_iter().chain(acts).min() else {
                return life;
            };
            now = next;
            if arrival == Some(now) {
                schedule.arrived(now);
                arrived += 1;
            } else if run_ends.take().is_some() {
                let failed = life
                    .starts
                    .last()
                    .is_some_and(|(_, _, succeeded)| !succeeded);
                schedule.ended(
                    now,
                    if failed {
                        Failed { wait: s(20) }
                    } else {
                        Succeeded
                    },
                );
            } else if let Some((_, end)) =
                others.iter().find(|(a, b)| (s(*a)..s(*b)).contains(&now))
            {
                life.busy.push(life.starts.len());
                schedule.busy(now);
                run_ends = Some(s(*end));
            } else {
                let succeeds = !failures.get(life.starts.len()).copied().unwrap_or(false);
                life.starts.push((now, arrived, succeeds));
                schedule.started(now);
                run_ends = Some(now + s(run));
            }
        }
        panic!("never comes to rest: {life:?}");
    }

    proptest! {
        #[test]
        fn every_arrival_is_covered_and_no_start_is_wasted(
            debounce in 0_u64..60,
            at_most_every in 0_u64..120,
            mut arrivals in proptest::collection::vec(0_u64..1000, 0..40),
            run in 1_u64..200,
            failures in proptest::collection::vec(any::<bool>(), 0..5),
            others in proptest::collection::vec((0_u64..1500, 1_u64..200), 0..4),
        ) {
            arrivals.sort_unstable();
            let others: Vec<_> = others.into_iter().map(|(at, len)| (at, at + len)).collect();
            let schedule = Schedule::new(s(debounce), s(at_most_every), Duration::ZERO);
            let Life { starts, busy } = live(schedule, &arrivals, run, &failures, &others);

            let (_, covered, succeeded) = *starts.last().expect("boot owes a run");
            prop_assert!(succeeded && covered == arrivals.len(), "a success follows the last arrival");
            for pair in starts.windows(2) {
                let [(before, had, succeeded), (after, has, _)] = *pair else { unreachable!() };
                prop_assert!(after >= before + s(at_most_every), "too close");
                prop_assert!(has > had || !succeeded, "nothing to cover");
            }
            for had in busy {
                prop_assert!(starts.len() > had, "a run follows the one that stood in the way");
            }
        }

        #[test]
        fn an_arrival_never_waits_longer_than_promised(
            debounce in 0_u64..60,
            at_most_every in 0_u64..120,
            mut arrivals in proptest::collection::vec(0_u64..1000, 1..40),
        ) {
            arrivals.sort_unstable();
            let schedule = Schedule::new(s(debounce), s(at_most_every), Duration::ZERO);
            let starts = live(schedule, &arrivals, 1, &[], &[]).starts;
            for (index, at) in arrivals.iter().enumerate() {
                let (start, ..) = starts.iter().find(|(_, had, _)| *had > index).expect("covered");
                let longest = s(at_most_every.max(1));
                prop_assert!(*start <= s(*at) + longest, "{at} waited until {start:?}");
            }
        }

        #[test]
        fn whatever_happens_a_start_is_due_when_one_is_owed_and_neither_early_nor_late(
            debounce in 0_u64..60,
            at_most_every in 0_u64..120,
            story in proptest::collection::vec((0_u64..100, 0_usize..6, 0_u64..100), 0..40),
        ) {
            let mut schedule = Schedule::new(s(debounce), s(at_most_every), Duration::ZERO);
            let (mut now, mut started, mut waiting) = (0, None, 0);
            for (passed, what, wait) in story {
                now += passed;
                let ours = schedule.under_way();
                match what {
                    0 => {
                        schedule.arrived(s(now));
                        prop_assert!(schedule.dirty());
                    }
                    1 => {
                        schedule.started(s(now));
                        started = Some(now);
                        prop_assert_eq!((schedule.under_way(), schedule.dirty()), (Some(true), false));
                    }
                    2 => {
                        schedule.busy(s(now));
                        prop_assert_eq!((schedule.under_way(), schedule.dirty()), (Some(false), true));
                    }
                    3 => {
                        schedule.refused(s(now), s(wait));
                        waiting = now + wait;
                    }
                    4 => schedule.ended(s(now), Succeeded),
                    _ => {
                        schedule.ended(s(now), Failed { wait: s(wait) });
                        if ours == Some(true) {
                            waiting = now + wait;
                            prop_assert!(schedule.dirty(), "a run that failed covers nothing");
                        }
                    }
                }
                let owes = schedule.under_way().is_none() && schedule.dirty();
                prop_assert_eq!(schedule.due().is_some(), owes);
                if let Some(due) = schedule.due() {
                    let spaced = started.map_or(0, |at: u64| at + at_most_every);
                    prop_assert!(due >= s(spaced.max(waiting)), "{due:?} is early");
                    prop_assert!(due <= s(spaced.max(waiting).max(now + debounce)), "{due:?} is late");
                }
            }
        }
    }
}
