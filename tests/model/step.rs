//! All that can happen next in a state.

use crate::rules::{Rules, Setting};
use crate::s3;
use crate::state::{At, Effect, Message, State, Worker};
use crate::worker;

/// What happened, and to whose message.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Label {
    pub(crate) who: Option<Message>,
    pub(crate) what: &'static str,
}

/// Collects the states that may come next.
pub(crate) struct Next<'a> {
    pub(crate) setting: &'a Setting,
    pub(crate) rules: Rules,
    pub(crate) from: &'a State,
    pub(crate) found: Vec<(Label, State)>,
}

/// Everything that can happen next.
pub(crate) fn next(setting: &Setting, rules: Rules, from: &State) -> Vec<(Label, State)> {
    let mut next = Next {
        setting,
        rules,
        from,
        found: Vec::new(),
    };
    next.owner();
    next.sqs();
    next.late();
    for (index, worker) in from.workers.iter().enumerate() {
        // Equal workers would only do the same.
        if index == 0 || from.workers[index - 1] != *worker {
            worker::steps(&mut next, index);
        }
    }
    next.found
}

impl Next<'_> {
    pub(crate) fn push(&mut self, who: Option<Message>, what: &'static str, state: State) {
        self.found.push((Label { who, what }, state.sorted()));
    }

    /// The owner of the sources.
    fn owner(&mut self) {
        let from = self.from;
        let moving = |worker: &Worker| {
            if let At::Sent(write) | At::Unanswered(write) = worker.at {
                return write.effect == Effect::Move;
            }
            let (At::MoveDestination { seen, .. } | At::MoveSource { seen }) = worker.at else {
                return false;
            };
            seen.is_some()
        };
        if self.setting.calm && from.workers.iter().any(moving) {
            return;
        }
        for (key, source) in (0..).zip(&from.sources) {
            for change in s3::changes(self.setting, &from.sources, source) {
                let mut state = from.clone();
                s3::change(&mut state, self.setting, key, change);
                self.push(None, "the owner changes the source", state);
            }
        }
    }

    /// Messages are received in any order, and may come twice.
    fn sqs(&mut self) {
        let from = self.from;
        if from.duplicates < self.setting.duplicates {
            for (key, source) in (0..).zip(&from.sources) {
                for event in (1..).take(source.log.len()) {
                    let mut state = from.clone();
                    let message = s3::event(source, key, event);
                    state.duplicates += 1;
                    state.queue.push(message);
                    self.push(Some(message), "comes once more", state);
                }
            }
        }
        if from.workers.len() >= self.setting.workers {
            return;
        }
        for (index, message) in from.queue.iter().enumerate() {
            if index > 0 && from.queue[index - 1] == *message {
                continue;
            }
            let mut state = from.clone();
            state.queue.remove(index);
            worker::receive(&mut state, self.setting, self.rules, *message);
            self.push(Some(*message), "is received", state);
        }
    }

    /// Requests that outlived the hold on their message land some time, or never.
    fn late(&mut self) {
        for index in 0..self.from.late.len() {
            let mut state = self.from.clone();
            let write = state.late.remove(index);
            self.push(None, "a late request is lost", state.clone());
            s3::land(&mut state, self.setting, self.rules, &write);
            self.push(None, "a late request lands", state);
        }
    }
}
