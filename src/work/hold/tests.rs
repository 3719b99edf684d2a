//! One probe at a time, whatever happens in whatever order.

use proptest::prelude::*;
use proptest::sample::Index;

use super::super::gates::Gates;
use super::*;

pub(in crate::work) fn gates() -> Gates {
    Gates::new(["orders", "stock"])
}

pub(in crate::work) fn go(gate: &Gate) -> Pass {
    match gate.enter() {
        Entry::Go(pass) => pass,
        Entry::Held(wait) => panic!("held for {wait:?}"),
    }
}

fn is_held(gate: &Gate) -> bool {
    matches!(gate.status(), GateStatus::Held { .. })
}

#[tokio::test(start_paused = true)]
async fn a_held_route_is_probed_with_one_message_and_resumes() {
    let gates = gates();
    let gate = gates.of("orders");
    go(gate).route_failed("no such bucket".into());
    assert!(
        matches!(gate.enter(), Entry::Held(_)),
        "not before the wait is over"
    );

    tokio::time::advance(FIRST_WAIT).await;
    let probe = go(gate);
    assert!(
        matches!(gate.enter(), Entry::Held(_)),
        "one probe at a time"
    );
    probe.route_failed("no such bucket".into());
    tokio::time::advance(FIRST_WAIT).await;
    assert!(matches!(gate.enter(), Entry::Held(_)), "the wait doubles");

    tokio::time::advance(FIRST_WAIT).await;
    go(gate).worked();
    assert!(!is_held(gate));
    assert!(gate.held_lately(), "its receives were spent on the hold");
    tokio::time::advance(REMEMBERED + FIRST_WAIT).await;
    assert!(!gate.held_lately());
}

#[tokio::test(start_paused = true)]
async fn a_probe_that_told_nothing_is_made_again() {
    let gates = gates();
    let gate = gates.of("orders");
    go(gate).route_failed("credentials refused".into());
    tokio::time::advance(FIRST_WAIT).await;
    drop(go(gate));
    assert!(is_held(gate));
    go(gate).worked();
    assert!(!is_held(gate));
}

#[tokio::test(start_paused = true)]
async fn a_probe_that_has_to_wait_lets_another_be_it() {
    let gates = gates();
    let gate = gates.of("orders");
    go(gate).route_failed("no such bucket".into());
    tokio::time::advance(FIRST_WAIT).await;
    let waits = go(gate);
    waits.waits();
    let probe = go(gate);
    waits.goes_on();
    waits.worked();
    assert!(is_held(gate), "another is the probe");
    drop(probe);
    let again = go(gate);
    again.waits();
    again.goes_on();
    assert!(matches!(gate.enter(), Entry::Held(_)), "the probe again");
    again.worked();
    assert!(!is_held(gate));
}

#[tokio::test(start_paused = true)]
async fn only_many_keys_failing_in_a_row_hold_the_route() {
    let gates = gates();
    let gate = gates.of("orders");
    for n in 0..IN_A_ROW * 3 {
        assert!(!go(gate).key_failed("always the same key", "denied"));
        assert!(!go(gate).key_failed(&format!("key {n}"), "denied"));
        go(gate).worked();
    }
    assert!(!is_held(gate), "others succeeded in between");
    for n in 0..IN_A_ROW {
        assert!(!is_held(gate), "{n} failures");
        assert_eq!(
            go(gate).key_failed(&format!("key {n}"), "denied"),
            n + 1 == IN_A_ROW
        );
    }
    assert!(is_held(gate));
    tokio::time::advance(FIRST_WAIT).await;
    assert!(
        go(gate).key_failed("key", "denied"),
        "the probe was denied too"
    );
    assert!(is_held(gate));
}

#[tokio::test(start_paused = true)]
async fn what_was_under_way_when_the_route_was_held_does_not_resume_it() {
    let gates = gates();
    let gate = gates.of("orders");
    let early = go(gate);
    go(gate).route_failed("no such bucket".into());
    early.worked();
    assert!(is_held(gate));
}

proptest! {
    #[test]
    fn one_probe_is_out_at_a_time_and_nothing_else_changes_a_hold(
        story in prop::collection::vec((0..10_u8, any::<Index>(), 0..70_u64), 0..80),
    ) {
        let clock = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build();
        clock.unwrap().block_on(async {
            let gates = gates();
            let gate = gates.of("orders");
            let mut out: Vec<Pass> = Vec::new();
            for (what, which, number) in story {
                let before = gate.probe_at();
                if what == 0 {
                    tokio::time::advance(Duration::from_secs(number)).await;
                } else if what <= 3 || out.is_empty() {
                    if let Entry::Go(pass) = gate.enter() { out.push(pass); }
                } else if what >= 8 {
                    let pass = &out[which.index(out.len())];
                    if what == 8 { pass.waits() } else { pass.goes_on() }
                } else {
                    let pass = out.swap_remove(which.index(out.len()));
                    let probe = pass.probes();
                    match what {
                        4 => pass.worked(),
                        5 => pass.route_failed("no such bucket".into()),
                        6 => assert!(pass.key_failed(&number.to_string(), "denied") == is_held(gate)),
                        _ => drop(pass),
                    }
                    assert!(probe || before.is_none() || gate.probe_at() == before, "only a probe says how it is now");
                }
                assert!(out.iter().filter(|pass| pass.probes()).count() <= 1, "one probe at a time");
            }
            drop(out);
            tokio::time::advance(LONGEST_WAIT).await;
            assert!(matches!(gate.enter(), Entry::Go(_)), "a hold is always probed again");
        });
    }
}
