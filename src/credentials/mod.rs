//! Credentials that are kept in a secret: read, held for a while, and read again when refused.
//!
//! What an account's other sources give (a role, a profile, the chain), the SDK holds and renews
//! by itself; whatever the source, they are checked for what [cannot be sent](Printable). Nothing here is ever printed: no value, no part of one, in no error and no `Debug`.

mod keys;
mod printable;
mod refusals;
mod secret;

pub use keys::read as read_secret;
pub use printable::Printable;
pub use refusals::Refusals;
pub use secret::{Secret, SecretError, SecretStatus, Stage};

#[cfg(test)]
mod anything;
