//! Carries a plan out: how the bytes of one object get to its destination, and are compared there.

mod composite;
mod copier;
mod dispatch;
mod error;
mod manifest;
mod memory;
mod multipart;
mod parts;
mod progress;
mod stream;
mod streamed_part;
mod sum;
mod tag_rights;
mod tagging;
mod tags;
mod verify;
mod write;

pub use copier::Copier;
pub use error::CopyError;
pub use memory::Held;
pub use multipart::sweep;
pub use progress::{CopyStatus, Progress};
pub use stream::Read;
pub use write::{Done, Leftovers, WriteRequest};
