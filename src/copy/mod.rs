//! How an object gets there: plan (pure), proof (pure), and the two ways that carry it out.

mod act;
mod marker;
mod plan;
mod proof;

pub use act::{Act, Copier, CopyError, Done};
pub use plan::{Copy, FirstTry, Hint, Means, Nothing, ONE_PART, Plan, Way, copy_max};
pub use proof::Proof;
