//! What a copy cannot keep: warned about, or not copied at all where the route is strict.

use super::reconcile::Run;
use super::task::Failure;
use crate::copy::{Copy, unkept};
use crate::s3::Object;

impl Run<'_> {
    /// Says what is left behind; an error if nothing may be.
    pub(super) fn leave_behind(&self, source: Option<&Object>, copy: &Copy) -> Result<(), Failure> {
        let left = source.map_or_else(Vec::new, |source| unkept(source, copy));
        let task = self.task;
        if left.is_empty() || !task.route.properties.strict {
            self.copier.warn(task.route, &task.event.key, &left);
            return Ok(());
        }
        let told: Vec<_> = left.iter().map(ToString::to_string).collect();
        Err(Failure::Unkept(told.join(", ")))
    }
}
