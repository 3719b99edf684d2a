//! What a worker does next: one call, and what it makes of the answer.
//!
//! Between two calls a worker only thinks, which nobody can see, so the decision belongs to the
//! step before it. Dying and losing the lease are one step too: either way the message is seen again.

use crate::rules::{May, Route, Rule, Rules, Setting, Way};
use crate::s3::{Answer, land, written};
use crate::state::{
    At, Condition, Content, Effect, Hold, Message, State, Target, Version, Worker, Write,
};
use crate::step::Next;

/// What comes of a call.
enum Then {
    Go(At),
    /// The route's destination proved equal to the source with this `ETag`.
    Proven(u8),
    /// There is nothing to do on this route.
    Nothing,
    /// Everything again, from the first route.
    Again,
    ShowAgain,
    Gone,
}

/// A worker and the laws it works under.
struct Work<'a> {
    setting: &'a Setting,
    rules: Rules,
    worker: Worker,
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
    let (setting, rules) = (next.setting, next.rules);
    let mut go = |what: &'static str, then: &dyn Fn(&mut State, &mut Work<'_>) -> Then| {
        let mut state = next.from.clone();
        state.workers.remove(index);
        let mut work = Work {
            setting,
            rules,
            worker,
        };
        let then = then(&mut state, &mut work);
        work.then(&mut state, then);
        next.push(Some(worker.message), what, state);
    };
    let route = usize::from(worker.route);
    match worker.at {
        At::Destination if rules.has(Rule::DestinationFirst) => go("head(destination)", &|s, _| {
            Then::Go(At::Source(s.targets[route]))
        }),
        At::Destination => go("head(source)", &|s, w| {
            Then::Go(At::DestinationLast(w.source(s)))
        }),
        At::Refused => go("head(destination)", &|s, w| w.replace(s.targets[route])),
        At::Source(target) => {
            go("head(source)", &|s, w| w.decide(target, w.source(s)));
            if setting.may(May::Doubt) {
                go("head(source) answers a bare 404", &|s, w| {
                    w.doubt(s, target)
                });
            }
        }
        At::DestinationLast(source) => go("head(destination)", &|s, w| {
            w.decide(s.targets[route], source)
        }),
        At::Read { write, pin } => go("GET", &|s, w| w.read(s, write, pin)),
        At::Sent(write) => {
            if w_reads(setting, &write) {
                go("CopyObject reads the source", &|s, w| w.begun(s, write));
            } else {
                go(landing(&write), &|s, w| w.answered(s, &write));
            }
            if setting.may(May::Deny) {
                go("a write is denied", &|_, w| w.denied());
            }
        }
        At::Unanswered(write) => {
            if w_reads(setting, &write) {
                go(
                    "CopyObject reads the source",
                    &|s, w| match w.copied(s, write) {
                        Some(write) => Then::Go(At::Unanswered(write)),
                        None => Then::ShowAgain,
                    },
                );
            }
            go("W passes; the request was lost", &|_, _| Then::ShowAgain);
            go("W passes; the request has landed", &|s, _| {
                land(s, setting, rules, &write);
                Then::ShowAgain
            });
            if !rules.has(Rule::UnansweredWaits) {
                go("shows the message again before W", &|s, _| {
                    s.late.push(write);
                    Then::ShowAgain
                });
            }
        }
        At::LookAfter { etag, id } => go("head(source) after the write", &|s, w| {
            w.look_after(s, etag, id)
        }),
        At::MoveDestination { route, seen } => go("head(destination) of a move", &|s, w| {
            w.move_destination(s.targets[usize::from(route)].content, route, seen)
        }),
        At::MoveSource { seen } => {
            go("head(source) of a move", &|s, w| w.move_source(s, seen));
        }
        At::Park => go("sends to the dead-letter queue", &|s, _| {
            s.parked = true;
            Then::Go(At::Settle)
        }),
        At::Settle => go("deletes the message", &|s, w| w.settle(s)),
    }
    match worker.at {
        At::Unanswered(_) => return,
        At::Sent(write) if worker.hold == Hold::Lost => go("dies", &|s, _| {
            s.late.push(write);
            Then::Gone
        }),
        At::Sent(write) => go("has no answer, or dies", &|_, _| {
            Then::Go(At::Unanswered(write))
        }),
        _ => go("dies, or loses its lease", &|_, _| Then::ShowAgain),
    }
    // Whoever does not ask whether the lease still holds, works on when it does not.
    let sent = matches!(worker.at, At::Sent(_));
    let may = !rules.has(Rule::LeaseCheck) || !rules.has(Rule::SettleWhileHeld) && !sent;
    if may && worker.hold == Hold::Held {
        go("works on, though its lease has passed", &|s, w| {
            w.show_again(s);
            w.worker.hold = Hold::Lost;
            Then::Go(worker.at)
        });
    }
}

/// A slow copy that has not read its source yet.
fn w_reads(setting: &Setting, write: &Write) -> bool {
    setting.way == Way::Slow && matches!(write.effect, Effect::Copy { .. })
}

fn landing(write: &Write) -> &'static str {
    match (write.effect, write.seen) {
        (Effect::Copy { .. } | Effect::CopyVersion { .. } | Effect::Copied { .. }, None) => {
            "blind CopyObject"
        }
        (Effect::Copy { .. } | Effect::CopyVersion { .. } | Effect::Copied { .. }, Some(_)) => {
            "CopyObject"
        }
        (Effect::Put(_), _) => "PutObject",
        (Effect::Delete, _) => "DeleteObject at the destination",
        (Effect::Move, _) => "DeleteObject at the source",
    }
}

fn refused(write: &Write) -> Then {
    if write.effect == Effect::Move {
        return Then::Again;
    }
    let blind = write.seen.is_none() && write.condition == Condition::Absent;
    Then::Go(if blind { At::Refused } else { At::Destination })
}

impl Work<'_> {
    fn has(&self, rule: Rule) -> bool {
        self.rules.has(rule)
    }

    fn source(&self, state: &State) -> Version {
        state.sources[usize::from(self.worker.message.key)].now()
    }

    fn equal(&self, a: Content, b: Content) -> bool {
        a == b || a.etag == b.etag && !self.has(Rule::EqualInDress)
    }

    fn write(&self, effect: Effect, over: Target, seen: Option<u8>) -> Write {
        let needed = match effect {
            Effect::Delete => Rule::ConditionalDelete,
            Effect::Move => Rule::ConditionalMove,
            Effect::Copy { .. }
            | Effect::CopyVersion { .. }
            | Effect::Copied { .. }
            | Effect::Put(_) => Rule::ConditionalWrites,
        };
        let condition = match over.content {
            _ if !self.setting.conditions || !self.has(needed) => Condition::None,
            None => Condition::Absent,
            Some(content) => Condition::Match(content.etag),
        };
        Write {
            effect,
            condition,
            key: self.worker.message.key,
            route: self.worker.route,
            seen,
            over: over.shows,
        }
    }

    /// As if the destination were empty, where the event tells enough.
    fn first_try(&self) -> At {
        let (message, nothing) = (self.worker.message, Target::default());
        if message.received_before && self.has(Rule::ReceivedBefore) {
            return At::Destination;
        }
        let Some(pin) = message.etag else {
            return match self.setting.route {
                Route::Copy if !self.has(Rule::RemovalsAreWorked) => At::Settle,
                Route::Follow if !self.has(Rule::EventIsAHint) => {
                    At::Sent(self.write(Effect::Delete, nothing, Some(message.event)))
                }
                Route::Copy | Route::Follow | Route::Move | Route::MoveAndFollow => At::Destination,
            };
        };
        match self.setting.way {
            Way::Server | Way::Slow if self.has(Rule::NoVersionPin) || !self.setting.versions => {
                At::Sent(self.write(Effect::Copy { pin, dress: None }, nothing, None))
            }
            Way::Server | Way::Slow => {
                let id = message.event;
                At::Sent(self.write(Effect::CopyVersion { id, pin }, nothing, None))
            }
            Way::Marked | Way::Streamed => At::Source(nothing),
        }
    }

    /// A blind write was refused: what stands there is replaced at once, if it is something else.
    fn replace(&self, target: Target) -> Then {
        match (target.content, self.worker.message.etag) {
            (Some(content), Some(pin)) if content.etag != pin => {
                let effect = Effect::Copy { pin, dress: None };
                Then::Go(At::Sent(self.write(effect, target, None)))
            }
            _ => Then::Go(At::Source(target)),
        }
    }

    fn doubt(&self, state: &State, target: Target) -> Then {
        if self.has(Rule::GoneForCertain) {
            return Then::ShowAgain;
        }
        let id = self.source(state).id;
        self.decide(target, Version { id, content: None })
    }

    /// The plan.
    fn decide(&self, target: Target, source: Version) -> Then {
        let Some(content) = source.content else {
            let follow = target.content.is_some() && self.setting.route.follows();
            let delete = || self.write(Effect::Delete, target, Some(source.id));
            return follow
                .then(delete)
                .map_or(Then::Nothing, |delete| Then::Go(At::Sent(delete)));
        };
        if target
            .content
            .is_some_and(|there| self.equal(there, content))
        {
            return Then::Proven(content.etag);
        }
        let pin = content.etag;
        let effect = match self.setting.way {
            Way::Server | Way::Slow => Effect::Copy { pin, dress: None },
            Way::Marked => Effect::Copy {
                pin,
                dress: Some(content.dress),
            },
            Way::Streamed => Effect::Put(content),
        };
        let write = self.write(effect, target, Some(source.id));
        Then::Go(match self.setting.way {
            Way::Server | Way::Slow | Way::Marked => At::Sent(write),
            Way::Streamed => At::Read { write, pin },
        })
    }

    /// The bytes are the object's as it is now, the headers those that the look has shown.
    fn read(&self, state: &State, write: Write, pin: u8) -> Then {
        let (Some(now), Effect::Put(seen)) = (self.source(state).content, write.effect) else {
            return Then::Go(At::Destination);
        };
        if self.has(Rule::PinnedReads) && now.etag != pin {
            return Then::Go(At::Destination);
        }
        let effect = Effect::Put(Content {
            etag: now.etag,
            ..seen
        });
        Then::Go(At::Sent(Write { effect, ..write }))
    }

    /// A slow copy reads its source, if the pin holds.
    fn copied(&self, state: &State, write: Write) -> Option<Write> {
        let source = &state.sources[usize::from(write.key)];
        let Version { id, content } = written(source, self.rules, &write)?;
        let effect = Effect::Copied {
            id,
            content: content?,
        };
        Some(Write { effect, ..write })
    }

    fn begun(&self, state: &State, write: Write) -> Then {
        match self.copied(state, write) {
            Some(write) => Then::Go(At::Sent(write)),
            None => refused(&write),
        }
    }

    fn answered(&self, state: &mut State, write: &Write) -> Then {
        let moved = write.effect == Effect::Move;
        match land(state, self.setting, self.rules, write) {
            Answer::Refused => refused(write),
            Answer::Written { .. } if moved => Then::Go(At::Settle),
            Answer::Written { etag, id } if self.looks_after(write) => {
                let id = if id == 0 {
                    self.worker.message.event
                } else {
                    id
                };
                Then::Go(At::LookAfter { etag, id })
            }
            Answer::Written { etag, .. } => etag.map_or(Then::Nothing, Then::Proven),
        }
    }

    fn looks_after(&self, write: &Write) -> bool {
        if write.effect == Effect::Delete {
            return self.has(Rule::LookAfterDelete) && self.has(Rule::EventIsAHint);
        }
        match write.condition {
            Condition::None => self.has(Rule::LookAfterUnconditional),
            Condition::Match(_) => self.has(Rule::LookAfterOverwrite),
            Condition::Absent => self.setting.route.follows() && self.has(Rule::LookAfterCreate),
        }
    }

    fn look_after(&self, state: &State, etag: Option<u8>, id: u8) -> Then {
        let now = self.source(state);
        let same = now.content.map(|content| content.etag) == etag
            && (etag.is_none() || now.id == id || !self.has(Rule::LookAfterVersion));
        match etag {
            _ if !same => Then::Go(At::Destination),
            Some(etag) => Then::Proven(etag),
            None => Then::Nothing,
        }
    }

    /// All routes have ended.
    fn ended(&self) -> At {
        let routes = &self.worker.proven[..usize::from(self.setting.routes)];
        if !self.setting.route.moves() || routes.contains(&None) {
            return At::Settle;
        }
        if self.has(Rule::MoveLooksAtDestination) {
            let last = self.setting.routes - 1;
            let route = if self.has(Rule::MoveLooksAtAll) {
                0
            } else {
                last
            };
            return At::MoveDestination { route, seen: None };
        }
        At::MoveSource { seen: None }
    }

    fn move_destination(&self, there: Option<Content>, route: u8, seen: Option<Content>) -> Then {
        let Some(content) = there.filter(|there| seen.is_none_or(|seen| seen == *there)) else {
            return Then::Again;
        };
        let seen = Some(content);
        Then::Go(if route + 1 < self.setting.routes {
            let route = route + 1;
            At::MoveDestination { route, seen }
        } else if self.has(Rule::MoveLooksAtSource) {
            At::MoveSource { seen }
        } else {
            At::Sent(self.take(content.etag, None))
        })
    }

    fn move_source(&self, state: &State, seen: Option<Content>) -> Then {
        let source = self.source(state);
        let Some(content) = source.content else {
            return Then::Go(At::Settle);
        };
        let same = match seen {
            Some(seen) => self.equal(seen, content),
            None => self.worker.proven[0] == Some(content.etag),
        };
        if same {
            Then::Go(At::Sent(self.take(content.etag, Some(source.id))))
        } else {
            Then::Again
        }
    }

    /// Takes the source away.
    fn take(&self, etag: u8, seen: Option<u8>) -> Write {
        let source = Target {
            content: Some(Content { etag, dress: 0 }),
            ..Target::default()
        };
        self.write(Effect::Move, source, seen)
    }

    fn denied(&mut self) -> Then {
        if !self.has(Rule::ParkThenDelete) {
            self.worker.hold = Hold::Deleted;
        }
        Then::Go(At::Park)
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
            Then::ShowAgain => return self.show_again(state),
            Then::Gone => return,
        };
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
        let at = if self.worker.route + 1 < self.setting.routes {
            self.worker.route += 1;
            self.first_try()
        } else {
            self.worker.route = 0;
            self.ended()
        };
        if at == At::Settle {
            self.worker.proven = [None; 2];
        }
        self.then(state, Then::Go(at));
    }
}
