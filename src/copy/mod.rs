//! How an object gets there: plan (pure), proof (pure), and the two ways that carry it out.

mod act;
mod first_try;
mod marker;
mod plan;
mod proof;

pub use act::{Act, Copier, CopyError, Done};
pub use first_try::{FirstTry, Hint};
pub use plan::{Copy, Means, Nothing, ONE_PART, Plan, Way, copy_max};
pub use proof::Proof;
