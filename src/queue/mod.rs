//! Holding a message: SQS calls, the lease, and the right to write that the lease gives.
//!
//! Nothing here decides how a message ends; that is `work`'s, and carrying it out is `settle`'s.

mod error;
mod lease;
mod sqs;
mod window;

pub use error::{ExtendError, Failed, SqsError};
pub use lease::{Lease, Receipt};
pub use sqs::{ATTEMPTS, BATCH, EMPTY_APART, Facts, Message, Sqs, WAIT};
pub(crate) use sqs::{size, weight};
pub use window::{Closed, Terms, Window, Write};
