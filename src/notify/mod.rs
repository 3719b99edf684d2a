//! Who is notified of arrivals before their messages may end: topics, queues, buses.
//!
//! At least once, in batches of ten. An entry that fails fails alone, and one that an answer does not name was not
//! sent. What cannot be sent now is sent when its message comes again.

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
