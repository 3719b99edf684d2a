//! What must hold between sections.

pub(super) mod advice;
pub(super) mod check;
mod circle;
mod cloud;
mod graph;
mod leases;
mod names;
pub(super) mod needs_streaming;
mod queues;
mod regions;
mod removal;
