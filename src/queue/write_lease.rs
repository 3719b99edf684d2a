//! Decides whether a write may still be sent, and until when it may take effect.
//!
//! A request can reach S3 late: after its sender gave up, crashed or lost its lease. *W* is the longest that takes. Two
//! rules keep a late write from overwriting another worker's work:
//!
//! * a write is sent only while the lease has *W* left, checked by the writer itself ([`WriteLease::open`]), so that it
//!   takes effect before anyone else can have the message;
//! * a message with an unanswered write is not settled before *W* has passed ([`WriteLease::takes_effect_by`]). A
//!   [`Write`] that is dropped before it was [answered](Write::answered) counts as unanswered, so a timeout or a
//!   cancelled future cannot be forgotten.
//!
//! ```text
//!  open            sent + W                    expiry
//!   |<------ W ------->|                          |
//!   |<------------ the lease must reach this far: expiry - now >= W
//! ```

use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::sync::{Notify, watch};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::lock::locked;

/// The lengths that follow from a queue's visibility timeout.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Terms {
    visibility: Duration,
}

impl Terms {
    /// The terms of a message hidden for `visibility` at a time.
    #[must_use]
    pub fn new(visibility: Duration) -> Self {
        Self { visibility }
    }

    /// How long a receive or an extend hides the message.
    #[must_use]
    pub fn visibility(&self) -> Duration {
        self.visibility
    }

    /// *W*: the longest a request can still land after it was sent.
    #[must_use]
    pub fn w(&self) -> Duration {
        self.visibility / 4
    }

    /// The terms under which one write may take so long.
    #[must_use]
    pub fn for_write_of(patience: Duration) -> Self {
        Self::new(patience * 8)
    }

    /// One write's own timeout: at most half of *W*.
    #[must_use]
    pub fn write_timeout(&self) -> Duration {
        self.w() / 2
    }

    /// When the keeper renews, counted from the last renewal.
    #[must_use]
    pub fn renew_after(&self) -> Duration {
        self.visibility / 2
    }

    /// What one extend may take.
    #[must_use]
    pub fn extend_timeout(&self) -> Duration {
        (self.visibility / 8).min(Duration::from_secs(5))
    }
}

/// The lease as a writer sees it. Clones share it.
#[derive(Debug, Clone)]
pub struct WriteLease {
    terms: Terms,
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    lost: CancellationToken,
    times: Mutex<Times>,
    /// The visibility that somebody needs, for a write that takes longer than others.
    wish: watch::Sender<Duration>,
    /// Rung when the expiry has moved.
    moved: Notify,
}

#[derive(Debug)]
struct Times {
    /// When SQS shows the message to others; `None` for work that nobody else can hold.
    expiry: Option<Instant>,
    /// The latest moment at which an unanswered write may still land.
    takes_effect_by: Option<Instant>,
}

/// The lease is lost, or too short for a write to land within it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the lease is too short for a write to land within it")]
pub struct Closed;

impl WriteLease {
    /// A lease that lasts until `expiry`, which [`WriteLease::extend`] moves.
    #[must_use]
    pub fn until(expiry: Instant, terms: Terms) -> Self {
        Self::new(Some(expiry), terms)
    }

    /// For work without a message, such as `brigade reconcile`.
    #[must_use]
    pub fn unleased(terms: Terms) -> Self {
        Self::new(None, terms)
    }

    fn new(expiry: Option<Instant>, terms: Terms) -> Self {
        let times = Mutex::new(Times {
            expiry,
            takes_effect_by: None,
        });
        Self {
            terms,
            shared: Arc::new(Shared {
                lost: CancellationToken::new(),
                times,
                wish: watch::Sender::new(terms.visibility()),
                moved: Notify::new(),
            }),
        }
    }

    /// The lengths that this lease keeps to.
    #[must_use]
    pub fn terms(&self) -> Terms {
        self.terms
    }

    /// Asks to send one write now.
    ///
    /// # Errors
    /// [`Closed`] when the lease is lost or has less than *W* left.
    pub fn open(&self) -> Result<Write, Closed> {
        let takes_effect_by = Instant::now() + self.terms.w();
        let reaches = self.reaches(takes_effect_by);
        if self.shared.lost.is_cancelled() || !reaches {
            return Err(Closed);
        }
        Ok(Write {
            writes: self.clone(),
            takes_effect_by,
            answered: false,
        })
    }

    /// The same window under longer terms, once the lease reaches as far as they need. The lease
    /// stays that long.
    ///
    /// # Errors
    /// [`Closed`] when the lease is lost before.
    pub async fn reaching(&self, terms: Terms) -> Result<Self, Closed> {
        let longer = Self {
            terms: self.terms.max(terms),
            shared: Arc::clone(&self.shared),
        };
        self.shared.wish.send_if_modified(|wish| {
            let more = *wish < terms.visibility();
            *wish = terms.visibility().max(*wish);
            more
        });
        let reached = async {
            loop {
                let moved = self.shared.moved.notified();
                if longer.reaches(Instant::now() + longer.terms.w()) {
                    return;
                }
                moved.await;
            }
        };
        let reached = self.lost().run_until_cancelled(reached).await;
        reached.map(|()| longer).ok_or(Closed)
    }

    fn reaches(&self, takes_effect_by: Instant) -> bool {
        self.times(|times| times.expiry.is_none_or(|expiry| expiry >= takes_effect_by))
    }

    /// When the last unanswered write can no longer land, if there was one.
    #[must_use]
    pub fn takes_effect_by(&self) -> Option<Instant> {
        self.times(|times| times.takes_effect_by)
    }

    /// Cancelled once the message may be in other hands.
    #[must_use]
    pub fn lost(&self) -> &CancellationToken {
        &self.shared.lost
    }

    /// When SQS shows the message to others, unless nobody else can hold it.
    #[must_use]
    pub fn expiry(&self) -> Option<Instant> {
        self.times(|times| times.expiry)
    }

    /// Moves the expiry; only the lease's keeper does.
    pub(super) fn extend(&self, expiry: Instant) {
        self.times(|times| times.expiry = Some(expiry));
        self.shared.moved.notify_waiters();
    }

    /// How long the lease's keeper shall ask for; it changes as writes need more.
    pub(super) fn wish(&self) -> watch::Receiver<Duration> {
        self.shared.wish.subscribe()
    }

    fn times<T>(&self, read: impl FnOnce(&mut Times) -> T) -> T {
        read(&mut locked(&self.shared.times))
    }
}

/// One write under way. Dropped without an answer, it counts as unanswered.
#[derive(Debug)]
#[must_use = "dropping it at once says that the write was not answered"]
pub struct Write {
    writes: WriteLease,
    takes_effect_by: Instant,
    answered: bool,
}

impl Write {
    /// The service has answered, or the request provably never left: nothing can land later.
    pub fn answered(mut self) {
        self.answered = true;
    }
}

impl Drop for Write {
    fn drop(&mut self) {
        if !self.answered {
            self.writes.times(|times| {
                times.takes_effect_by = times.takes_effect_by.max(Some(self.takes_effect_by));
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const VISIBILITY: Duration = Duration::from_mins(2);
    const W: Duration = Duration::from_secs(30);
    const LEFT_W: Duration = Duration::from_secs(90);

    fn write_lease() -> WriteLease {
        WriteLease::until(Instant::now() + VISIBILITY, Terms::new(VISIBILITY))
    }

    #[test]
    fn lengths_follow_from_the_visibility_timeout() {
        let terms = Terms::new(VISIBILITY);
        assert_eq!(terms.w(), W);
        assert_eq!(terms.write_timeout(), W / 2);
        assert_eq!(terms.renew_after(), VISIBILITY / 2);
        assert_eq!(terms.extend_timeout(), Duration::from_secs(5));
        assert_eq!(
            Terms::new(Duration::from_secs(30))
                .extend_timeout()
                .as_millis(),
            3_750
        );
    }

    #[tokio::test(start_paused = true)]
    async fn a_write_is_sent_only_while_w_is_left() {
        for (why, waited, open) in [
            ("fresh", Duration::ZERO, true),
            ("exactly W left", LEFT_W, true),
            ("a little less", LEFT_W + Duration::from_millis(1), false),
            ("expired", VISIBILITY * 2, false),
        ] {
            let write_lease = write_lease();
            tokio::time::advance(waited).await;
            assert_eq!(
                write_lease.open().map(Write::answered).is_ok(),
                open,
                "{why}"
            );
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_lost_lease_closes_the_window() {
        let write_lease = write_lease();
        write_lease.lost().cancel();
        assert_eq!(write_lease.open().err(), Some(Closed));
    }

    #[tokio::test(start_paused = true)]
    async fn only_an_unanswered_write_is_waited_for() {
        let write_lease = write_lease();
        write_lease.open().expect("open").answered();
        assert_eq!(write_lease.takes_effect_by(), None, "an answer settles it");

        let sent = Instant::now();
        drop(write_lease.open().expect("open"));
        tokio::time::advance(Duration::from_secs(3)).await;
        write_lease.open().expect("open").answered();
        assert_eq!(
            write_lease.takes_effect_by(),
            Some(sent + W),
            "a later answer is another write's"
        );
    }

    #[tokio::test(start_paused = true)]
    async fn unleased_work_may_always_write() {
        let write_lease = WriteLease::unleased(Terms::new(VISIBILITY));
        tokio::time::advance(VISIBILITY * 9).await;
        write_lease
            .open()
            .expect("nobody else can hold it")
            .answered();
    }
}
