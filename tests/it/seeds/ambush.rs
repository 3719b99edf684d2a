//! Steps of a script that wait for a call of the daemons: its nth, before it happens or after.

use std::collections::BTreeMap;

use super::operation::Operation;
use super::script::{Act, Step, When};
use crate::aws::{Call, Moment};

/// The steps that wait for a call.
pub(super) struct Ambush {
    steps: Vec<Step>,
    counts: BTreeMap<(&'static str, bool), usize>,
}

impl Ambush {
    pub(super) fn of(steps: Vec<Step>) -> Self {
        Self {
            steps,
            counts: BTreeMap::new(),
        }
    }

    /// The steps that waited for this call.
    pub(super) fn spring(&mut self, call: &Call, moment: Moment) -> Vec<Act> {
        let watched = |operation: &Operation| {
            call.line.is_some()
                && call.service == operation.service()
                && call.operation == operation.name()
        };
        let Some(operation) = self.steps.iter().find_map(|step| match &step.when {
            When::Call { call, .. } if watched(call) => Some(call.name()),
            When::Call { .. } | When::At(_) => None,
        }) else {
            return Vec::new();
        };
        let count = self
            .counts
            .entry((operation, moment == Moment::After))
            .or_default();
        let this = *count;
        *count += 1;
        let (sprung, left) =
            std::mem::take(&mut self.steps)
                .into_iter()
                .partition(|step: &Step| match &step.when {
                    When::Call {
                        call,
                        nth,
                        moment: wanted,
                    } => watched(call) && *nth == this && *wanted == moment,
                    When::At(_) => false,
                });
        self.steps = left;
        let sprung: Vec<Step> = sprung;
        sprung.into_iter().map(|step| step.act).collect()
    }
}
