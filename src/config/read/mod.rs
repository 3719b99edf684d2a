//! How a configuration is read: its sources, and what is wrong with what they say.

mod characters;
pub(super) mod coerce;
pub(super) mod fault;
pub(super) mod faults;
pub(super) mod known;
pub(super) mod layer;
pub(super) mod origins;
mod range;
pub(super) mod sources;
mod suggest;
pub(super) mod synonyms;
mod syntax;
pub(super) mod tree;
pub(super) mod variable;
mod variables;
