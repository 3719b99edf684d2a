//! What a standard queue may do to its consumers (developer guide, "Standard queues":
//! at-least-once delivery, best-effort ordering), with randomness.

use std::time::Duration;

use fastrand::Rng;

/// Chances; none until set.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Mischief {
    /// A message from S3 comes a second time.
    pub(crate) duplicate: f64,
    /// It is on its way for up to this long.
    pub(crate) late: Duration,
    /// A receive takes messages in any order, and fewer than there are.
    pub(crate) shuffle: bool,
    /// A message that was given out stays visible: a second consumer gets it too.
    pub(crate) twice: f64,
    /// A receive is given more messages than it asked for. No SQS does that.
    pub(crate) surplus: usize,
    /// A deleted message comes back (developer guide, as above: a server that was away).
    pub(crate) undead: f64,
}

impl Mischief {
    /// How long each copy of a message is on its way.
    pub(super) fn transfers(&self, rng: &mut Rng) -> Vec<Duration> {
        let copies = if strikes(self.duplicate, rng) { 2 } else { 1 };
        let mut transfers = Vec::with_capacity(copies);
        for _ in 0..copies {
            transfers.push(match self.late {
                Duration::ZERO => Duration::ZERO,
                late => late.mul_f64(rng.f64()),
            });
        }
        transfers
    }
}

/// Whether something of this chance happens; chance zero throws no randomness.
pub(super) fn strikes(chance: f64, rng: &mut Rng) -> bool {
    chance > 0.0 && rng.f64() < chance
}
