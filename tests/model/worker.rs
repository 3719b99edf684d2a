//! What a worker does next: one call, and what it makes of the answer.
//!
//! Between two calls a worker only thinks, which nobody can see, so the decision belongs to the
//! step before it. Dying and losing the lease are one step, too: either way the message is seen
//! again.

use crate::rules::{May, Rule, Rules, Setting, Transfer};
use crate::state::{At, Effect, Hold, Message, State, Version, Worker, Write};
use crate::step::Next;

/// What comes of a call.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Then {
    Go(At),
    /// The route's destination proved equal to the source with this `ETag`.
    Proven(u8),
    /// There is nothing to do on this route.
    Nothing,
    /// Everything again, from the first route.
    Again,
    ReturnToQueue,
    Gone,
}

/// A worker and the laws it works under.
pub(crate) struct Work<'a> {
    pub(crate) setting: &'a Setting,
    pub(crate) rules: Rules,
    pub(crate) worker: Worker,
}

/// Gives a message to a worker.
pub(crate) fn receive(state: &mut State, setting: &Setting, rules: Rules, message: Message) {
    let hold = if rules.has(Rule::SettleAfterEffect) {
        Hold::Held
    } else {
        Hold::Deleted
    };
    let worker = Worker {
        message,
        hold,
        route: 0,
        proven: [None; 2],
        at: At::Destination,
    };
    let work = Work {
        setting,
        rules,
        worker,
    };
    let first = work.first_try();
    work.then(state, Then::Go(first));
}

/// Everything that the worker at `index` may do next, and what may happen to it.
pub(crate) fn steps(next: &mut Next<'_>, index: usize) {
    let worker = next.from.workers[index];
    let mut turn = RecordSlot {
        next,
        index,
        worker,
    };
    if let At::Sent(write) = worker.at {
        turn.sent(write);
    } else if let At::Unanswered(write) = worker.at {
        turn.unanswered(write);
    } else {
        turn.calls();
        turn.go("dies, or loses its lease", &|_, _| Then::ReturnToQueue);
    }
    turn.works_on();
}

/// One worker's turn.
struct RecordSlot<'a, 'b> {
    next: &'a mut Next<'b>,
    index: usize,
    worker: Worker,
}

impl RecordSlot<'_, '_> {
    /// Adds the world in which this happened.
    fn go(&mut self, what: &'static str, then: &dyn Fn(&mut State, &mut Work<'_>) -> Then) {
        let mut state = self.next.from.clone();
        state.workers.remove(self.index);
        let mut work = Work {
            setting: self.next.setting,
            rules: self.next.rules,
            worker: self.worker,
        };
        let then = then(&mut state, &mut work);
        work.then(&mut state, then);
        self.next.push(Some(self.worker.message), what, state);
    }

    /// A call that changes nothing at S3.
    fn calls(&mut self) {
        let route = usize::from(self.worker.route);
        if self.next.setting.may(May::Doubt) {
            self.doubt();
        }
        match self.worker.at {
            At::Destination if self.next.rules.has(Rule::DestinationFirst) => {
                self.go("head(destination)", &|s, _| {
                    Then::Go(At::Source(s.targets[route]))
                });
            }
            At::Destination => self.go("head(source)", &|s, w| {
                Then::Go(At::DestinationLast(w.source(s)))
            }),
            At::Refused => self.go("head(destination)", &|s, w| w.replace(s.targets[route])),
            At::Source(target) => {
                self.go("head(source)", &|s, w| w.decide(target, w.source(s)));
            }
            At::DestinationLast(source) => self.go("head(destination)", &|s, w| {
                w.decide(s.targets[route], source)
            }),
            At::Read { write, pin } => self.go("GET", &|s, w| w.read(s, write, pin)),
            At::Verify { etag, id } => self.go("head(source) after the write", &|s, w| {
                w.verify(s, etag, id)
            }),
            At::MoveDestination { route, seen } => {
                self.go("head(destination) of a move", &|s, w| {
                    w.move_destination(s.targets[usize::from(route)].content, route, seen)
                });
            }
            At::MoveSource { seen } => {
                self.go("head(source) of a move", &|s, w| w.move_source(s, seen));
            }
            At::DeadLetter => self.go("sends to the dead-letter queue", &|s, _| {
                s.dead_lettered = true;
                Then::Go(At::Settle)
            }),
            At::Settle => self.go("deletes the message", &|s, w| w.settle(s)),
            At::Sent(_) | At::Unanswered(_) => {}
        }
    }

    /// A HEAD of the source that shows neither an object nor a delete marker.
    fn doubt(&mut self) {
        let what = "head(source) answers a bare 404";
        if let At::Source(target) = self.worker.at {
            self.go(what, &|s, w| w.doubt(s, target));
        }
        if let At::Verify { etag, .. } = self.worker.at {
            self.go(what, &|_, w| w.doubt_after(etag));
        }
        if let At::MoveSource { .. } = self.worker.at {
            self.go(what, &|_, w| w.doubt_move());
        }
    }

    /// A request is under way, and the worker waits.
    fn sent(&mut self, write: Write) {
        if reads_first(self.next.setting, &write) {
            self.go("CopyObject reads the source", &|s, w| w.begun(s, write));
        } else {
            self.go(landing(&write), &|s, w| w.answered(s, &write));
        }
        if self.next.setting.may(May::Deny) {
            self.go("a write is denied", &|_, w| w.denied());
        }
        if self.worker.hold == Hold::Lost {
            self.go("dies", &|s, _| {
                s.late.push(write);
                Then::Gone
            });
        } else {
            self.go("has no answer, or dies", &|_, _| {
                Then::Go(At::Unanswered(write))
            });
        }
    }

    /// A request is under way, and nobody waits for its answer; but its message is not seen
    /// before W.
    fn unanswered(&mut self, write: Write) {
        if reads_first(self.next.setting, &write) {
            self.go("CopyObject reads the source", &|s, w| {
                let copied = w.copied(s, write);
                copied.map_or(Then::ReturnToQueue, |write| Then::Go(At::Unanswered(write)))
            });
        }
        self.go("W passes; the request was lost", &|_, _| {
            Then::ReturnToQueue
        });
        self.go("W passes; the request has landed", &|s, w| {
            w.answered(s, &write);
            Then::ReturnToQueue
        });
        if !self.next.rules.has(Rule::UnansweredWaits) {
            self.go("shows the message again before W", &|s, _| {
                s.late.push(write);
                Then::ReturnToQueue
            });
        }
    }

    /// Whoever does not ask whether the lease still holds, works on when it does not.
    fn works_on(&mut self) {
        let gone = |rule| !self.next.rules.has(rule);
        // What was sent while W was left lands before the lease passes.
        let sent = matches!(self.worker.at, At::Sent(_));
        let unanswered = matches!(self.worker.at, At::Unanswered(_));
        let may = gone(Rule::LeaseCheck) || gone(Rule::SettleWhileHeld) && !sent;
        if may && !unanswered && self.worker.hold == Hold::Held {
            self.go("works on, though its lease has passed", &|s, w| {
                w.show_again(s);
                w.worker.hold = Hold::Lost;
                Then::Go(w.worker.at)
            });
        }
    }
}

/// A slow copy that has not read its source yet.
fn reads_first(setting: &Setting, write: &Write) -> bool {
    setting.transfer == Transfer::Slow && matches!(write.effect, Effect::Copy { .. })
}

fn landing(write: &Write) -> &'static str {
    match write.effect {
        Effect::Put(_) => "PutObject",
        Effect::Delete => "DeleteObject at the destination",
        Effect::Move => "DeleteObject at the source",
        Effect::Copy { .. } | Effect::CopyVersion { .. } | Effect::Copied { .. } => {
            if write.seen.is_some() {
                "CopyObject"
            } else {
                "blind CopyObject"
            }
        }
    }
}

impl Work<'_> {
    pub(crate) fn has(&self, rule: Rule) -> bool {
        self.rules.has(rule)
    }

    pub(crate) fn source(&self, state: &State) -> Version {
        state.sources[usize::from(self.worker.message.key)].now()
    }

    fn denied(&mut self) -> Then {
        if !self.has(Rule::DeadLetterThenDelete) {
            self.worker.hold = Hold::Deleted;
        }
        Then::Go(At::DeadLetter)
    }

    fn settle(&self, state: &mut State) -> Then {
        let same =
            |m: &Message| (m.key, m.event) == (self.worker.message.key, self.worker.message.event);
        if self.worker.hold == Hold::Lost && !self.has(Rule::SettleWhileHeld) {
            state.queue.retain(|message| !same(message));
            for other in &mut state.workers {
                if same(&other.message) && other.hold == Hold::Held {
                    other.hold = Hold::Deleted;
                }
            }
        }
        Then::Gone
    }

    fn show_again(&self, state: &mut State) {
        if self.worker.hold == Hold::Held {
            state.queue.push(Message {
                received_before: true,
                ..self.worker.message
            });
        }
    }

    /// Puts the worker where it goes.
    fn then(mut self, state: &mut State, then: Then) {
        self.worker.at = match then {
            Then::Go(at) => at,
            Then::Again => {
                self.worker.route = 0;
                self.worker.proven = [None; 2];
                At::Destination
            }
            Then::Proven(etag) => return self.route_ended(state, Some(etag)),
            Then::Nothing => return self.route_ended(state, None),
            Then::ReturnToQueue => return self.show_again(state),
            Then::Gone => return,
        };
        if self.worker.at == At::Settle {
            // Nothing depends on them any longer.
            self.worker.proven = [None; 2];
        }
        let lost = self.worker.hold == Hold::Lost && self.has(Rule::LeaseCheck);
        // Too late to write: the message is in other hands.
        if !(lost && matches!(self.worker.at, At::Sent(_))) {
            state.workers.push(self.worker);
        }
    }

    fn route_ended(mut self, state: &mut State, proven: Option<u8>) {
        if self.setting.route.moves() {
            self.worker.proven[usize::from(self.worker.route)] = proven;
        }
        let then = if self.worker.route + 1 < self.setting.routes {
            self.worker.route += 1;
            Then::Go(self.first_try())
        } else {
            self.worker.route = 0;
            self.ended()
        };
        self.then(state, then);
    }
}
