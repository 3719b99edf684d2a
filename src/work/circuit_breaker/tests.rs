//! Whatever happens in whatever order: one probe, one check, and only evidence about the route pauses it.

use proptest::prelude::*;
use proptest::sample::Index;

use super::super::circuit_breakers::CircuitBreakers;
use super::*;

const MAYBE: Evidence = Evidence::Suspect(Covered::Yes);
const UNCOVERED: Evidence = Evidence::Suspect(Covered::No);
const WORKS: Finding = Finding::Works { read: false };

pub(in crate::work) fn breakers() -> CircuitBreakers {
    CircuitBreakers::new(["orders", "stock"])
}

pub(in crate::work) fn go(breaker: &CircuitBreaker) -> Permit {
    match breaker.enter() {
        Admission::Go(permit) => permit,
        Admission::Paused(wait) => panic!("paused for {wait:?}"),
    }
}

/// A certain error of the route, which no check covers.
pub(in crate::work) fn no_bucket() -> Why {
    why(Covered::No, false)
}

fn why(covered: Covered, suspected: bool) -> Why {
    Why {
        reason: Reason::NoBucket,
        error: "no such bucket".into(),
        covered,
        suspected,
    }
}

fn fails(breaker: &CircuitBreaker, key: &impl ToString, evidence: Evidence) -> Next {
    let key = key.to_string();
    go(breaker).key_failed((&key, false), evidence, why(Covered::Yes, true))
}

/// As many keys fail as lead to a check, and its pass.
fn fail_in_a_row(breaker: &CircuitBreaker, evidence: Evidence) -> Permit {
    for n in 1..IN_A_ROW {
        assert_ne!(fails(breaker, &n, evidence), Next::Check, "{n} keys");
    }
    let last = go(breaker);
    let next = last.key_failed(("last", false), evidence, why(Covered::Yes, true));
    assert_eq!(next, Next::Check);
    last
}

fn is_paused(breaker: &CircuitBreaker) -> bool {
    matches!(breaker.status(), BreakerStatus::Paused { .. })
}

async fn pass_time(time: Duration) {
    tokio::time::advance(time).await;
}

#[tokio::test(start_paused = true)]
async fn a_held_route_is_probed_with_one_message_and_resumes() {
    let breakers = breakers();
    let breaker = breakers.of("orders");
    go(breaker).route_failed(no_bucket());
    let early = matches!(breaker.enter(), Admission::Paused(_));
    assert!(early, "not before the wait is over");

    pass_time(FIRST_WAIT).await;
    let probe = go(breaker);
    assert!(
        matches!(breaker.enter(), Admission::Paused(_)),
        "one probe at a time"
    );
    probe.route_failed(no_bucket());
    pass_time(FIRST_WAIT).await;
    assert!(
        matches!(breaker.enter(), Admission::Paused(_)),
        "the wait doubles"
    );

    pass_time(FIRST_WAIT).await;
    go(breaker).worked("a");
    assert!(!is_paused(breaker));
    assert!(
        breaker.paused_lately(),
        "its receives were spent on the pause"
    );
    pass_time(REMEMBERED + FIRST_WAIT).await;
    assert!(!breaker.paused_lately());
}

#[tokio::test(start_paused = true)]
async fn a_probe_that_told_nothing_is_made_again() {
    let breakers = breakers();
    let breaker = breakers.of("orders");
    go(breaker).route_failed(no_bucket());
    pass_time(FIRST_WAIT).await;
    drop(go(breaker));
    assert!(is_paused(breaker));
    let own = fails(breaker, &"unreadable", Evidence::Object);
    assert_eq!(own, Next::Own, "it says nothing about the route");
    assert!(is_paused(breaker));
    go(breaker).worked("a");
    assert!(!is_paused(breaker));
}

#[tokio::test(start_paused = true)]
async fn a_probe_that_has_to_wait_lets_another_be_it() {
    let breakers = breakers();
    let breaker = breakers.of("orders");
    go(breaker).route_failed(no_bucket());
    pass_time(FIRST_WAIT).await;
    let waits = go(breaker);
    waits.waits();
    let probe = go(breaker);
    waits.goes_on();
    waits.worked("a");
    assert!(is_paused(breaker), "another is the probe");
    drop(probe);
    let again = go(breaker);
    again.waits();
    again.goes_on();
    assert!(
        matches!(breaker.enter(), Admission::Paused(_)),
        "the probe again"
    );
    again.worked("a");
    assert!(!is_paused(breaker));
}

#[tokio::test(start_paused = true)]
async fn only_many_keys_failing_in_a_row_lead_to_a_check() {
    let breakers = breakers();
    let breaker = breakers.of("orders");
    for n in 0..IN_A_ROW * 3 {
        assert_eq!(fails(breaker, &"always the same key", MAYBE), Next::Own);
        assert_eq!(fails(breaker, &n, MAYBE), Next::Own);
        go(breaker).worked("a");
    }
    let last = fail_in_a_row(breaker, MAYBE);
    assert_eq!(
        fails(breaker, &"other", MAYBE),
        Next::Wait,
        "while it is checked"
    );
    let next = last.checked(MAYBE, Finding::Unknown, why(Covered::Yes, false));
    assert_eq!(
        (next, is_paused(breaker)),
        (Next::Wait, false),
        "something has just succeeded"
    );
    pass_time(LIVELY).await;
    let last = fail_in_a_row(breaker, MAYBE);
    let next = last.checked(MAYBE, Finding::Unknown, why(Covered::Yes, false));
    assert_eq!((next, is_paused(breaker)), (Next::Wait, true));
    pass_time(FIRST_WAIT).await;
    assert_eq!(
        fails(breaker, &"key", MAYBE),
        Next::Wait,
        "the probe was denied, too"
    );
    assert!(is_paused(breaker));
}

#[tokio::test(start_paused = true)]
async fn what_the_check_finds_decides() {
    use Covered::{ByReading, No, Yes};
    let broken = || Finding::Broken(Reason::Denied, "denied".into());
    let read = Finding::Works { read: true };
    let (object, suspect) = (Evidence::Object, Evidence::Suspect);
    #[rustfmt::skip]
    let table = [
        ("an object's own, of a route that works",    object,             WORKS,            Next::Own,      false),
        ("an object's own, and nobody can tell",      object,             Finding::Unknown, Next::Own,      false),
        ("an object's own, of a broken route",        object,             broken(),         Next::Wait,     true),
        ("the check refutes it",                      suspect(Yes),       WORKS,            Next::Doubtful, false),
        ("the check confirms it",                     suspect(Yes),       broken(),         Next::Wait,     true),
        ("the check cannot tell",                     suspect(Yes),       Finding::Unknown, Next::Wait,     true),
        ("nothing was read",                          suspect(ByReading), WORKS,            Next::Wait,     true),
        ("something was read",                        suspect(ByReading), read,             Next::Doubtful, false),
        ("the check makes no such request",           suspect(No),        WORKS,            Next::Wait,     true),
    ];
    for (case, evidence, finding, next, paused) in table {
        let breakers = breakers();
        let breaker = breakers.of("orders");
        let last = fail_in_a_row(breaker, evidence);
        let got = last.checked(evidence, finding, why(Yes, true));
        assert_eq!((got, is_paused(breaker)), (next, paused), "{case}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_route_that_works_for_others_is_neither_checked_again_at_once_nor_paused() {
    let breakers = breakers();
    let breaker = breakers.of("orders");
    let last = fail_in_a_row(breaker, MAYBE);
    assert_eq!(last.checked(MAYBE, WORKS, no_bucket()), Next::Doubtful);
    for n in 0..100 {
        assert_eq!(
            fails(breaker, &n, MAYBE),
            Next::Doubtful,
            "nothing has succeeded since"
        );
        assert_eq!(fails(breaker, &n, Evidence::Object), Next::Own);
    }
    pass_time(Duration::from_millis(1)).await;
    go(breaker).worked("a");
    for n in 0..100 {
        assert_eq!(fails(breaker, &n, MAYBE), Next::Own, "something has");
        assert_eq!(fails(breaker, &n, UNCOVERED), Next::Own, "something has");
    }
    pass_time(CHECKED_FOR).await;
    assert_eq!(fails(breaker, &"other", MAYBE), Next::Check);
    assert!(!is_paused(breaker));
}

#[tokio::test(start_paused = true)]
async fn a_check_that_was_cut_off_is_made_by_the_next() {
    let breakers = breakers();
    let breaker = breakers.of("orders");
    drop(fail_in_a_row(breaker, MAYBE));
    assert_eq!(fails(breaker, &"other", MAYBE), Next::Check);
}

#[tokio::test(start_paused = true)]
async fn a_check_ends_the_pauses_that_it_covers_and_no_others() {
    for (why, ends) in [(why(Covered::Yes, false), true), (no_bucket(), false)] {
        let breakers = breakers();
        let breaker = breakers.of("orders");
        go(breaker).route_failed(why.clone());
        pass_time(FIRST_WAIT).await;
        let probe = go(breaker);
        assert!(probe.probes());
        probe.found(&WORKS);
        assert_eq!(!is_paused(breaker), ends, "{why:?}");
        // It fails again all the same, so the wait goes on doubling.
        probe.route_failed(why);
        let probe_at = breaker.probe_at().expect("it is paused again");
        assert_eq!(probe_at - Instant::now(), FIRST_WAIT * 2);
    }
}

#[tokio::test(start_paused = true)]
async fn a_probe_of_a_broken_route_dead_letters_nothing() {
    let breakers = breakers();
    let breaker = breakers.of("orders");
    go(breaker).route_failed(no_bucket());
    pass_time(FIRST_WAIT).await;
    let probe = go(breaker);
    probe.found(&Finding::Broken(Reason::Refused, "refused".into()));
    let next = probe.key_failed(("a", false), Evidence::Object, no_bucket());
    assert_eq!((next, is_paused(breaker)), (Next::Wait, true));
}

#[tokio::test(start_paused = true)]
async fn what_was_under_way_resumes_a_route_that_was_only_suspected() {
    for (suspected, resumes) in [(true, true), (false, false)] {
        let breakers = breakers();
        let breaker = breakers.of("orders");
        let early = go(breaker);
        go(breaker).route_failed(why(Covered::No, suspected));
        early.worked("a");
        assert_eq!(is_paused(breaker), !resumes);
    }
}

#[tokio::test(start_paused = true)]
async fn a_last_failure_is_checked_however_few_there_are() {
    use Covered::{ByReading, No, Yes};
    let broken = || Finding::Broken(Reason::Denied, "denied".into());
    let suspect = Evidence::Suspect;
    #[rustfmt::skip]
    let table = [
        ("the check confirms it",     suspect(Yes),       broken(),             Next::Wait, true),
        ("the check refutes it",      suspect(Yes),       WORKS,                Next::Own,  false),
        ("the check cannot tell",     suspect(ByReading), Finding::Unknown,     Next::Own,  false),
        ("the check is not answered", suspect(Yes),       Finding::Unavailable, Next::Wait, false),
    ];
    for (case, evidence, finding, next, paused) in table {
        let breakers = breakers();
        let breaker = breakers.of("orders");
        let last = |permit: &Permit| permit.key_failed(("a", true), evidence, why(Yes, true));
        let permit = go(breaker);
        assert_eq!(last(&permit), Next::Check, "{case}");
        assert_eq!(
            last(&go(breaker)),
            Next::Wait,
            "{case}: while it is checked"
        );
        let got = permit.checked(evidence, finding, why(Yes, true));
        assert_eq!((got, is_paused(breaker)), (next, paused), "{case}");
        if !paused {
            assert_eq!(last(&go(breaker)), next, "{case}: checked just now");
            pass_time(CHECKED_FOR_ONE).await;
            assert_eq!(last(&go(breaker)), Next::Check, "{case}");
        }
    }
    for unchecked in [Evidence::Object, suspect(No)] {
        let breakers = breakers();
        let permit = go(breakers.of("orders"));
        let next = permit.key_failed(("a", true), unchecked, why(Yes, true));
        assert_eq!(next, Next::Own, "{unchecked:?}");
    }
}

proptest! {
    #[test]
    fn one_probe_and_one_check_are_out_at_a_time_and_nothing_else_changes_a_pause(
        story in prop::collection::vec((0..14_u8, any::<Index>(), 0..70_u64), 0..120),
    ) {
        let clock = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build();
        clock.unwrap().block_on(async {
            let breakers = breakers();
            let breaker = breakers.of("orders");
            let mut out: Vec<Permit> = Vec::new();
            for (what, which, number) in story {
                let before = breaker.probe_at();
                if what == 0 {
                    pass_time(Duration::from_secs(number)).await;
                } else if what <= 3 || out.is_empty() {
                    if let Admission::Go(permit) = breaker.enter() { out.push(permit); }
                } else if (8..=10).contains(&what) {
                    let permit = &out[which.index(out.len())];
                    match what {
                        8 => permit.waits(),
                        9 => permit.goes_on(),
                        _ if permit.probes() => permit.found(&Finding::Unknown),
                        _ => {}
                    }
                } else {
                    let permit = out.swap_remove(which.index(out.len()));
                    let (probe, running) = (permit.probes(), before.is_none());
                    let evidence = if what == 6 { MAYBE } else { Evidence::Object };
                    match what {
                        4 => permit.worked("a"),
                        5 => permit.route_failed(no_bucket()),
                        6 | 7 => match permit.key_failed((&number.to_string(), number > 35), evidence, no_bucket()) {
                            Next::Check => {
                                assert!(running, "a paused route is checked by its probe");
                                let finding = if number % 2 == 0 { WORKS } else { Finding::Unknown };
                                permit.checked(evidence, finding, no_bucket());
                            }
                            Next::Wait | Next::Own | Next::Doubtful => {}
                        },
                        _ => drop(permit),
                    }
                    let object = what == 7;
                    assert!(!(object && running && is_paused(breaker)), "an object's own failure has paused the route");
                    assert!(probe || running || breaker.probe_at() == before, "only a probe says how it is now");
                }
                assert!(out.iter().filter(|permit| permit.probes()).count() <= 1, "one probe at a time");
            }
            drop(out);
            tokio::time::advance(LONGEST_WAIT).await;
            assert!(matches!(breaker.enter(), Admission::Go(_)), "a pause is always probed again");
        });
    }
}
