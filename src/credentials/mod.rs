//! Credentials from a secret: read, cached for a while, and read again when AWS refuses them.
//!
//! Credentials from other sources (a role, a profile, the chain) are cached and renewed by the SDK. Whatever the
//! source, values are checked for what [cannot be sent](Printable). Nothing here is ever printed: no value and no part
//! of one, in no error and no `Debug`.

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
