//! JSON and CSV in, clean queryable data out.
//!
//! Pure: bytes are pushed in and bytes come out, so that the daemon, the command and the tests run
//! the same code. A record is a list of [`record::Field`]s; steps change it, a writer writes it.
//!
//! Not called by the daemon yet: types, columns and the Parquet writer are here, readers and steps follow.

pub mod columns;
pub mod infer;
pub mod names;
pub mod parquet;
pub mod record;
pub mod sample;
pub mod types;
