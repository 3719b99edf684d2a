//! Holding a message: SQS calls, the lease, and the right to write that the lease gives.
//!
//! Nothing here decides how a message ends; that is `work`'s, and carrying it out is `settle`'s.

mod admit;
mod error;
mod lease;
mod load;
mod message;
mod sqs;
mod write_lease;

pub use admit::admitting;
pub use error::{ExtendError, Failed, SqsError};
pub use lease::{Lease, Receipt};
pub use load::{Load, Weight};
pub use message::{ATTEMPTS, Message, sendable};
pub(crate) use message::{size, weight};
pub use sqs::{BATCH, EMPTY_INTERVAL, Facts, Sqs, WAIT};
pub use write_lease::{Closed, Terms, Write, WriteLease};
