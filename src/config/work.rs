//! `[work]`: how much is done at once, and how long a stop may take.

use std::time::Duration;

use bytesize::ByteSize;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::config::value::{duration, size};

/// `[work]`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Work {
    /// Messages worked at once, 1 to 4096. More: more S3 calls in parallel and more messages in flight.
    #[schemars(range(min = 1, max = 4096))]
    pub workers: u32,
    /// Objects above `large_threshold` at once, 1 to 256, in a worker pool of their own: they never stand
    /// before small ones. More: more calls to S3 in parallel, eight for each.
    #[schemars(range(min = 1, max = 256))]
    pub large_workers: u32,
    /// Larger objects are large, at least 1MiB. More: more objects in the worker pool of the many.
    #[serde(with = "size")]
    #[schemars(with = "size::Text", range(min = 1 << 20))]
    pub large_threshold: ByteSize,
    /// All bodies in flight, at least 16MiB. More: more streamed copies at once.
    #[serde(with = "size")]
    #[schemars(with = "size::Text", range(min = 16 << 20))]
    pub buffer_memory: ByteSize,
    /// How long running work may finish after a stop was asked for, 1s to 10m. Must stay below
    /// what the platform grants before it kills: ECS 30 s, Kubernetes 30 s.
    #[serde(with = "duration")]
    #[schemars(with = "duration::Text", extend("x-minimum" = "1s", "x-maximum" = "10m"))]
    pub shutdown_timeout: Duration,
}

impl Default for Work {
    fn default() -> Self {
        Self {
            workers: 64,
            large_workers: 4,
            large_threshold: ByteSize::mib(64),
            buffer_memory: ByteSize::mib(256),
            shutdown_timeout: Duration::from_secs(25),
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::config::{Config, Sources};

    #[test]
    fn what_cannot_work_is_refused() {
        #[rustfmt::skip]
        let table = [
            ("nobody works", "workers = 0", "work.workers in f = 0: expected 1 to 4096"),
            ("too many", "workers = 4097", "work.workers in f = 4097: expected 1 to 4096"),
            ("nobody carries large ones", "large_workers = 0", "work.large_workers in f = 0: expected 1 to 256"),
            ("all are large", "large_threshold = \"1KiB\"", "work.large_threshold in f = \"1KiB\": expected at least 1MiB"),
            ("not whole", "workers = 1.5", "work.workers in f = 1.5: expected a whole number"),
            ("negative", "workers = -1", "work.workers in f = -1: expected a whole number"),
            ("words", "workers = \"many\"", "work.workers in f = \"many\": expected a whole number"),
            ("too small", "buffer_memory = \"15MiB\"", "work.buffer_memory in f = \"15MiB\": expected at least 16MiB"),
            ("no size", "buffer_memory = \"lots\"", "work.buffer_memory in f = \"lots\": expected a size such as \"64MiB\", or a number of bytes"),
            ("too long", "shutdown_timeout = \"11m\"", "work.shutdown_timeout in f = \"11m\": expected 1s to 10m"),
            ("no unit", "shutdown_timeout = 30", "work.shutdown_timeout in f = 30: expected a duration with its unit: write \"30s\""),
            ("no duration", "shutdown_timeout = \"soon\"", "work.shutdown_timeout in f = \"soon\": expected a duration such as \"30s\", \"5m\" or \"1h30m\""),
            ("a list", "workers = [1]", "work.workers in f = [1]: expected a whole number"),
            ("a table", "buffer_memory = { max = 1 }", "work.buffer_memory in f = {\"max\":1}: expected a size such as \"64MiB\", or a number of bytes"),
        ];
        for (why, line, want) in table {
            let said = Config::load(&Sources::text("f", &format!("[work]\n{line}"))).unwrap_err();
            assert_eq!(said.to_string(), want, "{why}");
        }
    }
}
