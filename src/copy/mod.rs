//! How an object gets there: plan (pure), proof (pure), and the ways that carry it out.

mod act;
mod composite;
mod first_try;
mod layout;
mod marker;
mod memory;
mod multipart;
mod parts;
mod pipe;
mod plan;
mod progress;
mod proof;
mod seal;
mod stream;
mod sum;
mod tags;
mod unkept;
mod verify;
mod way;

pub use act::{Act, Copier, CopyError, Done, ForRoute, Traces};
pub use first_try::{FirstTry, Hint};
pub use memory::Held;
pub use multipart::sweep;
pub use plan::{Copy, Cut, Means, Nothing, ONE_PART, Plan, copy_max};
pub use progress::{CopyStatus, Progress};
pub use proof::{Proof, already_there};
pub use stream::Read;
pub use unkept::{Unkept, unkept};
pub use way::Way;
