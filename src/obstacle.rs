//! What `brigade check` finds in the way of something the configuration asks for.

/// What stands in the way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Obstacle {
    /// It cannot be done.
    Fails(String),
    /// It can, but.
    Warns(String),
}
