//! Holding a message: SQS calls, the lease, and the right to write that the lease gives.
//!
//! Nothing here decides how a message ends; that is `work`'s, and carrying it out is `settle`'s.

mod lease;
mod sqs;
mod window;

pub use lease::{Lease, Receipt};
pub use sqs::{ExtendError, Facts, Failed, Message, Sqs, SqsError, WAIT};
pub use window::{Closed, Terms, Window, Write};
