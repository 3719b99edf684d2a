//! The whole daemon in one process, on an AWS made in memory.

mod aws;
mod aws_behaves;
