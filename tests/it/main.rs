//! The whole daemon in one process, on an AWS made in memory.

mod access_points;
mod accounts;
mod assertions;
mod aws;
mod aws_behaves;
mod bandwidth;
mod binary;
mod breaker;
mod build_script;
mod catalog;
mod costs;
mod dated_keys;
mod endings;
mod endless;
mod envelopes;
mod fidelity;
mod heavy;
mod integrity;
mod layers;
mod leases;
mod limits;
mod logs;
mod notify;
mod panics;
mod parts;
mod progress;
mod queries;
mod reconcile;
mod removal;
mod request_ids;
mod routes;
mod safeguards;
mod seeds;
mod stage;
mod streamed;
mod tables;
mod uploads;
mod worker_pools;

/// The daemon's own heap: a soak takes a good part less with it.
#[global_allocator]
static HEAP: mimalloc::MiMalloc = mimalloc::MiMalloc;
