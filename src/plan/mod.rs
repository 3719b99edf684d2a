//! What to do about one key, and what its copy has to be. Pure: what was seen goes in, a decision comes out.
//!
//! ```text
//! event ─▶ first attempt ─▶ copy without a HEAD, GET, HEAD the source, or HEAD both sides
//! both sides ─▶ plan ─▶ nothing (with its proof), tags, a copy (how, of which version, under which condition), a delete
//! ```

mod capabilities;
mod dropped;
mod expected;
mod first_attempt;
mod layout;
mod proof;
mod provenance;
#[cfg(test)]
pub(crate) mod samples;
mod transfer;

pub use capabilities::{Capabilities, Copy, Cut, Nothing, Plan, copy_max};
pub use dropped::{DroppedAttribute, dropped};
pub use expected::{ExpectedCopy, Identity, RulesHash};
pub use first_attempt::{FirstAttempt, Hint};
pub use layout::{LAST_PART, Layout, ONE_PART, SMALLEST_PART, pieces};
pub use proof::Proof;
pub use provenance::Provenance;
pub use transfer::TransferMethod;
