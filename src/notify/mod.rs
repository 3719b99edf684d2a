//! Notifies topics, queues and buses of arrivals, before the messages that brought them may end.
//!
//! At least once, in batches of ten. An entry that fails fails alone, and one that an answer does not name counts as
//! not sent. What cannot be sent now is sent when its message returns.

mod check;
mod notification;
mod outlet;
mod task;
#[cfg(test)]
mod tests;

pub use outlet::{Client, Outlet};
pub use task::{
    NotificationHandle, NotificationStatus, NotificationTask, Notifications, NotificationsSeen,
    notifications,
};
