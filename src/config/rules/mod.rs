//! What must hold between sections.

pub(super) mod advice;
pub(super) mod apart;
pub(super) mod check;
mod circle;
mod cloud;
mod graph;
mod leases;
mod names;
mod queues;
mod regions;
mod removal;
