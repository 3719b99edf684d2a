//! One route of one message: observe, plan, act, look after.

use crate::rules::{Route, Rule, Transfer};
use crate::s3::{Answer, land, written};
use crate::state::{At, Condition, Content, Effect, State, Target, Version, Write};
use crate::worker::{Then, Work};

impl Work<'_> {
    /// As if the destination were empty, where the event tells enough.
    pub(crate) fn first_try(&self) -> At {
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
        match self.setting.transfer {
            Transfer::ServerSide | Transfer::Slow
                if self.has(Rule::NoVersionPin) || !self.setting.versions =>
            {
                At::Sent(self.write(
                    Effect::Copy {
                        pin,
                        attributes: None,
                    },
                    nothing,
                    None,
                ))
            }
            Transfer::ServerSide | Transfer::Slow => {
                let id = message.event;
                At::Sent(self.write(Effect::CopyVersion { id, pin }, nothing, None))
            }
            Transfer::Marked | Transfer::Streamed => At::Source(nothing),
        }
    }

    /// A blind write was refused: what stands there is replaced at once, if it is something else.
    pub(crate) fn replace(&self, target: Target) -> Then {
        match (target.content, self.worker.message.etag) {
            (Some(content), Some(pin)) if content.etag != pin => {
                let effect = Effect::Copy {
                    pin,
                    attributes: None,
                };
                Then::Go(At::Sent(self.write(effect, target, None)))
            }
            _ => Then::Go(At::Source(target)),
        }
    }

    pub(crate) fn doubt(&self, state: &State, target: Target) -> Then {
        if self.has(Rule::GoneForCertain) {
            return Then::ReturnToQueue;
        }
        let id = self.source(state).id;
        self.decide(target, Version { id, content: None })
    }

    /// After a delete a bare 404 looks like what was hoped for.
    pub(crate) fn doubt_after(&self, etag: Option<u8>) -> Then {
        if etag.is_none() && !self.has(Rule::GoneForCertain) {
            Then::Nothing
        } else {
            Then::Go(At::Destination)
        }
    }

    /// The plan.
    pub(crate) fn decide(&self, target: Target, source: Version) -> Then {
        let Some(content) = source.content else {
            if target.content.is_none() || !self.setting.route.follows() {
                return Then::Nothing;
            }
            let delete = self.write(Effect::Delete, target, Some(source.id));
            return Then::Go(At::Sent(delete));
        };
        let there = target.content;
        if there.is_some_and(|there| self.equal(there, content)) {
            return if self.has(Rule::SkipsMoveOn) {
                Then::Proven(content.etag)
            } else {
                Then::Nothing
            };
        }
        let pin = content.etag;
        let effect = match self.setting.transfer {
            Transfer::ServerSide | Transfer::Slow => Effect::Copy {
                pin,
                attributes: None,
            },
            Transfer::Marked => Effect::Copy {
                pin,
                attributes: Some(content.attributes),
            },
            Transfer::Streamed => Effect::Put(content),
        };
        let write = self.write(effect, target, Some(source.id));
        Then::Go(match self.setting.transfer {
            Transfer::ServerSide | Transfer::Slow | Transfer::Marked => At::Sent(write),
            Transfer::Streamed => At::Read { write, pin },
        })
    }

    /// The bytes are the object's as it is now, the headers those that the look has shown.
    pub(crate) fn read(&self, state: &State, write: Write, pin: u8) -> Then {
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

    pub(crate) fn begun(&self, state: &State, write: Write) -> Then {
        match self.copied(state, write) {
            Some(write) => Then::Go(At::Sent(write)),
            None => refused(&write),
        }
    }

    /// A slow copy reads its source, if the pin holds.
    pub(crate) fn copied(&self, state: &State, write: Write) -> Option<Write> {
        let source = &state.sources[usize::from(write.key)];
        let Version { id, content } = written(source, self.rules, &write)?;
        let effect = Effect::Copied {
            id,
            content: content?,
        };
        Some(Write { effect, ..write })
    }

    pub(crate) fn answered(&self, state: &mut State, write: &Write) -> Then {
        let moved = write.effect == Effect::Move;
        match land(state, self.setting, self.rules, write) {
            Answer::Refused => refused(write),
            Answer::Written { .. } if moved => Then::Go(At::Settle),
            Answer::Written { etag, id } if self.verifies(write) => {
                // Without versions the event's time stands for what was written blindly.
                let id = id.unwrap_or(self.worker.message.event);
                Then::Go(At::Verify { etag, id })
            }
            Answer::Written { etag, .. } => etag.map_or(Then::Nothing, Then::Proven),
        }
    }

    fn verifies(&self, write: &Write) -> bool {
        if write.effect == Effect::Delete {
            return self.has(Rule::VerifyDelete) && self.has(Rule::EventIsAHint);
        }
        match write.condition {
            Condition::None => self.has(Rule::VerifyUnconditional),
            Condition::Match(_) => self.has(Rule::VerifyOverwrite),
            Condition::Absent => self.setting.route.follows() && self.has(Rule::VerifyCreate),
        }
    }

    pub(crate) fn verify(&self, state: &State, etag: Option<u8>, id: u8) -> Then {
        let now = self.source(state);
        let same = now.content.map(|content| content.etag) == etag
            && (etag.is_none() || now.id == id || !self.has(Rule::VerifyVersion));
        match etag {
            _ if !same => Then::Go(At::Destination),
            Some(etag) => Then::Proven(etag),
            None => Then::Nothing,
        }
    }

    pub(crate) fn write(&self, effect: Effect, over: Target, seen: Option<u8>) -> Write {
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

    pub(crate) fn equal(&self, a: Content, b: Content) -> bool {
        a == b || a.etag == b.etag && !self.has(Rule::EqualInAttributes)
    }
}

fn refused(write: &Write) -> Then {
    if write.effect == Effect::Move {
        return Then::Again;
    }
    // Decided without any look.
    let blind = write.seen.is_none() && write.over == Target::default().shows;
    Then::Go(if blind { At::Refused } else { At::Destination })
}
