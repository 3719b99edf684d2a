//! Learns from answers how many calls at once a bucket bears. Pure.
//!
//! ```text
//! calls                             ╱── the ceiling
//!   │        ╱╲                ╱╱╱╱
//!   │      ╱    ╲ ╱╱╲      ╱╱╱╱        refused: times 0.7, once per round
//!   │    ╱           ╲╱╱╱╱             answered: one more for each round of answers
//!   │  ╱ until the first refusal: one more for each answer
//! ```
//!
//! A *round* is what was sent under one limit. Calls that were sent together are refused together, and that counts
//! once. Answers of an earlier round are ignored.

/// Nobody has to find out slowly that so many calls are fine.
const FIRST: u32 = 32;

/// So few at once being refused says nothing about how many may be.
const FEW: u32 = 16;

/// The limit of one bucket.
#[derive(Debug)]
pub(super) struct Aimd {
    limit: u32,
    most: u32,
    round: u64,
    /// Answers since the limit last changed.
    worked: u32,
    /// Something was refused once: from then on it goes up slowly.
    known: bool,
}

impl Aimd {
    /// A limit that goes up to `most`.
    pub(super) fn new(most: u32) -> Self {
        Self {
            limit: FIRST.min(most),
            most,
            round: 0,
            worked: 0,
            known: false,
        }
    }

    /// The limit of what is refused first, and until then not limited.
    pub(super) fn at_most(most: u32) -> Self {
        Self {
            limit: most,
            ..Self::new(most)
        }
    }

    /// Calls at once.
    pub(super) fn limit(&self) -> u32 {
        self.limit
    }

    /// Whether it holds nobody up.
    pub(super) fn is_full(&self) -> bool {
        self.limit == self.most
    }

    /// What a call is sent under.
    pub(super) fn round(&self) -> u64 {
        self.round
    }

    /// A call of this round was answered.
    pub(super) fn worked(&mut self, round: u64) {
        if round != self.round || self.is_full() {
            return;
        }
        self.worked += 1;
        let write_lease = if self.known { self.limit } else { 1 };
        if self.worked >= write_lease {
            self.worked = 0;
            self.limit += 1;
        }
    }

    /// A call of this round was refused, `at_once` being under way. Says whether that was news.
    pub(super) fn refused(&mut self, round: u64, at_once: u32) -> bool {
        if round != self.round {
            return false;
        }
        self.round += 1;
        self.worked = 0;
        self.known = true;
        self.limit = (self.limit.min(at_once.max(FEW)) * 7 / 10).max(1);
        true
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_refusal_lowers_the_limit_once_a_round() {
        #[rustfmt::skip]
        let table = [
            ("all were out",                  256, &[(0, 256)][..],           179),
            ("fewer were out than might be",  256, &[(0, 64)],                 44),
            ("few say little",                256, &[(0, 1)],                  11),
            ("together is once",              256, &[(0, 64), (0, 63), (0, 1)], 44),
            ("again, in the next round",      256, &[(0, 64), (1, 44)],        30),
            ("never below one",                 1, &[(0, 9), (1, 9), (2, 1)],   1),
        ];
        for (why, from, refusals, want) in table {
            let mut aimd = Aimd::at_most(from);
            for (round, at_once) in refusals {
                aimd.refused(*round, *at_once);
            }
            assert_eq!(aimd.limit(), want, "{why}");
        }
    }

    #[test]
    fn it_goes_up_quickly_until_it_was_refused_and_then_slowly() {
        let mut aimd = Aimd::new(256);
        let answers = |aimd: &mut Aimd, count: u32| {
            for _ in 0..count {
                aimd.worked(aimd.round());
            }
        };
        answers(&mut aimd, 24);
        assert_eq!(aimd.limit(), 56, "one for each");
        aimd.refused(0, 20);
        assert_eq!(aimd.limit(), 14);
        aimd.worked(0);
        answers(&mut aimd, 13);
        assert_eq!(aimd.limit(), 14, "those of the last round do not count");
        answers(&mut aimd, 1);
        assert_eq!(aimd.limit(), 15, "one for a window");
        answers(&mut aimd, 256 * 256);
        assert!(aimd.is_full());
        assert_eq!(aimd.limit(), 256);
    }

    proptest! {
        #[test]
        fn it_stays_in_its_bounds_and_a_bearable_rate_settles_near_it(
            most in 1..512_u32,
            bears in 1..300_u32,
        ) {
            // Everybody sends as much as they may; what is too much is refused.
            let mut aimd = Aimd::new(most);
            let (mut sent, mut refused) = (0_u64, 0_u64);
            for turn in 0..2_000 {
                let (round, now) = (aimd.round(), aimd.limit());
                prop_assert!((1..=most).contains(&now));
                for n in 0..now {
                    if n < bears { aimd.worked(round); } else { aimd.refused(round, now); }
                }
                if turn > 200 {
                    sent += u64::from(now);
                    refused += u64::from(now.saturating_sub(bears));
                    prop_assert!(now <= bears + 1 || now <= most.min(bears + 2));
                    prop_assert!(now >= (bears.min(most) * 6 / 10).max(1), "{now} of {bears}");
                }
            }
            prop_assert!(refused * u64::from(bears) <= sent, "{refused} of {sent}");
        }
    }
}
