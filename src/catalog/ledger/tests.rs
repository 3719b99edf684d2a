use proptest::prelude::*;

use super::*;

fn s(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

fn ready(last: u32, succeeded: bool) -> Sight {
    Sight::Ready {
        last: (last > 0).then(|| Crawl(last.to_string())),
        succeeded,
    }
}

/// What happens to a ledger, at a second.
#[derive(Debug, Clone)]
enum Then {
    Hold(u64, &'static str),
    Look(u64, Sight),
    Started(u64),
    Busy(u64),
    Refused(u64, u64),
}

#[test]
#[rustfmt::skip]
fn a_crawl_covers_what_was_held_before_it_began() {
    use Sight::Running;
    use Then::{Busy, Hold, Look, Refused, Started};
    for (why, story, covered, due) in [
        ("held, and nobody has looked", vec![Hold(0, "a")], "", Some(30)),
        ("quiet counts from the last", vec![Hold(0, "a"), Hold(20, "b")], "", Some(50)),
        ("but not for ever", vec![Hold(0, "a"), Hold(590, "b")], "", Some(600)),
        ("another's crawl since", vec![Hold(0, "a"), Look(1, ready(1, true)), Look(9, ready(2, true))], "a", None),
        ("the one before does not count", vec![Hold(0, "a"), Look(1, ready(1, true)), Look(9, ready(1, true))], "", Some(30)),
        ("the first one ever", vec![Hold(0, "a"), Look(1, ready(0, false)), Look(9, ready(1, true))], "a", None),
        ("one that was under way does not count", vec![Hold(0, "a"), Look(1, Running), Look(9, ready(1, true))], "", Some(601)),
        ("the next one does", vec![Hold(0, "a"), Look(1, Running), Look(9, ready(1, true)), Look(99, ready(2, true))], "a", None),
        ("ours", vec![Hold(0, "a"), Look(30, ready(1, true)), Started(30), Look(35, Running), Look(99, ready(2, true))], "a", None),
        ("ours covers what nobody saw with it", vec![Look(30, ready(1, true)), Hold(30, "a"), Started(31), Look(99, ready(2, true))], "a", None),
        ("and what a crawl had passed by", vec![Hold(0, "a"), Look(1, Running), Look(30, ready(1, true)), Started(30), Look(99, ready(2, true))], "a", None),
        ("but not what came during it", vec![Hold(0, "a"), Look(30, ready(1, true)), Started(30), Hold(31, "b"), Look(35, Running), Look(99, ready(2, true))], "a", Some(630)),
        ("which is not shown yet", vec![Hold(0, "a"), Look(30, ready(1, true)), Started(30), Hold(31, "b"), Look(35, ready(1, true)), Look(99, ready(2, true))], "a", Some(630)),
        ("ours is never shown: asked again", vec![Hold(0, "a"), Look(30, ready(1, true)), Started(30), Look(91, ready(1, true))], "", Some(630)),
        ("refused: it began after what was seen", vec![Hold(0, "a"), Look(1, ready(1, true)), Busy(30), Look(99, ready(2, true))], "a", None),
        ("but maybe before what was not", vec![Look(1, ready(1, true)), Hold(2, "a"), Busy(30), Look(99, ready(2, true))], "", Some(630)),
        ("a crawl that failed covers nothing", vec![Hold(0, "a"), Look(1, ready(1, true)), Look(9, ready(2, false)), Refused(9, 80)], "", Some(89)),
        ("the one after it does", vec![Hold(0, "a"), Look(1, ready(1, true)), Look(9, ready(2, false)), Look(99, ready(3, true))], "a", None),
        ("another's start is a start", vec![Hold(0, "a"), Look(1, ready(1, true)), Look(5, Running), Hold(6, "b"), Look(9, ready(2, true))], "a", Some(605)),
    ] {
        let mut ledger = Ledger::new(s(30), s(600));
        let mut all = Vec::new();
        for then in story {
            match then {
                Hold(at, item) => ledger.add(s(at), item),
                Look(at, sight) => all.extend(ledger.read_state(s(at), sight).covered),
                Started(at) => ledger.started(s(at)),
                Busy(at) => ledger.busy(s(at)),
                Refused(at, wait) => ledger.refused(s(at), s(wait)),
            }
        }
        assert_eq!((all.concat().as_str(), ledger.due()), (covered, due.map(s)), "{why}");
    }
}

#[test]
fn a_failure_is_told_once() {
    let mut ledger = Ledger::new(s(30), s(600));
    ledger.add(s(0), "a");
    let reported = [ready(1, false), ready(2, false), ready(2, false)]
        .map(|sight| ledger.read_state(s(1), sight).failed);
    assert_eq!(reported, [false, true, false]);
}

/// A crawler as Glue has it: crawls have numbers, and begin and end when they do.
#[derive(Debug, Default)]
struct Crawler {
    /// When each began and ended, and whether it succeeded.
    crawls: Vec<(u64, u64, bool)>,
}

impl Crawler {
    fn running(&self, now: u64) -> bool {
        self.crawls.last().is_some_and(|(_, end, _)| now < *end)
    }

    fn sight(&self, now: u64) -> Sight {
        if self.running(now) {
            return Sight::Running;
        }
        let count = u32::try_from(self.crawls.len()).unwrap();
        ready(count, self.crawls.last().is_some_and(|(.., good)| *good))
    }
}

proptest! {
    /// Several processes, each with a ledger, one crawler, somebody else who starts it too, and looks that
    /// come when they come: nothing is let go of that no good crawl has begun after, and all is in the end.
    #[test]
    fn nothing_is_let_go_of_that_was_not_crawled(
        arrivals in proptest::collection::vec((0_u64..2_000, 0_usize..3), 1..40),
        others in proptest::collection::vec(0_u64..2_000, 0..6),
        endings in proptest::collection::vec((1_u64..300, any::<bool>()), 0..12),
        wake in proptest::collection::vec(1_u64..20, 1..30),
    ) {
        let mut crawler = Crawler::default();
        let mut endings = endings.into_iter();
        let mut start = |now: u64, crawler: &mut Crawler| {
            let (takes, good) = endings.next().unwrap_or((60, true));
            crawler.crawls.push((now, now + takes, good));
        };
        let mut ledgers: Vec<Ledger<u64>> = (0..3).map(|_| Ledger::new(s(30), s(300))).collect();
        let mut wakes = wake.iter().cycle();
        let mut next = [0_u64; 3];
        for now in 0..20_000 {
            for (at, whose) in &arrivals {
                if *at == now {
                    ledgers[*whose].add(s(now), now);
                }
            }
            if others.contains(&now) && !crawler.running(now) {
                start(now, &mut crawler);
            }
            for (ledger, next) in ledgers.iter_mut().zip(&mut next) {
                let due = ledger.due().is_some_and(|due| due <= s(now));
                if now < *next || !(due || ledger.wants_a_reading()) {
                    continue;
                }
                *next = now + wakes.next().expect("it goes round");
                let ended = ledger.read_state(s(now), crawler.sight(now));
                for at in ended.covered {
                    let covered = crawler.crawls.iter().any(|(begin, end, good)| {
                        *good && *begin >= at && *end <= now
                    });
                    prop_assert!(covered, "held at {at}, let go of at {now}: {:?}", crawler.crawls);
                }
                if ledger.due().is_some_and(|due| due <= s(now)) {
                    if crawler.running(now) {
                        ledger.busy(s(now));
                    } else {
                        start(now, &mut crawler);
                        ledger.started(s(now));
                    }
                }
            }
        }
        for ledger in &ledgers {
            prop_assert_eq!(ledger.iter().len(), 0, "something is held for ever: {:?}", ledger);
        }
    }

    #[test]
    fn a_burst_for_three_is_one_crawl(
        arrivals in proptest::collection::vec((0_u64..25, 0_usize..3), 1..60),
        takes in 10_u64..120,
    ) {
        let mut crawler = Crawler::default();
        let mut ledgers: Vec<Ledger<u64>> = (0..3).map(|_| Ledger::new(s(30), s(300))).collect();
        for now in 0..2_000 {
            for (at, whose) in &arrivals {
                if *at == now {
                    ledgers[*whose].add(s(now), now);
                }
            }
            for ledger in &mut ledgers {
                if ledger.wants_a_reading() || ledger.due().is_some_and(|due| due <= s(now)) {
                    ledger.read_state(s(now), crawler.sight(now));
                }
                if ledger.due().is_some_and(|due| due <= s(now)) {
                    if crawler.running(now) {
                        ledger.busy(s(now));
                    } else {
                        crawler.crawls.push((now, now + takes, true));
                        ledger.started(s(now));
                    }
                }
            }
        }
        prop_assert_eq!(crawler.crawls.len(), 1);
        prop_assert!(ledgers.iter().all(|ledger| ledger.iter().len() == 0));
    }
}
